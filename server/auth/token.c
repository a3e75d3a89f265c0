#include "auth/token.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "base/must.h"
#include "base62.h"
#include "pepper.h"

enum { CRC_CHARS = 6, PREFIX_CHARS = 6 };

static const char *const prefixes[] = {
    [AUTH_DIRECTORY_TOKEN] = "scimt_", [AUTH_API_KEY] = "scima_",       [AUTH_OPERATOR_KEY] = "scimp_",
    [AUTH_SETUP_LINK] = "sciml_",      [AUTH_SETUP_SESSION] = "scims_",
};

/* What stands before the hash input, so that a hash of one kind or format can never be one of another. */
static const char *const hash_domains[] = {
    [AUTH_DIRECTORY_TOKEN] = "scimt/v1", [AUTH_API_KEY] = "scima/v1",       [AUTH_OPERATOR_KEY] = "scimp/v1",
    [AUTH_SETUP_LINK] = "sciml/v1",      [AUTH_SETUP_SESSION] = "scims/v1",
};

static uint32_t crc32_of(struct slice text)
{
    return (uint32_t)crc32(crc32(0, NULL, 0), (const Bytef *)text.data, (uInt)text.len);
}

static size_t id_count(enum auth_credential_kind kind) { return kind == AUTH_DIRECTORY_TOKEN ? 2 : 1; }

static size_t text_length(enum auth_credential_kind kind)
{
    return PREFIX_CHARS + id_count(kind) * ID_BASE32_CHARS + 1 + AUTH_SECRET_CHARS + CRC_CHARS;
}

static bool is_alphanumeric(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct slice auth_credential_text(struct slice header)
{
    struct slice text = slice_trim(header), scheme = SLICE_LITERAL("Bearer");
    if (slice_starts_with_ascii_nocase(text, scheme) && text.len > scheme.len && is_blank(text.data[scheme.len]))
        return slice_trim(slice_skip(text, scheme.len));
    return text;
}

/* b64token of RFC 6750 section 2.1. */
static bool is_token(struct slice text)
{
    static const char others[] = "-._~+/";
    size_t at = 0;
    while (at < text.len && (is_alphanumeric(text.data[at]) || memchr(others, text.data[at], sizeof others - 1)))
        at++;
    size_t letters = at;
    while (at < text.len && text.data[at] == '=')
        at++;
    return letters > 0 && at == text.len;
}

static bool has_blank(struct slice text)
{
    return text.len > 0 && (memchr(text.data, ' ', text.len) || memchr(text.data, '\t', text.len));
}

enum auth_form auth_form_of(struct slice header)
{
    struct slice text = slice_trim(header), rest = auth_credential_text(text);
    if (text.len == 0)
        return AUTH_FORM_NONE;
    if (rest.len < text.len)
        return is_token(rest) ? AUTH_FORM_TOKEN : AUTH_FORM_MALFORMED;
    if (slice_equals_ascii_nocase(text, SLICE_LITERAL("Bearer")))
        return AUTH_FORM_MALFORMED;
    return has_blank(text) ? AUTH_FORM_OTHER : AUTH_FORM_TOKEN;
}

static bool checksum_fits(struct slice text)
{
    char crc[CRC_CHARS];
    size_t covered = text.len - CRC_CHARS;
    auth_base62_uint32(crc32_of(slice_of(text.data, covered)), crc, CRC_CHARS);
    return memcmp(crc, text.data + covered, CRC_CHARS) == 0; /* public: a checksum */
}

static bool parse_ids(struct slice text, struct auth_credential *credential)
{
    struct slice first = slice_of(text.data, ID_BASE32_CHARS);
    if (credential->kind != AUTH_DIRECTORY_TOKEN)
        return id_from_base32(first, &credential->id);
    struct slice second = slice_of(text.data + ID_BASE32_CHARS, ID_BASE32_CHARS);
    return id_from_base32(first, &credential->directory.id) && id_from_base32(second, &credential->id);
}

bool auth_credential_parse(struct slice header, enum auth_credential_kind kind, struct auth_credential *credential_out)
{
    struct slice text = auth_credential_text(header);
    if (text.len != text_length(kind) || !slice_starts_with(text, slice_str(prefixes[kind])))
        return false;
    size_t separator = PREFIX_CHARS + id_count(kind) * ID_BASE32_CHARS;
    const char *secret = text.data + separator + 1;
    if (text.data[separator] != '_' || !auth_base62_is_digits(secret, AUTH_SECRET_CHARS) || !checksum_fits(text))
        return false;

    struct auth_credential credential = {.kind = kind};
    if (!parse_ids(slice_skip(text, PREFIX_CHARS), &credential))
        return false;
    memcpy(credential.secret, secret, AUTH_SECRET_CHARS);
    *credential_out = credential;
    auth_credential_wipe(&credential);
    return true;
}

/* The directory's sixteen bytes are zero for kinds without one. */
static void hash_credential(const struct auth_credential *credential, const uint8_t *pepper, uint8_t *hash_out)
{
    const char *domain = hash_domains[credential->kind];
    crypto_generichash_state state;
    must(crypto_generichash_init(&state, pepper, AUTH_PEPPER_BYTES, AUTH_HASH_BYTES) == 0);
    crypto_generichash_update(&state, (const uint8_t *)domain, strlen(domain));
    crypto_generichash_update(&state, credential->directory.id.bytes, ID_BYTES);
    crypto_generichash_update(&state, credential->id.bytes, ID_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)credential->secret, AUTH_SECRET_CHARS);
    crypto_generichash_final(&state, hash_out, AUTH_HASH_BYTES);
    sodium_memzero(&state, sizeof state);
}

