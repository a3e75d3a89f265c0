/* Limits on how often something may happen: a token bucket per key (a directory, an address).
 *
 * A bucket holds `burst` units and gains one per interval. What costs more than it holds is granted when the bucket is
 * full as far as need be, and leaves a debt: so a request of many operations is possible, and is paid for afterwards.
 * Time is passed in, in ms of any clock that hardly ever goes back (then nothing is gained until it has caught up). */
#ifndef AUTH_LIMIT_H
#define AUTH_LIMIT_H

#include "base/id.h"

struct auth_limit {
    uint64_t interval_ns; /* in which one unit is gained; 0: no limit */
    uint64_t burst;       /* units, 1 or more */
};

/* count units in window_s seconds. count 0: no limit. */
struct auth_limit auth_limit_of(uint64_t count, uint64_t window_s, uint64_t burst);

struct auth_quota {
    bool granted;
    uint64_t remaining; /* units that are left */
    uint64_t full_s;    /* until the bucket is full again, rounded up */
    uint64_t retry_s;   /* refused: until it is worth trying again, rounded up, 1 or more; else 0 */
};

/* --- one bucket: pure --- */

/* When it will be full, in ns of the caller's clock; 0 is a fresh one. */
struct auth_bucket {
    int64_t full_at_ns;
};

/* Would `cost` units be granted? */
struct auth_quota auth_bucket_look(const struct auth_bucket *bucket, const struct auth_limit *limit, uint64_t cost,
                                   int64_t now_ms);
/* Takes them if so. */
struct auth_quota auth_bucket_take(struct auth_bucket *bucket, const struct auth_limit *limit, uint64_t cost,
                                   int64_t now_ms);
/* Takes one even if not, up to a debt of debt_s seconds. */
void auth_bucket_charge(struct auth_bucket *bucket, const struct auth_limit *limit, uint64_t debt_s, int64_t now_ms);

/* --- a bucket for each key: any thread --- */

/* Bounded memory (about 400 KiB): where room is needed, the bucket that is fullest is forgotten. */
struct auth_limiter;
struct auth_limiter *auth_limiter_new(struct auth_limit limit); /* NULL: no limit */
void auth_limiter_free(struct auth_limiter *limiter);
const struct auth_limit *auth_limiter_limit(const struct auth_limiter *limiter);

struct auth_quota auth_limiter_look(struct auth_limiter *limiter, const struct id *key, uint64_t cost, int64_t now_ms);
struct auth_quota auth_limiter_take(struct auth_limiter *limiter, const struct id *key, uint64_t cost, int64_t now_ms);
/* Takes what was granted on other grounds: leaves a debt. */
void auth_limiter_spend(struct auth_limiter *limiter, const struct id *key, uint64_t cost, int64_t now_ms);
void auth_limiter_charge(struct auth_limiter *limiter, const struct id *key, uint64_t debt_s, int64_t now_ms);

#endif
