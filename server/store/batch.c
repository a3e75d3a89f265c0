/* Beats two to four: a batch is loaded, decided and written. And what happens when one of them fails. */
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "worker.h"

enum { MOST_TRIES = 5 };

static void fail_all(struct batch *batch, const struct err *err)
{
    for (size_t i = 0; i < batch->count; i++)
        worker_fail(batch->jobs[i], err);
}

enum outcome {
    OUTCOME_GOOD,
    OUTCOME_COLLISION, /* one job's conflict, or a deadlock: nothing was written */
    OUTCOME_LOST,      /* the connection is gone, nothing was written */
    OUTCOME_UNKNOWN,   /* the connection is gone, COMMIT was sent */
    OUTCOME_REFUSED,   /* the group does not want it so: nothing was written */
    OUTCOME_FAILED     /* nothing was written */
};

static enum outcome outcome_of(const struct worker *worker)
{
    switch (db_failure(worker->db)) {
    case DB_LOST:
        return OUTCOME_LOST;
    case DB_DUPLICATE:
    case DB_REFERENCE:
    case DB_RETRY:
        return OUTCOME_COLLISION;
    case DB_FINE: /* refused by us: a version that moved */
        return OUTCOME_COLLISION;
    case DB_TIMED_OUT:
    case DB_FULL:
    case DB_BROKEN:
        break;
    }
    return OUTCOME_FAILED;
}

static enum outcome give_up(struct worker *worker)
{
    enum outcome outcome = outcome_of(worker);
    if (outcome == OUTCOME_LOST)
        worker_disconnect(worker);
    else if (worker->view.writes)
        db_rollback(worker->db);
    return outcome;
}

static bool stands(const struct batch *batch)
{
    struct job_group *group = batch->group;
    return !group || !group->stands || group->stands(group, batch->from, batch->count);
}

static enum outcome commit(struct worker *worker, struct err *err)
{
    if (!view_is_dirty(&worker->view)) {
        db_rollback(worker->db);
        return OUTCOME_GOOD;
    }
    if (!view_flush(&worker->view, worker->db, err))
        return give_up(worker);
    if (!db_commit(worker->db, err))
        return db_failure(worker->db) == DB_LOST ? OUTCOME_UNKNOWN : give_up(worker);
    metric_add(worker->commits, 1);
    return OUTCOME_GOOD;
}

/* Beats two to four, once. */
static enum outcome attempt_once(struct worker *worker, struct batch *batch, struct err *err)
{
    if (!worker_connect(worker, err))
        return OUTCOME_LOST;
    view_restart(&worker->view);
    if (worker->view.writes && !db_begin(worker->db, err))
        return give_up(worker);
    if (!batch_decide(batch, &worker->view, worker->db, err))
        return give_up(worker);
    if (!stands(batch)) {
        db_rollback(worker->db);
        return OUTCOME_REFUSED;
    }
    return worker->view.writes ? commit(worker, err) : OUTCOME_GOOD;
}

/* And again while the group that it is about does not want it so. */
static enum outcome attempt(struct worker *worker, struct batch *batch, struct err *err)
{
    enum outcome outcome = attempt_once(worker, batch, err);
    for (size_t again = 0; outcome == OUTCOME_REFUSED; again++) {
        must(again <= 2 * batch->count); /* a group that is never content is a bug */
        outcome = attempt_once(worker, batch, err);
    }
    return outcome;
}

/* An attempt that is repeated once when the connection turns out to be dead (an idle one that the server closed, a
 * server that was restarted), and whose commit is looked up when its answer was lost. */
