#include "auth/webhook.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>

#include "base/must.h"

enum {
    VARIANT = sodium_base64_VARIANT_ORIGINAL,
    SIGNATURE_MAX = crypto_sign_BYTES,
    SIGNATURE_TEXT_BYTES = 96, /* "v1a,", base64 of 64 bytes, NUL */
    TIMESTAMP_BYTES = 23,      /* ".-9223372036854775808." and its NUL */
};
_Static_assert((int)AUTH_WEBHOOK_KEY_MAX == (int)crypto_sign_SECRETKEYBYTES, "an ed25519 key fits exactly");
_Static_assert(sodium_base64_ENCODED_LEN(AUTH_WEBHOOK_KEY_MAX, VARIANT) + 6 <= AUTH_WEBHOOK_TEXT_BYTES, "texts fit");

static const struct scheme {
    const char *prefix; /* of the secret's text */
    const char *version;
    size_t key_min, signature;
} schemes[] = {
    [AUTH_WEBHOOK_HMAC] = {"whsec_", "v1,", AUTH_WEBHOOK_KEY_MIN, crypto_auth_hmacsha256_BYTES},
    [AUTH_WEBHOOK_ED25519] = {"whsk_", "v1a,", crypto_sign_SECRETKEYBYTES, crypto_sign_BYTES},
};

static const char public_prefix[] = "whpk_";

/* --- secrets --- */

void auth_webhook_secret_make(enum auth_webhook_scheme scheme, struct auth_webhook_secret *secret_out)
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES];
    *secret_out = (struct auth_webhook_secret){.scheme = scheme, .length = AUTH_WEBHOOK_KEY_FRESH};
    if (scheme == AUTH_WEBHOOK_HMAC) {
        randombytes_buf(secret_out->key, AUTH_WEBHOOK_KEY_FRESH);
        return;
    }
    secret_out->length = crypto_sign_SECRETKEYBYTES;
    crypto_sign_keypair(public_key, secret_out->key);
}

static void text_of(const char *prefix, const uint8_t *bytes, size_t length, char out[AUTH_WEBHOOK_TEXT_BYTES])
{
    size_t used = (size_t)snprintf(out, AUTH_WEBHOOK_TEXT_BYTES, "%s", prefix);
    sodium_bin2base64(out + used, AUTH_WEBHOOK_TEXT_BYTES - used, bytes, length, VARIANT);
}

void auth_webhook_secret_text(const struct auth_webhook_secret *secret, char out[AUTH_WEBHOOK_TEXT_BYTES])
{
    text_of(schemes[secret->scheme].prefix, secret->key, secret->length, out);
}

void auth_webhook_public_text(const struct auth_webhook_secret *secret, char out[AUTH_WEBHOOK_TEXT_BYTES])
{
    must(secret->scheme == AUTH_WEBHOOK_ED25519);
    text_of(public_prefix, secret->key + crypto_sign_SEEDBYTES, crypto_sign_PUBLICKEYBYTES, out);
}

/* The second half of an ed25519 key follows from the first; with another one, signatures would give the key away. */
static bool is_whole(const struct auth_webhook_secret *secret)
{
    uint8_t public_key[crypto_sign_PUBLICKEYBYTES], key[crypto_sign_SECRETKEYBYTES];
    if (secret->scheme == AUTH_WEBHOOK_HMAC)
        return true;
    crypto_sign_seed_keypair(public_key, key, secret->key);
    bool same = sodium_memcmp(key, secret->key, sizeof key) == 0;
    sodium_memzero(key, sizeof key);
    return same;
}

/* libsodium takes some characters for others: what comes out must be what went in. */
static bool is_canonical(const struct auth_webhook_secret *secret, struct slice text)
{
    char again[AUTH_WEBHOOK_TEXT_BYTES] = "";
    auth_webhook_secret_text(secret, again);
    bool same = strlen(again) == text.len && sodium_memcmp(again, text.data, text.len) == 0;
    sodium_memzero(again, sizeof again);
    return same;
}

