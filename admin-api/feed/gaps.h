/* Which positions of the outbox may still be committed: below them, nothing needs to be looked for again.
 *
 * Rows that were deleted may lie in the way for as long as somebody reads an older state (a snapshot, an export); to
 * begin each look at the first row would go through all of them, forty times a second. Pure: not thread-safe. */
#ifndef ADMIN_FEED_GAPS_H
#define ADMIN_FEED_GAPS_H

#include <stddef.h>
#include <stdint.h>

enum {
    GAPS_MOST = 512,
    GAPS_PATIENCE_MS = 20000, /* what is not there by then was rolled back, as good as always: the sequencer looks at
                                 everything once a minute */
};

struct gap {
    uint64_t first, last; /* positions, both included */
    int64_t seen_ms;
};
struct gaps {                   /* zero at first, or all but `high`, where everything up to there is done */
    uint64_t high;              /* the highest position that was ever seen */
    struct gap list[GAPS_MOST]; /* below it, ordered */
    size_t count;
};

/* Positions that were found, in ascending order. */
void gaps_take(struct gaps *gaps, const uint64_t *positions, size_t count, int64_t now_ms);
/* Everything up to here is either done or was never committed: look behind it. */
uint64_t gaps_low(struct gaps *gaps, int64_t now_ms);

#endif
