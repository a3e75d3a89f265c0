#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "store/job.h"

enum { PRODUCERS = 4, CONSUMERS = 4, JOBS_EACH = 5000, JOBS = PRODUCERS * JOBS_EACH };

static struct queue *open_queue(size_t capacity) { return queue_new("test", capacity); }

static void close_and_free(struct queue *queue)
{
    queue_close(queue);
    queue_free(queue);
}

static void link_jobs(struct job *jobs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        jobs[i].next = i + 1 < count ? &jobs[i + 1] : NULL;
}

static void test_jobs_come_out_in_the_order_they_went_in(void **state)
{
    (void)state;
    struct job jobs[5] = {0};
    struct queue *queue = open_queue(10);
    for (size_t i = 0; i < 5; i++)
        assert_true(queue_push(queue, &jobs[i]));
    assert_int_equal(queue_depth(queue), 5);

    size_t count;
    struct job *taken = queue_take(queue, 3, &count);
    assert_int_equal(count, 3);
    for (size_t i = 0; i < 3; i++, taken = taken->next) {
        assert_ptr_equal(taken, &jobs[i]);
        assert_null(taken->queue);
        assert_true(taken->queued_ns > 0);
    }
    assert_null(taken);

    taken = queue_take(queue, 3, &count);
    assert_int_equal(count, 2);
    assert_ptr_equal(taken, &jobs[3]);
    assert_ptr_equal(taken->next, &jobs[4]);
    assert_null(taken->next->next);
    assert_int_equal(queue_depth(queue), 0);
    close_and_free(queue);
}

static void test_a_full_queue_refuses_and_says_where_it_stopped(void **state)
{
    (void)state;
    struct job jobs[4] = {0}, extra = {0};
    struct queue *queue = open_queue(3);
    link_jobs(jobs, 4);
    assert_ptr_equal(queue_push_all(queue, jobs), &jobs[3]);
    assert_false(queue_push(queue, &extra));
    assert_null(extra.queue);

    size_t count;
    struct job *taken = queue_take(queue, 10, &count);
    assert_ptr_equal(taken, jobs);
    assert_int_equal(count, 3);
    close_and_free(queue);
}

static void test_a_closed_queue_refuses_but_gives_what_it_holds(void **state)
{
    (void)state;
    struct job first = {0}, late = {0};
    struct queue *queue = open_queue(3);
    assert_true(queue_push(queue, &first));
    queue_close(queue);
    assert_false(queue_push(queue, &late));

    size_t count;
    assert_ptr_equal(queue_take(queue, 1, &count), &first);
    assert_null(queue_take(queue, 1, &count));
    assert_int_equal(count, 0);
    queue_free(queue);
}

static void test_a_waiting_job_can_be_withdrawn_from_any_place(void **state)
{
    (void)state;
    for (size_t victim = 0; victim < 3; victim++) {
        struct job jobs[3] = {0};
        struct queue *queue = open_queue(3);
        link_jobs(jobs, 3);
        assert_null(queue_push_all(queue, jobs));
        assert_true(queue_withdraw(queue, &jobs[victim]));
        assert_false(queue_withdraw(queue, &jobs[victim]));
        assert_true(queue_push(queue, &jobs[victim]));

        size_t count;
        struct job *taken = queue_take(queue, 3, &count);
        assert_int_equal(count, 3);
        assert_ptr_equal(taken->next->next, &jobs[victim]);
        close_and_free(queue);
    }
}

static void test_a_taken_job_and_one_of_another_queue_cannot_be_withdrawn(void **state)
{
    (void)state;
    struct job taken = {0}, elsewhere = {0};
    struct queue *queue = open_queue(3), *other = open_queue(3);
    size_t count;
    assert_true(queue_push(queue, &taken));
    assert_ptr_equal(queue_take(queue, 1, &count), &taken);
    assert_true(queue_push(other, &elsewhere));
    assert_false(queue_withdraw(queue, &taken));
    assert_false(queue_withdraw(queue, &elsewhere));
    assert_true(queue_withdraw(other, &elsewhere));
    close_and_free(queue);
    close_and_free(other);
}

struct counted {
    struct job job;
    unsigned seen; /* how often it came out, by a consumer or by withdrawal */
};

struct producer {
    struct queue *queue;
    struct counted *jobs;
    unsigned seed;
    pthread_t thread;
};

static void see(struct counted *counted) { __atomic_fetch_add(&counted->seen, 1, __ATOMIC_RELAXED); }

