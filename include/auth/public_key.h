/* Public keys that callers register to sign tokens with: read strictly, kept in one form. */
#ifndef AUTH_PUBLIC_KEY_H
#define AUTH_PUBLIC_KEY_H

#include <jansson.h>

#include "auth/jwt.h"

enum { AUTH_FINGERPRINT_BYTES = 32, AUTH_RSA_MIN_BITS = 2048, AUTH_RSA_GOOD_BITS = 3072, AUTH_RSA_MAX_BITS = 4096 };

struct auth_public_key {
    enum auth_algorithm algorithm; /* follows from the kind of key: P-256 or RSA */
    unsigned bits;
    struct slice pem;                            /* SubjectPublicKeyInfo, in the arena */
    uint8_t fingerprint[AUTH_FINGERPRINT_BYTES]; /* SHA-256 of it in DER */
};

/* "-----BEGIN PUBLIC KEY-----", or a JWK object (RFC 7517). ERR_INVALID_VALUE: not a valid key, a private one, or none
 * of P-256 and RSA of 2048 to 4096 bits with the exponent 65537. */
MUST_CHECK bool auth_public_key_of_pem(struct slice pem, struct arena *arena, struct auth_public_key *key_out,
                                       struct err *err);
MUST_CHECK bool auth_public_key_of_jwk(const json_t *jwk, struct arena *arena, struct auth_public_key *key_out,
                                       struct err *err);

#endif
