/* The lanes of one endpoint: what is to be sent, in order within each. Pure; one thread's.
 *
 * A lane is the events of one directory (or those without one), a replay, or a ping. At most one of its events is on
 * its way, so that order is kept, and a lane that is stuck holds no other up. Its events lie in memory only while they
 * are about to be sent: a lane that waits, or whose receiver is behind, has nothing but its place, and reads from there
 * again. What the lane stands on says what it does. */
#ifndef ADMIN_WEBHOOKS_LANE_H
#define ADMIN_WEBHOOKS_LANE_H

#include "feed.h"

enum lane_kind { LANE_DIRECTORY = 1, LANE_REPLAY = 2, LANE_PING = 3 }; /* webhook_lane.kind: never renumber */

enum lane_list {
    LANE_IDLE,    /* nothing to send */
    LANE_READY,   /* its turn comes; in the order in which they came here */
    LANE_WAITING, /* until next_ms: its event failed */
    LANE_FLYING,  /* its first event is on its way */
    LANE_LISTS
};

struct lane_event { /* the texts lie behind it */
    struct lane_event *next;
    struct feed_event event;
};

struct lane {
    enum lane_kind kind;
    struct id id;
    enum lane_list list;
    struct lane *next, **before; /* on its list */
    struct lane *in_bucket;      /* next with the same hash */
    struct lane *dirty_next;
    bool is_dirty; /* differs from its row, or from there being none */
    bool is_kept;  /* it has a row */

    struct lane_event *first, **last; /* what is in memory, */
    size_t count, bytes;
    bool is_behind;           /* and there may be more: */
    struct feed_place loaded; /* from here on */
    struct feed_place until;  /* of a replay: up to here */

    struct id delivery; /* of the event that is next; zero: it was not tried yet */
    unsigned attempts;  /* of that delivery */
    unsigned failures;  /* of that event */
    int64_t next_ms;
};

enum {
    LANE_MOST_EVENTS = 64, /* in memory */
    LANE_BUCKETS = 256,
};

struct lanes {
    struct lane *buckets[LANE_BUCKETS];
    struct lane *lists[LANE_LISTS], **ends[LANE_LISTS];
    struct lane *dirty;
    size_t events, bytes; /* in memory, of all */
    int64_t due_ms;       /* nobody waits for less long; 0: nobody waits */
    size_t *total;        /* bytes of all endpoints; NULL: nobody counts them */
    size_t pings;         /* lanes that are one */
};

void lanes_init(struct lanes *lanes);
void lanes_fini(struct lanes *lanes);

struct lane *lane_find(struct lanes *lanes, enum lane_kind kind, const struct id *id); /* NULL: there is none */
/* Ready to be read from its place on. There must be none. */
struct lane *lane_add(struct lanes *lanes, enum lane_kind kind, const struct id *id, struct feed_place from);
/* Nothing of it is in memory or on its way. */
void lane_remove(struct lanes *lanes, struct lane *lane);

/* The next event of the feed, for its directory's lane. It is kept in memory when it can be sent soon. */
void lanes_take(struct lanes *lanes, const struct feed_event *event);
/* Events that were read for a lane that is behind, and where the next one begins; at_end: it has caught up. */
void lane_fill(struct lanes *lanes, struct lane *lane, const struct feed_event *events, size_t count,
               struct feed_place next, bool at_end);

/* Where it is: of the first event that was not delivered. Kept in the database while there is something to send. */
struct feed_place lane_place(const struct lane *lane);
bool lane_is_done(const struct lane *lane); /* nothing is left to send */

/* The one whose turn it is, of those that are ready; pings alone: of those. NULL: none. */
struct lane *lanes_next(const struct lanes *lanes, bool pings_alone);
/* While the endpoint is down: whichever has not been tried for the longest. */
struct lane *lanes_probe(const struct lanes *lanes);

void lane_fly(struct lanes *lanes, struct lane *lane);
/* Its first event is done, one way or the other: the next one is ready, if there is one. */
void lane_pop(struct lanes *lanes, struct lane *lane);
/* Its first event is tried again then. It forgets what it has in memory. */
void lane_wait(struct lanes *lanes, struct lane *lane, int64_t next_ms);
/* Back to the end of those that are ready, for its next turn. */
void lane_ready(struct lanes *lanes, struct lane *lane);
/* Whoever has waited until now is ready; returns when the next one will be. 0: nobody waits. */
int64_t lanes_wake(struct lanes *lanes, int64_t now_ms);
/* Forgets all that is in memory and not on its way: nothing will be sent soon. */
void lanes_forget(struct lanes *lanes);
void lane_mark(struct lanes *lanes, struct lane *lane); /* dirty */

#endif
