/* Environments: one deployment stage of one vendor. Operators only. */
#include "environments.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "column.h"
#include "page.h"
#include "problem.h"
#include "reply.h"
#include "webhooks.h"

#define RETENTION "event_retention_days"
enum { DAY_MS = 86400000 };

static json_t *show_environment(struct call *call, const struct db_value *row)
{
    (void)call;
    struct id id;
    db_id_out(&row[0], &id);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "id", show_id(ID_PREFIX_ENVIRONMENT, &id), "name",
                     json_from_slice(row[1].bytes), "event_retention_days", column_show_number(&row[4]), "created_at",
                     show_time(row[2].integer), "updated_at", show_time(row[3].integer));
}

static bool no_such_environment(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "There is no such environment.");
}

static bool load(struct call *call, const struct environment_id *environment, const struct db_value **row_out,
                 struct err *err)
{
    struct db_value parameters[] = {db_id(&environment->id)};
    if (!db_query_one(call->db, sql_environment_load, parameters, 1, row_out, err))
        return false;
    return *row_out || no_such_environment(err);
}

static bool load_of_path(struct call *call, struct environment_id *environment_out, const struct db_value **row_out,
                         struct err *err)
{
    if (!id_from_prefixed(ID_PREFIX_ENVIRONMENT, call->op->parameters[0], &environment_out->id))
        return no_such_environment(err);
    call->audit.environment = *environment_out;
    struct db_value parameters[] = {db_id(&environment_out->id)};
    bool writes = ((const struct admin_operation *)call->op->operation)->writes;
    if ((writes || call->locks) && !db_query_one(call->db, sql_environment_lock, parameters, 1, row_out, err))
        return false;
    return load(call, environment_out, row_out, err);
}

bool environment_of_path(struct call *call, struct environment_id *environment_out, struct err *err)
{
    const struct db_value *row;
    return load_of_path(call, environment_out, &row, err);
}

static bool name_is_taken(struct call *call, struct err *err)
{
    if (db_failure(call->db) == DB_DUPLICATE)
        err_set(err, ERR_UNIQUENESS, "Another environment has this name.");
    return false;
}

/* null, or absent: as --event-retention says. An event is made of its change, and gone with it. */
static bool retention_of_body(struct call *call, struct db_value *days_out, struct err *err)
{
    const json_t *days = call_member(call, RETENTION);
    int64_t most = call->settings->history_ms / DAY_MS;
    *days_out = json_is_integer(days) ? db_integer(json_integer_value(days)) : db_null();
    if (!json_is_integer(days) || json_integer_value(days) <= most)
        return true;
    const char *why =
        arena_printf(call_arena(call),
                     "must be at most %d: events are made of changes, and these are kept for so many days "
                     "(--change-retention)",
                     (int)most);
    return problem_invalid(call->op, "#/" RETENTION, why, err);
}

static bool create(struct call *call, struct err *err)
{
    struct environment_id environment = {call->op->fresh_id.id};
    struct db_value parameters[] = {db_id(&environment.id), db_bytes(call_text(call, "name", SLICE_EMPTY)), db_null(),
                                    db_integer(call->op->now_ms), db_integer(call->op->now_ms)};
    if (!retention_of_body(call, &parameters[2], err))
        return false;
    if (!db_execute(call->db, sql_environment_insert, parameters, 5, NULL, err))
        return name_is_taken(call, err);
    call->audit.environment = environment;
    call->audit.of_operators = true;

    const struct db_value *row;
    if (!audit_chain_begin(call->db, call->settings->peppers, &environment.id, err) ||
        !load(call, &environment, &row, err))
        return false;
    audit_after(call, show_environment(call, row));
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_ENVIRONMENT, &environment.id, id);
    return reply_created(call->op, "/v1/environments", id, show_environment(call, row));
}

static bool list(struct call *call, struct err *err)
{
    static const struct id everything;
    struct page page;
    return page_read(call, &everything, &page, err) &&
           page_answer(call, &page, "environments", sql_environment_list, NULL, 0, show_environment, err);
}

static bool get(struct call *call, struct err *err)
{
    struct environment_id environment;
    const struct db_value *row;
    return load_of_path(call, &environment, &row, err) && reply_json(call->op, 200, show_environment(call, row));
}

static bool update(struct call *call, struct err *err)
{
    struct environment_id environment;
    const struct db_value *row;
    if (!load_of_path(call, &environment, &row, err))
        return false;
    audit_before(call, show_environment(call, row));
    struct db_value parameters[] = {db_bytes_or_null(call_text(call, "name", SLICE_EMPTY)),
                                    db_integer(call_has(call, RETENTION)), db_null(), db_integer(call->op->now_ms),
                                    db_id(&environment.id)};
    if (!retention_of_body(call, &parameters[2], err))
        return false;
    if (!db_execute(call->db, sql_environment_update, parameters, 5, NULL, err))
        return name_is_taken(call, err);
    if (!load(call, &environment, &row, err))
        return false;
    audit_after(call, show_environment(call, row));
    return reply_json(call->op, 200, show_environment(call, row));
}

/* The keys go with it, its audit log stays for operators; its organizations must have gone before. */
static bool delete (struct call *call, struct err *err)
{
    struct environment_id environment;
    const struct db_value *row;
    if (!load_of_path(call, &environment, &row, err))
        return false;
    audit_before(call, show_environment(call, row));
    call->audit.of_operators = true;
    struct db_value parameters[] = {db_id(&environment.id)};
    if (!db_execute(call->db, sql_environment_delete_keys, parameters, 1, NULL, err) ||
        !db_execute(call->db, sql_environment_delete_signing_keys, parameters, 1, NULL, err) ||
        !webhooks_delete_all(call->db, &environment, err))
        return false;
    if (db_execute(call->db, sql_environment_delete, parameters, 1, NULL, err))
        return reply_empty(call->op);
    if (db_failure(call->db) == DB_REFERENCE)
        err_set(err, ERR_CONFLICT,
                "The environment still has organizations. Delete them first, with ?grace_days=0: those that can be "
                "restored "
                "count, and erasing takes a moment.");
    return false;
}

static const struct admin_field create_fields[] = {
    {"name", field_name, FIELD_REQUIRED},
    {RETENTION, field_retention_days, FIELD_NULLABLE},
};
static const struct admin_field update_fields[] = {
    {"name", field_name, 0},
    {RETENTION, field_retention_days, FIELD_NULLABLE},
};

const struct admin_operation environment_create = {
    .operation = ADMIN_OPERATION("environment.create", SCOPE_OPERATOR),
    .writes = true,
    ADMIN_FIELDS(create_fields),
    .handle = create,
};
const struct admin_operation environment_list = {
    .operation = ADMIN_OPERATION("environment.list", SCOPE_OPERATOR),
    .queries = QUERY_PAGE,
    .handle = list,
};
const struct admin_operation environment_get = {
    .operation = ADMIN_OPERATION("environment.get", SCOPE_OPERATOR),
    .handle = get,
};
const struct admin_operation environment_update = {
    .operation = ADMIN_OPERATION("environment.update", SCOPE_OPERATOR),
    .writes = true,
    ADMIN_FIELDS(update_fields),
    .handle = update,
};
const struct admin_operation environment_delete = {
    .operation = ADMIN_OPERATION("environment.delete", SCOPE_OPERATOR),
    .writes = true,
    .handle = delete,
};
