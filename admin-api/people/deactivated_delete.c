/* Deleting those who have been deactivated for long: a job, each deletion a change like any other. */
#include "act.h"
#include "admin_api_sql.h"
#include "base/json.h"
#include "deactivated.h"
#include "directories.h"
#include "field.h"
#include "scim/schema.h"

enum { AT_A_TIME = 32 };

/* --- the request --- */

static const char *check_days(const json_t *value, const struct field_context *context)
{
    (void)context;
    bool good =
        json_is_integer(value) && json_integer_value(value) >= 0 && json_integer_value(value) <= DEACTIVATED_MOST_DAYS;
    return good ? NULL : "must be a whole number from 0 to 36500";
}

/* Who is deactivated while it runs is not meant: the moment is the request's. */
static bool start(struct call *call, struct err *err)
{
    struct directory directory;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err))
        return false;
    json_scoped *parameters =
        json_pack("{s:O, s:b, s:I}", "older_than_days", call_member(call, "older_than_days"), "dry_run",
                  json_is_true(call_member(call, "dry_run")), "asked_ms", (json_int_t)call->op->now_ms);
    const struct admin_job_new job = {
        .kind = &deactivated_delete_job,
        .environment = directory.environment,
        .organization = directory.organization,
        .directory = directory.id,
        .parameters = parameters,
        .total = -1,
    };
    return admin_job_create(call, &job, err);
}

/* --- the job --- */

struct deleting {
    struct id before;
    bool more;
    struct id places[AT_A_TIME];
    struct resource_id ids[AT_A_TIME], stale[AT_A_TIME];
    size_t taken, count, stale_count; /* of places, ids and stale */
};

static int64_t member(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static void count(struct admin_job_run *run, const char *name, int64_t more)
{
    json_object_set_new(run->result, name, json_integer(member(run->result, name) + more));
}

static void read_after(const struct admin_job_run *run, struct id *after_out)
{
    const char *text = json_string_value(json_object_get(run->checkpoint, "after"));
    *after_out = (struct id){{0}};
    if (text)
        (void)!id_from_uuid(slice_str(text), true, after_out);
}

static void take_row(struct deleting *deleting, const struct db_value *row)
{
    bool is_inactive = row[2].integer != 0;
    db_id_out(&row[0], &deleting->places[deleting->taken++]);
    db_id_out(&row[1],
              is_inactive ? &deleting->ids[deleting->count++].id : &deleting->stale[deleting->stale_count++].id);
}

static bool take(struct admin_job_run *run, struct deleting *deleting, struct err *err)
{
    struct id after;
    read_after(run, &after);
    struct db_value parameters[] = {db_id(&run->directory.id), db_id(&deleting->before), db_id(&after),
                                    db_integer(AT_A_TIME)};
    struct db_rows *rows = db_query(run->db, sql_deactivated_take, parameters, 4, err);
    const struct db_value *row;
    deleting->taken = deleting->count = deleting->stale_count = 0;
    while (rows && (row = db_next(rows)))
        take_row(deleting, row);
    deleting->more = deleting->taken == AT_A_TIME;
    return rows && db_rows_end(rows, err);
}

/* Whoever is active, or gone, is not meant, whatever the table says. */
static bool forget_stale(struct admin_job_run *run, const struct deleting *deleting, struct err *err)
{
    for (size_t i = 0; i < deleting->stale_count; i++) {
        const struct db_value parameters[] = {db_id(&run->directory.id), db_id(&deleting->stale[i].id)};
        if (!db_execute(run->db, sql_deactivated_forget, parameters, 2, NULL, err))
            return false;
    }
    count(run, "found", -(int64_t)deleting->stale_count);
    run->total -= (int64_t)deleting->stale_count;
    return true;
}

static bool delete_taken(struct admin_job_run *run, struct deleting *deleting, struct err *err)
{
    struct inside_op ops[AT_A_TIME] = {{.method = NULL}};
    struct arena arena;
    int64_t deleted = 0;
    arena_init(&arena);
    for (size_t i = 0; i < deleting->count; i++)
        ops[i] = (struct inside_op){.method = "DELETE", .path = inside_path(&arena, SCIM_TYPE_USER, deleting->ids[i])};
    bool good = deleting->count == 0 || act_in_job(run, VIEW_CAUSE_JOB, ops, deleting->count, err);
    for (size_t i = 0; good && i < deleting->count; i++)
        deleted += ops[i].status < 400;
    inside_release(ops, deleting->count);
    arena_fini(&arena);
    count(run, "deleted", deleted);
    count(run, "failed", (int64_t)deleting->count - deleted);
    run->done += (int64_t)deleting->count;
    return good;
}

static bool delete_some(struct admin_job_run *run, void *context, struct err *err)
{
    struct deleting *deleting = context;
    char after[ID_UUID_CHARS + 1];
    if (!take(run, deleting, err) || !forget_stale(run, deleting, err) || !delete_taken(run, deleting, err))
        return false;
    if (deleting->taken > 0) {
        id_to_uuid(&deleting->places[deleting->taken - 1], after);
        json_object_set_new(run->checkpoint, "after", json_string(after));
    }
    return true;
}

static bool count_due(struct admin_job_run *run, const struct id *before, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&run->directory.id), db_id(before)};
    if (!db_query_one(run->db, sql_deactivated_count, parameters, 2, &row, err))
        return false;
    run->total = run->done + (row ? row[0].integer : 0);
    json_object_set_new(run->result, "found", json_integer(run->total));
    return true;
}

static bool run_delete(struct admin_job_run *run, struct err *err)
{
    bool dry = json_is_true(json_object_get(run->parameters, "dry_run")), go_on = true;
    struct deleting deleting = {.more = true};
    deleting.before =
        deactivated_before(member(run->parameters, "asked_ms"), member(run->parameters, "older_than_days"));
    json_object_set_new(run->result, "dry_run", json_boolean(dry));
    if (!count_due(run, &deleting.before, err))
        return false;
    count(run, "deleted", 0);
    count(run, "failed", 0);
    while (!dry && deleting.more && go_on)
        if (!act_once(run, delete_some, &deleting, &go_on, err))
            return false;
    return true;
}

const struct admin_job_kind deactivated_delete_job = {.name = "deactivated_delete", .run = run_delete};

static const struct admin_field fields[] = {
    {"older_than_days", check_days, FIELD_REQUIRED},
    {"dry_run", field_flag, 0},
};
const struct admin_operation user_delete_deactivated = {
    .operation = ADMIN_OPERATION("directory_user.delete_deactivated", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(fields),
    .handle = start,
};
