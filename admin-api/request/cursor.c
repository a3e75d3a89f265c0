#include "cursor.h"

#include <sodium.h>

#include "auth/seal.h"
#include "base/must.h"

struct cursor { /* as it is encoded: bytes only, no padding */
    uint8_t pepper_version[2];
    uint8_t last[ID_BYTES];
    uint8_t seal[AUTH_SEAL_BYTES];
};

struct sealed {
    uint8_t whose[ID_BYTES];
    uint8_t last[ID_BYTES];
};

static struct sealed sealed_of(const struct id *whose, const struct id *last)
{
    struct sealed sealed;
    memcpy(sealed.whose, whose->bytes, ID_BYTES);
    memcpy(sealed.last, last->bytes, ID_BYTES);
    return sealed;
}

static void encode(const struct cursor *cursor, char out[CURSOR_TEXT_BYTES])
{
    sodium_bin2base64(out, CURSOR_TEXT_BYTES, (const uint8_t *)cursor, sizeof *cursor,
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

void cursor_write(const struct auth_peppers *peppers, const char *list, const struct id *whose, const struct id *last,
                  char out[CURSOR_TEXT_BYTES])
{
    unsigned version = auth_peppers_newest(peppers);
    struct cursor cursor = {.pepper_version = {(uint8_t)(version >> 8), (uint8_t)version}};
    struct sealed sealed = sealed_of(whose, last);
    memcpy(cursor.last, last->bytes, ID_BYTES);
    must(auth_seal(peppers, version, list, slice_of((const char *)&sealed, sizeof sealed), cursor.seal));
    encode(&cursor, out);
}

/* Only the spelling that cursor_write makes: libsodium 1.0.18 takes the byte 0x80 for one of the letters. */
static bool decode(struct slice text, struct cursor *cursor)
{
    char again[CURSOR_TEXT_BYTES];
    size_t bytes = 0;
    if (sodium_base642bin((uint8_t *)cursor, sizeof *cursor, text.data, text.len, NULL, &bytes, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
        bytes != sizeof *cursor)
        return false;
    encode(cursor, again);
    return slice_equals(text, slice_str(again));
}

bool cursor_read(const struct auth_peppers *peppers, const char *list, const struct id *whose, struct slice text,
                 struct id *last_out, struct err *err)
{
    struct cursor cursor = {0};
    bool decoded = decode(text, &cursor);
    struct id last;
    memcpy(last.bytes, cursor.last, ID_BYTES);
    struct sealed sealed = sealed_of(whose, &last);
    unsigned version = decoded ? (unsigned)(cursor.pepper_version[0] << 8 | cursor.pepper_version[1]) : 0;
    if (!decoded ||
        !auth_seal_check(peppers, version, list, slice_of((const char *)&sealed, sizeof sealed), cursor.seal))
        return err_set(err, ERR_INVALID_CURSOR, "The cursor is not one of this list: begin again without it.");
    *last_out = last;
    return true;
}
