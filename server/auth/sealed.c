/* Boxes: pepper version (2 bytes, in clear), nonce, ciphertext with its tag. Sealed texts are boxes as base64url. */
#include <sodium.h>

#include "auth/seal.h"
#include "base/must.h"
#include "base64url.h"
#include "pepper.h"

enum {
    MAX_PURPOSE = 64,
    MAX_SEALED_CHARS = 4096,
    VERSION_BYTES = 2,
    NONCE_BYTES = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES,
    TAG_BYTES = crypto_aead_xchacha20poly1305_ietf_ABYTES,
    KEY_BYTES = crypto_aead_xchacha20poly1305_ietf_KEYBYTES,
    HEAD_BYTES = VERSION_BYTES + NONCE_BYTES,
    BASE64URL = sodium_base64_VARIANT_URLSAFE_NO_PADDING,
};

static bool derive_key(const struct auth_peppers *peppers, unsigned version, const char *purpose,
                       uint8_t key_out[KEY_BYTES])
{
    const uint8_t *pepper = auth_pepper_key(peppers, version);
    uint8_t length = (uint8_t)strlen(purpose);
    must(length <= MAX_PURPOSE);
    if (!pepper)
        return false;
    crypto_generichash_state state;
    must(crypto_generichash_init(&state, pepper, AUTH_PEPPER_BYTES, KEY_BYTES) == 0);
    crypto_generichash_update(&state, (const uint8_t *)"sealed/v1", 9);
    crypto_generichash_update(&state, (const uint8_t *)purpose, length);
    crypto_generichash_final(&state, key_out, KEY_BYTES);
    sodium_memzero(&state, sizeof state);
    return true;
}

void auth_box_make(const struct auth_peppers *peppers, const char *purpose, struct slice bound, struct slice message,
                   struct buf *out)
{
    uint8_t key[KEY_BYTES];
    unsigned version = auth_peppers_newest(peppers);
    uint8_t *sealed = (uint8_t *)buf_reserve(out, HEAD_BYTES + message.len + TAG_BYTES);
    if (!sealed)
        return;
    uint8_t *nonce = sealed + VERSION_BYTES;
    must(version <= UINT16_MAX && derive_key(peppers, version, purpose, key));
    sealed[0] = (uint8_t)(version >> 8);
    sealed[1] = (uint8_t)version;
    randombytes_buf(nonce, NONCE_BYTES);
    crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + HEAD_BYTES, NULL, (const uint8_t *)message.data, message.len,
                                               (const uint8_t *)bound.data, bound.len, NULL, nonce, key);
    sodium_memzero(key, sizeof key);
    out->len += HEAD_BYTES + message.len + TAG_BYTES;
}

void auth_sealed_make(const struct auth_peppers *peppers, const char *purpose, struct slice bound, struct slice message,
                      struct buf *out)
{
    struct buf box;
    buf_init(&box, MAX_SEALED_CHARS);
    auth_box_make(peppers, purpose, bound, message, &box);
    must(!box.overflowed);
    auth_base64url_add((const uint8_t *)box.data, box.len, out);
    buf_fini(&box);
}

static bool open_bytes(const struct auth_peppers *peppers, const char *purpose, struct slice bound,
                       const uint8_t *sealed, size_t length, struct buf *out)
{
    uint8_t key[KEY_BYTES];
    if (length < HEAD_BYTES + TAG_BYTES || !derive_key(peppers, (unsigned)sealed[0] << 8 | sealed[1], purpose, key))
        return false;
    unsigned long long opened = 0;
    char *room = buf_reserve(out, length); /* at least one byte more than the message */
    bool good = room && crypto_aead_xchacha20poly1305_ietf_decrypt((uint8_t *)room, &opened, NULL, sealed + HEAD_BYTES,
                                                                   length - HEAD_BYTES, (const uint8_t *)bound.data,
                                                                   bound.len, sealed + VERSION_BYTES, key) == 0;
    sodium_memzero(key, sizeof key);
    if (good)
        out->len += (size_t)opened;
    return good;
}

bool auth_box_open(const struct auth_peppers *peppers, const char *purpose, struct slice bound, struct slice box,
                   struct buf *out)
{
    return box.len > 0 && open_bytes(peppers, purpose, bound, (const uint8_t *)box.data, box.len, out);
}

/* The same bytes can be written in one way only. */
static bool is_canonical(const uint8_t *bytes, size_t length, struct slice text)
{
    struct buf again;
    buf_init(&again, (size_t)2 * MAX_SEALED_CHARS);
    auth_base64url_add(bytes, length, &again);
    bool same = slice_equals(buf_slice(&again), text); /* public: what the client sent */
    buf_fini(&again);
    return same;
}

bool auth_sealed_open(const struct auth_peppers *peppers, const char *purpose, struct slice bound, struct slice sealed,
                      struct buf *out)
{
    uint8_t bytes[MAX_SEALED_CHARS];
    size_t length;
    if (sealed.len == 0 || sealed.len > MAX_SEALED_CHARS ||
        sodium_base642bin(bytes, sizeof bytes, sealed.data, sealed.len, NULL, &length, NULL, BASE64URL) != 0)
        return false;
    return is_canonical(bytes, length, sealed) && open_bytes(peppers, purpose, bound, bytes, length, out);
}
