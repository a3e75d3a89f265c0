#include "resource_types.h"

#include <stdio.h>

#include "audit.h"
#include "base/json.h"
#include "catalogs.h"
#include "problem.h"
#include "reply.h"
#include "scim/discovery.h"

enum { MAX_TYPE = 65536 };

static bool is_built_in(const char *name) { return scim_type_by_name(slice_str(name)) != NULL; }

static json_t *show(const struct catalog_state *state, const struct scim_resource_type *type)
{
    struct buf text;
    buf_init(&text, MAX_TYPE);
    bool known = scim_discovery_type(state->rules, slice_str(type->name), SLICE_EMPTY, &text);
    json_t *shown = known ? json_loadb(text.data, text.len, 0, NULL) : NULL;
    buf_fini(&text);
    if (!shown)
        shown = json_object();
    json_object_del(shown, "meta");
    json_object_del(shown, "schemas");
    json_object_del(shown, "id");
    if (!json_object_get(shown, "schemaExtensions"))
        json_object_set_new(shown, "schemaExtensions", json_array());
    json_object_set_new(shown, "built_in", json_boolean(is_built_in(type->name)));
    return shown;
}

static bool list(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    if (!catalog_load(call, &state, err))
        return false;
    json_t *types = json_array();
    for (size_t i = 0; i < state.rules->type_count; i++)
        json_array_append_new(types, show(&state, state.rules->types[i]));
    return reply_json(call->op, 200, json_pack("{s:o, s:n}", "resource_types", types, "next_cursor"));
}

static bool find(struct call *call, const struct catalog_state *state, const struct scim_resource_type **type_out,
                 struct err *err)
{
    *type_out = scim_rules_type_by_name(state->rules, call->op->parameters[1]);
    return *type_out || err_set(err, ERR_NOT_FOUND, "The directory has no such resource type.");
}

static bool get(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    const struct scim_resource_type *type;
    return catalog_load(call, &state, err) && find(call, &state, &type, err) &&
           reply_json(call->op, 200, show(&state, type));
}

static json_t *entry_of(const struct call *call, const char *name)
{
    static const char *const members[] = {"endpoint", "description", "schema", "schemaExtensions"};
    json_t *entry = json_pack("{s:s}", "name", name);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (call_has(call, members[i]))
            json_object_set(entry, members[i], call_member(call, members[i]));
    return entry;
}

static bool save(struct call *call, struct catalog_state *state, const char *name, struct err *err)
{
    struct catalog_pointers pointers = {.otherwise = "#"};
    snprintf(pointers.prefix, sizeof pointers.prefix, "/resource_types/%zu",
             catalog_find(catalog_own_types(state), "name", name));
    call->audit.detail = json_pack("{s:s}", "resource_type", name);
    return catalog_save(call, state, &pointers, err);
}

static bool create(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    if (!catalog_load(call, &state, err))
        return false;
    const char *name = json_string_value(call_member(call, "name"));
    if (scim_rules_type_by_name(state.rules, slice_str(name)))
        return err_set(err, ERR_UNIQUENESS, "The directory has a resource type of this name: change that one by PUT.");
    json_array_append_new(catalog_own_types(&state), entry_of(call, name));
    if (!save(call, &state, name, err))
        return false;
    const struct scim_resource_type *type = scim_rules_type_by_name(state.rules, slice_str(name));
    const char *collection = arena_printf(call_arena(call), "%.*s", (int)call->op->path.len, call->op->path.data);
    audit_after(call, show(&state, type));
    return reply_created(call->op, collection, name, show(&state, type));
}

/* Of a built-in type only the extensions can be set; the rest may be sent as it was read. */
static bool check_same(struct call *call, const char *member, const char *own, struct err *err)
{
    const char *sent = json_string_value(call_member(call, member));
    return !sent || strcmp(sent, own) == 0 ||
           problem_invalid(call->op, arena_printf(call_arena(call), "#/%s", member),
                           "cannot be changed: the resource type is built in", err);
}

