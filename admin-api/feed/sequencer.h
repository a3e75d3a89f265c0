/* The sequencer: a thread that gives what was committed its number, within some ms, and tells who waits for it.
 *
 * Every rollcall-admin has one; they take turns by a row lock, so there is nothing to take over when one is killed. A
 * turn is one transaction: numbers are given and the outbox is emptied together, or neither. */
#ifndef ADMIN_FEED_SEQUENCER_H
#define ADMIN_FEED_SEQUENCER_H

#include "store/db.h"

struct sequencer;

/* Told when there is something new in some environment's feed, whichever process has numbered it. On the sequencer's
 * thread: must not block. */
struct feed_listener {
    void (*wake)(void *context);
    void *context;
    struct feed_listener *next; /* the sequencer's */
};

struct sequencer *sequencer_start(const struct db_settings *database);
void sequencer_stop(struct sequencer *sequencer);

/* The listener must stay until sequencer_ignore. Any thread. */
void sequencer_listen(struct sequencer *sequencer, struct feed_listener *listener);
void sequencer_ignore(struct sequencer *sequencer, struct feed_listener *listener); /* no call is under way after it */

/* Waits until everything that was committed before the call has its number, so that who reads the feed behind a write
 * finds it there; at most a second. Any thread but the sequencer's. */
void sequencer_settle(struct sequencer *sequencer);

#endif
