#include "probes.h"

#include "obs/metrics.h"
#include "reply.h"
#include "service.h"

static void answer_plain(struct op *op, struct slice text)
{
    buf_add(&op->reply.body, text);
    reply_body(op, 200);
    op->reply.content_type = "text/plain; charset=utf-8";
}

static void answer_alive(struct op *op) { answer_plain(op, SLICE_LITERAL("alive\n")); }

static void answer_ready(struct op *op)
{
    const struct admin_settings *settings = op->service->context;
    if (store_ready(settings->store, &op->err))
        answer_plain(op, SLICE_LITERAL("ready\n"));
}

static void answer_metrics(struct op *op)
{
    metrics_render(&op->reply.body);
    reply_body(op, 200);
    op->reply.content_type = "text/plain; version=0.0.4";
}

const struct operation admin_alive = {.name = "probe.alive", .lane = OP_INLINE, .answer = answer_alive};
const struct operation admin_ready = {.name = "probe.ready", .lane = OP_INLINE, .answer = answer_ready};
const struct operation admin_metrics = {.name = "probe.metrics", .lane = OP_INLINE, .answer = answer_metrics};
