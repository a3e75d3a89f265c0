#include "catalogs.h"

#include <strings.h>

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "indexes.h"
#include "problem.h"
#include "query.h"
#include "reply.h"
#include "scim/catalog.h"
#include "store/rules.h"

void catalog_state_fini(struct catalog_state *state)
{
    json_decref(state->catalog);
    scim_rules_free(state->rules);
}

static bool read_row(struct call *call, struct catalog_state *state, const struct db_value *row)
{
    struct arena *arena = call_arena(call);
    state->revision = (uint32_t)row[0].integer;
    state->source = (struct scim_rules_source){.policy = arena_slice(arena, row[1].bytes),
                                               .catalog = arena_slice(arena, row[2].bytes),
                                               .domains = arena_slice(arena, row[3].bytes)};
    state->catalog = state->source.catalog.len
                         ? json_loadb(state->source.catalog.data, state->source.catalog.len, 0, NULL)
                         : json_object();
    return json_is_object(state->catalog);
}

static void need_list(json_t *catalog, const char *name)
{
    if (!json_is_array(json_object_get(catalog, name)))
        json_object_set_new(catalog, name, json_array());
}

bool catalog_load(struct call *call, struct catalog_state *state, struct err *err)
{
    const struct db_value *row;
    *state = (struct catalog_state){.revision = 0};
    if (!directory_of_path(call, DIRECTORY_SHARED, &state->directory, err))
        return false;
    struct db_value parameters[] = {db_id(&state->directory.id.id)};
    if (!db_query_one(call->db, sql_catalog_load, parameters, 1, &row, err))
        return false;
    if (!row || !read_row(call, state, row))
        return err_set(err, ERR_INTERNAL, "The catalog of the directory cannot be read.");
    need_list(state->catalog, "schemas");
    need_list(state->catalog, "resource_types");
    state->rules = scim_rules_make(&state->source, err);
    return state->rules != NULL;
}

json_t *catalog_own_schemas(const struct catalog_state *state) { return json_object_get(state->catalog, "schemas"); }

json_t *catalog_own_types(const struct catalog_state *state)
{
    return json_object_get(state->catalog, "resource_types");
}

size_t catalog_find(const json_t *list, const char *member, const char *value)
{
    size_t at = 0;
    for (; at < json_array_size(list); at++) {
        const char *found = json_string_value(json_object_get(json_array_get(list, at), member));
        if (found && strcasecmp(found, value) == 0)
            break;
    }
    return at;
}

void catalog_extend(struct catalog_state *state, const char *type, const char *urn)
{
    json_t *types = catalog_own_types(state);
    size_t at = catalog_find(types, "name", type);
    if (at == json_array_size(types))
        json_array_append_new(types, json_pack("{s:s}", "name", type));
    json_t *entry = json_array_get(types, at);
    need_list(entry, "schemaExtensions");
    json_t *extensions = json_object_get(entry, "schemaExtensions");
    if (catalog_find(extensions, "schema", urn) == json_array_size(extensions))
        json_array_append_new(extensions, json_pack("{s:s}", "schema", urn));
}

/* --- saving --- */

static const char *origin_of(struct call *call, const struct catalog_pointers *pointers, const char *fault)
{
    for (size_t i = 0; i < pointers->origin_count; i++) {
        const struct catalog_origin *origin = &pointers->origins[i];
        size_t len = strlen(origin->prefix);
        const char *rest = fault + len;
        if (strncmp(fault, origin->prefix, len) == 0 && (!*rest || *rest == '/'))
            return arena_printf(call_arena(call), "%s%s", origin->pointer, strcmp(rest, "/name") == 0 ? "/path" : rest);
    }
    return pointers->otherwise;
}

static const char *pointer_of(struct call *call, const struct catalog_pointers *pointers, const char *fault)
{
    static const char attributes[] = "/attributes";
    if (pointers->origins)
        return origin_of(call, pointers, fault);
    size_t len = strlen(pointers->prefix);
    const char *rest = fault + len;
    if (strncmp(fault, pointers->prefix, len) != 0 || (*rest && *rest != '/'))
        return pointers->otherwise;
    if (!pointers->member || strncmp(rest, attributes, sizeof attributes - 1) != 0)
        return arena_printf(call_arena(call), "#%s", rest);
    return arena_printf(call_arena(call), "#/%s%s", pointers->member, rest + sizeof attributes - 1);
}

static bool refuse(struct call *call, const struct catalog_pointers *pointers, const struct scim_fault *fault,
                   struct err *err)
{
    if (err->kind != ERR_INVALID_VALUE && err->kind != ERR_INVALID_SYNTAX)
        return false;
    const char *detail = arena_printf(call_arena(call), "%s", err->detail);
    return problem_invalid(call->op, pointer_of(call, pointers, fault->pointer), detail, err);
}

