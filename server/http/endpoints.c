#include "endpoints.h"

#include "exchange.h"

static void answer_text(struct op *op, int status, const char *text)
{
    op->reply.status = status;
    op->reply.content_type = "text/plain; charset=utf-8";
    buf_add_str(&op->reply.body, text);
    op_header(op, "cache-control", SLICE_LITERAL("no-store"));
}

/* Alive: this thread answers. */
static void answer_health(struct op *op) { answer_text(op, 200, "ok\n"); }

/* Worth sending requests to. */
static void answer_ready(struct op *op)
{
    struct http_server *server = ((struct exchange *)op)->loop->server;
    struct err err = ERR_INIT;
    if (atomic_load(&server->draining)) {
        answer_text(op, 503, "draining\n");
    } else if (server->settings.ready && !server->settings.ready(server->settings.ready_context, &err)) {
        answer_text(op, 503, err.detail);
        buf_add_char(&op->reply.body, '\n');
    } else {
        answer_text(op, 200, "ready\n");
        if (err.kind != ERR_NONE) /* ready, with a warning */
            buf_printf(&op->reply.body, "warning: %s\n", err.detail);
    }
}

static void answer_metrics(struct op *op)
{
    op->reply.status = 200;
    op->reply.content_type = "text/plain; version=0.0.4; charset=utf-8";
    op_header(op, "cache-control", SLICE_LITERAL("no-store"));
    metrics_render(&op->reply.body);
}

static const struct operation health = {.name = "healthz", .lane = OP_INLINE, .answer = answer_health};
static const struct operation ready = {.name = "readyz", .lane = OP_INLINE, .answer = answer_ready};
static const struct operation metrics = {.name = "metrics", .lane = OP_INLINE, .answer = answer_metrics};

const struct route endpoint_routes[] = {
    {"GET", "/healthz", 0, &health},
    {"GET", "/readyz", 0, &ready},
    {"GET", "/metrics", 0, &metrics},
};
const size_t endpoint_route_count = sizeof endpoint_routes / sizeof endpoint_routes[0];
