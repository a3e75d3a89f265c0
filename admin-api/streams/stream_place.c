#include "stream_place.h"

#include <sodium.h>

#include "base/must.h"

enum {
    PLAIN_BYTES = 12, /* of a mark that is in no walk: zeros behind are left out */
    HASH_BYTES = 12,
    BASE64URL = sodium_base64_VARIANT_URLSAFE_NO_PADDING
};

static uint8_t *put(uint8_t *at, uint64_t number, size_t bytes)
{
    for (size_t i = 0; i < bytes; i++)
        at[i] = (uint8_t)(number >> (8 * (bytes - 1 - i)));
    return at + bytes;
}

static uint64_t take(const uint8_t **at, size_t bytes)
{
    uint64_t number = 0;
    for (size_t i = 0; i < bytes; i++)
        number = number << 8 | *(*at)++;
    return number;
}

void stream_place_write(const struct stream_place *place, uint8_t out[STREAM_PLACE_BYTES])
{
    uint8_t *at = put(put(out, place->feed.sequence, 8), place->feed.part, 4);
    memcpy(at, place->directory.id.bytes, ID_BYTES);
    at = put(at + ID_BYTES, place->type, 2);
    memcpy(at, place->resource.id.bytes, ID_BYTES);
}

bool stream_place_read(struct slice bytes, struct stream_place *place_out)
{
    const uint8_t *at = (const uint8_t *)bytes.data;
    if (bytes.len != STREAM_PLACE_BYTES)
        return false;
    place_out->feed.sequence = take(&at, 8);
    place_out->feed.part = (uint32_t)take(&at, 4);
    memcpy(place_out->directory.id.bytes, at, ID_BYTES);
    at += ID_BYTES;
    place_out->type = (uint16_t)take(&at, 2);
    memcpy(place_out->resource.id.bytes, at, ID_BYTES);
    return true;
}

int stream_place_compare(const struct stream_place *a, const struct stream_place *b)
{
    uint8_t left[STREAM_PLACE_BYTES], right[STREAM_PLACE_BYTES];
    stream_place_write(a, left);
    stream_place_write(b, right);
    return memcmp(left, right, STREAM_PLACE_BYTES);
}

bool stream_place_is_walk(const struct stream_place *place) { return !id_is_zero(&place->directory.id); }

bool stream_place_has_passed(const struct stream_place *place, const struct stream_place *mark)
{
    int order = stream_place_compare(mark, place);
    return order < 0 || (order == 0 && stream_place_is_walk(mark));
}

/* --- jti --- */

static void hash_of(const uint8_t salt[STREAM_SALT_BYTES], const uint8_t *mark, size_t length,
                    uint8_t out[crypto_generichash_BYTES_MIN])
{
    must(crypto_generichash(out, crypto_generichash_BYTES_MIN, mark, length, salt, STREAM_SALT_BYTES) == 0);
}

void stream_jti_write(const uint8_t salt[STREAM_SALT_BYTES], const struct stream_place *mark,
                      char out[STREAM_JTI_BYTES])
{
    uint8_t bytes[HASH_BYTES + STREAM_PLACE_BYTES], hash[crypto_generichash_BYTES_MIN];
    size_t length = stream_place_is_walk(mark) ? STREAM_PLACE_BYTES : PLAIN_BYTES;
    stream_place_write(mark, bytes + HASH_BYTES);
    hash_of(salt, bytes + HASH_BYTES, length, hash);
    memcpy(bytes, hash, HASH_BYTES);
    must(sodium_base64_encoded_len(HASH_BYTES + length, BASE64URL) <= STREAM_JTI_BYTES);
    sodium_bin2base64(out, STREAM_JTI_BYTES, bytes, HASH_BYTES + length, BASE64URL);
}

bool stream_jti_read(const uint8_t salt[STREAM_SALT_BYTES], struct slice jti, struct stream_place *mark_out)
{
    uint8_t bytes[HASH_BYTES + STREAM_PLACE_BYTES] = {0}, hash[crypto_generichash_BYTES_MIN];
    size_t length;
    if (sodium_base642bin(bytes, sizeof bytes, jti.data, jti.len, NULL, &length, NULL, BASE64URL) != 0)
        return false;
    if (length != HASH_BYTES + PLAIN_BYTES && length != sizeof bytes)
        return false;
    hash_of(salt, bytes + HASH_BYTES, length - HASH_BYTES, hash);
    return sodium_memcmp(hash, bytes, HASH_BYTES) == 0 &&
           stream_place_read(slice_of((const char *)bytes + HASH_BYTES, STREAM_PLACE_BYTES), mark_out);
}
