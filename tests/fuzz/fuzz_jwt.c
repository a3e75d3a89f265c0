/* JWTs as callers send them. What is parsed is bounded, says the same each time, and is signed by nobody.
 * The input is a token as it is on the wire; or, behind a NUL, header and claims with a dot between, which are encoded
 * first, so that the parser's second half is reached. */
#include <stdint.h>
#include <stdlib.h>

#include <sodium.h>

#include "auth/jwt.h"
#include "auth/public_key.h"
#include "base/buf.h"
#include "base/must.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { SIGNATURE_CHARS = 86 }; /* 64 bytes, as ES256 has them */

static const char public_key[] = "-----BEGIN PUBLIC KEY-----\n"
                                 "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEHzm7bUYFCdv5RAxd9nfYSPQUNSDo\n"
                                 "7LNRF/oaaJWyNjMQjJgAR1rggNryaemS3xJbtPm0fjKTZ2Q1QB1zUHmgYA==\n"
                                 "-----END PUBLIC KEY-----\n";

static void add_part(struct buf *out, struct slice part)
{
    size_t chars = sodium_base64_encoded_len(part.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    char *text = buf_reserve(out, chars);
    must(text);
    sodium_bin2base64(text, chars, (const uint8_t *)part.data, part.len, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    out->len += chars - 1;
    buf_add_char(out, '.');
}

static void encode(struct slice input, struct buf *out)
{
    const char *dot = input.len ? memchr(input.data, '.', input.len) : NULL;
    size_t length = dot ? (size_t)(dot - input.data) : input.len;
    add_part(out, slice_of(input.data, length));
    add_part(out, slice_skip(input, dot ? length + 1 : length));
    for (size_t i = 0; i < SIGNATURE_CHARS; i++)
        buf_add_char(out, 'A');
}

static void check(struct slice text)
{
    struct auth_jwt jwt, again;
    struct arena arena;
    struct err err = ERR_INIT, other = ERR_INIT;
    arena_init(&arena);
    bool parsed = auth_jwt_parse(text, &arena, &jwt, &err);
    must(parsed == auth_jwt_parse(text, &arena, &again, &other));
    must(parsed || (err.kind == ERR_UNAUTHORIZED && err.detail[0]));
    if (parsed) {
        must(text.len <= AUTH_JWT_MAX_BYTES && (jwt.algorithm == AUTH_ES256 || jwt.algorithm == AUTH_RS256));
        must(jwt.key.len && jwt.issuer.len && jwt.subject.len && jwt.audience.len);
        must(jwt.issued_s > 0 && jwt.expires_s > 0 && jwt.not_before_s >= 0 && jwt.id.len <= 255);
        must(jwt.algorithm == again.algorithm && slice_equals(jwt.key, again.key));
        bool now = auth_jwt_check(&jwt, jwt.audience, jwt.issued_s * 1000, &err);
        must(!now || jwt.expires_s - jwt.issued_s <= AUTH_JWT_LIFETIME_S);
        must(!auth_jwt_check(&jwt, SLICE_LITERAL(""), jwt.issued_s * 1000, &err));
        must(!auth_jwt_verify(&jwt, AUTH_ES256, SLICE_LITERAL(public_key)));
        must(!auth_jwt_verify(&jwt, AUTH_RS256, SLICE_LITERAL(public_key)));
    }
    arena_fini(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice input = slice_of((const char *)data, size);
    struct buf text;
    struct arena arena;
    struct err err = ERR_INIT;
    struct auth_public_key key;
    if (size == 0 || data[0] != 0) {
        check(input);
        arena_init(&arena);
        (void)!auth_public_key_of_pem(input, &arena, &key, &err);
        arena_fini(&arena);
        return 0;
    }
    buf_init(&text, 1 << 20);
    encode(slice_skip(input, 1), &text);
    if (!text.overflowed)
        check(buf_slice(&text));
    buf_fini(&text);
    return 0;
}
