/* An endpoint that this process sends to, as it stands in memory: read from the database when it is taken over or was
 * changed, written back by progress.h. The dispatcher's thread. */
#ifndef ADMIN_WEBHOOKS_ENDPOINT_H
#define ADMIN_WEBHOOKS_ENDPOINT_H

#include "delivery.h"
#include "envelope.h"
#include "lane.h"
#include "orders.h"
#include "receiver.h"

struct endpoint {
    struct endpoint *next;       /* by id */
    struct endpoint *round_next; /* in the dispatcher's round */
    int64_t due_ms;              /* when there is something to do; 0: nothing to wait for */
    bool in_round;

    struct webhook_endpoint row;
    struct arena texts; /* of the row */
    enum endpoint_state state;
    const struct webhook_envelope *envelope;
    void *opened; /* NULL: not yet, or it cannot be */
    bool is_open;

    uint64_t fence;
    uint32_t orders; /* that were seen */
    struct feed_place scanned;
    uint64_t end; /* of the feed, as far as is known */
    struct lanes lanes;
    struct receiver receiver;
    uint64_t expired_events;
    int64_t expired_ms;

    unsigned in_flight;
    bool is_dirty;            /* differs from what is written */
    const char *disable_for;  /* static: it is to be disabled; NULL: it is not */
    bool is_stale;            /* changed by somebody: to be read again */
    bool is_leaving, is_lost; /* to be given back; another process's already */
};

/* What reading needs. */
struct endpoint_source {
    struct db *db;
    struct feed_reader *reader;
    const struct auth_peppers *peppers;
    struct arena *arena; /* of a page */
    struct delivery_log *log;
    int64_t now_ms; /* the database's clock */
};

/* *endpoint_out NULL: it is gone, or another process's. `window`: requests at a time at most. */
MUST_CHECK bool endpoint_load(const struct endpoint_source *source, const struct id *id, uint64_t fence,
                              unsigned window, struct endpoint **endpoint_out, struct err *err);
void endpoint_free(struct endpoint *endpoint);
/* What its envelope needs: keys. Stays closed when that fails. */
MUST_CHECK bool endpoint_open(const struct endpoint_source *source, struct endpoint *endpoint, struct err *err);

/* Replays and pings that were ordered since. */
MUST_CHECK bool endpoint_read_orders(const struct endpoint_source *source, struct endpoint *endpoint, struct err *err);
/* The next page of the feed, into lanes. more_out: there is another. */
MUST_CHECK bool endpoint_scan(const struct endpoint_source *source, struct endpoint *endpoint, size_t limit,
                              bool *more_out, struct err *err);
/* The next events of a lane that has none in memory; afterwards it has, or is done. */
MUST_CHECK bool endpoint_fill(const struct endpoint_source *source, struct endpoint *endpoint, struct lane *lane,
                              size_t limit, struct err *err);

static inline bool endpoint_has_unscanned(const struct endpoint *endpoint)
{
    return endpoint->scanned.sequence <= endpoint->end;
}
static inline bool endpoint_is_dirty(const struct endpoint *endpoint)
{
    return endpoint->is_dirty || endpoint->lanes.dirty || endpoint->disable_for;
}

#endif
