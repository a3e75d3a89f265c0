/* HTTP/2: every frame is counted before libh2o reads it (frames.h). Its input always begins at a frame, because libh2o
 * consumes all frames that are there as a whole. */
#include "connection.h"

enum { STREAMS_PER_READ = 256, SMALL_BODIES = 65536 }; /* 100 streams may be open, so that 256 are no accident */

/* With a header block open, libh2o 2.2.5 would loop for ever once it has said GOAWAY. */
static bool would_spin(const struct connection *connection, const struct frame *frame)
{
    return connection->loop->draining && frame->type == FRAME_CONTINUATION;
}

static const char *judge_frame(struct connection *connection, const struct frame *frame,
                               const struct frames_limits *limits)
{
    const char *why = frames_count(&connection->frames, frame, limits, connection->loop->now_ms);
    if (!why)
        why = frames_judge(&connection->frames, connection->reply_bytes);
    return !why && would_spin(connection, frame) ? "drain" : why;
}

/* Frames of unknown types are left out: libh2o would print a line on stderr for each. */
static const char *count_frames(struct connection *connection, const struct frames_limits *limits)
{
    h2o_buffer_t *input = connection->sock->input;
    size_t at = connection->greeted ? 0 : FRAMES_PREFACE_BYTES, kept = at;
    uint64_t most = connection->frames.streams + STREAMS_PER_READ;
    struct frame frame;
    while (at < input->size && frames_next(slice_of(input->bytes + at, input->size - at), &frame)) {
        const char *why = judge_frame(connection, &frame, limits);
        if (why || connection->frames.streams > most)
            return why ? why : "streams";
        if (frame.type < FRAME_KNOWN_TYPES) {
            if (kept < at)
                memmove(input->bytes + kept, input->bytes + at, frame.bytes);
            kept += frame.bytes;
        }
        at += frame.bytes;
    }
    if (kept < at)
        memmove(input->bytes + kept, input->bytes + at, input->size - at);
    input->size -= at - kept;
    return NULL;
}

static const char *judge_input(struct connection *connection)
{
    const struct http_server *server = connection->loop->server;
    if (!connection->greeted && connection->sock->input->size < FRAMES_PREFACE_BYTES)
        return NULL;
    struct frames_limits limits = {.header = server->settings.max_header, .bodies = 8 * server->largest_body};
    const char *why = count_frames(connection, &limits);
    connection->greeted = true;
    size_t bodies = connection->frames.upload_bytes;
    if (!connection_buffers(connection, bodies) && bodies > SMALL_BODIES && !why)
        why = "memory";
    return why;
}

void http2_on_read(h2o_socket_t *sock, const char *error)
{
    struct connection *connection = sock->on_close.data;
    const char *why = error || connection->cut ? NULL : judge_input(connection);
    if (why)
        connection_cut(connection, why);
    connection_judge_resets(connection);
    if (connection->cut && !error) {
        h2o_buffer_consume(&sock->input, sock->input->size);
        return;
    }
    connection_hold(connection);
    connection->h2o_read(sock, error);
    if (connection->sock && sock->_cb.read != http2_on_read)
        connection_touch(connection);
    connection_release(connection);
}

void http2_begin(struct connection *connection)
{
    h2o_socket_t *sock = connection->sock;
    h2o_buffer_t *early = sock->input;
    h2o_buffer_init(&sock->input, &h2o_socket_buffer_prototype);
    connection->phase = CONNECTION_HTTP2;
    h2o_http2_accept(&connection->loop->accept, sock, *h2o_get_timestamp(&connection->loop->context, NULL, NULL));
    h2o_buffer_dispose(&sock->input);
    sock->input = early;
    connection->h2o_read = sock->_cb.read;
    sock->_cb.read = http2_on_read;
    if (sock->input->size > 0)
        http2_on_read(sock, NULL);
}