static void draw_secret(char secret[AUTH_SECRET_CHARS])
{
    uint8_t random[AUTH_BASE62_SECRET_BYTES];
    randombytes_buf(random, sizeof random);
    auth_base62_bytes(random, secret, AUTH_SECRET_CHARS);
    sodium_memzero(random, sizeof random);
}

static void write_text(const struct auth_credential *credential, char text[AUTH_TEXT_BYTES])
{
    char directory[ID_BASE32_CHARS + 1] = "", id[ID_BASE32_CHARS + 1];
    if (credential->kind == AUTH_DIRECTORY_TOKEN)
        id_to_base32(&credential->directory.id, directory);
    id_to_base32(&credential->id, id);
    int length = snprintf(text, AUTH_TEXT_BYTES, "%s%s%s_%.*s", prefixes[credential->kind], directory, id,
                          AUTH_SECRET_CHARS, credential->secret);
    must(length > 0 && length + CRC_CHARS < AUTH_TEXT_BYTES);
    auth_base62_uint32(crc32_of(slice_of(text, (size_t)length)), text + length, CRC_CHARS);
    text[length + CRC_CHARS] = '\0';
}

void auth_credential_make(const struct auth_peppers *peppers, enum auth_credential_kind kind,
                          struct directory_id directory, struct id id, struct auth_fresh *fresh_out)
{
    struct auth_credential credential = {.kind = kind, .id = id};
    if (kind == AUTH_DIRECTORY_TOKEN)
        credential.directory = directory;
    draw_secret(credential.secret);

    *fresh_out = (struct auth_fresh){.pepper_version = auth_peppers_newest(peppers)};
    write_text(&credential, fresh_out->text);
    hash_credential(&credential, auth_pepper_key(peppers, fresh_out->pepper_version), fresh_out->hash);
    memcpy(fresh_out->hint, credential.secret + AUTH_SECRET_CHARS - 4, 4);
    auth_credential_wipe(&credential);
}

bool auth_credential_verify(const struct auth_peppers *peppers, const struct auth_credential *credential,
                            const uint8_t *stored_hash, unsigned pepper_version)
{
    static const uint8_t dummy_hash[AUTH_HASH_BYTES];
    const uint8_t *pepper = auth_pepper_key(peppers, pepper_version);
    bool known = stored_hash && pepper;
    if (!pepper)
        pepper = auth_pepper_key(peppers, auth_peppers_newest(peppers));

    uint8_t hash[AUTH_HASH_BYTES];
    hash_credential(credential, pepper, hash);
    bool equal = sodium_memcmp(hash, stored_hash ? stored_hash : dummy_hash, AUTH_HASH_BYTES) == 0;
    return known && equal;
}

void auth_credential_wipe(struct auth_credential *credential) { sodium_memzero(credential, sizeof *credential); }
