#include "undeclared.h"

#include <ctype.h>
#include <strings.h>

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "problem.h"
#include "query.h"
#include "reply.h"

enum { MOST = 1000 }; /* of a directory: server/store/undeclared.c */

/* --- reading --- */

static bool read_rows(struct call *call, const struct catalog_state *state, bool dismissed, struct db_rows *rows,
                      struct undeclared_attributes *out, struct err *err)
{
    const struct db_value *row;
    while ((row = db_next(rows))) {
        const struct scim_resource_type *type = scim_rules_type(state->rules, (uint16_t)row[0].integer);
        bool is_dismissed = row[5].integer != 0;
        if (!type || is_dismissed != dismissed || out->count == MOST)
            continue;
        out->list[out->count++] = (struct undeclared){.type = type,
                                                      .path = arena_copy(call_arena(call), row[1].bytes),
                                                      .first_ms = row[2].integer,
                                                      .last_ms = row[3].integer,
                                                      .uses = row[4].integer,
                                                      .is_dismissed = is_dismissed};
    }
    return db_rows_end(rows, err);
}

bool undeclared_load(struct call *call, const struct catalog_state *state, bool dismissed,
                     struct undeclared_attributes *out, struct err *err)
{
    *out = (struct undeclared_attributes){.list = arena_array(call_arena(call), struct undeclared, MOST)};
    const struct db_value parameters[] = {db_id(&state->directory.id.id), db_integer(MOST)};
    struct db_rows *rows = db_query(call->db, sql_undeclared_attributes, parameters, 2, err);
    return rows && read_rows(call, state, dismissed, rows, out, err) &&
           undeclared_sample(call, state->directory.id, out, err);
}

static json_t *show(const struct undeclared *one)
{
    json_t *guess = undeclared_guess(one);
    return json_pack("{s:s, s:s, s:o, s:o, s:I, s:b, s:o}", "path", one->path, "resource_type", one->type->name,
                     "first_seen_at", show_time(one->first_ms), "last_seen_at", show_time(one->last_ms), "uses",
                     (json_int_t)one->uses, "dismissed", one->is_dismissed, "guess", guess ? guess : json_null());
}

static bool list(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    struct undeclared_attributes all;
    bool dismissed;
    if (!catalog_load(call, &state, err) || !query_flag(call, QUERY_DISMISSED, &dismissed, err) ||
        !undeclared_load(call, &state, dismissed, &all, err))
        return false;
    json_t *attributes = json_array();
    for (size_t i = 0; i < all.count; i++)
        json_array_append_new(attributes, show(&all.list[i]));
    return reply_json(call->op, 200, json_pack("{s:o, s:n}", "attributes", attributes, "next_cursor"));
}

/* --- choosing some: {"path", "resource_type"} --- */

static bool is_meant(const json_t *entry, const struct undeclared *one)
{
    const char *path = json_string_value(json_object_get(entry, "path"));
    const char *type = json_string_value(json_object_get(entry, "resource_type"));
    return path && strcmp(path, one->path) == 0 && (!type || strcmp(type, one->type->name) == 0);
}

static bool refuse_entry(struct call *call, size_t index, const char *member, const char *why, struct err *err)
{
    const char *pointer = member ? arena_printf(call_arena(call), "#/attributes/%zu/%s", index, member)
                                 : arena_printf(call_arena(call), "#/attributes/%zu", index);
    return problem_invalid(call->op, pointer, why, err);
}

/* --- declaring --- */

struct declaring {
    struct call *call;
    struct catalog_state *state;
    struct catalog_origin *origins; /* room for MOST */
    size_t count;
    json_t *declared, *skipped;
};

/* The schema under whose URN it stands. */
static json_t *schema_of(const struct undeclared *one)
{
    const char *colon = strrchr(one->path, ':');
    return colon ? json_stringn(one->path, (size_t)(colon - one->path)) : json_string(one->type->schema->urn);
}

