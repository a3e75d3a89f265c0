/* The answer, handed to libh2o. It points into the op, which lives until the request's guard is disposed. */
#include "access_log.h"
#include "base/clock.h"
#include "base/must.h"
#include "exchange.h"

#include <stdio.h>

static const struct {
    int status;
    const char *text;
} reasons[] = {
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {204, "No Content"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {417, "Expectation Failed"},
    {422, "Unprocessable Content"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {507, "Insufficient Storage"},
};

static const char *reason_of(int status)
{
    for (size_t i = 0; i < sizeof reasons / sizeof reasons[0]; i++)
        if (reasons[i].status == status)
            return reasons[i].text;
    return "Unknown";
}

/* --- metrics --- */

static struct metric_series *status_series(struct route_metrics *metrics, const char *operation, int status)
{
    size_t at = (size_t)status % LOOP_STATUSES;
    for (size_t i = 0; i < LOOP_STATUSES; i++, at = (at + 1) % LOOP_STATUSES) {
        struct status_series *entry = &metrics->statuses[at];
        if (entry->status == status)
            return entry->series;
        if (entry->status == 0) {
            char text[12];
            snprintf(text, sizeof text, "%d", status);
            *entry = (struct status_series){status, metric_series(METRIC_REQUESTS, operation, text)};
            return entry->series;
        }
    }
    return metric_series(METRIC_REQUESTS, operation, "other");
}

/* Operations that were asked for together (B-17). Their time is that of the whole. */
void exchange_count_records(struct exchange *exchange)
{
    const struct op *op = &exchange->op;
    struct loop *loop = exchange->loop;
    for (size_t i = 0; i < op->record_count; i++) {
        const struct op_record *record = &op->records[i];
        size_t index = record->route ? (size_t)(record->route - op->service->routes) : loop->server->route_count;
        const char *operation = record->route ? record->route->operation->name : "none";
        metric_add(status_series(&loop->metrics[index], operation, record->status), 1);
    }
}

void exchange_count(struct exchange *exchange)
{
    struct route_metrics *metrics = &exchange->loop->metrics[exchange->route_index];
    const char *operation = exchange->op.operation ? exchange->op.operation->name : "none";
    if (!metrics->seconds)
        metrics->seconds = metric_series(METRIC_REQUEST_SECONDS, operation, NULL);
    metric_add(status_series(metrics, operation, exchange->op.reply.status), 1);
    metric_observe_ns(metrics->seconds, clock_monotonic_ns() - exchange->began_ns);
}

/* --- sending --- */

static void add(h2o_req_t *req, struct slice name, struct slice value)
{
    h2o_add_header_by_str(&req->pool, &req->res.headers, name.data, name.len, 1, NULL, value.data, value.len);
}

static void add_headers(struct exchange *exchange)
{
    h2o_req_t *req = exchange->req;
    const struct reply *reply = &exchange->op.reply;
    if (reply->content_type)
        add(req, SLICE_LITERAL("content-type"), slice_str(reply->content_type));
    for (size_t i = 0; i < reply->header_count; i++)
        add(req, slice_str(reply->headers[i].name), reply->headers[i].value);
    add(req, SLICE_LITERAL("x-request-id"), slice_str(exchange->op.request_id));
    if (exchange->connection->tls)
        add(req, SLICE_LITERAL("strict-transport-security"), SLICE_LITERAL("max-age=31536000; includeSubDomains"));
}

static bool has_content(int status) { return status != 204 && status != 304; }

/* A use case that ran into the ceiling of its reply, or forgot to answer. */
static bool is_broken(const struct reply *reply) { return reply->status == 0 || reply->body.overflowed; }

static void clear(struct op *op)
{
    op->reply.status = 0;
    op->reply.content_type = NULL;
    buf_clear(&op->reply.body);
}

static void refuse_broken(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    if (!op->reply.body.overflowed)
        err_set(&op->err, ERR_INTERNAL, "The server made no answer.");
    else
        err_set(&op->err, ERR_TOO_MANY, "The answer would be larger than the server sends.");
    op->reply.header_count = 0;
    clear(op);
    op->service->refuse(op);
}

void exchange_tell(const struct exchange *exchange, bool client_left)
{
    if (exchange->op.service->ended)
        exchange->op.service->ended(&exchange->op, (clock_monotonic_ns() - exchange->began_ns) / 1000, client_left);
}

void exchange_start(struct exchange *exchange, size_t content_length)
{
    struct op *op = &exchange->op;
    h2o_req_t *req = exchange->req;
    if (exchange->loop->draining && !exchange->is_http2)
        req->http1_is_persistent = 0;
    req->res.status = op->reply.status;
    req->res.reason = reason_of(op->reply.status);
    req->res.content_length = content_length;
    add_headers(exchange);
    exchange->state = EXCHANGE_ANSWERED;
    exchange->answered_ms = exchange->loop->now_ms;
    exchange_count(exchange);
    exchange_count_records(exchange);
}

void exchange_answer(struct exchange *exchange)
{
    static h2o_generator_t generator = {NULL, NULL};
    struct op *op = &exchange->op;
    h2o_req_t *req = exchange->req;
    if (is_broken(&op->reply))
        refuse_broken(exchange);
    exchange_start(exchange, has_content(op->reply.status) ? op->reply.body.len : SIZE_MAX);
    exchange_tell(exchange, false);
    struct connection *connection = exchange->connection;
    connection->reply_bytes += op->reply.body.len;
    bool with_body = has_content(op->reply.status) && !op->is_head && op->reply.body.len > 0;
    h2o_iovec_t body = h2o_iovec_init(op->reply.body.data, op->reply.body.len);
    h2o_start_response(req, &generator);
    h2o_send(req, &body, with_body ? 1 : 0, H2O_SEND_STATE_FINAL);
    if (connection->phase == CONNECTION_HTTP2)
        connection_touch(connection);
}

static bool has_header(const struct reply *reply, const char *name)
{
    for (size_t i = 0; i < reply->header_count; i++)
        if (strcmp(reply->headers[i].name, name) == 0)
            return true;
    return false;
}

void exchange_refuse(struct exchange *exchange)
{
    struct op *op = &exchange->op;
    clear(op);
    op->service->refuse(op);
    if (op->reply.status == 503 && !has_header(&op->reply, "retry-after"))
        op_header(op, "retry-after", SLICE_LITERAL("1"));
    exchange_answer(exchange);
}
