/* Jobs as the vendor sees them: made, listed, looked at, cancelled. job_runner.c runs them. */
#include "jobs.h"
#include "column.h"

#include "access.h"
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "page.h"
#include "reply.h"

enum { MAX_PARAMETERS = 1 << 20, MOST_WAITING = 100 };
enum { JOB_STATES = 5 };

static const char *const state_names[JOB_STATES + 1] = {
    [1] = "waiting", [2] = "running", [3] = "done", [4] = "failed", [5] = "cancelled"};

static int64_t state_named(struct slice name)
{
    for (int64_t state = 1; state <= JOB_STATES; state++)
        if (slice_equals(name, slice_str(state_names[state])))
            return state;
    return 0;
}

static json_t *show_object(const struct db_value *value)
{
    json_t *object = json_loadb(value->bytes.data, value->bytes.len, 0, NULL);
    return object ? object : json_object();
}

static json_t *show_job(struct call *call, const struct db_value *row)
{
    (void)call;
    struct id id;
    db_id_out(&row[0], &id);
    json_t *job = json_pack("{s:o, s:o, s:s, s:o, s:o, s:{s:I, s:o}}", "id", show_id(ID_PREFIX_JOB, &id), "kind",
                            json_from_slice(row[4].bytes), "state", state_names[row[5].integer], "organization_id",
                            column_show_id(ID_PREFIX_ORGANIZATION, &row[2]), "directory_id",
                            column_show_id(ID_PREFIX_DIRECTORY, &row[3]), "progress", "done",
                            (json_int_t)row[8].integer, "total", column_show_number(&row[9]));
    json_object_set_new(job, "result", show_object(&row[6]));
    json_object_set_new(job, "problem", show_text_or_null(row[7].bytes));
    json_object_set_new(job, "cancel_asked", json_boolean(row[10].integer != 0));
    json_object_set_new(job, "actor", json_from_slice(row[14].bytes));
    json_object_set_new(job, "created_at", show_time(row[11].integer));
    json_object_set_new(job, "started_at", show_time_or_null(row[12].integer));
    json_object_set_new(job, "ended_at", show_time_or_null(row[13].integer));
    return job;
}

/* Requests at the same time may each be the last one that finds room: it need not be exact. */
static bool has_room(struct call *call, const struct environment_id *environment, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&environment->id), db_integer(MOST_WAITING)};
    if (!db_query_one(call->db, sql_job_waiting, parameters, 2, &row, err))
        return false;
    return row[0].integer < MOST_WAITING ||
           err_set(err, ERR_CONFLICT,
                   "The environment has %d jobs that wait, which is the most: let some end, or cancel some.",
                   MOST_WAITING);
}

bool admin_job_alone(struct call *call, const struct admin_job_kind *kind, struct directory_id directory,
                     struct err *err)
{
    struct id other;
    const struct db_value *row;
    char text[ID_PREFIXED_CHARS + 1];
    struct db_value parameters[] = {db_id(&directory.id), db_bytes(slice_str(kind->name))};
    if (!db_query_one(call->db, sql_job_of_directory, parameters, 2, &row, err))
        return false;
    if (!row)
        return true;
    db_id_out(&row[0], &other);
    id_to_prefixed(ID_PREFIX_JOB, &other, text);
    return err_set(err, ERR_CONFLICT, "Another job does that to this directory: wait until %s has ended, or cancel it.",
                   text);
}

bool admin_job_add(struct call *call, const struct admin_job_new *job, struct err *err)
{
    if (!has_room(call, &job->environment, err))
        return false;
    struct buf text;
    char actor[ID_PREFIXED_CHARS + 1];
    audit_actor(call, actor);
    buf_init(&text, MAX_PARAMETERS);
    json_render(job->parameters, &text);
    struct db_value parameters[] = {
        db_id(&call->op->fresh_id.id),        db_id(&job->environment.id),
        column_id(&job->organization.id),     column_id(&job->directory.id),
        db_bytes(slice_str(job->kind->name)), db_bytes(slice_str(actor)),
        db_bytes(buf_slice(&text)),           job->total < 0 ? db_null() : db_integer(job->total),
        db_integer(call->op->now_ms),
    };
    bool inserted =
        text.overflowed
            ? err_set(err, ERR_TOO_LARGE, "The job has too many parameters: ask for it in parts.")
            : db_execute(call->db, sql_job_insert, parameters, sizeof parameters / sizeof parameters[0], NULL, err);
    buf_fini(&text);
    call->started_job = inserted;
    return inserted;
}

