/* The dispatcher from inside: dispatcher.c has its turns, holding.c the endpoints it holds, attempt.c what is in
 * flight. All of it is the dispatcher's thread's but for what `listener` is told. */
#ifndef ADMIN_WEBHOOKS_DISPATCH_H
#define ADMIN_WEBHOOKS_DISPATCH_H

#include <pthread.h>
#include <stdatomic.h>

#include "dispatcher.h"
#include "endpoint.h"
#include "lease.h"
#include "obs/metrics.h"

struct queue_of_endpoints {
    struct endpoint *first, **last;
};

struct flight;

struct dispatcher {
    struct dispatcher_settings settings;
    pthread_t thread;
    struct feed_listener listener;
    atomic_bool woken, stopping;

    struct db *db; /* NULL while the database is away */
    struct outbound *outbound;
    struct feed_reader *reader;
    struct arena page, scratch;
    struct delivery_log log;
    struct lease lease;

    struct endpoint *held;             /* by id */
    struct endpoint *lost;             /* another process's by now, but something of theirs is still in flight */
    bool is_untidy;                    /* some of those held are to be read again or given back */
    struct queue_of_endpoints round;   /* there may be something to do for them */
    struct queue_of_endpoints blocked; /* there is, and no room */
    struct flight *flights;
    unsigned in_flight;
    size_t bytes; /* of events in memory */

    int64_t timer_ms; /* when the next of those held has something to do, by the database's clock; 0: none */
    uint64_t looked_ns, results_ns, moved_ns; /* the last look; since when results, or places alone, are not written */
    struct {
        struct metric_series *delivered, *again, *failed, *seconds, *in_flight, *held, *down, *lag;
    } metrics;
};

int64_t dispatcher_now_ms(const struct dispatcher *dispatcher); /* the database's clock */
struct endpoint_source dispatcher_source(struct dispatcher *dispatcher);
void dispatcher_queue(struct dispatcher *dispatcher,
                      struct endpoint *endpoint); /* into the round, unless it is there */
void dispatcher_block(struct dispatcher *dispatcher, struct endpoint *endpoint);
void dispatcher_forget(struct dispatcher *dispatcher, struct endpoint *endpoint);             /* out of both */
void dispatcher_at(struct dispatcher *dispatcher, struct endpoint *endpoint, int64_t due_ms); /* 0: never */
/* An attempt has ended: there is something to write, something to do next, and room. */
void dispatcher_landed(struct dispatcher *dispatcher, struct endpoint *endpoint);
MUST_CHECK bool dispatcher_flush(struct dispatcher *dispatcher, struct err *err);

/* holding.c */
MUST_CHECK bool held_look(struct dispatcher *dispatcher, struct err *err);
/* Leases: renewed, taken, given back. */
MUST_CHECK bool held_renew(struct dispatcher *dispatcher, struct err *err);
/* Those that were changed are read again, those that are another's share given back, once nothing is in flight. */
MUST_CHECK bool held_tidy(struct dispatcher *dispatcher, struct err *err);
void held_free(struct dispatcher *dispatcher);

/* attempt.c: sends the lane's first event. What it is told later goes into the lane, the endpoint and the log. */
void attempt_start(struct dispatcher *dispatcher, struct endpoint *endpoint, struct lane *lane);
void attempts_free(struct dispatcher *dispatcher); /* those that are never heard of */

#endif
