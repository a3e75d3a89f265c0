#include "ops/op.h"

#include "audit.h"
#include "base/clock.h"
#include "base/must.h"

enum { MOST_REPLY_BYTES = 256 * 1024 * 1024 };

void op_init(struct op *op, const struct service *service)
{
    memset(op, 0, sizeof(*op));
    arena_init(&op->arena);
    buf_init(&op->reply.body, MOST_REPLY_BYTES);
    op->job.class = &op_job_class;
    op->service = service;
    op->now_ms = clock_wall_ms();
    op->operation_id.id = id_new();
    op->fresh_id.id = id_new();
    id_to_uuid(&op->operation_id.id, op->request_id);
}

static void dispose(struct op *op)
{
    if (op->dispose)
        op->dispose(op);
    op->dispose = NULL;
    op->state = NULL;
}

void op_fini(struct op *op)
{
    dispose(op);
    buf_fini(&op->reply.body);
    arena_fini(&op->arena);
}

void op_header(struct op *op, const char *name, struct slice value)
{
    struct reply *reply = &op->reply;
    must(reply->header_count < sizeof(reply->headers) / sizeof(reply->headers[0]));
    reply->headers[reply->header_count++] =
        (struct reply_header){.name = name, .value = arena_slice(&op->arena, value)};
}

static void clear_reply(struct op *op)
{
    op->err = ERR_INIT;
    op->reply.status = 0;
    op->reply.content_type = NULL;
    op->reply.header_count = 0;
    buf_clear(&op->reply.body);
}

/* A refusal leaves no half-made answer behind. */
static void refuse(struct op *op)
{
    struct err err = op->err;
    clear_reply(op);
    op->err = err;
    op->service->refuse(op);
}

static enum job_step step(struct job *job, struct view *view)
{
    struct op *op = (struct op *)job;
    clear_reply(op); /* it may be called again: for more rows, or after a roll-back */
    enum job_step next = op->operation->step(op, view);
    if (next == JOB_DONE && op->err.kind != ERR_NONE)
        refuse(op);
    return next;
}

static enum job_run begin(struct op *op, struct db *db, struct err *err)
{
    if (op->operation->start)
        return op->operation->start(op, db, err);
    return op->operation->run(op, db, err) ? JOB_RAN : JOB_FAILED;
}

static enum job_run run(struct job *job, struct db *db, struct err *err)
{
    struct op *op = (struct op *)job;
    clear_reply(op);
    enum job_run result = begin(op, db, err);
    if (result == JOB_RAN && op->err.kind != ERR_NONE)
        refuse(op);
    return result;
}

static void fail(struct job *job, const struct err *err)
{
    struct op *op = (struct op *)job;
    op->err = *err;
    refuse(op);
}

static void settle(struct job *job)
{
    struct op *op = (struct op *)job;
    audit_record(op);
    dispose(op);
}

void op_send_piece(struct op *op)
{
    must(op->reply.more && op->proceed);
    op->begun = true;
    op->job.next = NULL;
    op->job.home->deliver(op->job.home, &op->job);
}

void op_finish(struct op *op)
{
    op->reply.more = false;
    if (op->err.kind != ERR_NONE && !op->begun)
        refuse(op);
    dispose(op);
    op->job.next = NULL;
    op->job.home->deliver(op->job.home, &op->job);
}

const struct job_class op_job_class = {.step = step, .run = run, .fail = fail, .settle = settle};
