/* A client's connection: what it may still do, and when it has to go.
 *
 * libh2o owns the socket and the protocol. This room stands between the two: each read passes through here first, and
 * sock->on_close tells when it is over. A connection is never closed from here, because libh2o would go on using it:
 * shutdown(2) makes libh2o close it by itself. */
#ifndef HTTP_CONNECTION_H
#define HTTP_CONNECTION_H

#include "frames.h"
#include "framing.h"
#include "loop.h"
#include "origin.h"

struct message { /* HTTP/1: the one that is being read */
    size_t seen, head_length;
    size_t stored; /* bytes behind the head that are checked and kept */
    struct framing_head head;
    struct framing_body body;
    size_t limit;           /* bytes of its body */
    size_t framing_name_at; /* where the name of its Content-Length or Transfer-Encoding stands; 0: none */
    uint64_t discarded, since_ms;
    bool has_head, discards, whole;
};

struct connection {
    struct loop *loop;
    h2o_socket_t *sock; /* NULL once closed */
    struct connection *next, *previous;
    struct connection *next_resumable;
    SSL_CTX *tls_context;   /* held until the handshake is over */
    h2o_socket_cb h2o_read; /* what libh2o wants called */
    unsigned references;    /* its socket, and the exchanges */
    enum connection_phase { CONNECTION_HANDSHAKE, CONNECTION_GREETING, CONNECTION_HTTP1, CONNECTION_HTTP2 } phase;
    bool tls, trusted, cut, is_resumable, busy_writing;
    char peer[ORIGIN_PEER_BYTES];
    uint64_t since_ms; /* accepted, or its last request ended */
    size_t buffered;   /* its share of server->buffered */

    struct exchange *exchanges; /* answered or not, until libh2o is done with them */
    unsigned under_way;         /* jobs that are with the store, whether or not the client waits */
    uint64_t requests, given_up, reply_bytes;

    struct message message;
    h2o_buffer_t *backlog; /* HTTP/1: bytes of the messages behind */
    struct err refusal;    /* HTTP/1: why the message that libh2o reads next is refused */
    bool refusal_closes;
    char refused_method[36];

    bool greeted; /* HTTP/2: the preface is behind */
    struct frames frames;
};

void connection_adopt(struct loop *loop, int fd);
struct connection *connection_of(h2o_req_t *req);
void connection_hold(struct connection *connection);
void connection_release(struct connection *connection);

/* Ends it and counts why: for what lasts too long, and, with a reset, for what harms. */
void connection_end(struct connection *connection, const char *reason);
void connection_cut(struct connection *connection, const char *reason);
/* A stream ended before its answer. */
void connection_gave_up(struct connection *connection);
void connection_judge_resets(struct connection *connection);
/* libh2o may have stopped or started reading: HTTP/1 when a request is over, HTTP/2 whenever it wrote. */
void connection_touch(struct connection *connection);

/* Before the loop waits: stands between libh2o and its sockets again. */
void connection_hook_all(struct loop *loop);
/* In the loop: goes on with messages that wait behind an answered one. */
void connection_resume_all(struct loop *loop);
void connection_sweep_all(struct loop *loop);
void connection_drain_all(struct loop *loop);
void connection_cut_all(struct loop *loop);

/* Accounts for bytes of unfinished bodies; false: the process has no room for more. */
bool connection_buffers(struct connection *connection, size_t bytes);

/* --- the two protocols --- */

void http1_begin(struct connection *connection);
void http1_on_read(h2o_socket_t *sock, const char *error);
/* libh2o reads again: the next message. */
void http1_resume(struct connection *connection);
/* The request deadline is over. */
void http1_time_out(struct connection *connection);

void http2_begin(struct connection *connection);
void http2_on_read(h2o_socket_t *sock, const char *error);

#endif
