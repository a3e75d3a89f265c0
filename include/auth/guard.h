/* The guard at the door, before anything is looked up: whose a request seems to be, and whether its sender has guessed
 * too often (checklist SEC-06).
 *
 * Only failures count, per address (IPv6: per /64). An address that has used up its failures is let in with what has
 * proved right before, because identity providers send for many customers from one address; whatever else it sends is
 * refused until it is no guess any more. Memory is bounded, of this process, and forgets; every request that is let in
 * is authenticated as ever. Any thread. */
#ifndef AUTH_GUARD_H
#define AUTH_GUARD_H

#include "auth/limit.h"
#include "base/slice.h"

enum { AUTH_GUARD_DEBT_S = 600 }; /* how long an address can be shut out at most */

struct auth_guard;
/* failures: per minute and address; 0: nobody is ever shut out. */
struct auth_guard *auth_guard_new(uint64_t failures);
void auth_guard_free(struct auth_guard *guard);

/* A hash of whose request this is, as far as it says itself: the directory or key that its credential names, else where
 * it comes from. Nothing of it is proved. Never 0. */
uint64_t auth_guard_party(const struct auth_guard *guard, struct slice authorization, struct slice peer);

/* false: refuse with 429, and say to come again in *retry_s_out seconds. peer is an address as text; anything else (a
 * unix socket) is let in. */
bool auth_guard_admits(struct auth_guard *guard, struct slice authorization, struct slice peer, int64_t now_ms,
                       uint64_t *retry_s_out);
/* What came of it. */
void auth_guard_proved(struct auth_guard *guard, struct slice authorization);
void auth_guard_failed(struct auth_guard *guard, struct slice peer, int64_t now_ms);

#endif