static bool load(struct call *call, const struct id *id, const struct db_value **row_out, struct err *err)
{
    struct environment_id environment;
    struct db_value parameters[] = {db_id(id)};
    if (!db_query_one(call->db, sql_job_load, parameters, 1, row_out, err))
        return false;
    if (*row_out)
        db_id_out(&(*row_out)[1], &environment.id);
    if (!*row_out || !access_sees(call, &environment))
        return err_set(err, ERR_NOT_FOUND, "There is no such job.");
    call->audit.environment = environment;
    return true;
}

/* The record of whatever starts a job names it and what it is to do. */
static void note_job(struct call *call, const struct admin_job_new *job)
{
    json_decref(call->audit.detail);
    call->audit.organization = job->organization;
    call->audit.directory = job->directory;
    call->audit.detail = json_pack("{s:o, s:s, s:O}", "job", show_id(ID_PREFIX_JOB, &call->op->fresh_id.id), "kind",
                                   job->kind->name, "parameters", job->parameters);
}

bool admin_job_create(struct call *call, const struct admin_job_new *job, struct err *err)
{
    const struct db_value *row;
    const struct id *id = &call->op->fresh_id.id;
    if (!admin_job_add(call, job, err) || !load(call, id, &row, err))
        return false;
    char text[ID_PREFIXED_CHARS + 1];
    note_job(call, job);
    id_to_prefixed(ID_PREFIX_JOB, id, text);
    op_header(call->op, "location", slice_str(arena_printf(call_arena(call), "/v1/jobs/%s", text)));
    return reply_json(call->op, 202, show_job(call, row));
}

static bool load_of_path(struct call *call, struct id *id_out, const struct db_value **row_out, struct err *err)
{
    if (!id_from_prefixed(ID_PREFIX_JOB, call->op->parameters[0], id_out))
        return err_set(err, ERR_NOT_FOUND, "There is no such job.");
    return load(call, id_out, row_out, err);
}

static bool get(struct call *call, struct err *err)
{
    struct id id;
    const struct db_value *row;
    return load_of_path(call, &id, &row, err) && reply_json(call->op, 200, show_job(call, row));
}

/* One that waits ends at once; one that runs ends at its next step. One that has ended stays as it is. */
static bool cancel(struct call *call, struct err *err)
{
    struct id id;
    const struct db_value *row;
    if (!load_of_path(call, &id, &row, err))
        return false;
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&id)};
    call->audit.detail = json_pack("{s:o}", "job", show_id(ID_PREFIX_JOB, &id));
    audit_before(call, show_job(call, row));
    if (!db_execute(call->db, sql_job_ask_to_cancel, parameters, 2, NULL, err) || !load(call, &id, &row, err))
        return false;
    audit_after(call, show_job(call, row));
    return reply_json(call->op, 200, show_job(call, row));
}

static bool read_filters(const struct call *call, int64_t *state_out, struct id *directory_out, struct err *err)
{
    struct slice state = call->query[QUERY_STATE], directory = call->query[QUERY_DIRECTORY];
    *state_out = state.data ? state_named(state) : 0;
    if (state.data && *state_out == 0)
        return err_set(err, ERR_BAD_REQUEST, "state must be waiting, running, done, failed or cancelled.");
    if (directory.data && !id_from_prefixed(ID_PREFIX_DIRECTORY, directory, directory_out))
        return err_set(err, ERR_BAD_REQUEST, "directory must be an id that begins with \"%s\".", ID_PREFIX_DIRECTORY);
    return true;
}

static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    int64_t state_code;
    struct id directory_id;
    if (!access_environment(call, &environment, err) || !page_read(call, &environment.id, &page, err) ||
        !read_filters(call, &state_code, &directory_id, err))
        return false;
    struct slice kind = call->query[QUERY_KIND];
    struct db_value kinds = kind.data ? db_bytes(kind) : db_null();
    struct db_value states = state_code ? db_integer(state_code) : db_null();
    struct db_value directories = call->query[QUERY_DIRECTORY].data ? db_id(&directory_id) : db_null();
    struct db_value parameters[] = {db_id(&environment.id), kinds, kinds, states, states, directories, directories};
    return page_answer(call, &page, "jobs", sql_job_list, parameters, 7, show_job, err);
}

const struct admin_operation job_list = {
    .operation = ADMIN_OPERATION("job.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_KIND) | QUERY_BIT(QUERY_STATE) | QUERY_BIT(QUERY_DIRECTORY) |
               QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
const struct admin_operation job_get = {
    .operation = ADMIN_OPERATION("job.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation job_cancel = {
    .operation = ADMIN_OPERATION("job.cancel", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .handle = cancel,
};
