#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "obs/metrics.h"
#include "store/job.h"

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t filled;
    struct job *first, *last;
    size_t depth, capacity;
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
    queue->capacity = capacity;
    queue->take_limit = 1;
    queue->depth_gauge = metric_series(METRIC_QUEUE_DEPTH, name, NULL);
    return queue;
}

void queue_free(struct queue *queue)
{
    if (!queue)
        return;
    must(queue->closed && !queue->first);
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

static void append(struct queue *queue, struct job *job, uint64_t now_ns)
{
    job->queued_ns = now_ns;
    job->next = NULL;
    job->previous = queue->last;
    *(queue->last ? &queue->last->next : &queue->first) = job;
    queue->last = job;
    queue->depth++;
    mark(job, queue);
}

static void unlink_job(struct queue *queue, struct job *job)
{
    *(job->previous ? &job->previous->next : &queue->first) = job->next;
    *(job->next ? &job->next->previous : &queue->last) = job->previous;
    job->next = job->previous = NULL;
    queue->depth--;
    mark(job, NULL);
}

/* How many more workers are needed for what waits. Workers on their way count, so that a burst of single pushes wakes
 * one worker, which then takes all of them in one batch. */
static size_t count_wakes(struct queue *queue)
{
    size_t wakes = 0;
    while (queue->waking < queue->waiting && queue->waking * queue->take_limit < queue->depth) {
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
    int64_t pushed = 0;
    pthread_mutex_lock(&queue->lock);
    while (first && !queue->closed && queue->depth < queue->capacity) {
        struct job *next = first->next;
        append(queue, first, now_ns);
        first = next;
        pushed++;
    }
    unlock_and_wake(queue);
    metric_add(queue->depth_gauge, pushed);
    return first;
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
    if (waited)
        unlink_job(queue, job);
    pthread_mutex_unlock(&queue->lock);
    if (waited)
        metric_add(queue->depth_gauge, -1);
    return waited;
}

static void wait_for_jobs(struct queue *queue)
{
    while (!queue->first && !queue->closed) {
        queue->waiting++;
        pthread_cond_wait(&queue->filled, &queue->lock);
        queue->waiting--;
        if (queue->waking > 0)
            queue->waking--;
    }
}

/* The head of the queue, cut off behind at most max jobs. */
static struct job *cut_head(struct queue *queue, size_t max, size_t *count_out)
{
    struct job *head = queue->first, *end = head;
    size_t count = 0;
    for (; end && count < max; end = end->next, count++) {
        end->previous = NULL;
        mark(end, NULL);
    }
    if (count > 0) {
        struct job *last = end ? end->previous : queue->last;
        last->next = NULL;
        queue->first = end;
        *(end ? &end->previous : &queue->last) = NULL;
        queue->depth -= count;
    }
    *count_out = count;
    return count > 0 ? head : NULL;
}

struct job *queue_take(struct queue *queue, size_t max, size_t *count_out)
{
    must(max > 0);
    pthread_mutex_lock(&queue->lock);
    queue->take_limit = max;
    wait_for_jobs(queue);
    struct job *taken = cut_head(queue, max, count_out);
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
    size_t depth = queue->depth;
    pthread_mutex_unlock(&queue->lock);
    return depth;
}
