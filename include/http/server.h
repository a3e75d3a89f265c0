/* The HTTP room: listeners, routing, admission, defences, access log. The only room that knows h2o.
 *
 * One event loop thread per configured loop; the first accepts and gives each connection to the one that has the
 * fewest. Requests are copied into ops, sent to the store's lanes, and answered when they come back.
 *
 * Besides its service every listener serves /healthz (alive), /readyz (worth sending requests to) and /metrics. */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include "ops/op.h"

struct http_server;

struct http_settings {
    const char *listen;          /* "127.0.0.1:8080", "[::]:8443", "unix:/path" */
    int inherited_fd;            /* a listening socket handed over (socket activation), or -1 */
    const char *tls_certificate; /* PEM chain; NULL: clear text */
    const char *tls_key;
    unsigned loops; /* threads; 0: one per core */

    const char *public_url; /* "https://scim.example.com": overrides what the request says; NULL: derive */
    const char
        *trusted_proxies; /* comma-separated addresses or CIDR blocks whose X-Forwarded-Proto/-Host/-For count; NULL */

    size_t max_body;          /* bytes of a body without a limit of its own, 1 MiB */
    size_t max_header;        /* bytes of the header block, 32 KiB */
    unsigned max_connections; /* 10,000; also kept below the descriptor limit */
    unsigned max_streams;     /* requests under way per connection, 100 */
    unsigned max_in_flight;   /* jobs under way per process, 4,096 */
    unsigned max_resets; /* streams a connection may give up before their answer, 200 (and more than half of all) */
    unsigned request_timeout_ms;  /* first byte of a request to its last, 30,000 */
    unsigned response_timeout_ms; /* answer ready to last byte taken by the client, 30,000 */
    unsigned queue_timeout_ms;    /* a job that waited longer is answered 503, 10,000 */
    unsigned idle_timeout_ms;     /* connection without a request, 60,000; pings do not count */
    unsigned drain_timeout_ms;    /* 25,000 */

    int access_log_fd; /* JSON lines; -1: none */

    /* For /readyz; NULL: always ready. Called on loop threads, must not block. true with err set: ready, with a
     * warning. */
    bool (*ready)(void *context, struct err *err);
    void *ready_context;
};

/* Binds, starts the loops, and serves until http_server_drain. queues[lane] may be NULL where the service has no such
 * operation. ERR_UNAVAILABLE when the address cannot be bound or the certificate not be loaded (says why). */
MUST_CHECK struct http_server *http_server_start(const struct http_settings *settings, const struct service *service,
                                                 struct queue *const queues[STORE_LANES], struct err *err);

/* Loads certificate and key anew; the old ones stay when that fails. From the main thread, on SIGHUP. */
MUST_CHECK bool http_server_reload(struct http_server *server, struct err *err);

/* Stops accepting, says GOAWAY / Connection: close, waits for what is in flight, joins the loops. true: nothing was
 * cut. Bounded by drain_timeout_ms. */
bool http_server_drain(struct http_server *server);
void http_server_free(struct http_server *server);

/* The port that was bound (for port 0), 0 for unix sockets. */
unsigned http_server_port(const struct http_server *server);

#endif
