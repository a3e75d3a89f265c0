/* HTTP/1: libh2o gets to see one message at a time, whole and read strictly before (framing.h). What is refused is
 * given to it as a request whose answer is the refusal, so that order, keep-alive and logging are those of any other.
 */
#include "base/must.h"
#include "connection.h"
#include "exchange.h"

enum { MOST_DISCARDED = 64 * 1024 * 1024, CHUNK_SLACK = 65536, MOST_EMPTY_LINES = 4 };

static struct framing_limits limits_of(const struct connection *connection)
{
    return (struct framing_limits){.header = connection->loop->server->settings.max_header,
                                   .fields = LOOP_MOST_HEADERS};
}

static struct slice input_of(const struct connection *connection)
{
    return slice_of(connection->sock->input->bytes, connection->sock->input->size);
}

static void append(h2o_buffer_t **buffer, const char *data, size_t length)
{
    if (length == 0)
        return;
    h2o_iovec_t room = h2o_buffer_reserve(buffer, length);
    must(room.base != NULL);
    memcpy(room.base, data, length);
    (*buffer)->size += length;
}

static void clear_input(struct connection *connection)
{
    h2o_buffer_consume(&connection->sock->input, connection->sock->input->size);
}

static enum framing_step refuse(struct connection *connection, const struct err *err, bool closes)
{
    connection->refusal = *err;
    connection->refusal_closes = closes;
    return FRAMING_REFUSED;
}

/* Overwrites the first letter of a header's name: nobody knows "xontent-length". */
static void forget_header(struct connection *connection, struct slice name)
{
    if (name.data)
        connection->sock->input->bytes[name.data - connection->sock->input->bytes] = 'x';
}

/* Some clients send an empty line behind a body (RFC 9112 section 2.2). */
static enum framing_step skip_empty_lines(struct connection *connection)
{
    for (int lines = 0; lines < MOST_EMPTY_LINES; lines++) {
        struct slice input = input_of(connection);
        if (input.len < 2 || memcmp(input.data, "\r\n", 2) != 0)
            return input.len == 0 || slice_equals(input, SLICE_LITERAL("\r")) ? FRAMING_MORE : FRAMING_DONE;
        h2o_buffer_consume(&connection->sock->input, 2);
    }
    struct err err;
    err_set(&err, ERR_BAD_REQUEST, "There are empty lines before the request line.");
    return refuse(connection, &err, true);
}

static void on_continue_sent(h2o_socket_t *sock, const char *error);

static void send_continue(struct connection *connection)
{
    h2o_iovec_t text = h2o_iovec_init(H2O_STRLIT("HTTP/1.1 100 Continue\r\n\r\n"));
    h2o_socket_read_stop(connection->sock);
    connection->busy_writing = true;
    h2o_socket_write(connection->sock, &text, 1, on_continue_sent);
}

static enum framing_step begin_body(struct connection *connection)
{
    struct message *message = &connection->message;
    struct framing_limits limits = limits_of(connection);
    framing_body_init(&message->body, &message->head, &limits);
    if (message->body.state == FRAMING_ENDED)
        return FRAMING_DONE;
    struct framing_head *head = &message->head;
    message->limit = exchange_body_limit(connection->loop->server, head->method, head->target);
    message->discards = head->has_length && head->content_length > message->limit;
    if (message->discards && (head->expect.data || head->content_length > MOST_DISCARDED)) {
        struct err err;
        exchange_too_large(message->limit, &err);
        return refuse(connection, &err, true);
    }
    if (head->expect.data && connection->sock->input->size == message->head_length)
        send_continue(connection);
    return FRAMING_MORE;
}

static enum framing_step read_head(struct connection *connection)
{
    struct message *message = &connection->message;
    struct framing_limits limits = limits_of(connection);
    struct err err;
    enum framing_step step =
        framing_find_head(input_of(connection), &limits, &message->seen, &message->head_length, &err);
    if (step == FRAMING_MORE)
        return step;
    struct slice text = slice_of(connection->sock->input->bytes, message->head_length);
    if (step == FRAMING_REFUSED || !framing_parse_head(text, &limits, &message->head, &err))
        return refuse(connection, &err, true);
    message->has_head = true;
    struct slice framing_name = message->head.chunked ? message->head.encoding_name : message->head.length_name;
    message->framing_name_at = framing_name.data ? (size_t)(framing_name.data - text.data) : 0;
    forget_header(connection, message->head.expect_name); /* it is answered here */
    return begin_body(connection);
}

/* What is too large is read to its end without being kept, so that the connection can go on afterwards. */
static void begin_discarding(struct message *message, h2o_buffer_t *input)
{
    size_t behind = input->size - message->head_length - message->stored;
    memmove(input->bytes + message->head_length, input->bytes + message->head_length + message->stored, behind);
    input->size = message->head_length + behind;
    message->discarded = message->stored;
    message->stored = 0;
    message->discards = true;
}

static void drop_read(struct message *message, h2o_buffer_t *input, size_t used)
{
    size_t behind = input->size - message->head_length - used;
    memmove(input->bytes + message->head_length, input->bytes + message->head_length + used, behind);
    input->size = message->head_length + behind;
    message->discarded += used;
}

static bool is_too_large(const struct message *message)
{
    return message->body.payload > message->limit || message->stored > 2 * message->limit + CHUNK_SLACK;
}

static enum framing_step keep_read(struct connection *connection, size_t used, enum framing_step step)
{
    struct message *message = &connection->message;
    message->stored += used;
    if (is_too_large(message))
        begin_discarding(message, connection->sock->input);
    if (connection_buffers(connection, message->stored) || step == FRAMING_DONE)
        return step;
    struct err err;
    err_set(&err, ERR_BUSY, "The server holds too many unfinished requests.");
    return refuse(connection, &err, true);
}

