#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "obs/metrics.h"
#include "store/job.h"
#include "turns.h"

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct turns turns;
    size_t waiting;    /* workers inside pthread_cond_wait */
    size_t waking;     /* those of them that were signalled and have not come back yet */
    size_t take_limit; /* `max` of the last queue_take: how many jobs one woken worker will fetch */
    bool closed;
    struct metric_series *depth_gauge;
};

struct queue *queue_new(const char *name, size_t capacity)
{
    struct queue *queue = calloc(1, sizeof(*queue));
    must(queue);
    must(pthread_mutex_init(&queue->lock, NULL) == 0);
    must(pthread_cond_init(&queue->filled, NULL) == 0);
    turns_init(&queue->turns, capacity);
    queue->take_limit = 1;
    queue->depth_gauge = metric_series(METRIC_QUEUE_DEPTH, name, NULL);
    return queue;
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    must(queue->closed);
    turns_fini(&queue->turns);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

/* job->queue is this queue exactly while the job is linked, and turns to or from it under this queue's lock only. It is
 * atomic because a withdrawal may look at a job that is just being moved to another lane, under that lane's lock. */
static void mark(struct job *job, struct queue *queue) { __atomic_store_n(&job->queue, queue, __ATOMIC_RELAXED); }

static bool waits_in(struct job *job, const struct queue *queue)
{
    return __atomic_load_n(&job->queue, __ATOMIC_RELAXED) == queue;
}

static bool append(struct queue *queue, struct job *job, uint64_t now_ns)
{
    if (queue->closed || !turns_add(&queue->turns, job))
        return false;
    job->queued_ns = now_ns;
    mark(job, queue);
    return true;
}

/* How many more workers are needed for what waits. Workers on their way count, so that a burst of single pushes wakes
 * one worker, which then takes all of them in one batch. */
static size_t count_wakes(struct queue *queue)
{
    size_t wakes = 0;
    while (queue->waking < queue->waiting && queue->waking * queue->take_limit < queue->turns.waiting) {
        queue->waking++;
        wakes++;
    }
    return wakes;
}

static void unlock_and_wake(struct queue *queue)
{
    size_t wakes = count_wakes(queue);
    pthread_mutex_unlock(&queue->lock);
    while (wakes-- > 0)
        pthread_cond_signal(&queue->filled);
}

struct job *queue_push_all(struct queue *queue, struct job *first)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct job *refused = NULL, **refused_end = &refused;
    int64_t pushed = 0;
    pthread_mutex_lock(&queue->lock);
    for (struct job *job = first, *next; job; job = next) {
        next = job->next;
        if (append(queue, job, now_ns)) {
            pushed++;
        } else {
            *refused_end = job;
            refused_end = &job->next;
        }
    }
    unlock_and_wake(queue);
    *refused_end = NULL;
    metric_add(queue->depth_gauge, pushed);
    return refused;
}

bool queue_push(struct queue *queue, struct job *job)
{
    job->next = NULL;
    return queue_push_all(queue, job) == NULL;
}

bool queue_withdraw(struct queue *queue, struct job *job)
{
    pthread_mutex_lock(&queue->lock);
    bool waited = waits_in(job, queue);
    if (waited) {
        turns_remove(&queue->turns, job);
        mark(job, NULL);
    }
    pthread_mutex_unlock(&queue->lock);
    if (waited)
        metric_add(queue->depth_gauge, -1);
    return waited;
}

static void wait_for_jobs(struct queue *queue)
{
    while (queue->turns.waiting == 0 && !queue->closed) {
        queue->waiting++;
        pthread_cond_wait(&queue->filled, &queue->lock);
        queue->waiting--;
        if (queue->waking > 0)
            queue->waking--;
    }
}

static struct job *take_in_turns(struct queue *queue, size_t max, size_t *count_out)
{
    struct job *taken = NULL, **end = &taken, *job;
    size_t count = 0;
    for (; count < max && (job = turns_take(&queue->turns)); count++) {
        mark(job, NULL);
        *end = job;
        end = &job->next;
    }
    *count_out = count;
    return taken;
}

struct job *queue_take(struct queue *queue, size_t max, size_t *count_out)
{
    must(max > 0);
    pthread_mutex_lock(&queue->lock);
    queue->take_limit = max;
    wait_for_jobs(queue);
    struct job *taken = take_in_turns(queue, max, count_out);
    unlock_and_wake(queue);
    metric_add(queue->depth_gauge, -(int64_t)*count_out);
    return taken;
}

void queue_close(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    queue->closed = true;
    pthread_cond_broadcast(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

size_t queue_depth(struct queue *queue)
{
    pthread_mutex_lock(&queue->lock);
    size_t depth = queue->turns.waiting;
    pthread_mutex_unlock(&queue->lock);
    return depth;
}