static enum outcome attempt_surely(struct worker *worker, struct batch *batch, struct err *err)
{
    bool was_connected = worker->db != NULL;
    enum outcome outcome = attempt(worker, batch, err);
    if (outcome == OUTCOME_LOST && was_connected) {
        worker_count_retry("connection");
        outcome = attempt(worker, batch, err);
    }
    for (unsigned try = 0; outcome == OUTCOME_UNKNOWN && try < 2; try++) {
        worker_count_retry("unknown outcome");
        enum worker_fate fate = worker_look_up_commit(worker);
        if (fate == FATE_COMMITTED)
            return OUTCOME_GOOD;
        if (fate == FATE_UNKNOWN)
            break;
        if (fate == FATE_NOT_COMMITTED)
            outcome = attempt(worker, batch, err); /* under the same operation ids */
    }
    if (outcome == OUTCOME_UNKNOWN)
        err_set(err, ERR_UNAVAILABLE,
                "The database went away while the change was being saved: read it before you try again");
    return outcome;
}

static void pause_jittered(struct worker *worker, unsigned try)
{
    worker->random = worker->random * 1103515245u + 12345u;
    long most = 4000000L << try; /* 4 ms, 8, 16, … */
    struct timespec length = {.tv_nsec = 1000000L + (long)(worker->random >> 8) % most};
    nanosleep(&length, NULL);
}

/* A lasting collision of what ran alone. */
static void name_collision(const struct worker *worker, struct err *err)
{
    if (worker->db && db_failure(worker->db) == DB_DUPLICATE)
        err_set(err, ERR_UNIQUENESS, "A unique value is already in use");
    else
        err_set(err, ERR_UNAVAILABLE, "The resource is being changed by others, try again");
}

/* What cannot be taken apart any more: tried again while it collides. */
static void run_alone(struct worker *worker, struct batch *batch)
{
    struct err err = ERR_INIT;
    enum outcome outcome = OUTCOME_COLLISION;
    for (unsigned try = 0; outcome == OUTCOME_COLLISION && try < MOST_TRIES; try++) {
        if (try > 0) {
            worker_count_retry("collision");
            pause_jittered(worker, try);
        }
        outcome = attempt_surely(worker, batch, &err);
    }
    if (outcome == OUTCOME_COLLISION)
        name_collision(worker, &err);
    if (outcome != OUTCOME_GOOD)
        fail_all(batch, &err);
}

/* false: it has to be taken apart, so that one job's conflict is that job's alone. */
static bool run_together(struct worker *worker, struct batch *batch)
{
    struct err err = ERR_INIT;
    enum outcome outcome = attempt_surely(worker, batch, &err);
    if (outcome == OUTCOME_COLLISION || outcome == OUTCOME_FAILED) {
        worker_count_retry("alone");
        return false;
    }
    if (outcome != OUTCOME_GOOD)
        fail_all(batch, &err);
    return true;
}

void worker_run_batch(struct worker *worker, struct batch *batch)
{
    if (run_together(worker, batch)) {
        worker_count_trips(worker);
        worker_deliver(batch->jobs, batch->count);
        return;
    }
    for (size_t i = 0; i < batch->count; i++) {
        struct batch single = {.jobs = {batch->jobs[i]}, .count = 1};
        run_alone(worker, &single);
        worker_count_trips(worker);
        worker_deliver(single.jobs, single.count);
    }
}

static struct batch parts_of(struct job_group *group, size_t from, size_t to)
{
    struct batch batch = {.group = group, .in_order = true, .from = from, .count = to - from};
    memcpy(batch.jobs, group->parts + from, batch.count * sizeof(batch.jobs[0]));
    return batch;
}

static size_t end_of_joined(const struct job_group *group, size_t from)
{
    size_t to = from + 1;
    while (to < group->count && group->joined[to])
        to++;
    return to;
}

void worker_run_group(struct worker *worker, struct job_group *group)
{
    must(group->count > 0 && group->count <= JOB_GROUP_MOST);
    metric_observe(worker->batch_jobs, group->count);
    struct batch whole = parts_of(group, 0, group->count);
    bool done = run_together(worker, &whole);
    for (size_t from = 0, to; !done && from < group->count; from = to) {
        to = end_of_joined(group, from);
        struct batch part = parts_of(group, from, to);
        run_alone(worker, &part);
    }
    struct job *job = &group->job;
    worker_count_trips(worker);
    worker_deliver(&job, 1);
}
