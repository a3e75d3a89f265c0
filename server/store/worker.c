/* A worker's turns: what waits is taken, run as a batch (batch.c) or one by one (the query lane), and brought home. */
#include "worker.h"

#include "base/clock.h"
#include "base/must.h"
#include "obs/log.h"

enum { CONNECT_PAUSE_MS = 100 };

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

void worker_count_trips(struct worker *worker)
{
    if (!worker->db)
        return;
    uint64_t trips = db_round_trips(worker->db);
    metric_add(worker->trips, (int64_t)(trips - worker->round_trips));
    worker->round_trips = trips;
}

void worker_disconnect(struct worker *worker)
{
    worker_count_trips(worker);
    db_close(worker->db);
    worker->db = NULL;
}

/* Jobs go home in one list per loop: one wake-up each. */
void worker_deliver(struct job **jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (jobs[i]->class->settle)
            jobs[i]->class->settle(jobs[i]);
    log_audit_flush(); /* before anybody is answered */
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

void worker_fail(struct job *job, const struct err *err) { job->class->fail(job, err); }

void worker_count_retry(const char *reason) { metric_add(metric_series(METRIC_RETRIES, reason, NULL), 1); }

/* The query lane: straight-line code; once more on a new connection when the old one was dead. A parked job belongs to
 * someone else already. */
static void run_query(struct worker *worker, struct job *job)
{
    struct err err = ERR_INIT;
    enum job_run result = JOB_FAILED;
    for (unsigned try = 0; result == JOB_FAILED && try < 2; try++) {
        bool was_connected = worker->db != NULL;
        if (worker_connect(worker, &err))
            result = job->class->run(job, worker->db, &err);
        if (result != JOB_FAILED)
            break;
        bool lost = worker->db && db_failure(worker->db) == DB_LOST;
        if (lost)
            worker_disconnect(worker);
        if (!lost || !was_connected || job->writes_committed)
            break;
        worker_count_retry("connection");
    }
    if (result == JOB_PARKED)
        return;
    if (result == JOB_FAILED)
        worker_fail(job, &err);
    worker_deliver(&job, 1);
}

static bool is_late(const struct job *job, uint64_t now_ns) { return job->deadline_ns && now_ns > job->deadline_ns; }

/* The taken list as a batch, without those that waited too long: they are answered at once. */
static void sort_out(struct worker *worker, struct job *first, struct batch *batch)
{
    struct err err = ERR_INIT;
    uint64_t now = clock_monotonic_ns();
    *batch = (struct batch){.count = 0};
    for (struct job *job = first, *next; job; job = next) {
        next = job->next;
        metric_observe_ns(worker->wait, now - job->queued_ns);
        if (!is_late(job, now)) {
            batch->jobs[batch->count++] = job;
            continue;
        }
        err_set(&err, ERR_BUSY, "The request waited too long, try again");
        worker_fail(job, &err);
        worker_deliver(&job, 1);
    }
}

static bool is_group(const struct job *job) { return job->class == &job_group_class; }

/* Each group is a batch of its own. They are told apart first: what has gone home belongs to someone else. */
static void run_jobs(struct worker *worker, const struct batch *taken)
{
    struct batch singles = {.count = 0};
    struct job_group *groups[WORKER_MOST_JOBS];
    size_t group_count = 0;
    for (size_t i = 0; i < taken->count; i++) {
        if (is_group(taken->jobs[i]))
            groups[group_count++] = (struct job_group *)taken->jobs[i];
        else
            singles.jobs[singles.count++] = taken->jobs[i];
    }
    if (singles.count) {
        metric_observe(worker->batch_jobs, singles.count);
        worker_run_batch(worker, &singles);
    }
    for (size_t i = 0; i < group_count; i++)
        worker_run_group(worker, groups[i]);
}

static void run_turn(struct worker *worker, struct job *first)
{
    struct batch batch;
    sort_out(worker, first, &batch);
    if (worker->lane != STORE_QUERY) {
        run_jobs(worker, &batch);
    } else if (batch.count) {
        metric_observe(worker->batch_jobs, batch.count);
        for (size_t i = 0; i < batch.count; i++)
            run_query(worker, batch.jobs[i]);
    }
    worker_count_trips(worker);
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
