#include "connection.h"

#include <stdlib.h>
#include <sys/socket.h>

#include "base/must.h"
#include "exchange.h"
#include "sweep.h"
#include "tls.h"

static void on_close(void *data);

static void link_connection(struct loop *loop, struct connection *connection)
{
    connection->next = loop->connections;
    if (loop->connections)
        loop->connections->previous = connection;
    loop->connections = connection;
}

static void unlink_connection(struct loop *loop, struct connection *connection)
{
    if (connection->previous)
        connection->previous->next = connection->next;
    else
        loop->connections = connection->next;
    if (connection->next)
        connection->next->previous = connection->previous;
    connection->next = connection->previous = NULL;
}

static void identify_peer(struct connection *connection, int fd)
{
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC};
    socklen_t length = sizeof address;
    struct sockaddr *peer = (struct sockaddr *)&address;
    if (getpeername(fd, peer, &length) != 0)
        address.ss_family = AF_UNSPEC;
    origin_peer(peer, connection->peer);
    connection->trusted = proxies_trust(connection->loop->server->proxies, peer);
}

static struct connection *connection_new(struct loop *loop, int fd)
{
    struct connection *connection = calloc(1, sizeof *connection);
    must(connection != NULL);
    connection->loop = loop;
    connection->references = 1;
    connection->since_ms = loop->now_ms;
    identify_peer(connection, fd);
    connection->sock = h2o_evloop_socket_create(loop->context.loop, fd, H2O_SOCKET_FLAG_IS_ACCEPTED_CONNECTION);
    connection->sock->on_close.cb = on_close;
    connection->sock->on_close.data = connection;
    link_connection(loop, connection);
    return connection;
}

static void begin_protocol(struct connection *connection, bool is_http2)
{
    connection->since_ms = connection->loop->now_ms;
    if (is_http2)
        http2_begin(connection);
    else
        http1_begin(connection);
}

/* Clear text and TLS without ALPN: the first bytes say which protocol it is. */
static void on_greeting(h2o_socket_t *sock, const char *error)
{
    struct connection *connection = sock->on_close.data;
    if (error || connection->cut) {
        h2o_socket_close(sock);
        return;
    }
    size_t seen = sock->input->size < FRAMES_PREFACE_BYTES ? sock->input->size : FRAMES_PREFACE_BYTES;
    bool alike = memcmp(sock->input->bytes, frames_preface, seen) == 0;
    if (alike && seen < FRAMES_PREFACE_BYTES)
        return;
    h2o_socket_read_stop(sock);
    begin_protocol(connection, alike);
}

static void greet(struct connection *connection)
{
    connection->phase = CONNECTION_GREETING;
    h2o_socket_read_start(connection->sock, on_greeting);
    if (connection->sock->input->size > 0)
        on_greeting(connection->sock, NULL);
}

static void on_handshake(h2o_socket_t *sock, const char *error)
{
    struct connection *connection = sock->on_close.data;
    if (error || connection->cut) {
        h2o_socket_close(sock);
        return;
    }
    SSL_CTX_free(connection->tls_context);
    connection->tls_context = NULL;
    h2o_iovec_t protocol = h2o_socket_ssl_get_selected_protocol(sock);
    if (h2o_memis(protocol.base, protocol.len, H2O_STRLIT("h2")))
        begin_protocol(connection, true);
    else
        greet(connection);
}

void connection_adopt(struct loop *loop, int fd)
{
    struct connection *connection = connection_new(loop, fd);
    metric_add(loop->server->accepted, 1);
    metric_add(loop->server->open_gauge, 1);
    if (!loop->server->tls) {
        greet(connection);
        return;
    }
    connection->tls = true;
    connection->phase = CONNECTION_HANDSHAKE;
    connection->tls_context = tls_context(loop->server->tls); /* libh2o keeps the pointer, but no reference */
    h2o_socket_ssl_handshake(connection->sock, connection->tls_context, NULL, on_handshake);
}

struct connection *connection_of(h2o_req_t *req) { return req->conn->callbacks->get_socket(req->conn)->on_close.data; }

void connection_hold(struct connection *connection) { connection->references++; }

void connection_release(struct connection *connection)
{
    if (--connection->references > 0)
        return;
    frames_fini(&connection->frames);
    free(connection);
}

static void on_close(void *data)
{
    struct connection *connection = data;
    struct http_server *server = connection->loop->server;
    connection->sock = NULL;
    unlink_connection(connection->loop, connection);
    connection_buffers(connection, 0);
    if (connection->backlog)
        h2o_buffer_dispose(&connection->backlog);
    SSL_CTX_free(connection->tls_context);
    connection->tls_context = NULL;
    atomic_fetch_sub(&connection->loop->connection_count, 1);
    metric_add(server->open_gauge, -1);
    if (atomic_fetch_sub(&server->open, 1) == server->capacity) /* the listener was paused: there is room again */
        loop_announce(&server->loops[0]);
    connection_release(connection);
}

