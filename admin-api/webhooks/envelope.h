/* How an event is packed for a kind of endpoint, and what an answer means: Standard Webhooks 1.0.0, or the push of
 * Security Event Tokens (RFC 8935). The dispatcher does all else: order, retries, leases, the log of deliveries.
 *
 * All of it is called on the dispatcher's thread, which sends to everybody: nothing here may take long. */
#ifndef ADMIN_WEBHOOKS_ENVELOPE_H
#define ADMIN_WEBHOOKS_ENVELOPE_H

#include "auth/token.h"
#include "base/arena.h"
#include "feed.h"
#include "outbound.h"
#include "store/db.h"

enum webhook_kind { WEBHOOK_STANDARD = 1, WEBHOOK_SET_PUSH = 2 }; /* webhook_endpoint.kind: never renumber */

struct webhook_endpoint { /* a row of webhook_endpoint; texts live as long as what `open` made of it */
    struct id id;
    struct environment_id environment;
    enum webhook_kind kind;
    struct slice url;
    uint64_t types;               /* bits by the order in store/event_types.def */
    struct slice secret;          /* sealed; empty: none */
    struct slice previous_secret; /* likewise */
    int64_t previous_until_ms;
    uint32_t revision;
};

enum { WEBHOOK_HEADERS_MOST = 8 };

struct webhook_request { /* in the arena of the call */
    bool is_unwanted;    /* this endpoint is not to hear of it: it is passed over, and leaves no delivery */
    struct slice headers[WEBHOOK_HEADERS_MOST]; /* "name: value"; Content-Type among them. Shown in the log of
                                                   deliveries but for `secret_header` */
    size_t header_count;
    size_t secret_header; /* 1-based: that one is sent and shown nowhere; 0: none */
    struct slice body;
};

enum webhook_verdict {
    WEBHOOK_DELIVERED,
    WEBHOOK_AGAIN,  /* it failed; by the schedule */
    WEBHOOK_SLOWER, /* likewise, and nothing else is sent to this endpoint until then; Retry-After is heeded */
    WEBHOOK_NEVER,  /* this event is given up, and the next one sent */
    WEBHOOK_GONE,   /* the endpoint is disabled */
};

struct webhook_envelope {
    /* Unseals keys and whatever else it needs, once per endpoint and revision. An error: nothing is sent, and it is
     * tried again. The database is the dispatcher's connection, outside of a transaction. */
    bool (*open)(const struct webhook_endpoint *endpoint, const struct auth_peppers *peppers, struct db *db,
                 void **opened_out, struct err *err);
    void (*close)(void *opened);

    /* For each attempt anew: it has the time of the attempt. */
    bool (*wrap)(void *opened, const struct webhook_endpoint *endpoint, const struct feed_event *event, int64_t now_ms,
                 struct arena *arena, struct webhook_request *request_out, struct err *err);

    /* Of OUTBOUND_ANSWERED alone: without an answer it is WEBHOOK_AGAIN. May write a sentence about a failure for the
     * log of deliveries into error_out (at most 255 bytes); what it leaves empty is "The receiver answered 500." */
    enum webhook_verdict (*judge)(const struct outbound_result *result, char error_out[256]);
};

extern const struct webhook_envelope webhook_standard_envelope, webhook_set_push_envelope;
const struct webhook_envelope *webhook_envelope_of(enum webhook_kind kind); /* NULL: this version knows none */

/* What HTTP says by itself, for both: 2xx delivered, 410 gone, 429, 502, 503 and 504 slower, all else again; a
 * redirect is a failure. */
enum webhook_verdict webhook_judge_status(int status);

#endif
