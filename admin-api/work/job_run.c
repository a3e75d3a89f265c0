#include "job_run.h"

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "housekeeping.h"
#include "obs/log.h"

enum { MAX_TEXT = 12 << 20, MOST_ATTEMPTS = 20, ACTOR_BYTES = 65, KIND_BYTES = 41, MAX_KINDS = 4096 };

enum job_state { JOB_IS_DONE = 3, JOB_HAS_FAILED = 4, JOB_IS_CANCELLED = 5 };

struct taken { /* a run with the texts it owns */
    struct admin_job_run run;
    char actor[ACTOR_BYTES], kind[KIND_BYTES];
    int64_t attempts;
};

/* --- taking --- */

/* Comma-separated. */
static void list_kinds(struct buf *out)
{
    for (const struct admin_job_kind *const *kind = admin_job_kinds; *kind; kind++) {
        buf_add_str(out, (*kind)->name);
        buf_add_char(out, ',');
    }
}

static bool find(struct job_worker *worker, struct id *id_out, bool *found_out, struct err *err)
{
    const struct db_value *row;
    struct buf kinds;
    buf_init(&kinds, MAX_KINDS);
    list_kinds(&kinds);
    struct db_value parameters[] = {db_bytes(buf_slice(&kinds)), db_id(&worker->served.id)};
    bool asked = db_query_one(worker->db, sql_job_find, parameters, 2, &row, err);
    buf_fini(&kinds);
    if (!asked)
        return false;
    *found_out = row != NULL;
    if (!row)
        return true;
    db_id_out(&row[0], id_out);
    db_id_out(&row[1], &worker->served.id);
    return true;
}

static void id_or_zero(const struct db_value *value, struct id *id_out)
{
    if (value->kind == DB_NULL)
        *id_out = (struct id){{0}};
    else
        db_id_out(value, id_out);
}

static void copy_text(struct slice text, char *out, size_t size)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;
    if (len)
        memcpy(out, text.data, len);
    out[len] = '\0';
}

static json_t *read_object(struct slice text)
{
    json_t *object = text.len ? json_loadb(text.data, text.len, 0, NULL) : NULL;
    return object ? object : json_object();
}

static bool read_taken(struct job_worker *worker, const struct id *id, struct taken *taken, bool *found_out,
                       struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(id), db_id(&worker->id)};
    if (!db_query_one(worker->db, sql_job_read_taken, parameters, 2, &row, err))
        return false;
    *found_out = row != NULL;
    if (!row)
        return true;
    struct admin_job_run *run = &taken->run;
    *run = (struct admin_job_run){.db = worker->db, .id = *id, .runner = worker->id, .owner = worker->owner};
    id_or_zero(&row[0], &run->environment.id);
    id_or_zero(&row[1], &run->organization.id);
    id_or_zero(&row[2], &run->directory.id);
    copy_text(row[3].bytes, taken->kind, sizeof taken->kind);
    copy_text(row[4].bytes, taken->actor, sizeof taken->actor);
    run->actor = taken->actor;
    run->parameters = read_object(row[5].bytes);
    run->checkpoint = read_object(row[6].bytes);
    run->result = read_object(row[7].bytes);
    run->done = row[8].integer;
    run->total = row[9].kind == DB_NULL ? -1 : row[9].integer;
    taken->attempts = row[10].integer;
    return true;
}

static bool take(struct job_worker *worker, struct taken *taken, bool *taken_out, struct err *err)
{
    struct id id;
    uint64_t affected;
    if (!find(worker, &id, taken_out, err) || !*taken_out)
        return err->kind == ERR_NONE;
    struct db_value parameters[] = {db_id(&worker->id), db_integer(clock_wall_ms()), db_id(&id)};
    if (!db_execute(worker->db, sql_job_take, parameters, 3, &affected, err))
        return false;
    return read_taken(worker, &id, taken, taken_out, err);
}

static void drop(struct taken *taken)
{
    json_decref((json_t *)(uintptr_t)taken->run.parameters);
    json_decref(taken->run.checkpoint);
    json_decref(taken->run.result);
}

/* --- keeping --- */

static bool render(const json_t *object, struct buf *out, struct err *err)
{
    buf_init(out, MAX_TEXT);
    json_render(object, out);
    return !out->overflowed || err_set(err, ERR_TOO_LARGE, "What the job has to remember is too large.");
}

static struct db_value total_value(const struct admin_job_run *run)
{
    return run->total < 0 ? db_null() : db_integer(run->total);
}

