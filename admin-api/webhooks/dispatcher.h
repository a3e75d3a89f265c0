/* The webhook dispatcher: a thread of every rollcall-admin that tells endpoints of their environment's events, in order
 * within each directory, at least once, over days if need be. docs/internals/webhooks.md says how.
 *
 * Processes share endpoints by leases in the database; whoever is killed is replaced within seconds. Nothing of what it
 * does is waited for by anybody who writes. */
#ifndef ADMIN_WEBHOOKS_DISPATCHER_H
#define ADMIN_WEBHOOKS_DISPATCHER_H

#include "outbound.h"
#include "sequencer.h"

struct auth_peppers;

struct dispatcher_settings { /* what it points to must outlive it */
    struct db_settings database;
    const struct auth_peppers *peppers;
    struct sequencer *sequencer;
    struct outbound_settings outbound;
    unsigned in_flight; /* requests at a time; of one environment: half of it */
    unsigned lanes;     /* requests at a time to one endpoint */
    unsigned timeout_ms;
    unsigned haste; /* divides the waits of the schedule: 1 but in tests */
};

struct dispatcher;
/* NULL: its settings are of no use. */
MUST_CHECK struct dispatcher *dispatcher_start(const struct dispatcher_settings *settings, struct err *err);
/* Waits some seconds for what is in flight, writes how far it is, and gives its endpoints back. */
void dispatcher_stop(struct dispatcher *dispatcher);

#endif
