#include "exchange.h"

#include <stdlib.h>

#include "access_log.h"
#include "base/clock.h"
#include "base/must.h"

enum { MOST_SPARE = 512, SPARE_ARENA = 16384, SPARE_BODY = 8192 };

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

void exchange_release(struct exchange *exchange)
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

/* --- the client leaves --- */

/* Between two pieces of an answer that goes on: the use case has the op, and ends it when it notices. */
static void leave_stream(struct exchange *exchange)
{
    access_log_add(exchange, exchange->req->bytes_sent);
    exchange_tell(exchange, true);
    exchange->req = NULL;
    atomic_store(&exchange->op.left, true);
}

static void abandon(struct exchange *exchange)
{
    metric_add(exchange->loop->server->abandoned, 1);
    access_log_abandoned(exchange);
    bool with_store = exchange->state == EXCHANGE_IN_OUTBOX || exchange->state == EXCHANGE_IN_STORE;
    exchange->req = NULL;
    if (with_store && !exchange_withdraw(exchange)) {
        atomic_store(&exchange->op.left, true);
        return;
    }
    exchange_tell(exchange, true);
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
    bool more = answered && exchange->op.reply.more;
    bool whole =
        answered && !more && (exchange->op.is_head || exchange->req->bytes_sent >= exchange->op.reply.body.len);
    bool gives_up = !whole && exchange->is_http2 && !exchange->streams; /* a stream without an end is left so */
    if (exchange->streams && exchange->state == EXCHANGE_IN_STORE) {
        leave_stream(exchange);
    } else if (more) {
        access_log_add(exchange, exchange->req->bytes_sent);
        exchange_tell(exchange, true);
        exchange_stop_stream(exchange);
    } else if (answered) {
        access_log_add(exchange, exchange->req->bytes_sent);
        exchange_release(exchange);
    } else {
        abandon(exchange);
    }
    connection->since_ms = connection->loop->now_ms;
    connection_touch(connection);
    if (gives_up)
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

static bool admit(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    return op->operation->lane == OP_INLINE || !op->service->admit || op->service->admit(op);
}

static void dispatch(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    if (!check_body(exchange) || !admit(exchange)) {
        exchange_refuse(exchange);
    } else if (op->operation->lane != OP_INLINE) {
        exchange_submit(exchange);
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
