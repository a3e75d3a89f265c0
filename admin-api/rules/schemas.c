#include "schemas.h"

#include <stdio.h>

#include "audit.h"
#include "base/json.h"
#include "catalogs.h"
#include "problem.h"
#include "reply.h"
#include "scim/catalog.h"
#include "scim/discovery.h"

static bool is_built_in(const char *urn) { return scim_schema_by_urn(slice_str(urn)) != NULL; }

/* --- showing --- */

/* The names of the types that it extends, or whose own schema it is. */
static json_t *types_with(const struct scim_rules *rules, const struct scim_schema *schema, bool extended)
{
    json_t *names = json_array();
    for (size_t i = 0; i < rules->type_count; i++) {
        const struct scim_resource_type *type = rules->types[i];
        bool found = extended ? scim_type_extension(type, slice_str(schema->urn)) == schema : type->schema == schema;
        if (found)
            json_array_append_new(names, json_string(type->name));
    }
    return names;
}

/* As /Schemas shows it, and what that has no words for. */
static json_t *show(const struct catalog_state *state, const struct scim_schema *schema)
{
    struct buf text;
    buf_init(&text, (size_t)SCIM_CATALOG_BYTES * 8);
    bool known = scim_discovery_schema(state->rules, slice_str(schema->urn), SLICE_EMPTY, &text);
    json_t *shown = known ? json_loadb(text.data, text.len, 0, NULL) : NULL;
    buf_fini(&text);
    if (!shown)
        shown = json_object();
    json_object_del(shown, "meta");
    json_object_del(shown, "schemas");
    json_object_set_new(shown, "built_in", json_boolean(is_built_in(schema->urn)));
    json_object_set_new(shown, "extends", types_with(state->rules, schema, true));
    json_object_set_new(shown, "schema_of", types_with(state->rules, schema, false));
    if (is_built_in(schema->urn)) {
        const json_t *schemas = catalog_own_schemas(state);
        json_t *entry = json_array_get(schemas, catalog_find(schemas, "id", schema->urn));
        json_t *added = json_object_get(entry, "attributes");
        json_object_set_new(shown, "added_attributes", added ? json_deep_copy(added) : json_array());
    }
    return shown;
}

static bool list(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    if (!catalog_load(call, &state, err))
        return false;
    json_t *schemas = json_array();
    for (size_t i = 0; i < state.rules->schema_count; i++)
        json_array_append_new(schemas, show(&state, state.rules->schemas[i]));
    return reply_json(call->op, 200, json_pack("{s:o, s:n}", "schemas", schemas, "next_cursor"));
}

static bool find(struct call *call, const struct catalog_state *state, const struct scim_schema **schema_out,
                 struct err *err)
{
    *schema_out = scim_rules_schema_by_urn(state->rules, call->op->parameters[1]);
    return *schema_out || err_set(err, ERR_NOT_FOUND, "The directory has no such schema.");
}

static bool get(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    const struct scim_schema *schema;
    return catalog_load(call, &state, err) && find(call, &state, &schema, err) &&
           reply_json(call->op, 200, show(&state, schema));
}

/* --- changing --- */

static bool names_type(const json_t *names, const char *name)
{
    for (size_t i = 0; i < json_array_size(names); i++)
        if (strcmp(json_string_value(json_array_get(names, i)), name) == 0)
            return true;
    return false;
}

static void withdraw(struct catalog_state *state, const char *urn, const json_t *but)
{
    json_t *types = catalog_own_types(state);
    for (size_t i = 0; i < json_array_size(types); i++) {
        json_t *type = json_array_get(types, i), *extensions = json_object_get(type, "schemaExtensions");
        const char *name = json_string_value(json_object_get(type, "name"));
        size_t at = catalog_find(extensions, "schema", urn);
        if (at < json_array_size(extensions) && !names_type(but, name))
            json_array_remove(extensions, at);
    }
}

