/* Signatures of webhooks, Standard Webhooks 1.0.0 (checklist WH-01 to WH-06): what is signed is
 * "<id>.<timestamp>.<body>".
 *
 *   v1    HMAC-SHA256. Secret: whsec_<base64 of 24 to 64 bytes>, known to both sides
 *   v1a   ed25519. Private: whsk_<base64 of the 32 bytes of the seed and the 32 of the public key>; whoever verifies
 * has whpk_<base64 of the 32 bytes of the public key> */
#ifndef AUTH_WEBHOOK_H
#define AUTH_WEBHOOK_H

#include <stdint.h>

#include "base/buf.h"
#include "base/slice.h"

enum auth_webhook_scheme { AUTH_WEBHOOK_HMAC = 1, AUTH_WEBHOOK_ED25519 = 2 };

enum {
    AUTH_WEBHOOK_KEY_MIN = 24,
    AUTH_WEBHOOK_KEY_MAX = 64,
    AUTH_WEBHOOK_KEY_FRESH = 32,  /* bytes of a fresh secret of AUTH_WEBHOOK_HMAC */
    AUTH_WEBHOOK_TEXT_BYTES = 96, /* of any of the texts, with its NUL */
};

struct auth_webhook_secret {
    enum auth_webhook_scheme scheme;
    uint8_t key[AUTH_WEBHOOK_KEY_MAX]; /* of AUTH_WEBHOOK_ED25519: seed, then public key */
    size_t length;
};

void auth_webhook_secret_make(enum auth_webhook_scheme scheme, struct auth_webhook_secret *secret_out);

/* "whsec_…" or "whsk_…" in canonical base64. false: anything else, or too short or long, or a public key that is not
 * the seed's. */
bool auth_webhook_secret_parse(struct slice text, struct auth_webhook_secret *secret_out);
void auth_webhook_secret_text(const struct auth_webhook_secret *secret, char out[AUTH_WEBHOOK_TEXT_BYTES]);
/* "whpk_…"; of AUTH_WEBHOOK_ED25519 only. */
void auth_webhook_public_text(const struct auth_webhook_secret *secret, char out[AUTH_WEBHOOK_TEXT_BYTES]);
void auth_webhook_secret_wipe(struct auth_webhook_secret *secret);

/* The value of webhook-signature: one signature, "v1,…" or "v1a,…", for each secret (two while one replaces the other),
 * separated by a blank. id has no dot in it. Appended to out. */
void auth_webhook_sign(const struct auth_webhook_secret *secrets, size_t count, struct slice id, int64_t timestamp_s,
                       struct slice body, struct buf *out);

/* Is one of the signatures in the header this secret's? In constant time for each. Says nothing of the timestamp's age.
 */
bool auth_webhook_verify(const struct auth_webhook_secret *secret, struct slice id, int64_t timestamp_s,
                         struct slice body, struct slice header);

#endif
