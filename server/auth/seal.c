#include "auth/seal.h"

#include <sodium.h>

#include "base/must.h"
#include "pepper.h"

enum { MAX_PURPOSE = 64 };

bool auth_seal(const struct auth_peppers *peppers, unsigned pepper_version, const char *purpose, struct slice message,
               uint8_t seal_out[AUTH_SEAL_BYTES])
{
    const uint8_t *pepper = auth_pepper_key(peppers, pepper_version);
    if (!pepper)
        return false;
    uint8_t length = (uint8_t)strlen(purpose);
    must(length <= MAX_PURPOSE);

    /* The length keeps the border between purpose and message; "seal/v1" keeps seals apart from credential hashes. */
    crypto_generichash_state state;
    must(crypto_generichash_init(&state, pepper, AUTH_PEPPER_BYTES, AUTH_SEAL_BYTES) == 0);
    crypto_generichash_update(&state, (const uint8_t *)"seal/v1", 7);
    crypto_generichash_update(&state, &length, 1);
    crypto_generichash_update(&state, (const uint8_t *)purpose, length);
    crypto_generichash_update(&state, (const uint8_t *)message.data, message.len);
    crypto_generichash_final(&state, seal_out, AUTH_SEAL_BYTES);
    sodium_memzero(&state, sizeof state);
    return true;
}

bool auth_seal_check(const struct auth_peppers *peppers, unsigned pepper_version, const char *purpose,
                     struct slice message, const uint8_t seal[AUTH_SEAL_BYTES])
{
    uint8_t expected[AUTH_SEAL_BYTES];
    return auth_seal(peppers, pepper_version, purpose, message, expected) &&
           sodium_memcmp(expected, seal, AUTH_SEAL_BYTES) == 0;
}
