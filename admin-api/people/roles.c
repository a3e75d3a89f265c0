/* Roles of an environment: made, changed and ended by the vendor alone. */
#include "roles.h"

#include "access.h"
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "page.h"
#include "query.h"
#include "reply.h"
#include "role_book.h"

static json_t *show_role(struct call *call, const struct db_value *row)
{
    (void)call;
    struct id id, environment;
    db_id_out(&row[0], &id);
    db_id_out(&row[1], &environment);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:b, s:o, s:o}", "id", show_id(ID_PREFIX_ROLE, &id), "environment_id",
                     show_id(ID_PREFIX_ENVIRONMENT, &environment), "name", json_from_slice(row[2].bytes),
                     "display_name", json_from_slice(row[3].bytes), "description", json_from_slice(row[4].bytes),
                     "mapped", row[7].integer != 0 || row[8].integer != 0, "created_at", show_time(row[5].integer),
                     "updated_at", show_time(row[6].integer));
}

struct role {
    struct id id;
    struct environment_id environment;
    struct slice name, display_name, description;
    bool is_mapped;
};

static struct role role_of(struct call *call, const struct db_value *row)
{
    struct arena *arena = call_arena(call);
    struct role role = {.name = arena_slice(arena, row[2].bytes),
                        .display_name = arena_slice(arena, row[3].bytes),
                        .description = arena_slice(arena, row[4].bytes),
                        .is_mapped = row[7].integer != 0 || row[8].integer != 0};
    db_id_out(&row[0], &role.id);
    db_id_out(&row[1], &role.environment.id);
    return role;
}

static bool no_such_role(struct err *err) { return err_set(err, ERR_NOT_FOUND, "There is no such role."); }

/* *row_out is valid until the next call on the connection. */
static bool load(struct call *call, const struct id *id, const struct db_value **row_out, struct role *role_out,
                 struct err *err)
{
    const struct db_value parameters[] = {db_id(id)};
    if (!db_query_one(call->db, sql_role_load, parameters, 1, row_out, err))
        return false;
    if (!*row_out)
        return no_such_role(err);
    *role_out = role_of(call, *row_out);
    call->audit.environment = role_out->environment;
    return access_sees(call, &role_out->environment) || no_such_role(err);
}

static bool load_of_path(struct call *call, const struct db_value **row_out, struct role *role_out, struct err *err)
{
    struct id id;
    bool writes = ((const struct admin_operation *)call->op->operation)->writes;
    if (!id_from_prefixed(ID_PREFIX_ROLE, call->op->parameters[0], &id))
        return no_such_role(err);
    const struct db_value parameters[] = {db_id(&id)};
    if (!load(call, &id, row_out, role_out, err))
        return false;
    if (!writes && !call->locks)
        return true;
    /* read again behind the lock, which nobody gets who may not know of the role */
    return db_query_one(call->db, sql_role_lock, parameters, 1, row_out, err) &&
           load(call, &id, row_out, role_out, err);
}

static bool name_is_taken(struct call *call, struct err *err)
{
    if (db_failure(call->db) == DB_DUPLICATE)
        err_set(err, ERR_UNIQUENESS, "Another role of the environment has this name.");
    return false;
}

/* The environment's row is held, so that two requests cannot both be the last one. */
static bool has_room(struct call *call, const struct environment_id *environment, struct err *err)
{
    const struct db_value parameters[] = {db_id(&environment->id)}, *row;
    if (!db_query_one(call->db, sql_role_lock_environment, parameters, 1, &row, err) ||
        !db_query_one(call->db, sql_role_count, parameters, 1, &row, err))
        return false;
    return row[0].integer < ROLES_MOST ||
           err_set(err, ERR_CONFLICT, "An environment has %d roles at most: delete one first.", ROLES_MOST);
}

static bool create(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct id id = call->op->fresh_id.id;
    struct role role;
    const struct db_value *row;
    if (!access_environment(call, &environment, err) || !has_room(call, &environment, err))
        return false;
    struct slice name = call_text(call, "name", SLICE_EMPTY);
    const struct db_value parameters[] = {
        db_id(&id),
        db_id(&environment.id),
        db_bytes(name),
        db_bytes(call_text(call, "display_name", name)),
        db_bytes(call_text(call, "description", SLICE_LITERAL(""))),
        db_integer(call->op->now_ms),
        db_integer(call->op->now_ms),
    };
    if (!db_execute(call->db, sql_role_insert, parameters, 7, NULL, err))
        return name_is_taken(call, err);
    if (!load(call, &id, &row, &role, err))
        return false;
    json_t *shown = show_role(call, row);
    audit_after(call, json_copy(shown));
    return reply_created(call->op, "/v1/roles", json_string_value(json_object_get(shown, "id")), shown);
}