static void declare(struct declaring *declaring, const struct undeclared *one, const json_t *entry, const char *pointer)
{
    struct catalog_origin *origin = &declaring->origins[declaring->count++];
    origin->pointer = pointer;
    undeclared_add(declaring->state, one, entry, origin->prefix, sizeof origin->prefix);
    json_array_append_new(declaring->declared,
                          json_pack("{s:s, s:s, s:o, s:O, s:b}", "path", one->path, "resource_type", one->type->name,
                                    "schema", schema_of(one), "type", json_object_get(entry, "type"), "multiValued",
                                    json_is_true(json_object_get(entry, "multiValued"))));
}

/* What the caller says, and what the values say where he says nothing. */
static json_t *completed(const json_t *entry, const struct undeclared *one)
{
    json_t *whole = json_deep_copy(entry);
    json_scoped *guess = undeclared_guess(one);
    bool says_type = json_object_get(entry, "type") != NULL;
    if (!says_type)
        json_object_update_missing(whole, guess);
    else if (!json_object_get(entry, "multiValued"))
        json_object_set_new(whole, "multiValued", json_boolean(one->values.is_list));
    return whole;
}

static bool declare_entry(struct declaring *declaring, const struct undeclared_attributes *all, size_t index,
                          const json_t *entry, struct err *err)
{
    const char *pointer = arena_printf(call_arena(declaring->call), "#/attributes/%zu", index);
    bool found = false;
    for (size_t i = 0; i < all->count && declaring->count < MOST; i++) {
        if (!is_meant(entry, &all->list[i]))
            continue;
        found = true;
        json_scoped *whole = completed(entry, &all->list[i]);
        if (!json_object_get(whole, "type"))
            return refuse_entry(declaring->call, index, "type", "is needed: stored values do not tell which it is",
                                err);
        declare(declaring, &all->list[i], whole, pointer);
    }
    return found || refuse_entry(declaring->call, index, "path", "is none of the undeclared attributes", err);
}

static bool declare_some(struct declaring *declaring, const struct undeclared_attributes *all, const json_t *entries,
                         struct err *err)
{
    for (size_t i = 0; i < json_array_size(entries); i++)
        if (!declare_entry(declaring, all, i, json_array_get(entries, i), err))
            return false;
    return true;
}

static bool is_name(const char *text)
{
    static const char *const reserved[] = {"password", "members", "groups", "schemas", "id", "externalId", "meta"};
    if (!isalpha((unsigned char)*text))
        return false;
    for (size_t i = 0; i < sizeof reserved / sizeof reserved[0]; i++)
        if (strcasecmp(text, reserved[i]) == 0)
            return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && !strchr("-_$.", *text))
            return false;
    return true;
}

static void skip(struct declaring *declaring, const struct undeclared *one, const char *why)
{
    json_array_append_new(declaring->skipped, json_pack("{s:s, s:s, s:s}", "path", one->path, "resource_type",
                                                        one->type->name, "detail", why));
}

static void declare_all(struct declaring *declaring, const struct undeclared_attributes *all)
{
    for (size_t i = 0; i < all->count; i++) {
        const struct undeclared *one = &all->list[i];
        const char *colon = strrchr(one->path, ':');
        json_scoped *guess = undeclared_guess(one);
        if (!is_name(colon ? colon + 1 : one->path))
            skip(declaring, one, "is no name that an attribute can have");
        else if (!guess || (one->values.kinds == UNDECLARED_OBJECT && one->sub_count == 0))
            skip(declaring, one, "stored values do not tell of which type it is");
        else
            declare(declaring, one, guess, "#");
    }
}