static bool keep(struct admin_job_run *run, bool *kept_out, struct err *err)
{
    struct buf checkpoint, result;
    bool rendered = render(run->checkpoint, &checkpoint, err);
    rendered = render(run->result, &result, err) && rendered;
    struct db_value parameters[] = {
        db_integer(run->done),        total_value(run), db_bytes(buf_slice(&checkpoint)),
        db_bytes(buf_slice(&result)), db_id(&run->id),  db_id(&run->runner),
    };
    uint64_t affected = 0;
    bool executed = rendered && db_execute(run->db, sql_job_keep, parameters, 6, &affected, err);
    *kept_out = affected > 0;
    buf_fini(&checkpoint);
    buf_fini(&result);
    return executed;
}

static bool ask_cancelled(struct admin_job_run *run, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&run->id), db_id(&run->runner)};
    if (!db_query_one(run->db, sql_job_is_cancelled, parameters, 2, &row, err))
        return false;
    run->lost = !row;
    run->cancelled = row && row[0].integer != 0;
    return true;
}

bool admin_job_step(struct admin_job_run *run, bool *go_on_out, struct err *err)
{
    bool kept;
    *go_on_out = false;
    if (!keep(run, &kept, err))
        return false;
    if (!kept) {
        run->lost = true;
        return true;
    }
    if (!ask_cancelled(run, err))
        return false;
    *go_on_out = !run->lost && !run->cancelled && !job_runner_is_stopping(run->owner);
    return true;
}

/* --- ending --- */

static bool end(struct admin_job_run *run, enum job_state state, const char *problem, struct err *err)
{
    struct buf result;
    bool rendered = render(run->result, &result, err);
    struct db_value parameters[] = {
        db_integer(state),
        problem ? db_bytes(slice_str(problem)) : db_null(),
        db_integer(run->done),
        total_value(run),
        db_bytes(rendered ? buf_slice(&result) : SLICE_LITERAL("{}")),
        db_integer(clock_wall_ms()),
        db_id(&run->id),
        db_id(&run->runner),
    };
    bool ended = db_execute(run->db, sql_job_end, parameters, sizeof parameters / sizeof parameters[0], NULL, err);
    buf_fini(&result);
    return ended;
}

static bool give_back(struct admin_job_run *run, struct err *err)
{
    struct db_value parameters[] = {db_id(&run->id), db_id(&run->runner)};
    return db_execute(run->db, sql_job_give_back, parameters, 2, NULL, err);
}

static void log_end(const struct taken *taken, const char *how)
{
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_JOB, &taken->run.id, id);
    log_event(LOG_INFO, "admin", how, LOG_TEXT("job", id), LOG_TEXT("kind", taken->kind),
              LOG_NUMBER("done", taken->run.done));
}

static const struct admin_job_kind *find_kind(const char *name)
{
    for (const struct admin_job_kind *const *kind = admin_job_kinds; *kind; kind++)
        if (strcmp((*kind)->name, name) == 0)
            return *kind;
    return NULL;
}

/* A connection that is lost is nobody's failure: the lease ends, and a worker goes on from the checkpoint. */
static bool fail(struct taken *taken, struct err *cause, struct err *err)
{
    struct admin_job_run *run = &taken->run;
    db_rollback(run->db);
    if (db_failure(run->db) == DB_LOST)
        return err_set(err, cause->kind, "%s", cause->detail);
    log_end(taken, "a job failed");
    return end(run, JOB_HAS_FAILED, cause->detail, err);
}

static bool run_taken(struct taken *taken, const struct admin_settings *settings, struct err *err)
{
    struct admin_job_run *run = &taken->run;
    struct err cause = ERR_INIT;
    const struct admin_job_kind *kind = find_kind(taken->kind);
    run->settings = settings;
    must(kind);
    if (taken->attempts > MOST_ATTEMPTS && !err_set(&cause, ERR_INTERNAL, "It was cut too often: see the logs."))
        return fail(taken, &cause, err);
    if (!kind->run(run, &cause))
        return fail(taken, &cause, err);
    if (run->lost)
        return true;
    if (run->cancelled) {
        log_end(taken, "a job was cancelled");
        return end(run, JOB_IS_CANCELLED, NULL, err);
    }
    if (job_runner_is_stopping(run->owner))
        return give_back(run, err);
    log_end(taken, "a job is done");
    return end(run, JOB_IS_DONE, NULL, err);
}

bool job_worker_turn(struct job_worker *worker, const struct admin_settings *settings, bool *ran_out, struct err *err)
{
    struct taken taken = {.attempts = 0};
    if (!take(worker, &taken, ran_out, err) || !*ran_out)
        return err->kind == ERR_NONE;
    bool ran = run_taken(&taken, settings, err);
    drop(&taken);
    return ran;
}

bool admin_jobs_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    struct id first_kept = housekeeping_first_id(before_ms);
    struct db_value parameters[] = {db_id(&first_kept), db_integer((int64_t)most)};
    return db_execute(db, sql_job_purge, parameters, 2, purged_out, err);
}