void connection_end(struct connection *connection, const char *reason)
{
    if (connection->cut || !connection->sock)
        return;
    connection->cut = true;
    metric_add(metric_series(METRIC_CUT, reason, NULL), 1);
    shutdown(h2o_socket_get_fd(connection->sock), SHUT_RDWR);
}

void connection_cut(struct connection *connection, const char *reason)
{
    if (connection->cut || !connection->sock)
        return;
    struct linger at_once = {.l_onoff = 1, .l_linger = 0}; /* a reset, and no kernel memory for what it still sends */
    setsockopt(h2o_socket_get_fd(connection->sock), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    connection_end(connection, reason);
}

void connection_gave_up(struct connection *connection)
{
    connection->given_up++;
    connection_judge_resets(connection);
}

void connection_judge_resets(struct connection *connection)
{
    uint64_t resets = connection->given_up + connection->frames.resets;
    uint64_t streams =
        connection->frames.streams > connection->requests ? connection->frames.streams : connection->requests;
    if (resets > connection->loop->server->settings.max_resets && resets * 2 > streams)
        connection_cut(connection, "resets");
}

bool connection_buffers(struct connection *connection, size_t bytes)
{
    struct http_server *server = connection->loop->server;
    size_t before = connection->buffered;
    connection->buffered = bytes;
    if (bytes == before)
        return true;
    /* Unsigned arithmetic wraps, so that adding the difference also subtracts. */
    size_t total = atomic_fetch_add_explicit(&server->buffered, bytes - before, memory_order_relaxed) + bytes - before;
    return bytes < before || total <= server->most_buffered;
}

static void list_resumable(struct connection *connection)
{
    if (connection->is_resumable || !connection->sock)
        return;
    connection_hold(connection);
    connection->is_resumable = true;
    connection->next_resumable = connection->loop->resumable;
    connection->loop->resumable = connection;
}

void connection_touch(struct connection *connection)
{
    list_resumable(connection);
    if (connection->phase == CONNECTION_HTTP1)
        loop_need_round_end(connection->loop);
}

static h2o_socket_cb own_read(const struct connection *connection)
{
    return connection->phase == CONNECTION_HTTP2 ? http2_on_read : http1_on_read;
}

/* true: libh2o reads, through us. */
static bool hook(struct connection *connection)
{
    h2o_socket_t *sock = connection->sock;
    if (!sock->_cb.read)
        return false;
    if (sock->_cb.read != own_read(connection)) {
        connection->h2o_read = sock->_cb.read;
        sock->_cb.read = own_read(connection);
    }
    return true;
}

/* One of the list. What libh2o does not read from now stays on it: it will start again without a word. */
static void revisit(struct connection *connection, bool in_round)
{
    if (!connection->sock)
        return;
    if (!hook(connection))
        list_resumable(connection);
    else if (connection->phase == CONNECTION_HTTP1 && in_round)
        http1_resume(connection);
    else if (connection->phase == CONNECTION_HTTP1)
        connection_touch(connection);
}

static void revisit_all(struct loop *loop, bool in_round)
{
    struct connection *list = loop->resumable;
    loop->resumable = NULL;
    while (list) {
        struct connection *connection = list;
        list = connection->next_resumable;
        connection->is_resumable = false;
        revisit(connection, in_round);
        connection_release(connection);
    }
}

void connection_hook_all(struct loop *loop) { revisit_all(loop, false); }

void connection_resume_all(struct loop *loop) { revisit_all(loop, true); }

void connection_sweep_all(struct loop *loop)
{
    struct connection *next;
    for (struct connection *connection = loop->connections; connection; connection = next) {
        next = connection->next;
        sweep_connection(connection);
    }
}

void connection_cut_all(struct loop *loop)
{
    for (struct connection *connection = loop->connections; connection; connection = connection->next)
        connection_end(connection, "drain");
}

static bool is_idle(const struct connection *connection)
{
    return !connection->exchanges && connection->message.since_ms == 0 && connection->phase != CONNECTION_HTTP2;
}

enum { LAST_REQUEST_MS = 500 };

/* A client that has just read an answer may be writing its next request, which is still served, and told to close. */
static bool is_quiet(const struct connection *connection)
{
    const struct loop *loop = connection->loop;
    uint64_t timeout_ms = loop->server->settings.drain_timeout_ms;
    uint64_t began_ms = loop->drain_deadline_ms - timeout_ms;
    uint64_t since_ms = connection->since_ms > began_ms ? connection->since_ms : began_ms;
    uint64_t patience_ms = timeout_ms / 2 < LAST_REQUEST_MS ? timeout_ms / 2 : LAST_REQUEST_MS;
    return is_idle(connection) && loop->now_ms >= since_ms + patience_ms;
}

/* libh2o says GOAWAY on HTTP/2 by itself; it has no way to end an HTTP/1 connection between two requests. */
void connection_drain_all(struct loop *loop)
{
    for (struct connection *connection = loop->connections; connection; connection = connection->next) {
        if (connection->phase == CONNECTION_HTTP2)
            connection_touch(connection);
        else if (is_quiet(connection))
            shutdown(h2o_socket_get_fd(connection->sock), SHUT_RDWR);
    }
}
