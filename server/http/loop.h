/* What the files of this room share: the server, and its loops. A loop is a thread; everything in it belongs to that
 * thread alone, except what is marked as crossing. */
#ifndef HTTP_LOOP_H
#define HTTP_LOOP_H

#include <h2o.h>
#include <h2o/http1.h>
#include <h2o/http2.h>
#include <pthread.h>
#include <stdatomic.h>

#include "http/server.h"
#include "obs/metrics.h"

struct connection;
struct exchange;

enum { LOOP_MOST_HEADERS = 100 }; /* fields of a request; libh2o is compiled for no more */

struct status_series { /* a counter looked up once: the registry takes a lock */
    int status;
    struct metric_series *series;
};
enum { LOOP_STATUSES = 32 };
struct route_metrics {
    struct metric_series *seconds;
    struct status_series statuses[LOOP_STATUSES];
};

struct job_list {
    struct job *first, *last;
};

struct fd_list { /* accepted for a loop by another thread */
    int *fds;
    size_t count, capacity;
};

struct loop {
    struct home home; /* first: the store hands back home pointers */
    struct http_server *server;
    pthread_t thread;
    bool started;
    h2o_context_t context;
    h2o_accept_ctx_t accept;
    h2o_socket_t *listener; /* of the first loop; NULL elsewhere and once draining */
    bool listener_paused;

    /* crossing: jobs that come home (newest first), other mail, and the one message that announces both */
    h2o_multithread_receiver_t receiver;
    h2o_multithread_message_t message;
    _Atomic(struct job *) arrived;
    _Atomic bool announced;
    pthread_mutex_t mail_lock;
    struct fd_list mail;
    _Atomic bool drain_wanted;
    _Atomic unsigned connection_count;

    uint64_t now_ms, next_sweep_ms; /* monotonic */
    int64_t wall_ms;                /* to notice that the wall clock was set back */
    struct connection *connections;
    struct connection *resumable; /* where libh2o may have started reading again */
    struct job_list outbox[STORE_LANES];
    h2o_timeout_entry_t round_end;
    struct exchange *spare;
    size_t spare_count, jobs_out;
    bool draining, finished, was_cut;
    uint64_t drain_deadline_ms;

    struct route_metrics *metrics; /* per route, and one for what no route matched */
    struct buf access_log;
};

struct http_server {
    struct http_settings settings;
    const struct service *service;
    struct queue *queues[STORE_LANES];
    struct router *router;
    size_t route_count;
    struct proxies *proxies;
    struct tls *tls; /* NULL: clear text */
    h2o_globalconf_t config;
    size_t largest_body, most_buffered; /* bytes: of one body; of all unfinished bodies of the process */
    struct loop *loops;
    unsigned loop_count;
    int listen_fd;
    unsigned port;
    char *unix_path;
    size_t capacity; /* connections */

    /* crossing */
    _Atomic size_t open;
    _Atomic size_t in_flight;
    _Atomic size_t buffered;
    _Atomic bool draining;

    struct metric_series *accepted, *open_gauge, *in_flight_gauge, *abandoned;
};

/* Starts the loop's thread; stops when drained. */
void loop_init(struct loop *loop, struct http_server *server);
void loop_start(struct loop *loop);
void loop_join(struct loop *loop);
/* After loop_join and after the store has stopped. false: something was left that libh2o still points into. */
bool loop_fini(struct loop *loop);

/* From any thread. */
void loop_announce(struct loop *loop);
void loop_give_fd(struct loop *loop, int fd);

/* Work to do before the loop waits again: jobs to push, messages to read on. */
void loop_need_round_end(struct loop *loop);

static inline struct http_server *server_of_context(h2o_context_t *context)
{
    return H2O_STRUCT_FROM_MEMBER(struct loop, context, context)->server;
}

#endif
