/* What the files of the hub share. A desk is a thread with those of some environments; a room is an environment's. */
#ifndef ADMIN_HUB_PRIVATE_H
#define ADMIN_HUB_PRIVATE_H

#include <pthread.h>
#include <stdatomic.h>

#include "hub.h"
#include "obs/metrics.h"
#include "sequencer.h"

enum { HUB_DESKS = 2, HUB_ROOM_LISTS = 64, HUB_PROVE_MS = 10000 /* between two looks at a credential */ };

enum waiter_turn {
    TURN_OURS,    /* the op is the desk's */
    TURN_CLIENTS, /* a piece is on its way: the op is the loop's */
    TURN_OVER     /* ours, and its client has left */
};

struct waiter {
    struct waiter *next, *previous; /* in its room */
    struct room *room;
    struct op *op;
    struct hub_visit *visit;
    enum waiter_turn turn;
    uint64_t seen;     /* it has been read for up to this number */
    uint64_t served;   /* the desk's round in which it was read for last */
    int64_t ends_ms;   /* monotonic, as the others */
    int64_t beat_ms;   /* a stream that is silent until then says that it is alive */
    int64_t proved_ms; /* when its credential was last looked at */
    bool is_over;
    struct waiter *chosen; /* the next that something is done for, outside of the mutex */
};

struct room {
    struct desk *desk;
    struct room *next; /* in its list */
    struct environment_id environment;
    struct waiter *waiters;
    unsigned count;
    uint64_t last; /* the highest number of its feed, as last seen */
    bool moved;    /* it may be higher, or was never looked at */
};

/* The mutex is for rooms and waiters. The thread alone takes any of them away, so what it has found stays while it
 * works without the mutex; an op whose turn is ours is its own. */
struct desk {
    struct hub *hub;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct room *rooms[HUB_ROOM_LISTS];
    unsigned count; /* waiters */
    bool stirred;   /* there may be something to do */
    bool woken;     /* something was numbered */
    bool attention; /* something may be over */
    bool closing, stopping;
    struct feed_listener listener;

    /* the thread's */
    struct db *db; /* NULL while the database is away */
    int64_t next_try_ms, next_tick_ms;
    uint64_t rounds;
    struct feed_reader *reader;
    struct op shadow; /* in whose arena pages are */
};

struct hub {
    struct db_settings database;
    struct sequencer *sequencer;
    unsigned most;
    _Atomic unsigned count;
    struct desk desks[HUB_DESKS];
};

int64_t hub_now_ms(void);

/* With the mutex. NULL: there is none. */
struct room *room_find(struct desk *desk, const struct environment_id *environment);
/* Goes through all rooms of the desk: NULL begins, and ends. */
struct room *room_next(const struct desk *desk, const struct room *room);

/* --- hub_read.c: what is new. Without the mutex --- */

/* Looks at the ends of the feeds that have moved. false: the database is away. */
bool desk_look(struct desk *desk);
/* A page for each room in which somebody is behind. *any_out: there was one. */
bool desk_serve(struct desk *desk, bool *any_out);

/* --- hub_tick.c: what is over, and signs of life. Without the mutex --- */

void desk_tick(struct desk *desk, int64_t now_ms);

/* --- hub.c. Without the mutex --- */

bool desk_connect(struct desk *desk);
void desk_disconnect(struct desk *desk, const struct err *err);
void desk_send_piece(struct desk *desk, struct waiter *waiter);
/* Its op goes home with what its reply holds, or its error; it is gone. */
void desk_finish(struct desk *desk, struct waiter *waiter);

#endif
