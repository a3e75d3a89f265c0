/* One poll of an event stream (RFC 8936) on its way. */
#ifndef ADMIN_STREAMS_POLLING_H
#define ADMIN_STREAMS_POLLING_H

#include "event_keys.h"
#include "stream.h"

enum {
    POLL_DEFAULT = 100,
    POLL_MOST = 1000,    /* tokens in an answer */
    POLL_MOST_RSA = 200, /* whose signatures take longer */
    POLL_BYTES = 8 << 20,
    POLL_ACKS_MOST = 10000 /* acknowledged behind one that is not: no more are offered then */
};

struct polling {
    struct call *call;
    struct stream stream;
    struct event_signers *signers;
    const struct auth_signer *signer; /* of now */
    struct stream_place place;        /* what comes next; moves along while nothing is offered */
    struct stream_place *fresh;       /* acknowledged by this poll, or complained of */
    size_t fresh_count, stored_count;
    struct stream_place *acked; /* those, and what earlier polls have left: in order */
    size_t acked_count, acked_at;
    json_t *sets;
    size_t count, most, bytes;
    bool is_full; /* there is more */
};

/* What the body acknowledges and complains of, and what was acknowledged before. In the poll's transaction. */
MUST_CHECK bool polling_take_acks(struct polling *polling, struct err *err);

/* The place as it is now, and acknowledgements that it has not gone by. */
MUST_CHECK bool polling_save(struct polling *polling, struct err *err);

/* Tokens of the feed, and of walks. */
MUST_CHECK bool polling_read(struct polling *polling, struct err *err);

/* What to read of the feed, from the place on. */
struct feed_query polling_query(const struct polling *polling);

/* --- of one token: marks must come in order --- */

/* May it be offered? Else it was acknowledged, or there is no room (is_full). */
bool polling_wants(struct polling *polling, const struct stream_place *mark);
void polling_offer(struct polling *polling, const struct stream_place *mark, struct slice token);
/* Nothing of what lies before `next` is to be offered. */
void polling_pass(struct polling *polling, const struct stream_place *next);

/* --- walks --- */

/* All resources of the event's directory, or organization, have entered or left. */
MUST_CHECK bool polling_walk_moved(struct polling *polling, const struct feed_event *event, enum set_event moved,
                                   struct err *err);
/* All that is there has entered. */
MUST_CHECK bool polling_walk_all(struct polling *polling, struct err *err);

#endif