static enum framing_step read_body(struct connection *connection)
{
    struct message *message = &connection->message;
    h2o_buffer_t *input = connection->sock->input;
    struct slice rest = slice_skip(input_of(connection), message->head_length + message->stored);
    size_t used = 0;
    struct err err;
    enum framing_step step = framing_body_feed(&message->body, rest, &used, &err);
    if (step == FRAMING_REFUSED)
        return refuse(connection, &err, true);
    if (message->discards)
        drop_read(message, input, used);
    else
        step = keep_read(connection, used, step);
    if (step == FRAMING_REFUSED || !message->discards)
        return step;
    exchange_too_large(message->limit, &err);
    if (message->discarded > MOST_DISCARDED)
        return refuse(connection, &err, true);
    return step == FRAMING_DONE ? refuse(connection, &err, false) : step;
}

static enum framing_step read_message(struct connection *connection)
{
    struct message *message = &connection->message;
    enum framing_step step = message->has_head ? FRAMING_DONE : skip_empty_lines(connection);
    if (step != FRAMING_DONE)
        return step;
    if (message->since_ms == 0)
        message->since_ms = connection->loop->now_ms;
    if (!message->has_head) {
        step = read_head(connection);
        if (step != FRAMING_MORE || !message->has_head || connection->busy_writing)
            return step;
    }
    return read_body(connection);
}

/* The request that libh2o reads instead of one whose head makes no sense; its answer comes from connection->refusal. */
static void substitute(struct connection *connection)
{
    static const char text[] = "GET / HTTP/1.1\r\nHost: -\r\n\r\n";
    clear_input(connection);
    append(&connection->sock->input, text, sizeof text - 1);
}

static void keep_method(struct connection *connection)
{
    struct slice method = connection->message.head.method;
    size_t length = method.len < sizeof connection->refused_method ? method.len : 0;
    memcpy(connection->refused_method, length > 0 ? method.data : "", length);
    connection->refused_method[length] = '\0';
}

/* A refused message becomes one without a body. */
static void prepare_refusal(struct connection *connection)
{
    struct message *message = &connection->message;
    h2o_buffer_t *input = connection->sock->input;
    connection->refused_method[0] = '\0';
    if (!message->has_head) {
        keep_method(connection);
        substitute(connection);
        return;
    }
    if (message->framing_name_at > 0)
        input->bytes[message->framing_name_at] = 'x';
    if (connection->refusal_closes)
        input->size = message->head_length;
}

static void put_behind(struct connection *connection, size_t length)
{
    h2o_buffer_t *input = connection->sock->input;
    if (input->size <= length)
        return;
    if (!connection->backlog)
        h2o_buffer_init(&connection->backlog, &h2o_socket_buffer_prototype);
    append(&connection->backlog, input->bytes + length, input->size - length);
    input->size = length;
}

static void deliver(struct connection *connection, bool refused)
{
    size_t length = connection->message.head_length + connection->message.stored;
    if (refused)
        prepare_refusal(connection);
    if (!refused || !connection->refusal_closes)
        put_behind(connection, length);
    connection->message = (struct message){.seen = 0};
    connection_hold(connection);
    connection->h2o_read(connection->sock, NULL);
    connection_buffers(connection, 0);
    connection_release(connection);
}

static void advance(struct connection *connection)
{
    enum framing_step step = read_message(connection);
    if (step != FRAMING_MORE)
        deliver(connection, step == FRAMING_REFUSED);
}

static void on_continue_sent(h2o_socket_t *sock, const char *error)
{
    struct connection *connection = sock->on_close.data;
    connection->busy_writing = false;
    h2o_socket_read_start(sock, http1_on_read);
    http1_on_read(sock, error);
}

void http1_on_read(h2o_socket_t *sock, const char *error)
{
    struct connection *connection = sock->on_close.data;
    if (error)
        connection->h2o_read(sock, error); /* closes */
    else if (connection->cut)
        clear_input(connection);
    else
        advance(connection);
}

void http1_resume(struct connection *connection)
{
    if (connection->backlog) {
        append(&connection->sock->input, connection->backlog->bytes, connection->backlog->size);
        h2o_buffer_dispose(&connection->backlog);
        connection->backlog = NULL;
    }
    if (connection->sock->input->size > 0 && !connection->cut)
        advance(connection);
}

void http1_time_out(struct connection *connection)
{
    if (connection->busy_writing) {
        connection_cut(connection, "slow request");
        return;
    }
    struct err err;
    err_set(&err, ERR_TIMEOUT, "The request did not arrive within %u ms.",
            connection->loop->server->settings.request_timeout_ms);
    metric_add(metric_series(METRIC_CUT, "slow request", NULL), 1);
    refuse(connection, &err, true);
    deliver(connection, true);
}

void http1_begin(struct connection *connection)
{
    h2o_socket_t *sock = connection->sock;
    h2o_buffer_t *early = sock->input; /* libh2o must not see what was not read strictly */
    h2o_buffer_init(&sock->input, &h2o_socket_buffer_prototype);
    connection->phase = CONNECTION_HTTP1;
    h2o_http1_accept(&connection->loop->accept, sock, *h2o_get_timestamp(&connection->loop->context, NULL, NULL));
    h2o_buffer_dispose(&sock->input);
    sock->input = early;
    connection->h2o_read = sock->_cb.read;
    sock->_cb.read = http1_on_read;
    if (sock->input->size > 0)
        advance(connection);
}