static struct slice text_of(struct call *call, const json_t *catalog)
{
    struct buf text;
    buf_init(&text, SCIM_CATALOG_BYTES + 1);
    json_render(catalog, &text);
    struct slice copy = text.overflowed ? SLICE_EMPTY : arena_slice(call_arena(call), buf_slice(&text));
    buf_fini(&text);
    return copy;
}

/* As store_rules_save will make them. */
static struct scim_rules *compile(struct call *call, const struct catalog_state *state, struct slice text,
                                  struct scim_fault *fault, struct err *err)
{
    struct buf assigned;
    buf_init(&assigned, SCIM_CATALOG_BYTES + 1);
    struct scim_rules *rules = NULL;
    if (scim_catalog_assign(text, state->source.catalog, &assigned, err)) {
        struct scim_rules_source source = state->source;
        source.catalog = arena_slice(call_arena(call), buf_slice(&assigned));
        source.fault = fault;
        rules = scim_rules_make(&source, err);
    }
    buf_fini(&assigned);
    return rules;
}

/* What was looked at without a lock must be what is changed. */
static bool lock_same(struct call *call, const struct catalog_state *state, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&state->directory.id.id)};
    if (!db_query_one(call->db, sql_catalog_lock, parameters, 1, &row, err))
        return false;
    return (row && row[0].integer == state->revision) ||
           err_set(err, ERR_CONFLICT,
                   "The rules of the directory were changed by another request meanwhile: try again.");
}

bool catalog_save(struct call *call, struct catalog_state *state, const struct catalog_pointers *pointers,
                  struct err *err)
{
    struct scim_fault fault = {.pointer = ""};
    struct slice text = text_of(call, state->catalog);
    if (text.len == 0)
        return problem_invalid(call->op, "#", "the catalog of the directory would be larger than 1 MiB", err);
    struct scim_rules *after = compile(call, state, text, &fault, err);
    if (!after)
        return refuse(call, pointers, &fault, err);
    struct scim_rules *before = state->rules;
    state->rules = after;
    bool forced = false;
    bool fine = query_flag(call, QUERY_FORCE, &forced, err) &&
                (forced || catalog_check_uses(call, state->directory.id, before, after, pointers->otherwise, err));
    scim_rules_free(before);
    json_scoped *work = json_array();
    struct store_rules_change change = {.catalog = text, .now_ms = call->op->now_ms, .index_work = work};
    return fine && lock_same(call, state, err) &&
           (store_rules_save(call->db, state->directory.id, &change, err) || refuse(call, pointers, &fault, err)) &&
           index_job_add(call, &state->directory, work, err);
}

/* --- the whole --- */

/* Codes are ours: they would mean other types in another directory. */
json_t *catalog_show(const struct catalog_state *state)
{
    json_t *types = json_deep_copy(catalog_own_types(state));
    for (size_t i = 0; i < json_array_size(types); i++)
        json_object_del(json_array_get(types, i), "code");
    return json_pack("{s:O, s:o}", "schemas", catalog_own_schemas(state), "resource_types", types);
}

static bool get(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    return catalog_load(call, &state, err) && reply_json(call->op, 200, catalog_show(&state));
}

static bool replace(struct call *call, struct err *err)
{
    static const struct catalog_pointers whole = {.otherwise = "#"};
    catalog_scoped state = {.revision = 0};
    if (!catalog_load(call, &state, err))
        return false;
    audit_before(call, catalog_show(&state));
    json_object_set(state.catalog, "schemas", call_member(call, "schemas"));
    json_object_set(state.catalog, "resource_types", call_member(call, "resource_types"));
    call->audit.detail = json_pack("{s:I, s:I}", "schemas", (json_int_t)json_array_size(catalog_own_schemas(&state)),
                                   "resource_types", (json_int_t)json_array_size(catalog_own_types(&state)));
    audit_after(call, catalog_show(&state));
    return catalog_save(call, &state, &whole, err) && reply_json(call->op, 200, catalog_show(&state));
}

static const char *check_list(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_array(value) ? NULL : "must be an array";
}

static const struct admin_field replace_fields[] = {
    {"schemas", check_list, FIELD_REQUIRED},
    {"resource_types", check_list, FIELD_REQUIRED},
};

const struct admin_operation catalog_get = {
    .operation = ADMIN_OPERATION("catalog.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation catalog_replace = {
    .operation = ADMIN_OPERATION("catalog.replace", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_FORCE),
    ADMIN_FIELDS(replace_fields),
    .handle = replace,
};
