#include "base64url.h"

#include <sodium.h>

enum { VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

bool auth_base64url_read(struct slice text, struct arena *arena, struct slice *bytes_out)
{
    size_t length, room = text.len * 3 / 4 + 1, chars = sodium_base64_encoded_len(room, VARIANT);
    char *bytes = arena_take(arena, room), *again = arena_take(arena, chars);
    if (sodium_base642bin((uint8_t *)bytes, room, text.data, text.len, NULL, &length, NULL, VARIANT) != 0)
        return false;
    /* libsodium takes some characters for others: what comes out must be what went in. */
    sodium_bin2base64(again, chars, (const uint8_t *)bytes, length, VARIANT);
    *bytes_out = slice_of(bytes, length);
    return slice_equals(slice_str(again), text); /* public: what the client sent */
}

void auth_base64url_add(const void *bytes, size_t length, struct buf *out)
{
    size_t chars = sodium_base64_encoded_len(length, VARIANT); /* with NUL */
    char *text = buf_reserve(out, chars);
    if (!text)
        return;
    sodium_bin2base64(text, chars, bytes, length, VARIANT);
    out->len += chars - 1;
}
