/* JSON Web Tokens (RFC 7519) that callers sign instead of sending an API key: short-lived, ES256 or RS256, with a key
 * that was registered before.
 *
 * A token is looked at in the order of what that costs: its form, its times and audience, whose key it names (the
 * caller's affair), and only then its signature. The algorithm is the registered key's, never the token's; keys that a
 * token brings along (jwk, jku, x5u) are not looked at. */
#ifndef AUTH_JWT_H
#define AUTH_JWT_H

#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

enum auth_algorithm { AUTH_ES256 = 1, AUTH_RS256 = 2 }; /* of signing_key.algorithm: never renumber */

enum {
    AUTH_JWT_MAX_BYTES = 4096,
    AUTH_JWT_LIFETIME_S = 600, /* from iat to exp, at most */
    AUTH_JWT_SKEW_S = 60,      /* that clocks may be apart */
};

struct auth_jwt { /* parsed: what it says of itself; nothing is proved. Texts in the arena */
    struct slice text;
    enum auth_algorithm algorithm;
    struct slice key;                          /* kid */
    struct slice issuer, subject, audience;    /* never empty */
    struct slice scope, id;                    /* data NULL when absent; id: jti */
    int64_t issued_s, not_before_s, expires_s; /* not_before_s 0: absent */
};

/* Does it look like one, as against a key? */
bool auth_jwt_looks_like(struct slice text);

/* Three parts in strict base64url, JSON without doubled names, every claim of the right type. ERR_UNAUTHORIZED says
 * what is wrong, which gives nothing away: it is all in the token. */
MUST_CHECK bool auth_jwt_parse(struct slice text, struct arena *arena, struct auth_jwt *jwt_out, struct err *err);

/* Times, lifetime, audience. ERR_UNAUTHORIZED. */
MUST_CHECK bool auth_jwt_check(const struct auth_jwt *jwt, struct slice audience, int64_t now_ms, struct err *err);

/* Is it signed with this key, under the algorithm that the key is registered for? public_key: PEM. */
MUST_CHECK bool auth_jwt_verify(const struct auth_jwt *jwt, enum auth_algorithm algorithm, struct slice public_key);

#endif