static bool declare_called(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    struct undeclared_attributes all;
    const json_t *entries = call_member(call, "attributes");
    bool everything = json_is_true(call_member(call, "all"));
    if ((entries != NULL) == everything)
        return problem_invalid(call->op, "#/attributes", "is needed, or \"all\": true instead", err);
    if (!catalog_load(call, &state, err) || !undeclared_load(call, &state, false, &all, err))
        return false;
    json_scoped *declared = json_array(), *skipped = json_array();
    json_scoped *before = catalog_show(&state);
    audit_before(call, json_deep_copy(before)); /* the lists go on to be changed */
    struct declaring declaring = {.call = call, .state = &state, .declared = declared, .skipped = skipped};
    declaring.origins = arena_array(call_arena(call), struct catalog_origin, MOST);
    if (everything)
        declare_all(&declaring, &all);
    else if (!declare_some(&declaring, &all, entries, err))
        return false;
    const struct catalog_pointers pointers = {
        .otherwise = "#", .origins = declaring.origins, .origin_count = declaring.count};
    call->audit.detail = json_pack("{s:O}", "declared", declared);
    audit_after(call, catalog_show(&state));
    return (declaring.count == 0 || catalog_save(call, &state, &pointers, err)) &&
           reply_json(call->op, 200, json_pack("{s:O, s:O}", "declared", declared, "skipped", skipped));
}

/* --- dismissing --- */

static bool dismiss_one(struct call *call, const struct undeclared *one, bool dismissed, struct err *err)
{
    const struct db_value parameters[] = {
        dismissed ? db_integer(call->op->now_ms) : db_null(),
        db_id(&call->audit.directory.id),
        db_integer(one->type->code),
        db_bytes(slice_str(one->path)),
    };
    return db_execute(call->db, sql_undeclared_attribute_dismiss, parameters, 4, NULL, err);
}

static bool dismiss(struct call *call, struct err *err)
{
    catalog_scoped state = {.revision = 0};
    struct undeclared_attributes all;
    const json_t *entries = call_member(call, "attributes"), *flag = call_member(call, "dismissed");
    bool dismissed = !json_is_false(flag);
    int64_t count = 0;
    if (!catalog_load(call, &state, err) || !undeclared_load(call, &state, !dismissed, &all, err))
        return false;
    for (size_t i = 0; i < json_array_size(entries); i++) {
        bool found = false;
        for (size_t k = 0; k < all.count; k++) {
            if (!is_meant(json_array_get(entries, i), &all.list[k]))
                continue;
            found = true;
            count++;
            if (!dismiss_one(call, &all.list[k], dismissed, err))
                return false;
        }
        if (!found)
            return refuse_entry(call, i, "path", "is none of the undeclared attributes", err);
    }
    call->audit.detail = json_pack("{s:O}", "attributes", entries);
    audit_before(call, json_pack("{s:b}", "dismissed", !dismissed));
    audit_after(call, json_pack("{s:b}", "dismissed", dismissed));
    return reply_json(call->op, 200, json_pack("{s:I}", "changed", (json_int_t)count));
}

/* --- bodies --- */

static const char *check_entries(const json_t *value, const struct field_context *context)
{
    if (!json_is_array(value) || json_array_size(value) == 0 || json_array_size(value) > MOST)
        return "must be an array of 1 to 1,000 objects with a \"path\"";
    for (size_t i = 0; i < json_array_size(value); i++) {
        const json_t *entry = json_array_get(value, i), *type = json_object_get(entry, "resource_type");
        if (!json_is_string(json_object_get(entry, "path")) || (type && !json_is_string(type)))
            return arena_printf(
                context->arena,
                "element %zu must be an object with a text \"path\" and perhaps a text \"resource_type\"", i);
    }
    return NULL;
}

static const struct admin_field declare_fields[] = {{"attributes", check_entries, 0}, {"all", field_flag, 0}};
static const struct admin_field dismiss_fields[] = {{"attributes", check_entries, FIELD_REQUIRED},
                                                    {"dismissed", field_flag, 0}};

const struct admin_operation undeclared_attribute_list = {
    .operation = ADMIN_OPERATION("undeclared_attribute.list", SCOPE_ADMIN_READ),
    .queries = QUERY_BIT(QUERY_DISMISSED),
    .handle = list,
};
const struct admin_operation undeclared_attribute_declare = {
    .operation = ADMIN_OPERATION("undeclared_attribute.declare", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(declare_fields),
    .handle = declare_called,
};
const struct admin_operation undeclared_attribute_dismiss = {
    .operation = ADMIN_OPERATION("undeclared_attribute.dismiss", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(dismiss_fields),
    .handle = dismiss,
};
