/* The only file that knows libjwt, behind one door: no key but the registered one, no algorithm but that key's. */
#include <jwt.h>

#include "auth/jwt.h"

static jwt_alg_t algorithm_of(enum auth_algorithm algorithm)
{
    return algorithm == AUTH_ES256 ? JWT_ALG_ES256 : JWT_ALG_RS256;
}

/* libjwt verifies under the algorithm that the token names, HS256 with the PEM as its secret included, and without a
 * key it verifies nothing: so the parsed algorithm is compared before, libjwt's own after, and a key is always there.
 */
bool auth_jwt_verify(const struct auth_jwt *jwt, enum auth_algorithm algorithm, struct slice public_key)
{
    char text[AUTH_JWT_MAX_BYTES + 1];
    if (jwt->algorithm != algorithm || public_key.len == 0 || jwt->text.len > AUTH_JWT_MAX_BYTES)
        return false;
    memcpy(text, jwt->text.data, jwt->text.len);
    text[jwt->text.len] = '\0';
    jwt_t *decoded = NULL;
    bool verified = jwt_decode(&decoded, text, (const unsigned char *)public_key.data, (int)public_key.len) == 0 &&
                    decoded && jwt_get_alg(decoded) == algorithm_of(algorithm);
    jwt_free(decoded);
    return verified;
}
