/* Requests that wait for events: long polls and event streams.
 *
 * None has a thread. Their ops are parked, and a few threads, each with a connection, keep them: woken when something
 * was numbered, they look at the ends of those environments' feeds that somebody waits for, and read for who is behind.
 * In each round every environment gets one page, so that a busy one keeps no other waiting. An op whose client reads
 * slowly is away with its last piece, and costs nothing until it is back. */
#ifndef ADMIN_HUB_H
#define ADMIN_HUB_H

#include "call.h"
#include "feed.h"

struct hub;
struct sequencer;
struct hub_visit;

/* What becomes of those who wait. Static. */
struct hub_kind {
    const char *name; /* as the gauge names it: "poll" */
    bool streams;     /* it goes on behind an answer, which is a piece then */
    /* On the hub's thread: fills in op->reply. With no event in the page, its time is over. */
    void (*answer)(struct hub_visit *visit, const struct feed_page *page);
};

struct hub_visit { /* in the op's arena, with all that it points to */
    const struct hub_kind *kind;
    struct call call;        /* who asks, and for what; without a connection */
    struct feed_query query; /* what to read next; moves along */
    int64_t longest_ms;      /* then it is over */
};

/* most: that may wait at a time; half of them may be of one environment. */
struct hub *hub_start(const struct db_settings *database, struct sequencer *sequencer, unsigned most);

/* Takes over the op, which the caller parks (JOB_PARKED). Of a kind that streams, what its reply holds is its first
 * piece. ERR_THROTTLED, ERR_BUSY: nothing was taken. Any thread. */
MUST_CHECK bool hub_enter(struct hub *hub, struct op *op, struct hub_visit *visit, struct err *err);

/* For operations that may wait: `start`, and what their handler calls, as the last thing, to go on in the hub. */
enum job_run hub_run(struct op *op, struct db *db, struct err *err);
void hub_park(const struct call *call, struct hub_visit *visit);

/* Everything that waits is over, and so is at once what comes: before the loops are drained. */
void hub_close(struct hub *hub); /* NULL is fine, as below */
/* After the loops have ended and the store has stopped, before the sequencer does. */
void hub_stop(struct hub *hub);

#endif
