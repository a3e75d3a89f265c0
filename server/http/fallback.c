#include "fallback.h"

#include "base/must.h"
#include "loop.h"

struct fallback_stream {
    h2o_ostream_t base;
    struct op op;
};

static enum err_kind kind_of(int status)
{
    switch (status) {
    case 413:
        return ERR_TOO_LARGE;
    case 417:
        return ERR_EXPECTATION;
    case 404:
        return ERR_NOT_FOUND;
    default:
        return status < 500 ? ERR_BAD_REQUEST : ERR_INTERNAL;
    }
}

static void on_send(h2o_ostream_t *stream, h2o_req_t *req, h2o_iovec_t *bufs, size_t count, h2o_send_state_t state)
{
    (void)bufs;
    struct fallback_stream *self = (struct fallback_stream *)stream;
    h2o_iovec_t body = h2o_iovec_init(self->op.reply.body.data, self->op.reply.body.len);
    h2o_ostream_send_next(stream, req, &body, count > 0 && body.len > 0 ? 1 : 0, state);
}

static void on_gone(void *data)
{
    struct op *op = *(struct op **)data;
    op_fini(op);
}

static void add(h2o_req_t *req, const char *name, struct slice value)
{
    h2o_iovec_t copy = h2o_strdup(&req->pool, value.data, value.len);
    h2o_add_header_by_str(&req->pool, &req->res.headers, name, strlen(name), 1, NULL, copy.base, copy.len);
}

static void render(h2o_req_t *req, struct op *op)
{
    op_init(op, server_of_context(req->conn->ctx)->service);
    struct op **guard = h2o_mem_alloc_shared(&req->pool, sizeof(struct op *), on_gone);
    *guard = op;
    op->method = arena_slice(&op->arena, slice_of(req->input.method.base, req->input.method.len));
    err_set(&op->err, kind_of(req->res.status), "The request cannot be understood.");
    op->service->refuse(op);
    req->res.status = op->reply.status;
    req->res.content_length = op->reply.body.len;
    memset(&req->res.headers, 0, sizeof req->res.headers);
    add(req, "content-type", slice_str(op->reply.content_type));
    add(req, "x-request-id", slice_str(op->request_id));
    for (size_t i = 0; i < op->reply.header_count; i++)
        add(req, op->reply.headers[i].name, op->reply.headers[i].value);
}

/* Requests that reached our handler are no errors of libh2o's, wherever they are bound. */
static void on_setup(h2o_filter_t *filter, h2o_req_t *req, h2o_ostream_t **slot)
{
    (void)filter;
    bool own = false;
    for (size_t i = 0; i < req->res.headers.size; i++)
        own |= h2o_memis(req->res.headers.entries[i].name->base, req->res.headers.entries[i].name->len,
                         H2O_STRLIT("x-request-id"));
    if (own) {
        h2o_setup_next_ostream(req, slot);
        return;
    }
    struct fallback_stream *stream = (struct fallback_stream *)h2o_add_ostream(req, sizeof *stream, slot);
    stream->base.do_send = on_send;
    render(req, &stream->op);
    h2o_setup_next_ostream(req, &stream->base.next);
}

void fallback_install(h2o_pathconf_t *path)
{
    h2o_filter_t *filter = h2o_create_filter(path, sizeof *filter);
    filter->on_setup_ostream = on_setup;
}
