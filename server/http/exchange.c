#include "exchange.h"

#include <stdlib.h>

#include "access_log.h"
#include "base/clock.h"
#include "base/must.h"

enum { MOST_SPARE = 128, SPARE_ARENA = 16384, SPARE_BODY = 8192 };

static const enum store_lane lane_of[] = {
    [OP_INLINE] = STORE_LANES, [OP_READ] = STORE_READ, [OP_WRITE] = STORE_WRITE, [OP_QUERY] = STORE_QUERY};

/* --- life --- */

/* A used one keeps its memory: a request then costs no trip to the heap. */
static struct exchange *exchange_new(struct loop *loop)
{
    struct exchange *exchange = loop->spare;
    struct arena arena = {0};
    struct buf body = {0};
    if (exchange) {
        loop->spare = exchange->next;
        loop->spare_count--;
        arena = exchange->op.arena;
        body = exchange->op.reply.body;
    } else {
        exchange = malloc(sizeof *exchange);
        must(exchange != NULL);
    }
    memset((char *)exchange + sizeof exchange->op, 0, sizeof *exchange - sizeof exchange->op);
    op_init(&exchange->op, loop->server->service);
    body.ceiling = exchange->op.reply.body.ceiling;
    exchange->op.arena = arena;
    exchange->op.reply.body = body;
    exchange->loop = loop;
    exchange->began_ns = clock_monotonic_ns();
    return exchange;
}

/* Ends the op but keeps the memory that is worth keeping. */
static void empty_op(struct op *op)
{
    struct arena arena = op->arena;
    struct buf body = op->reply.body;
    if (op->dispose)
        op->dispose(op);
    op->dispose = NULL;
    arena_init(&op->arena);
    buf_init(&op->reply.body, body.ceiling);
    op_fini(op);
    if (arena.total > SPARE_ARENA)
        arena_fini(&arena);
    else
        arena_reset(&arena);
    if (body.capacity > SPARE_BODY)
        buf_fini(&body);
    buf_clear(&body);
    op->arena = arena;
    op->reply.body = body;
}

static void exchange_release(struct exchange *exchange)
{
    struct loop *loop = exchange->loop;
    atomic_fetch_sub_explicit(&loop->server->buffered, exchange->op.body.len, memory_order_relaxed);
    connection_release(exchange->connection);
    if (loop->spare_count == MOST_SPARE) {
        op_fini(&exchange->op);
        free(exchange);
        return;
    }
    empty_op(&exchange->op);
    exchange->next = loop->spare;
    loop->spare = exchange;
    loop->spare_count++;
}

void exchange_free_spare(struct loop *loop)
{
    while (loop->spare) {
        struct exchange *exchange = loop->spare;
        loop->spare = exchange->next;
        op_fini(&exchange->op);
        free(exchange);
    }
    loop->spare_count = 0;
}

/* --- the connection's list --- */

static void link_exchange(struct exchange *exchange)
{
    struct connection *connection = exchange->connection;
    exchange->next = connection->exchanges;
    if (exchange->next)
        exchange->next->previous = exchange;
    connection->exchanges = exchange;
}

static void unlink_exchange(struct exchange *exchange)
{
    if (exchange->previous)
        exchange->previous->next = exchange->next;
    else
        exchange->connection->exchanges = exchange->next;
    if (exchange->next)
        exchange->next->previous = exchange->previous;
    exchange->next = exchange->previous = NULL;
}

/* --- the way to the store --- */

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

static void submit(struct exchange *exchange)
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
    if (exchange->req)
        exchange_answer(exchange);
    else
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

/* --- the client leaves --- */

static bool withdraw(struct exchange *exchange)
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

static void abandon(struct exchange *exchange)
{
    metric_add(exchange->loop->server->abandoned, 1);
    access_log_abandoned(exchange);
    bool with_store = exchange->state == EXCHANGE_IN_OUTBOX || exchange->state == EXCHANGE_IN_STORE;
    exchange->req = NULL;
    if (!with_store || withdraw(exchange))
        exchange_release(exchange);
}

/* Disposer of the guard in the request's pool: the answer is sent, or the client has left. */
static void on_request_gone(void *guard)
{
    struct exchange *exchange = *(struct exchange **)guard;
    struct connection *connection = exchange->connection;
    connection_hold(connection);
    unlink_exchange(exchange);
    bool answered = exchange->state == EXCHANGE_ANSWERED;
    bool whole = answered && (exchange->op.is_head || exchange->req->bytes_sent >= exchange->op.reply.body.len);
    bool is_http2 = exchange->is_http2;
    if (answered) {
        access_log_add(exchange, exchange->req->bytes_sent);
        exchange_release(exchange);
    } else {
        abandon(exchange);
    }
    connection->since_ms = connection->loop->now_ms;
    connection_touch(connection);
    if (!whole && is_http2)
        connection_gave_up(connection);
    connection_release(connection);
}

/* --- arrival --- */