/* "extends" of the body: the schema extends these types and no others. */
static bool set_extended(struct call *call, struct catalog_state *state, const char *urn, struct err *err)
{
    const json_t *names = call_member(call, "extends");
    if (!names)
        return true;
    withdraw(state, urn, names);
    for (size_t i = 0; i < json_array_size(names); i++) {
        const char *name = json_string_value(json_array_get(names, i));
        if (!scim_rules_type_by_name(state->rules, slice_str(name)))
            return problem_invalid(call->op, arena_printf(call_arena(call), "#/extends/%zu", i),
                                   "is no resource type of the directory", err);
        catalog_extend(state, name, urn);
    }
    return true;
}

static json_t *entry_of(const struct call *call, const char *urn)
{
    static const char *const members[] = {"name", "description", "attributes"};
    json_t *entry = json_pack("{s:s}", "id", urn);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        if (call_has(call, members[i]))
            json_object_set(entry, members[i], call_member(call, members[i]));
    return entry;
}

static struct catalog_pointers pointers_to(size_t at, const char *member)
{
    struct catalog_pointers pointers = {.member = member, .otherwise = "#"};
    snprintf(pointers.prefix, sizeof pointers.prefix, "/schemas/%zu", at);
    return pointers;
}

static void note(struct call *call, const char *urn)
{
    call->audit.detail = json_pack("{s:s, s:O*}", "schema", urn, "extends", call_member(call, "extends"));
}

static bool save(struct call *call, struct catalog_state *state, const char *urn, const char *member, struct err *err)
{
    struct catalog_pointers pointers = pointers_to(catalog_find(catalog_own_schemas(state), "id", urn), member);
    note(call, urn);
    return set_extended(call, state, urn, err) && catalog_save(call, state, &pointers, err);
}

static bool create(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    if (!catalog_load(call, &state, err))
        return false;
    const char *urn = json_string_value(call_member(call, "id"));
    if (scim_rules_schema_by_urn(state.rules, slice_str(urn)))
        return err_set(err, ERR_UNIQUENESS, "The directory has a schema of this id: change that one by PUT.");
    json_array_append_new(catalog_own_schemas(&state), entry_of(call, urn));
    if (!save(call, &state, urn, NULL, err))
        return false;
    const struct scim_schema *schema = scim_rules_schema_by_urn(state.rules, slice_str(urn));
    const char *collection = arena_printf(call_arena(call), "%.*s", (int)call->op->path.len, call->op->path.data);
    audit_after(call, show(&state, schema));
    return reply_created(call->op, collection, urn, show(&state, schema));
}

static bool check_replacement(struct call *call, const char *urn, struct err *err)
{
    const char *id = json_string_value(call_member(call, "id"));
    bool built_in = is_built_in(urn);
    if (id && strcmp(id, urn) != 0)
        return problem_invalid(call->op, "#/id", "must be that of the path: a schema keeps its id", err);
    if (built_in && !call_has(call, "added_attributes"))
        return problem_invalid(call->op, "#/added_attributes", "is what can be set of a built-in schema", err);
    if (!built_in && call_has(call, "added_attributes"))
        return problem_invalid(call->op, "#/added_attributes", "is of built-in schemas; put them into attributes", err);
    if (!built_in && !call_has(call, "attributes"))
        return problem_invalid(call->op, "#/attributes", "is required", err);
    return true;
}

static void replace_entry(struct call *call, struct catalog_state *state, const char *urn)
{
    json_t *schemas = catalog_own_schemas(state);
    size_t at = catalog_find(schemas, "id", urn);
    if (!is_built_in(urn)) {
        json_array_set_new(schemas, at, entry_of(call, urn));
        return;
    }
    if (at < json_array_size(schemas))
        json_array_remove(schemas, at);
    json_t *added = call_member(call, "added_attributes");
    if (json_array_size(added) > 0)
        json_array_append_new(schemas, json_pack("{s:s, s:O}", "id", urn, "attributes", added));
}