bool auth_webhook_secret_parse(struct slice text, struct auth_webhook_secret *secret_out)
{
    for (int scheme = AUTH_WEBHOOK_HMAC; scheme <= AUTH_WEBHOOK_ED25519; scheme++) {
        struct slice prefix = slice_str(schemes[scheme].prefix);
        if (!slice_starts_with(text, prefix))
            continue;
        struct slice rest = slice_skip(text, prefix.len);
        *secret_out = (struct auth_webhook_secret){.scheme = (enum auth_webhook_scheme)scheme};
        return sodium_base642bin(secret_out->key, sizeof secret_out->key, rest.data, rest.len, NULL,
                                 &secret_out->length, NULL, VARIANT) == 0 &&
               secret_out->length >= schemes[scheme].key_min && is_canonical(secret_out, text) && is_whole(secret_out);
    }
    return false;
}

void auth_webhook_secret_wipe(struct auth_webhook_secret *secret) { sodium_memzero(secret, sizeof *secret); }

/* --- signatures --- */

struct content { /* what is signed, in pieces */
    struct slice id;
    char timestamp[TIMESTAMP_BYTES]; /* between its dots */
    struct slice body;
};

static struct content content_of(struct slice id, int64_t timestamp_s, struct slice body)
{
    struct content content = {.id = id, .body = body};
    must(id.len > 0 && !memchr(id.data, '.', id.len));
    snprintf(content.timestamp, sizeof content.timestamp, ".%" PRId64 ".", timestamp_s);
    return content;
}

static void add_hmac(crypto_auth_hmacsha256_state *state, struct slice piece)
{
    crypto_auth_hmacsha256_update(state, (const uint8_t *)piece.data, piece.len);
}

static void sign_hmac(const struct auth_webhook_secret *secret, const struct content *content,
                      uint8_t signature_out[SIGNATURE_MAX])
{
    crypto_auth_hmacsha256_state state;
    crypto_auth_hmacsha256_init(&state, secret->key, secret->length);
    add_hmac(&state, content->id);
    add_hmac(&state, slice_str(content->timestamp));
    add_hmac(&state, content->body);
    crypto_auth_hmacsha256_final(&state, signature_out);
    sodium_memzero(&state, sizeof state);
}

/* Plain ed25519 goes over its message twice, so that it has to be in one piece. */
static void sign_ed25519(const struct auth_webhook_secret *secret, const struct content *content,
                         uint8_t signature_out[SIGNATURE_MAX])
{
    struct buf message;
    buf_init(&message, content->id.len + sizeof content->timestamp + content->body.len);
    buf_add(&message, content->id);
    buf_add_str(&message, content->timestamp);
    buf_add(&message, content->body);
    crypto_sign_detached(signature_out, NULL, (const uint8_t *)message.data, message.len, secret->key);
    buf_fini(&message);
}

/* "v1,…": equal inputs give equal texts under both schemes, so that verifying is making it again. */
static void signature_text(const struct auth_webhook_secret *secret, const struct content *content,
                           char out[SIGNATURE_TEXT_BYTES])
{
    uint8_t signature[SIGNATURE_MAX];
    const struct scheme *scheme = &schemes[secret->scheme];
    if (secret->scheme == AUTH_WEBHOOK_HMAC)
        sign_hmac(secret, content, signature);
    else
        sign_ed25519(secret, content, signature);
    size_t used = (size_t)snprintf(out, SIGNATURE_TEXT_BYTES, "%s", scheme->version);
    sodium_bin2base64(out + used, SIGNATURE_TEXT_BYTES - used, signature, scheme->signature, VARIANT);
}

void auth_webhook_sign(const struct auth_webhook_secret *secrets, size_t count, struct slice id, int64_t timestamp_s,
                       struct slice body, struct buf *out)
{
    struct content content = content_of(id, timestamp_s, body);
    for (size_t i = 0; i < count; i++) {
        char text[SIGNATURE_TEXT_BYTES];
        signature_text(&secrets[i], &content, text);
        if (i > 0)
            buf_add_char(out, ' ');
        buf_add_str(out, text);
    }
}

bool auth_webhook_verify(const struct auth_webhook_secret *secret, struct slice id, int64_t timestamp_s,
                         struct slice body, struct slice header)
{
    struct content content = content_of(id, timestamp_s, body);
    char text[SIGNATURE_TEXT_BYTES];
    bool found = false;
    signature_text(secret, &content, text);
    while (header.len > 0) {
        const char *blank = memchr(header.data, ' ', header.len);
        struct slice item = slice_of(header.data, blank ? (size_t)(blank - header.data) : header.len);
        found = found || (item.len == strlen(text) && sodium_memcmp(text, item.data, item.len) == 0);
        header = slice_skip(header, blank ? item.len + 1 : item.len);
    }
    return found;
}
