/* Security Event Tokens (RFC 8417): keys that sign them, and signing. They are made here, and read by others.
 *
 * A private key is a PEM text that lives sealed in the database and in clear only while something is signed. */
#ifndef AUTH_SET_H
#define AUTH_SET_H

#include <jansson.h>

#include "auth/jwt.h"
#include "base/buf.h"

struct auth_key_pair {      /* PEM texts in the arena */
    struct slice secret;    /* PKCS#8; for auth_key_pair_forget */
    struct slice published; /* SubjectPublicKeyInfo */
};

enum { AUTH_SET_RSA_BITS = 3072 };

/* P-256 or RSA of AUTH_SET_RSA_BITS, which may take a second. ERR_INTERNAL: there is no randomness. */
MUST_CHECK bool auth_key_pair_make(enum auth_algorithm algorithm, struct arena *arena, struct auth_key_pair *pair_out,
                                   struct err *err);
void auth_key_pair_forget(struct auth_key_pair *pair); /* overwrites the secret */

/* The JWK (RFC 7517) of a public key in PEM: {"kty", "use": "sig", "alg", "kid", …}. A new reference. */
json_t *auth_jwk_of_pem(struct slice published, enum auth_algorithm algorithm, const char *kid);

/* A secret that is ready to sign many. Used by one thread at a time. ERR_INTERNAL: it is no such key. */
struct auth_signer;
MUST_CHECK struct auth_signer *auth_signer_new(enum auth_algorithm algorithm, struct slice secret, const char *kid,
                                               struct err *err);
void auth_signer_free(struct auth_signer *signer); /* NULL is fine */

/* Appends the token: header {"alg", "kid", "typ": "secevent+jwt"}, the claims (a JSON object), the signature. */
void auth_set_sign(const struct auth_signer *signer, struct slice claims, struct buf *out);

#endif
