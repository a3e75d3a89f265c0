#include "sweep.h"

#include <poll.h>

#include "base/clock.h"
#include "exchange.h"

enum { HANDSHAKE_MS = 10000, LONG_NS = 1000000000, LAST_PIECE_MS = 1000 };

static bool is_over(uint64_t since_ms, uint64_t now_ms, unsigned limit_ms)
{
    return since_ms != 0 && now_ms > since_ms && now_ms - since_ms > limit_ms;
}

/* An answer that its client does not take. */
static bool has_slow_reader(const struct connection *connection, uint64_t now_ms)
{
    unsigned limit = connection->loop->server->settings.response_timeout_ms;
    for (struct exchange *exchange = connection->exchanges; exchange; exchange = exchange_next(exchange))
        if (is_over(exchange_answered_ms(exchange), now_ms, limit))
            return true;
    return false;
}

/* All that is left are answers without an end, and the client does not take what it was sent of them. */
static bool holds_up_drain(const struct connection *connection, uint64_t now_ms)
{
    bool holds = connection->loop->draining && connection->exchanges;
    for (struct exchange *exchange = connection->exchanges; exchange; exchange = exchange_next(exchange))
        holds = holds && exchange->state == EXCHANGE_ANSWERED && exchange->op.endless && exchange->op.reply.more &&
                is_over(exchange_answered_ms(exchange), now_ms, LAST_PIECE_MS);
    return holds;
}

static void sweep_before_protocol(struct connection *connection, uint64_t now_ms)
{
    const struct http_settings *settings = &connection->loop->server->settings;
    bool begun = connection->phase == CONNECTION_HANDSHAKE || connection->sock->input->size > 0;
    unsigned limit = settings->request_timeout_ms < HANDSHAKE_MS ? settings->request_timeout_ms : HANDSHAKE_MS;
    if (is_over(connection->since_ms, now_ms, begun ? limit : settings->idle_timeout_ms))
        connection_end(connection, begun ? "handshake" : "idle");
}

static void sweep_idle(struct connection *connection, uint64_t now_ms)
{
    unsigned limit = connection->loop->server->settings.idle_timeout_ms;
    /* libh2o ends an HTTP/2 connection that is silent with GOAWAY; what is left to us is the one that pings. */
    unsigned grace = connection->phase == CONNECTION_HTTP2 && limit >= 2000 ? 1000 : 0;
    if (is_over(connection->since_ms, now_ms, limit + grace))
        connection_end(connection, "idle");
}

static bool has_hung_up(const struct connection *connection)
{
    struct pollfd fd = {.fd = h2o_socket_get_fd(connection->sock), .events = POLLRDHUP};
    return poll(&fd, 1, 0) > 0;
}

/* libh2o does not read from an HTTP/1 connection while a request is under way, and would not notice before it writes:
 * what waits for long is told by us. A client that has closed its half alone gets its answer, but early. */
static void notice_departure(struct exchange *exchange)
{
    bool waits = exchange->state == EXCHANGE_IN_STORE && clock_monotonic_ns() - exchange->began_ns > LONG_NS;
    if (waits && !atomic_load(&exchange->op.left) && has_hung_up(exchange->connection))
        atomic_store(&exchange->op.left, true);
}

static void sweep_http1(struct connection *connection, uint64_t now_ms)
{
    unsigned limit = connection->loop->server->settings.request_timeout_ms;
    if (connection->exchanges) {
        notice_departure(connection->exchanges);
        return;
    }
    if (connection->message.since_ms == 0)
        sweep_idle(connection, now_ms);
    else if (is_over(connection->message.since_ms, now_ms, limit))
        http1_time_out(connection);
}

static void sweep_http2(struct connection *connection, uint64_t now_ms)
{
    unsigned limit = connection->loop->server->settings.request_timeout_ms;
    uint64_t oldest_ms = frames_oldest_ms(&connection->frames);
    if (is_over(oldest_ms, now_ms, limit))
        connection_cut(connection, "slow request");
    else if (oldest_ms == 0 && !connection->exchanges)
        sweep_idle(connection, now_ms);
}

void sweep_connection(struct connection *connection)
{
    uint64_t now_ms = connection->loop->now_ms;
    if (has_slow_reader(connection, now_ms))
        connection_cut(connection, "slow reader");
    else if (holds_up_drain(connection, now_ms))
        connection_cut(connection, "drain");
    else if (connection->phase == CONNECTION_HTTP1)
        sweep_http1(connection, now_ms);
    else if (connection->phase == CONNECTION_HTTP2)
        sweep_http2(connection, now_ms);
    else
        sweep_before_protocol(connection, now_ms);
}
