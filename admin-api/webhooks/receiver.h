/* Whether an endpoint is up, and how much it bears. Pure.
 *
 * One event that fails waits by itself and holds up its lane alone, however often. An endpoint at which several events
 * in a row have failed, or that asks for a break (429, 502, 503, 504), is down: nothing is sent but one probe at a
 * time, every half an hour in the end. Whatever succeeds brings it back up. Times are the database's. */
#ifndef ADMIN_WEBHOOKS_RECEIVER_H
#define ADMIN_WEBHOOKS_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

enum { RECEIVER_PATIENCE = 4 /* events in a row that fail: it is down */, RECEIVER_TEXT_BYTES = 256 };

struct receiver {
    unsigned failures;                 /* of probes, the one that made it down included; 0: it is up */
    int64_t next_ms;                   /* down: nothing before */
    int64_t failing_since_ms;          /* nothing but failures since; 0: the last one succeeded */
    int64_t success_ms, failure_ms;    /* the last ones; 0: never */
    char failure[RECEIVER_TEXT_BYTES]; /* what the last one was */

    unsigned row;                  /* events that failed, without a success in between */
    unsigned window, most, credit; /* requests that it bears at a time, the most it may be given, successes towards one
                                      more */
};

struct receiver_failure {
    const char *text;
    bool asks_for_a_break;
    bool is_probe;
    int64_t retry_after_ms;  /* a delay; 0: it said nothing */
    unsigned event_failures; /* of the same event, this one included */
};

/* Returns whether it was down until now. */
bool receiver_succeed(struct receiver *receiver, int64_t now_ms);
/* Returns whether it is down from now on, and was not before. */
bool receiver_fail(struct receiver *receiver, const struct receiver_failure *failure, int64_t now_ms, uint64_t chance,
                   unsigned haste);

/* Does nobody seem to be there any more? Ask behind a failure. */
bool receiver_is_over(const struct receiver *receiver, const struct receiver_failure *failure, int64_t now_ms,
                      unsigned haste);

static inline bool receiver_is_down(const struct receiver *receiver) { return receiver->failures > 0; }
/* May another request be sent, beside so many that are on their way? */
bool receiver_may_send(const struct receiver *receiver, unsigned in_flight, int64_t now_ms);

#endif