/* Pushes singly and in bursts, and tries to take back one of those that it pushed last. */
static void *produce(void *context)
{
    struct producer *producer = context;
    for (size_t at = 0; at < JOBS_EACH;) {
        size_t burst = 1 + (size_t)rand_r(&producer->seed) % 7;
        if (burst > JOBS_EACH - at)
            burst = JOBS_EACH - at;
        for (size_t i = 0; i < burst; i++) {
            producer->jobs[at + i].job.next = i + 1 < burst ? &producer->jobs[at + i + 1].job : NULL;
            producer->jobs[at + i].job.party = (uint64_t)rand_r(&producer->seed) % 5;
        }
        struct job *rest = &producer->jobs[at].job;
        while ((rest = queue_push_all(producer->queue, rest)) != NULL)
            sched_yield();
        at += burst;

        struct counted *victim = &producer->jobs[at - 1 - (size_t)rand_r(&producer->seed) % burst];
        if (queue_withdraw(producer->queue, &victim->job))
            see(victim);
    }
    return NULL;
}

static void *consume(void *context)
{
    struct queue *queue = context;
    unsigned seed = (unsigned)pthread_self();
    size_t count;
    struct job *job;
    while ((job = queue_take(queue, 1 + (size_t)rand_r(&seed) % 8, &count)) != NULL) {
        for (; job; job = job->next, count--)
            see((struct counted *)job);
        must(count == 0);
    }
    return NULL;
}

static void test_every_job_comes_out_exactly_once(void **state)
{
    (void)state;
    struct queue *queue = open_queue(100);
    struct counted *jobs = calloc(JOBS, sizeof(*jobs));
    struct producer producers[PRODUCERS];
    pthread_t consumers[CONSUMERS];

    for (unsigned i = 0; i < CONSUMERS; i++)
        pthread_create(&consumers[i], NULL, consume, queue);
    for (unsigned i = 0; i < PRODUCERS; i++) {
        producers[i] = (struct producer){.queue = queue, .jobs = &jobs[i * JOBS_EACH], .seed = i + 1};
        pthread_create(&producers[i].thread, NULL, produce, &producers[i]);
    }
    for (unsigned i = 0; i < PRODUCERS; i++)
        pthread_join(producers[i].thread, NULL);
    queue_close(queue);
    for (unsigned i = 0; i < CONSUMERS; i++)
        pthread_join(consumers[i], NULL);

    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(jobs[i].seen, 1);
    assert_int_equal(queue_depth(queue), 0);
    queue_free(queue);
    free(jobs);
}

struct relay {
    struct queue *from, *to;
};

/* As a read worker that hands every job to the query lane. */
static void *move_jobs(void *context)
{
    struct relay *relay = context;
    struct job *job;
    size_t count;
    while ((job = queue_take(relay->from, 4, &count)) != NULL)
        while ((job = queue_push_all(relay->to, job)) != NULL)
            sched_yield();
    return NULL;
}

static void test_a_job_on_its_way_between_lanes_is_withdrawn_at_most_once(void **state)
{
    (void)state;
    struct relay relay = {.from = open_queue(1000), .to = open_queue(1000)};
    struct counted *jobs = calloc(JOBS_EACH, sizeof(*jobs));
    pthread_t mover, consumer;
    pthread_create(&mover, NULL, move_jobs, &relay);
    pthread_create(&consumer, NULL, consume, relay.to);
    for (size_t i = 0; i < JOBS_EACH; i++) {
        while (!queue_push(relay.from, &jobs[i].job))
            sched_yield();
        struct counted *victim = &jobs[i];
        if (queue_withdraw(relay.from, &victim->job) || queue_withdraw(relay.to, &victim->job))
            see(victim);
    }
    queue_close(relay.from);
    pthread_join(mover, NULL);
    queue_close(relay.to);
    pthread_join(consumer, NULL);
    for (size_t i = 0; i < JOBS_EACH; i++)
        assert_int_equal(jobs[i].seen, 1);
    queue_free(relay.from);
    queue_free(relay.to);
    free(jobs);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs_come_out_in_the_order_they_went_in),
        cmocka_unit_test(test_a_full_queue_refuses_and_says_where_it_stopped),
        cmocka_unit_test(test_a_closed_queue_refuses_but_gives_what_it_holds),
        cmocka_unit_test(test_a_waiting_job_can_be_withdrawn_from_any_place),
        cmocka_unit_test(test_a_taken_job_and_one_of_another_queue_cannot_be_withdrawn),
        cmocka_unit_test(test_every_job_comes_out_exactly_once),
        cmocka_unit_test(test_a_job_on_its_way_between_lanes_is_withdrawn_at_most_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