static struct exchange *begin(h2o_req_t *req)
{
    struct connection *connection = connection_of(req);
    struct exchange *exchange = exchange_new(connection->loop);
    exchange->req = req;
    exchange->is_http2 = req->version >= 0x200;
    exchange->connection = connection;
    connection_hold(connection);
    connection->requests++;
    link_exchange(exchange);
    struct exchange **guard = h2o_mem_alloc_shared(&req->pool, sizeof *guard, on_request_gone);
    *guard = exchange;
    return exchange;
}

static void answer_options(struct exchange *exchange, const char *allow)
{
    exchange->op.reply.status = 204;
    op_header(&exchange->op, "allow", slice_str(allow));
    exchange_answer(exchange);
}

static void refuse_route(struct exchange *exchange, enum router_result result, const char *allow)
{
    struct op *op = &exchange->op;
    if (result == ROUTER_UNKNOWN_METHOD)
        err_set(&op->err, ERR_NOT_IMPLEMENTED, "This method is not known here.");
    else if (result == ROUTER_WRONG_METHOD)
        err_set(&op->err, ERR_METHOD, "This resource does not have the method %.*s. It has: %s.", (int)op->method.len,
                op->method.data, allow);
    else if (result == ROUTER_MALFORMED)
        err_set(&op->err, ERR_BAD_REQUEST, "The path is not percent-encoded UTF-8.");
    else
        err_set(&op->err, ERR_NOT_FOUND, "There is nothing at this path.");
    exchange_refuse(exchange);
}

static bool check_body(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    const struct http_server *server = exchange->loop->server;
    size_t limit = op->route->body_limit ? op->route->body_limit : server->settings.max_body;
    return op->body.len <= limit || exchange_too_large(limit, &op->err);
}

static void dispatch(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    if (!check_body(exchange)) {
        exchange_refuse(exchange);
    } else if (op->operation->lane != OP_INLINE) {
        submit(exchange);
    } else {
        op->operation->answer(op);
        if (op->err.kind != ERR_NONE)
            exchange_refuse(exchange);
        else
            exchange_answer(exchange);
    }
}

static void route(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    struct router_match match;
    enum router_result result = router_match(exchange->loop->server->router, op->method, op->path, &op->arena, &match);
    if (result == ROUTER_OPTIONS) {
        answer_options(exchange, match.allow);
        return;
    }
    if (result == ROUTER_WRONG_METHOD)
        op->reply.headers[op->reply.header_count++] = (struct reply_header){"allow", slice_str(match.allow)};
    if (result != ROUTER_FOUND) {
        refuse_route(exchange, result, match.allow);
        return;
    }
    exchange->route_index = match.index;
    op->route = match.route;
    op->operation = match.route->operation;
    op->parameter_count = match.parameter_count;
    memcpy(op->parameters, match.parameters, sizeof op->parameters);
    dispatch(exchange);
}

/* HTTP/1 that was refused before libh2o read it. */
static void answer_refusal(struct exchange *exchange)
{
    struct connection *connection = exchange->connection;
    struct op *op = &exchange->op;
    op->err = connection->refusal;
    connection->refusal = ERR_INIT;
    if (connection->refusal_closes)
        exchange->req->http1_is_persistent = 0;
    if (connection->refused_method[0])
        op->method = arena_slice(&op->arena, slice_str(connection->refused_method));
    op->is_head = slice_equals(op->method, SLICE_LITERAL("HEAD"));
    exchange_refuse(exchange);
}

/* libh2o ends every connection whose Connection header says something else than keep-alive (RFC 9112 section 9.3). */
static void decide_keep_alive(h2o_req_t *req)
{
    ssize_t at = h2o_find_header(&req->headers, H2O_TOKEN_CONNECTION, -1);
    if (req->version != 0x101 || at < 0)
        return;
    h2o_iovec_t value = req->headers.entries[at].value;
    bool closes = h2o_contains_token(value.base, value.len, H2O_STRLIT("close"), ',');
    req->http1_is_persistent = !closes && !req->conn->ctx->shutdown_requested;
}

int exchange_on_request(h2o_handler_t *handler, h2o_req_t *req)
{
    (void)handler;
    struct exchange *exchange = begin(req);
    decide_keep_alive(req);
    exchange->route_index = exchange->loop->server->route_count; /* none */
    bool packed = exchange_pack(exchange);
    if (exchange->connection->refusal.kind != ERR_NONE && !exchange->is_http2)
        answer_refusal(exchange);
    else if (packed)
        route(exchange);
    else
        exchange_refuse(exchange);
    return 0;
}

size_t exchange_body_limit(const struct http_server *server, struct slice method, struct slice target)
{
    struct arena arena;
    struct router_match match;
    arena_init(&arena);
    const char *question = memchr(target.data, '?', target.len);
    struct slice path = slice_of(target.data, question ? (size_t)(question - target.data) : target.len);
    enum router_result result = router_match(server->router, method, path, &arena, &match);
    arena_fini(&arena);
    return result == ROUTER_FOUND && match.route->body_limit ? match.route->body_limit : server->settings.max_body;
}

bool exchange_too_large(size_t limit, struct err *err)
{
    return err_set(err, ERR_TOO_LARGE, "The request body is larger than %zu bytes.", limit);
}
