#include "auth/limit.h"

#include <pthread.h>
#include <sodium.h>
#include <stdlib.h>

#include "base/must.h"

enum { NS_PER_MS = 1000000, SETS = 1024, WAYS = 8 };

static const uint64_t ns_per_s = 1000000000;

struct auth_limit auth_limit_of(uint64_t count, uint64_t window_s, uint64_t burst)
{
    if (count == 0)
        return (struct auth_limit){.burst = 1};
    uint64_t interval_ns = window_s * ns_per_s / count;
    return (struct auth_limit){.interval_ns = interval_ns ? interval_ns : 1, .burst = burst ? burst : 1};
}

/* --- one bucket --- */

static uint64_t seconds_up(int64_t ns) { return ns <= 0 ? 0 : ((uint64_t)ns + ns_per_s - 1) / ns_per_s; }

static int64_t ns_until_full(const struct auth_bucket *bucket, int64_t now_ms)
{
    int64_t left = bucket->full_at_ns - now_ms * NS_PER_MS;
    return left > 0 ? left : 0;
}

struct auth_quota auth_bucket_look(const struct auth_bucket *bucket, const struct auth_limit *limit, uint64_t cost,
                                   int64_t now_ms)
{
    if (limit->interval_ns == 0)
        return (struct auth_quota){.granted = true, .remaining = UINT64_MAX};
    int64_t missing_ns = ns_until_full(bucket, now_ms), interval = (int64_t)limit->interval_ns;
    int64_t room_ns = (int64_t)limit->burst * interval - missing_ns;
    uint64_t needed = cost < limit->burst ? cost : limit->burst;
    int64_t short_ns = (int64_t)needed * interval - room_ns;
    uint64_t remaining = room_ns > 0 ? (uint64_t)(room_ns / interval) : 0;
    struct auth_quota quota = {.granted = short_ns <= 0, .remaining = remaining, .full_s = seconds_up(missing_ns)};
    quota.retry_s = seconds_up(short_ns);
    return quota;
}

static void spend(struct auth_bucket *bucket, const struct auth_limit *limit, uint64_t cost, int64_t now_ms)
{
    bucket->full_at_ns =
        now_ms * NS_PER_MS + ns_until_full(bucket, now_ms) + (int64_t)cost * (int64_t)limit->interval_ns;
}

struct auth_quota auth_bucket_take(struct auth_bucket *bucket, const struct auth_limit *limit, uint64_t cost,
                                   int64_t now_ms)
{
    struct auth_quota quota = auth_bucket_look(bucket, limit, cost, now_ms);
    if (!quota.granted || limit->interval_ns == 0)
        return quota;
    spend(bucket, limit, cost, now_ms);
    quota = auth_bucket_look(bucket, limit, 0, now_ms);
    quota.granted = true;
    quota.retry_s = 0;
    return quota;
}

void auth_bucket_charge(struct auth_bucket *bucket, const struct auth_limit *limit, uint64_t debt_s, int64_t now_ms)
{
    int64_t most = (int64_t)(limit->burst * limit->interval_ns + debt_s * ns_per_s);
    if (ns_until_full(bucket, now_ms) < most)
        spend(bucket, limit, 1, now_ms);
}

/* --- a bucket for each key --- */

struct keyed_bucket {
    struct id key;
    struct auth_bucket bucket;
};

/* A key can be in one set only; which one is not for outsiders to know. */
struct bucket_set {
    pthread_mutex_t lock;
    struct keyed_bucket ways[WAYS];
};

struct auth_limiter {
    struct auth_limit limit;
    uint8_t secret[crypto_shorthash_KEYBYTES];
    struct bucket_set sets[SETS];
};

struct auth_limiter *auth_limiter_new(struct auth_limit limit)
{
    if (limit.interval_ns == 0)
        return NULL;
    struct auth_limiter *limiter = calloc(1, sizeof *limiter);
    must(limiter != NULL);
    limiter->limit = limit;
    randombytes_buf(limiter->secret, sizeof limiter->secret);
    for (size_t i = 0; i < SETS; i++)
        must(pthread_mutex_init(&limiter->sets[i].lock, NULL) == 0);
    return limiter;
}

void auth_limiter_free(struct auth_limiter *limiter)
{
    if (!limiter)
        return;
    for (size_t i = 0; i < SETS; i++)
        pthread_mutex_destroy(&limiter->sets[i].lock);
    free(limiter);
}

const struct auth_limit *auth_limiter_limit(const struct auth_limiter *limiter) { return &limiter->limit; }

static struct bucket_set *set_of(struct auth_limiter *limiter, const struct id *key)
{
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, key->bytes, sizeof key->bytes, limiter->secret);
    return &limiter->sets[hash % SETS];
}

/* The key's bucket, made from the fullest one of its set if need be. The set is locked. */
static struct auth_bucket *bucket_of(struct bucket_set *set, const struct id *key)
{
    struct keyed_bucket *fullest = &set->ways[0];
    for (size_t i = 0; i < WAYS; i++) {
        struct keyed_bucket *way = &set->ways[i];
        if (id_equals(&way->key, key))
            return &way->bucket;
        if (way->bucket.full_at_ns < fullest->bucket.full_at_ns)
            fullest = way;
    }
    *fullest = (struct keyed_bucket){.key = *key};
    return &fullest->bucket;
}

struct auth_quota auth_limiter_look(struct auth_limiter *limiter, const struct id *key, uint64_t cost, int64_t now_ms)
{
    struct bucket_set *set = set_of(limiter, key);
    struct auth_bucket bucket = {0};
    pthread_mutex_lock(&set->lock);
    for (size_t i = 0; i < WAYS; i++)
        if (id_equals(&set->ways[i].key, key))
            bucket = set->ways[i].bucket;
    pthread_mutex_unlock(&set->lock);
    return auth_bucket_look(&bucket, &limiter->limit, cost, now_ms);
}

struct auth_quota auth_limiter_take(struct auth_limiter *limiter, const struct id *key, uint64_t cost, int64_t now_ms)
{
    struct bucket_set *set = set_of(limiter, key);
    pthread_mutex_lock(&set->lock);
    struct auth_quota quota = auth_bucket_take(bucket_of(set, key), &limiter->limit, cost, now_ms);
    pthread_mutex_unlock(&set->lock);
    return quota;
}

void auth_limiter_spend(struct auth_limiter *limiter, const struct id *key, uint64_t cost, int64_t now_ms)
{
    struct bucket_set *set = set_of(limiter, key);
    pthread_mutex_lock(&set->lock);
    spend(bucket_of(set, key), &limiter->limit, cost, now_ms);
    pthread_mutex_unlock(&set->lock);
}

void auth_limiter_charge(struct auth_limiter *limiter, const struct id *key, uint64_t debt_s, int64_t now_ms)
{
    struct bucket_set *set = set_of(limiter, key);
    pthread_mutex_lock(&set->lock);
    auth_bucket_charge(bucket_of(set, key), &limiter->limit, debt_s, now_ms);
    pthread_mutex_unlock(&set->lock);
}
