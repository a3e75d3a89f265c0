/* A job on its way from a loop thread to a store worker and back, and the queue it waits in.
 *
 * Ownership moves with it: the loop's before queue_push and after delivery, the worker's between. The only way back in
 * between is queue_withdraw, which succeeds while the job still waits. */
#ifndef STORE_JOB_H
#define STORE_JOB_H

#include <stddef.h>
#include <stdint.h>

#include "base/err.h"

struct db;
struct view;
struct job;

enum job_step {
    JOB_WANTS, /* rows were named that are not loaded yet: load them and step again */
    JOB_DONE,  /* the answer is ready; what it writes is staged in the view */
    JOB_QUERY, /* does not fit named rows: hand it to the query lane */
};

enum job_run {
    JOB_FAILED, /* the connection failed under it (db_failure tells): run once more on a new one if nothing was written
                 */
    JOB_RAN,    /* the answer is ready */
    JOB_PARKED, /* it goes on elsewhere, and its home hears of it from there; it may be gone already */
};

/* How a job is run. Functions are called on worker threads only. */
struct job_class {
    /* Read and write lanes: one decision, called again from its beginning each time wanted rows have come, and after a
     * roll-back. No database, clock or randomness inside. Everything is checked before the first staging call. */
    enum job_step (*step)(struct job *job, struct view *view);
    /* Query lane: straight-line code with a connection of its own (no transaction open at entry or exit). */
    enum job_run (*run)(struct job *job, struct db *db, struct err *err);
    /* The database is gone or the job cannot be run: make the answer from err. */
    void (*fail)(struct job *job, const struct err *err);
    /* It will not be run again and is about to go home: what only running it needed can be freed here, on the thread
     * that allocated it. NULL: nothing. */
    void (*settle)(struct job *job);
};

/* Where jobs go home: one per loop. deliver is called by workers, for a list linked by `next`, and must not block. */
struct home {
    void (*deliver)(struct home *home, struct job *first);
};

struct job {
    const struct job_class *class;
    struct home *home;
    struct job *next, *previous;
    struct queue *queue;       /* the lane it waits in; NULL elsewhere */
    struct queue *query_queue; /* where JOB_QUERY sends it */
    uint64_t party;            /* whose it is: a hash; parties take turns in a queue. 0: nobody's in particular */
    uint64_t queued_ns;        /* clock_monotonic_ns at push */
    uint64_t deadline_ns;      /* a job taken later than this is answered 503 without being run; 0: none */
    bool writes_committed;     /* set by the worker: what it staged is durable */
};

/* Jobs of the write lane that are run as one batch, by one worker and in their order: each decides on what those before
 * it left. The group waits and goes home in their place: its job's class is job_group_class, and its home finds it
 * behind `job`. Groups are never nested. */
enum { JOB_GROUP_MOST = 64 };
struct job_group {
    struct job job; /* first */
    struct job *parts[JOB_GROUP_MOST];
    size_t count;
    /* This part is in one transaction with the part before it, whatever happens. The others are in one while nothing
     * collides; then each is on its own. */
    bool joined[JOB_GROUP_MOST];
    /* Asked when `count` parts from `from` on are answered, before they are committed. false: they are rolled back and
     * run again; some part must refuse then that did not before. NULL: they stand. */
    bool (*stands)(struct job_group *group, size_t from, size_t count);
};
extern const struct job_class job_group_class;

struct queue;

struct queue *queue_new(const char *name, size_t capacity); /* jobs that may wait; name for metrics, static */
void queue_free(struct queue *queue);                       /* must be empty and closed */
/* false when it is full or closed, or the job's party has its share waiting: a quarter of the capacity, at least 64. */
MUST_CHECK bool queue_push(struct queue *queue, struct job *job);
/* Several at once, linked by next, in order; returns those that did not fit, linked in their order, or NULL. */
MUST_CHECK struct job *queue_push_all(struct queue *queue, struct job *first);
/* true: it had not been taken and is the caller's again. */
bool queue_withdraw(struct queue *queue, struct job *job);
/* Waits until there is a job or the queue is closed; takes up to max, linked by next: one of each party in turn, those
 * of one party in the order in which they came. NULL: closed and empty. */
struct job *queue_take(struct queue *queue, size_t max, size_t *count_out);
void queue_close(struct queue *queue);
size_t queue_depth(struct queue *queue);

#endif
