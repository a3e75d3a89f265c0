/* The four beats of a turn: take, load, decide, write. And what happens when one of them fails. */
#include "worker.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "obs/log.h"

enum { MOST_ROUNDS = 12, MOST_TRIES = 5, CONNECT_PAUSE_MS = 100 };

static const char *const lane_names[STORE_LANES] = {"read", "write", "query"};

bool worker_connect(struct worker *worker, struct err *err)
{
    if (worker->db)
        return true;
    uint64_t now = clock_monotonic_ns();
    if (now < worker->retry_connect_ns)
        return err_set(err, ERR_UNAVAILABLE, "The database cannot be reached at the moment, try again");
    worker->db = db_open(worker->settings, err);
    worker->round_trips = 0;
    if (!worker->db)
        worker->retry_connect_ns = clock_monotonic_ns() + (uint64_t)CONNECT_PAUSE_MS * 1000000;
    return worker->db != NULL;
}

static void count_trips(struct worker *worker)
{
    if (!worker->db)
        return;
    uint64_t trips = db_round_trips(worker->db);
    metric_add(worker->trips, (int64_t)(trips - worker->round_trips));
    worker->round_trips = trips;
}

void worker_disconnect(struct worker *worker)
{
    count_trips(worker);
    db_close(worker->db);
    worker->db = NULL;
}

/* Jobs go home in one list per loop: one wake-up each. */
static void deliver(struct job **jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (jobs[i]->class->settle)
            jobs[i]->class->settle(jobs[i]);
    for (size_t i = 0; i < count; i++) {
        if (!jobs[i])
            continue;
        struct home *home = jobs[i]->home;
        struct job *first = jobs[i], *last = first;
        for (size_t k = i + 1; k < count; k++) {
            if (jobs[k] && jobs[k]->home == home) {
                last->next = jobs[k];
                last = jobs[k];
                jobs[k] = NULL;
            }
        }
        last->next = NULL;
        home->deliver(home, first);
    }
}

static void fail(struct job *job, const struct err *err) { job->class->fail(job, err); }

static void fail_all(struct batch *batch, const struct err *err)
{
    for (size_t i = 0; i < batch->count; i++)
        fail(batch->jobs[i], err);
}

/* Hands a job on to the query lane; a full lane is an answer, too. */
static void hand_on(struct job *job)
{
    struct err err = ERR_INIT;
    if (queue_push(job->query_queue, job))
        return;
    err_set(&err, ERR_BUSY, "Too many requests are waiting, try again");
    fail(job, &err);
    deliver(&job, 1);
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

static void count_retry(const char *reason) { metric_add(metric_series(METRIC_RETRIES, reason, NULL), 1); }

/* An attempt that is repeated once when the connection turns out to be dead (an idle one that the server closed, a
 * server that was restarted), and whose commit is looked up when its answer was lost. */
static enum outcome attempt_surely(struct worker *worker, struct batch *batch, struct err *err)
{
    bool was_connected = worker->db != NULL;
    enum outcome outcome = attempt(worker, batch, err);
    if (outcome == OUTCOME_LOST && was_connected) {
        count_retry("connection");
        outcome = attempt(worker, batch, err);
    }
    for (unsigned try = 0; outcome == OUTCOME_UNKNOWN && try < 2; try++) {
        count_retry("unknown outcome");
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
            count_retry("collision");
            pause_jittered(worker, try);
        }
        outcome = attempt_surely(worker, &single, &err);
    }
    if (outcome == OUTCOME_COLLISION)
        name_collision(worker, &err);
    if (outcome != OUTCOME_GOOD)
        fail_all(&single, &err);
    deliver(single.jobs, single.count);
}

static void run_batch(struct worker *worker, struct batch *batch)
{
    struct err err = ERR_INIT;
    enum outcome outcome = attempt_surely(worker, batch, &err);
    if (outcome == OUTCOME_COLLISION || outcome == OUTCOME_FAILED) {
        count_retry("alone");
        struct batch jobs = *batch; /* so that one job's conflict is that job's alone */
        for (size_t i = 0; i < jobs.count; i++)
            run_alone(worker, jobs.jobs[i]);
        return;
    }
    if (outcome != OUTCOME_GOOD)
        fail_all(batch, &err);
    deliver(batch->jobs, batch->count);
}

/* The query lane: straight-line code; once more on a new connection when the old one was dead. */
static void run_query(struct worker *worker, struct job *job)
{
    struct err err = ERR_INIT;
    bool good = false;
    for (unsigned try = 0; !good && try < 2; try++) {
        bool was_connected = worker->db != NULL;
        good = worker_connect(worker, &err) && job->class->run(job, worker->db, &err);
        if (good)
            break;
        bool lost = worker->db && db_failure(worker->db) == DB_LOST;
        if (lost)
            worker_disconnect(worker);
        if (!lost || !was_connected || job->writes_committed)
            break;
        count_retry("connection");
    }
    if (!good)
        fail(job, &err);
    deliver(&job, 1);
}

static bool is_late(const struct job *job, uint64_t now_ns) { return job->deadline_ns && now_ns > job->deadline_ns; }

/* The taken list as a batch, without those that waited too long: they are answered at once. */
static void sort_out(struct worker *worker, struct job *first, struct batch *batch)
{
    struct err err = ERR_INIT;
    uint64_t now = clock_monotonic_ns();
    batch->count = 0;
    for (struct job *job = first, *next; job; job = next) {
        next = job->next;
        metric_observe_ns(worker->wait, now - job->queued_ns);
        if (!is_late(job, now)) {
            batch->jobs[batch->count++] = job;
            continue;
        }
        err_set(&err, ERR_BUSY, "The request waited too long, try again");
        fail(job, &err);
        deliver(&job, 1);
    }
}

static void run_turn(struct worker *worker, struct job *first)
{
    struct batch batch;
    sort_out(worker, first, &batch);
    metric_observe(worker->batch_jobs, batch.count);
    if (worker->lane == STORE_QUERY)
        for (size_t i = 0; i < batch.count; i++)
            run_query(worker, batch.jobs[i]);
    else if (batch.count)
        run_batch(worker, &batch);
    count_trips(worker);
}

void *worker_main(void *argument)
{
    struct worker *worker = argument;
    const char *lane = lane_names[worker->lane];
    worker->batch_jobs = metric_series(METRIC_BATCH, lane, NULL);
    worker->wait = metric_series(METRIC_QUEUE_SECONDS, lane, NULL);
    worker->trips = metric_series(METRIC_ROUND_TRIPS, lane, NULL);
    worker->commits = metric_series(METRIC_COMMITS, NULL, NULL);
    worker->random = (unsigned)clock_monotonic_ns();
    view_init(&worker->view, worker->lane == STORE_WRITE);

    struct job *first;
    size_t taken;
    while ((first = queue_take(worker->queue, worker->most, &taken)))
        run_turn(worker, first);

    worker_disconnect(worker);
    view_fini(&worker->view);
    return NULL;
}
