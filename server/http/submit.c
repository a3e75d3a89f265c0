/* An exchange's way to the store and back: admission, the outbox of the round, the queue, home. */
#include "access_log.h"
#include "base/clock.h"
#include "exchange.h"

static const enum store_lane lane_of[] = {
    [OP_INLINE] = STORE_LANES, [OP_READ] = STORE_READ, [OP_WRITE] = STORE_WRITE, [OP_QUERY] = STORE_QUERY};

static void outbox_add(struct job_list *list, struct job *job)
{
    job->next = NULL;
    job->previous = list->last;
    if (list->last)
        list->last->next = job;
    else
        list->first = job;
    list->last = job;
}

static void outbox_remove(struct job_list *list, struct job *job)
{
    if (job->previous)
        job->previous->next = job->next;
    else
        list->first = job->next;
    if (job->next)
        job->next->previous = job->previous;
    else
        list->last = job->previous;
}

static void give_back_slots(struct exchange *exchange)
{
    struct http_server *server = exchange->loop->server;
    exchange->connection->under_way--;
    exchange->loop->jobs_out--;
    atomic_fetch_sub_explicit(&server->in_flight, 1, memory_order_relaxed);
    metric_add(server->in_flight_gauge, -1);
}

void exchange_take_slots(struct exchange *exchange)
{
    struct http_server *server = exchange->loop->server;
    exchange->connection->under_way++;
    exchange->loop->jobs_out++;
    atomic_fetch_add_explicit(&server->in_flight, 1, memory_order_relaxed);
    metric_add(server->in_flight_gauge, 1);
}

static const char *why_not_admitted(struct exchange *exchange)
{
    struct http_server *server = exchange->loop->server;
    if (exchange->connection->under_way >= server->settings.max_streams)
        return "streams";
    if (atomic_fetch_add_explicit(&server->in_flight, 1, memory_order_relaxed) < server->settings.max_in_flight)
        return NULL;
    atomic_fetch_sub_explicit(&server->in_flight, 1, memory_order_relaxed);
    return "in flight";
}

static void refuse_as_busy(struct exchange *exchange, const char *reason)
{
    metric_add(metric_series(METRIC_REFUSED, reason, NULL), 1);
    err_set(&exchange->op.err, ERR_BUSY, "The server is busy, try again.");
    exchange_refuse(exchange);
}

void exchange_submit(struct exchange *exchange)
{
    const char *reason = why_not_admitted(exchange);
    if (reason) {
        refuse_as_busy(exchange, reason);
        return;
    }
    struct loop *loop = exchange->loop;
    exchange->connection->under_way++;
    loop->jobs_out++;
    metric_add(loop->server->in_flight_gauge, 1);
    exchange->state = EXCHANGE_IN_OUTBOX;
    exchange->lane = lane_of[exchange->op.operation->lane];
    outbox_add(&loop->outbox[exchange->lane], &exchange->op.job);
    loop_need_round_end(loop);
}

static void mark_pushed(struct loop *loop, struct job *first)
{
    uint64_t now_ns = clock_monotonic_ns();
    for (struct job *job = first; job; job = job->next) {
        struct exchange *exchange = (struct exchange *)job;
        exchange->state = EXCHANGE_IN_STORE;
        exchange->pushed_ns = now_ns;
        job->home = &loop->home;
        job->query_queue = loop->server->queues[STORE_QUERY];
        job->deadline_ns = now_ns + (uint64_t)loop->server->settings.queue_timeout_ms * 1000000;
    }
}

static void push_lane(struct loop *loop, enum store_lane lane)
{
    struct job *first = loop->outbox[lane].first;
    if (!first)
        return;
    loop->outbox[lane] = (struct job_list){NULL, NULL};
    mark_pushed(loop, first);
    struct job *rest = queue_push_all(loop->server->queues[lane], first);
    while (rest) {
        struct exchange *exchange = (struct exchange *)rest;
        rest = rest->next;
        give_back_slots(exchange);
        exchange->state = EXCHANGE_ARRIVED;
        refuse_as_busy(exchange, "queue full");
    }
}

void exchange_push_all(struct loop *loop)
{
    for (int lane = 0; lane < STORE_LANES; lane++)
        push_lane(loop, (enum store_lane)lane);
}

/* --- and back --- */

static void come_home(struct exchange *exchange)
{
    give_back_slots(exchange);
    exchange->back_ns = clock_monotonic_ns();
    exchange->state = EXCHANGE_ARRIVED;
    if (exchange->req && (exchange->streams || exchange->op.reply.more)) {
        exchange_send_piece(exchange);
        return;
    }
    if (exchange->req) {
        exchange_answer(exchange);
        return;
    }
    if (exchange->op.reply.more) { /* it does not know yet that the client has left */
        exchange_stop_stream(exchange);
        return;
    }
    if (exchange->streams) { /* now it does, and that has been told */
        exchange_release(exchange);
        return;
    }
    exchange_count_records(exchange); /* they were run, although nobody waits for them any more */
    access_log_records(exchange);
    exchange_tell(exchange, true);
    exchange_release(exchange);
}

static struct job *reverse(struct job *newest)
{
    struct job *oldest = NULL;
    while (newest) {
        struct job *next = newest->next;
        newest->next = oldest;
        oldest = newest;
        newest = next;
    }
    return oldest;
}

void exchange_come_home(struct loop *loop, struct job *newest)
{
    (void)loop;
    for (struct job *job = reverse(newest), *next; job; job = next) {
        next = job->next;
        come_home((struct exchange *)job);
    }
}

void exchange_drop_home(struct loop *loop, struct job *newest)
{
    (void)loop;
    while (newest) {
        struct exchange *exchange = (struct exchange *)newest;
        newest = newest->next;
        give_back_slots(exchange);
        if (!exchange->req)
            exchange_release(exchange);
    }
}

bool exchange_withdraw(struct exchange *exchange)
{
    struct loop *loop = exchange->loop;
    struct queue *const *queues = loop->server->queues;
    if (exchange->state == EXCHANGE_IN_OUTBOX)
        outbox_remove(&loop->outbox[exchange->lane], &exchange->op.job);
    else if (!queue_withdraw(queues[exchange->lane], &exchange->op.job) &&
             (exchange->lane == STORE_QUERY || !queues[STORE_QUERY] ||
              !queue_withdraw(queues[STORE_QUERY], &exchange->op.job)))
        return false;
    give_back_slots(exchange);
    return true;
}
