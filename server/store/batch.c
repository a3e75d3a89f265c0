/* Beats two to four: a batch is loaded, decided and written. And what happens when one of them fails. */
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "worker.h"

enum { MOST_ROUNDS = 12, MOST_TRIES = 5 };

static void fail_all(struct batch *batch, const struct err *err)
{
    for (size_t i = 0; i < batch->count; i++)
        worker_fail(batch->jobs[i], err);
}

/* Hands a job on to the query lane; a full lane is an answer, too. */
static void hand_on(struct job *job)
{
    struct err err = ERR_INIT;
    if (queue_push(job->query_queue, job))
        return;
    err_set(&err, ERR_BUSY, "Too many requests are waiting, try again");
    worker_fail(job, &err);
    worker_deliver(&job, 1);
}

static void leave_batch(struct batch *batch, size_t at)
{
    memmove(&batch->jobs[at], &batch->jobs[at + 1], (batch->count - at - 1) * sizeof(batch->jobs[0]));
    batch->count--;
}

/* One round of decisions. true: some job wants rows. */
static bool step_all(struct worker *worker, struct batch *batch, bool *done)
{
    bool wanting = false;
    for (size_t i = 0; i < batch->count; i++) {
        if (done[i])
            continue;
        struct job *job = batch->jobs[i];
        switch (job->class->step(job, &worker->view)) {
        case JOB_DONE:
            done[i] = true;
            break;
        case JOB_WANTS:
            wanting = true;
            break;
        case JOB_QUERY:
            leave_batch(batch, i);
            memmove(&done[i], &done[i + 1], (batch->count - i) * sizeof(done[0]));
            i--;
            hand_on(job);
            break;
        }
    }
    return wanting;
}

/* Beats two and three, in turns until no job wants anything. */
static bool decide(struct worker *worker, struct batch *batch, struct err *err)
{
    bool done[WORKER_MOST_JOBS] = {false};
    for (unsigned round = 0; step_all(worker, batch, done); round++) {
        must(round < MOST_ROUNDS); /* a use case that never has enough is a bug */
        if (!view_load(&worker->view, worker->db, err))
            return false;
    }
    return true;
}

enum outcome {
    OUTCOME_GOOD,
    OUTCOME_COLLISION, /* one job's conflict, or a deadlock: nothing was written */
    OUTCOME_LOST,      /* the connection is gone, nothing was written */
    OUTCOME_UNKNOWN,   /* the connection is gone, COMMIT was sent */
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
static enum outcome attempt(struct worker *worker, struct batch *batch, struct err *err)
{
    if (!worker_connect(worker, err))
        return OUTCOME_LOST;
    view_restart(&worker->view);
    if (worker->view.writes && !db_begin(worker->db, err))
        return give_up(worker);
    if (!decide(worker, batch, err))
        return give_up(worker);
    return worker->view.writes ? commit(worker, err) : OUTCOME_GOOD;
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

/* A lasting collision of a job that ran alone. */
static void name_collision(const struct worker *worker, struct err *err)
{
    if (worker->db && db_failure(worker->db) == DB_DUPLICATE)
        err_set(err, ERR_UNIQUENESS, "A unique value is already in use");
    else
        err_set(err, ERR_UNAVAILABLE, "The resource is being changed by others, try again");
}

static void run_alone(struct worker *worker, struct job *job)
{
    struct batch single = {.jobs = {job}, .count = 1};
    struct err err = ERR_INIT;
    enum outcome outcome = OUTCOME_COLLISION;
    for (unsigned try = 0; outcome == OUTCOME_COLLISION && try < MOST_TRIES; try++) {
        if (try > 0) {
            worker_count_retry("collision");
            pause_jittered(worker, try);
        }
        outcome = attempt_surely(worker, &single, &err);
    }
    if (outcome == OUTCOME_COLLISION)
        name_collision(worker, &err);
    if (outcome != OUTCOME_GOOD)
        fail_all(&single, &err);
    worker_deliver(single.jobs, single.count);
}

void worker_run_batch(struct worker *worker, struct batch *batch)
{
    struct err err = ERR_INIT;
    enum outcome outcome = attempt_surely(worker, batch, &err);
    if (outcome == OUTCOME_COLLISION || outcome == OUTCOME_FAILED) {
        worker_count_retry("alone");
        struct batch jobs = *batch; /* so that one job's conflict is that job's alone */
        for (size_t i = 0; i < jobs.count; i++)
            run_alone(worker, jobs.jobs[i]);
        return;
    }
    if (outcome != OUTCOME_GOOD)
        fail_all(batch, &err);
    worker_deliver(batch->jobs, batch->count);
}