static bool check_replacement(struct call *call, const struct scim_resource_type *type, struct err *err)
{
    const char *name = json_string_value(call_member(call, "name"));
    if (name && strcmp(name, type->name) != 0)
        return problem_invalid(call->op, "#/name", "must be that of the path: a resource type keeps its name", err);
    return !is_built_in(type->name) ||
           (check_same(call, "endpoint", type->endpoint, err) && check_same(call, "schema", type->schema->urn, err) &&
            check_same(call, "description", type->description, err));
}

static bool replace(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    const struct scim_resource_type *type;
    if (!catalog_load(call, &state, err) || !find(call, &state, &type, err) || !check_replacement(call, type, err))
        return false;
    const char *name = arena_copy(call_arena(call), slice_str(type->name));
    audit_before(call, show(&state, type));
    json_t *types = catalog_own_types(&state), *entry = entry_of(call, name);
    size_t at = catalog_find(types, "name", name);
    if (at == json_array_size(types))
        json_array_append_new(types, entry);
    else
        json_array_set_new(types, at, entry);
    if (!save(call, &state, name, err) || !find(call, &state, &type, err))
        return false;
    audit_after(call, show(&state, type));
    return reply_json(call->op, 200, show(&state, type));
}

static bool delete (struct call *call, struct err *err)
{
    static const struct catalog_pointers pointers = {.otherwise = "#"};
    catalog_scoped state = {.revision = 0};
    const struct scim_resource_type *type;
    if (!catalog_load(call, &state, err) || !find(call, &state, &type, err))
        return false;
    if (is_built_in(type->name))
        return err_set(err, ERR_CONFLICT, "A built-in resource type stays.");
    call->audit.detail = json_pack("{s:s}", "resource_type", type->name);
    audit_before(call, show(&state, type));
    json_array_remove(catalog_own_types(&state), catalog_find(catalog_own_types(&state), "name", type->name));
    return catalog_save(call, &state, &pointers, err) && reply_empty(call->op);
}

static const char *check_text(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_string(value) ? NULL : "must be a string";
}

static const char *check_list(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_array(value) ? NULL : "must be an array";
}

/* So that what was read can be sent back. */
static const char *pass(const json_t *value, const struct field_context *context)
{
    (void)value;
    (void)context;
    return NULL;
}

static const struct admin_field create_fields[] = {
    {"name", check_text, FIELD_REQUIRED},
    {"endpoint", check_text, FIELD_REQUIRED},
    {"description", check_text, 0},
    {"schema", check_text, FIELD_REQUIRED},
    {"schemaExtensions", check_list, 0},
    {"schemas", pass, 0},
    {"id", pass, 0},
    {"meta", pass, 0},
};
static const struct admin_field replace_fields[] = {
    {"name", check_text, 0},
    {"endpoint", check_text, 0},
    {"description", check_text, 0},
    {"schema", check_text, 0},
    {"schemaExtensions", check_list, FIELD_REQUIRED},
    {"built_in", pass, 0},
    {"schemas", pass, 0},
    {"id", pass, 0},
    {"meta", pass, 0},
};

const struct admin_operation resource_type_list = {
    .operation = ADMIN_OPERATION("resource_type.list", SCOPE_ADMIN_READ),
    .handle = list,
};
const struct admin_operation resource_type_create = {
    .operation = ADMIN_OPERATION("resource_type.create", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(create_fields),
    .handle = create,
};
const struct admin_operation resource_type_get = {
    .operation = ADMIN_OPERATION("resource_type.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation resource_type_replace = {
    .operation = ADMIN_OPERATION("resource_type.replace", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_FORCE),
    ADMIN_FIELDS(replace_fields),
    .handle = replace,
};
const struct admin_operation resource_type_delete = {
    .operation = ADMIN_OPERATION("resource_type.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_FORCE),
    .handle = delete,
};
