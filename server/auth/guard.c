#include "auth/guard.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

enum { MINUTE_S = 60, PROVED_SETS = 2048, PROVED_WAYS = 4 };

struct auth_guard {
    struct auth_limiter *failures; /* NULL: nobody is shut out */
    uint8_t secret[crypto_shorthash_KEYBYTES];
    _Atomic uint64_t proved[PROVED_SETS][PROVED_WAYS]; /* hashes of Authorization fields, newest first; 0: free */
};

struct auth_guard *auth_guard_new(uint64_t failures)
{
    struct auth_guard *guard = calloc(1, sizeof *guard);
    must(guard != NULL);
    randombytes_buf(guard->secret, sizeof guard->secret);
    guard->failures = auth_limiter_new(auth_limit_of(failures, MINUTE_S, failures));
    return guard;
}

void auth_guard_free(struct auth_guard *guard)
{
    if (!guard)
        return;
    auth_limiter_free(guard->failures);
    sodium_memzero(guard, sizeof *guard);
    free(guard);
}

static uint64_t hash_of(const struct auth_guard *guard, struct slice text)
{
    uint64_t hash;
    crypto_shorthash((uint8_t *)&hash, (const uint8_t *)text.data, text.len, guard->secret);
    return hash ? hash : 1;
}

/* --- whose --- */

/* "scimt_<directory>…": the directory; "scima_<key>_…": the key. The scheme in front does not matter. */
static struct slice claimed_id(struct slice authorization)
{
    const char *kind = authorization.len ? memmem(authorization.data, authorization.len, "scim", 4) : NULL;
    if (!kind)
        return SLICE_EMPTY;
    struct slice rest = slice_skip(authorization, (size_t)(kind - authorization.data) + 6);
    return rest.len >= ID_BASE32_CHARS ? slice_of(rest.data, ID_BASE32_CHARS) : SLICE_EMPTY;
}

uint64_t auth_guard_party(const struct auth_guard *guard, struct slice authorization, struct slice peer)
{
    struct slice id = claimed_id(authorization);
    return hash_of(guard, id.len ? id : peer);
}

/* --- from where --- */

/* IPv4 as a mapped IPv6 address; of IPv6 the network, because its owner has all addresses in it. */
static bool address_key(struct slice peer, struct id *key_out)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t v4[4];
    if (peer.len == 0 || peer.len >= sizeof text)
        return false;
    memcpy(text, peer.data, peer.len);
    text[peer.len] = '\0';
    *key_out = (struct id){{0}};
    if (inet_pton(AF_INET, text, v4) == 1) {
        memset(key_out->bytes + 10, 0xff, 2);
        memcpy(key_out->bytes + 12, v4, sizeof v4);
        return true;
    }
    if (inet_pton(AF_INET6, text, key_out->bytes) != 1)
        return false;
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(key_out->bytes, mapped, sizeof mapped) != 0) /* public: an address */
        memset(key_out->bytes + 8, 0, 8);
    return true;
}

/* --- what has proved right --- */

static _Atomic uint64_t *proved_set(struct auth_guard *guard, uint64_t hash)
{
    return guard->proved[hash % PROVED_SETS];
}

static bool has_proved(struct auth_guard *guard, uint64_t hash)
{
    _Atomic uint64_t *set = proved_set(guard, hash);
    for (size_t i = 0; i < PROVED_WAYS; i++)
        if (atomic_load_explicit(&set[i], memory_order_relaxed) == hash)
            return true;
    return false;
}

/* Without a lock: two that are proved at once may push each other out, and come again with the next request. */
void auth_guard_proved(struct auth_guard *guard, struct slice authorization)
{
    if (!guard || !guard->failures)
        return;
    uint64_t hash = hash_of(guard, authorization);
    if (has_proved(guard, hash))
        return;
    _Atomic uint64_t *set = proved_set(guard, hash);
    for (size_t i = PROVED_WAYS - 1; i > 0; i--)
        atomic_store_explicit(&set[i], atomic_load_explicit(&set[i - 1], memory_order_relaxed), memory_order_relaxed);
    atomic_store_explicit(&set[0], hash, memory_order_relaxed);
}

/* --- the door --- */

bool auth_guard_admits(struct auth_guard *guard, struct slice authorization, struct slice peer, int64_t now_ms,
                       uint64_t *retry_s_out)
{
    struct id key;
    *retry_s_out = 0;
    if (!guard || !guard->failures || authorization.len == 0 || !address_key(peer, &key))
        return true;
    struct auth_quota quota = auth_limiter_look(guard->failures, &key, 1, now_ms);
    if (quota.granted || has_proved(guard, hash_of(guard, authorization)))
        return true;
    *retry_s_out = quota.retry_s;
    return false;
}

void auth_guard_failed(struct auth_guard *guard, struct slice peer, int64_t now_ms)
{
    struct id key;
    if (guard && guard->failures && address_key(peer, &key))
        auth_limiter_charge(guard->failures, &key, AUTH_GUARD_DEBT_S, now_ms);
}
