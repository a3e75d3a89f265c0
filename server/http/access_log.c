#include "access_log.h"

#include <errno.h>
#include <unistd.h>

#include "base/clock.h"

enum { CLIENT_LEFT = 499, FLUSH_BYTES = 65536, MOST_BYTES = 4 * FLUSH_BYTES };

static void add_text(struct buf *line, const char *name, struct slice text)
{
    buf_add_str(line, ",\"");
    buf_add_str(line, name);
    buf_add_str(line, "\":");
    buf_add_json_string(line, text);
}

static void add_number(struct buf *line, const char *name, uint64_t number)
{
    buf_add_str(line, ",\"");
    buf_add_str(line, name);
    buf_add_str(line, "\":");
    buf_add_uint(line, number);
}

static void add_id(struct buf *line, const char *name, const char *prefix, const struct id *id)
{
    if (id_is_zero(id))
        return;
    char text[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(prefix, id, text);
    add_text(line, name, slice_str(text));
}

static void add_ids(struct buf *line, const struct op *op)
{
    add_id(line, "organization", ID_PREFIX_ORGANIZATION, &op->log_organization.id);
    add_id(line, "directory", ID_PREFIX_DIRECTORY, &op->log_directory.id);
    if (id_is_zero(&op->log_credential))
        return;
    char text[ID_BASE32_CHARS + 1]; /* a token's or a key's: its kind follows from the service */
    id_to_base32(&op->log_credential, text);
    add_text(line, "credential", slice_str(text));
}

static void begin_line(struct exchange *exchange)
{
    struct buf *line = &exchange->loop->access_log;
    char time[CLOCK_TEXT_BYTES];
    if (line->capacity == 0)
        buf_init(line, MOST_BYTES);
    clock_text(exchange->op.now_ms, time);
    buf_add_str(line, "{\"time\":\"");
    buf_add_str(line, time);
    buf_add_char(line, '"');
    add_text(line, "request_id", slice_str(exchange->op.request_id));
}

static void end_line(struct exchange *exchange)
{
    struct buf *line = &exchange->loop->access_log;
    buf_add_str(line, "}\n");
    if (line->len >= FLUSH_BYTES)
        access_log_flush(exchange->loop);
}

static void add_route(struct buf *line, const struct route *route)
{
    if (!route)
        return;
    add_text(line, "route", slice_str(route->pattern));
    add_text(line, "operation", slice_str(route->operation->name));
}

static void add_line(struct exchange *exchange, int status, size_t bytes)
{
    struct loop *loop = exchange->loop;
    struct buf *line = &loop->access_log;
    const struct op *op = &exchange->op;
    if (loop->server->settings.access_log_fd < 0)
        return;
    begin_line(exchange);
    add_text(line, "method", op->method);
    add_route(line, op->route);
    add_number(line, "status", (uint64_t)status);
    add_number(line, "bytes", bytes);
    add_number(line, "duration_us", (clock_monotonic_ns() - exchange->began_ns) / 1000);
    if (exchange->back_ns > 0)
        add_number(line, "store_us", (exchange->back_ns - exchange->pushed_ns) / 1000);
    if (exchange->state != EXCHANGE_IN_STORE) /* else a worker may be writing them just now */
        add_ids(line, op);
    add_text(line, "peer", op->peer);
    add_text(line, "protocol", exchange->is_http2 ? SLICE_LITERAL("HTTP/2") : SLICE_LITERAL("HTTP/1"));
    end_line(exchange);
}

void access_log_records(struct exchange *exchange)
{
    const struct op *op = &exchange->op;
    struct buf *line = &exchange->loop->access_log;
    if (exchange->loop->server->settings.access_log_fd < 0)
        return;
    for (size_t i = 0; i < op->record_count; i++) {
        const struct op_record *record = &op->records[i];
        begin_line(exchange);
        add_number(line, "index", record->index);
        add_text(line, "method", record->method);
        add_route(line, record->route);
        add_number(line, "status", (uint64_t)record->status);
        add_ids(line, op);
        end_line(exchange);
    }
}

void access_log_add(struct exchange *exchange, size_t bytes_sent)
{
    access_log_records(exchange);
    add_line(exchange, exchange->op.reply.status, bytes_sent);
}

void access_log_abandoned(struct exchange *exchange) { add_line(exchange, CLIENT_LEFT, 0); }

void access_log_flush(struct loop *loop)
{
    struct buf *log = &loop->access_log;
    for (size_t done = 0; done < log->len;) {
        ssize_t written = write(loop->server->settings.access_log_fd, log->data + done, log->len - done);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            break; /* lost: the log must not stop the service */
        done += (size_t)written;
    }
    if (log->len > 0)
        buf_clear(log);
}