static bool replace(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    const struct scim_schema *schema;
    if (!catalog_load(call, &state, err) || !find(call, &state, &schema, err))
        return false;
    const char *urn = arena_copy(call_arena(call), slice_str(schema->urn));
    bool built_in = is_built_in(urn);
    if (!check_replacement(call, urn, err))
        return false;
    audit_before(call, show(&state, schema));
    replace_entry(call, &state, urn);
    if (!save(call, &state, urn, built_in ? "added_attributes" : NULL, err) || !find(call, &state, &schema, err))
        return false;
    audit_after(call, show(&state, schema));
    return reply_json(call->op, 200, show(&state, schema));
}

static bool refuse_base(const struct catalog_state *state, const struct scim_schema *schema, struct err *err)
{
    for (size_t i = 0; i < state->rules->type_count; i++)
        if (state->rules->types[i]->schema == schema)
            return err_set(err, ERR_CONFLICT, "It is the schema of the resource type %s: delete that first.",
                           state->rules->types[i]->name);
    return true;
}

static bool delete (struct call *call, struct err *err)
{
    static const struct catalog_pointers pointers = {.otherwise = "#"};
    catalog_scoped state = {.revision = 0};
    const struct scim_schema *schema;
    if (!catalog_load(call, &state, err) || !find(call, &state, &schema, err))
        return false;
    if (is_built_in(schema->urn))
        return err_set(err, ERR_CONFLICT,
                       "A built-in schema stays. What was added to it goes by PUT with \"added_attributes\": [].");
    audit_before(call, show(&state, schema));
    if (!refuse_base(&state, schema, err))
        return false;
    note(call, schema->urn);
    withdraw(&state, schema->urn, NULL);
    json_array_remove(catalog_own_schemas(&state), catalog_find(catalog_own_schemas(&state), "id", schema->urn));
    return catalog_save(call, &state, &pointers, err) && reply_empty(call->op);
}

/* --- bodies: of their members the catalog says more --- */

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

static const char *check_names(const json_t *value, const struct field_context *context)
{
    (void)context;
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)))
            return "must be an array of names of resource types";
    return json_is_array(value) && json_array_size(value) <= SCIM_CATALOG_TYPES + 2
               ? NULL
               : "must be an array of names of resource types";
}

/* So that what was read can be sent back. */
static const char *pass(const json_t *value, const struct field_context *context)
{
    (void)value;
    (void)context;
    return NULL;
}

static const struct admin_field create_fields[] = {
    {"id", check_text, FIELD_REQUIRED},
    {"name", check_text, 0},
    {"description", check_text, 0},
    {"attributes", check_list, FIELD_REQUIRED},
    {"extends", check_names, 0},
    {"schemas", pass, 0},
    {"meta", pass, 0},
};
static const struct admin_field replace_fields[] = {
    {"id", check_text, 0},         {"name", check_text, 0},     {"description", check_text, 0},
    {"attributes", check_list, 0}, {"extends", check_names, 0}, {"added_attributes", check_list, 0},
    {"schemas", pass, 0},          {"meta", pass, 0},           {"built_in", pass, 0},
    {"schema_of", pass, 0},
};

const struct admin_operation schema_list = {
    .operation = ADMIN_OPERATION("schema.list", SCOPE_ADMIN_READ),
    .handle = list,
};
const struct admin_operation schema_create = {
    .operation = ADMIN_OPERATION("schema.create", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(create_fields),
    .handle = create,
};
const struct admin_operation schema_get = {
    .operation = ADMIN_OPERATION("schema.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation schema_replace = {
    .operation = ADMIN_OPERATION("schema.replace", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_FORCE),
    ADMIN_FIELDS(replace_fields),
    .handle = replace,
};
const struct admin_operation schema_delete = {
    .operation = ADMIN_OPERATION("schema.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_FORCE),
    .handle = delete,
};
