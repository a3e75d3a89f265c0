/* When what failed is tried again. Pure. */
#ifndef ADMIN_WEBHOOKS_SCHEDULE_H
#define ADMIN_WEBHOOKS_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

enum {
    SCHEDULE_ATTEMPTS = 10,      /* of one event: after so many it is given up, three days and some hours later */
    SCHEDULE_DISABLED_DAYS = 5,  /* an endpoint that has only failed for so long is disabled, */
    SCHEDULE_DISABLED_AFTER = 5, /* and at least so often: a clock that jumps disables nothing */
};

/* ms from the `failures`-th failure (1-based) to the next attempt: 5 s, 5 min, 30 min, 2, 5, 10, 14, 20, 24 h, and
 * 24 h from then on; spread by `chance` (any number) over a tenth in both directions, so that what failed together does
 * not come back together. `haste` divides all of it: 1 but in tests. */
int64_t schedule_delay_ms(unsigned failures, uint64_t chance, unsigned haste);

/* Likewise to the next probe of a receiver that is down: 5 s, 5 min, and every half an hour from then on, so that
 * nothing waits for much longer than that once it is back. */
int64_t schedule_probe_ms(unsigned failures, uint64_t chance, unsigned haste);

/* The value of Retry-After (RFC 9110 section 10.2.3): seconds, or a date in any of the three forms that HTTP has had.
 * At most a day; a date that is over is 0. false: neither. */
bool schedule_retry_after(struct slice value, int64_t now_ms, int64_t *delay_ms_out);

/* Has it failed for so long that nobody can be there any more? */
bool schedule_is_over(int64_t failing_since_ms, unsigned failures, int64_t now_ms, unsigned haste);

#endif