static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    if (!access_environment(call, &environment, err) || !page_read(call, &environment.id, &page, err))
        return false;
    struct slice name = call->query[QUERY_NAME];
    struct db_value wanted = name.data ? db_bytes(name) : db_null();
    struct db_value parameters[] = {db_id(&environment.id), wanted, wanted};
    return page_answer(call, &page, "roles", sql_role_list, parameters, 3, show_role, err);
}

static bool get(struct call *call, struct err *err)
{
    struct role role;
    const struct db_value *row;
    return load_of_path(call, &row, &role, err) && reply_json(call->op, 200, show_role(call, row));
}

static bool update(struct call *call, struct err *err)
{
    struct role role;
    const struct db_value *row;
    if (!load_of_path(call, &row, &role, err))
        return false;
    audit_before(call, show_role(call, row));
    const struct db_value parameters[] = {
        db_bytes(call_text(call, "name", role.name)),
        db_bytes(call_text(call, "display_name", role.display_name)),
        db_bytes(call_text(call, "description", role.description)),
        db_integer(call->op->now_ms),
        db_id(&role.id),
    };
    if (!db_execute(call->db, sql_role_update, parameters, 5, NULL, err))
        return name_is_taken(call, err);
    if (!load(call, &role.id, &row, &role, err))
        return false;
    audit_after(call, show_role(call, row));
    return reply_json(call->op, 200, show_role(call, row));
}

static bool delete_rules(struct call *call, const struct id *role, struct err *err)
{
    const struct db_value rules[] = {db_id(role)};
    const struct db_value defaults[] = {db_integer(call->op->now_ms), db_id(role)};
    return db_execute(call->db, sql_role_delete_rules, rules, 1, NULL, err) &&
           db_execute(call->db, sql_role_delete_defaults, defaults, 2, NULL, err);
}

static bool delete (struct call *call, struct err *err)
{
    struct role role;
    bool forced;
    const struct db_value *row;
    if (!query_flag(call, QUERY_FORCE, &forced, err) || !load_of_path(call, &row, &role, err))
        return false;
    audit_before(call, show_role(call, row));
    if (role.is_mapped && !forced)
        return err_set(err, ERR_CONFLICT,
                       "Rules of directories give this role: change them first, or delete it with ?force=true and them "
                       "with it.");
    const struct db_value parameters[] = {db_id(&role.id)};
    if ((role.is_mapped && !delete_rules(call, &role.id, err)) ||
        !db_execute(call->db, sql_role_delete, parameters, 1, NULL, err))
        return db_failure(call->db) == DB_REFERENCE
                   ? err_set(err, ERR_CONFLICT, "A rule that gives this role was made this moment.")
                   : false;
    return reply_empty(call->op);
}

static const char *field_role_name(const json_t *value, const struct field_context *context)
{
    static const char allowed[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._:-";
    (void)context;
    const char *text = json_string_value(value);
    size_t length = json_string_length(value);
    bool good = text && length > 0 && length <= ROLE_NAME_MOST && strspn(text, allowed) == length;
    return good ? NULL : "must be 1 to 64 letters, digits, \".\", \"_\", \":\" or \"-\"";
}

static const char *field_description(const json_t *value, const struct field_context *context)
{
    (void)context;
    bool good = json_is_string(value) && json_string_length(value) <= 1000;
    return good ? NULL : "must be a string of at most 1,000 bytes";
}

static const struct admin_field fields[] = {
    {"name", field_role_name, FIELD_REQUIRED},
    {"display_name", field_display_name, 0},
    {"description", field_description, 0},
    {"environment_id", field_environment_id, 0},
};
static const struct admin_field changes[] = {
    {"name", field_role_name, 0},
    {"display_name", field_display_name, 0},
    {"description", field_description, 0},
};

const struct admin_operation role_create = {
    .operation = ADMIN_OPERATION("role.create", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(fields),
    .handle = create,
};
const struct admin_operation role_list = {
    .operation = ADMIN_OPERATION("role.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_NAME) | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
const struct admin_operation role_get = {
    .operation = ADMIN_OPERATION("role.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation role_update = {
    .operation = ADMIN_OPERATION("role.update", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(changes),
    .handle = update,
};
const struct admin_operation role_delete = {
    .operation = ADMIN_OPERATION("role.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_FORCE),
    .handle = delete,
};
