/* A store worker: a thread with one connection that takes jobs from its lane until the lane is closed. */
#ifndef STORE_WORKER_H
#define STORE_WORKER_H

#include <pthread.h>

#include "obs/metrics.h"
#include "store/store.h"
#include "view_internal.h"

enum { WORKER_MOST_JOBS = JOB_GROUP_MOST };

struct worker {
    pthread_t thread;
    enum store_lane lane;
    struct queue *queue;
    const struct db_settings *settings;
    size_t most; /* jobs of one turn */

    struct db *db;             /* NULL: not connected */
    uint64_t retry_connect_ns; /* no attempt before */
    uint64_t round_trips;      /* of the connection, as last counted */
    struct view view;
    unsigned random; /* state of the jitter */

    struct metric_series *batch_jobs, *wait, *trips, *commits;
};

void *worker_main(void *worker); /* of pthread_create */

/* --- for the parts of the worker --- */

struct batch {
    struct job *jobs[WORKER_MOST_JOBS];
    size_t count;
    struct job_group *group; /* whose parts these are, from this one on; NULL: jobs of their own */
    size_t from;
    bool in_order; /* each decides on what those before it left */
};

/* Beats two and three, in turns until no job wants anything. */
MUST_CHECK bool batch_decide(struct batch *batch, struct view *view, struct db *db, struct err *err);

/* Runs them as one transaction, or one by one where that fails, and brings them home. */
void worker_run_batch(struct worker *worker, struct batch *batch);
/* The same for the parts of a group. */
void worker_run_group(struct worker *worker, struct job_group *group);
void worker_fail(struct job *job, const struct err *err);
void worker_deliver(struct job **jobs, size_t count); /* home, as one list per loop; the array is used up */
void worker_count_retry(const char *reason);
void worker_count_trips(
    struct worker *worker); /* before the jobs go home: whoever has an answer finds its cost in the metrics */

MUST_CHECK bool worker_connect(struct worker *worker, struct err *err); /* fails fast for a while after a failure */
void worker_disconnect(struct worker *worker);

/* The outcome of a commit whose answer was lost: looked up by the operation ids of what the view staged. */
enum worker_fate { FATE_COMMITTED, FATE_NOT_COMMITTED, FATE_UNKNOWN };
enum worker_fate worker_look_up_commit(struct worker *worker);

#endif
