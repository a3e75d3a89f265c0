#include "feed_cursor.h"

static const char *const list = "event.list";

/* Big-endian: the number, the part, zeros. */
static struct id pack(struct feed_place place)
{
    struct id id = {{0}};
    for (size_t i = 0; i < 8; i++)
        id.bytes[i] = (uint8_t)(place.sequence >> (56 - 8 * i));
    for (size_t i = 0; i < 4; i++)
        id.bytes[8 + i] = (uint8_t)(place.part >> (24 - 8 * i));
    return id;
}

static struct feed_place unpack(const struct id *id)
{
    struct feed_place place = {0};
    for (size_t i = 0; i < 8; i++)
        place.sequence = place.sequence << 8 | id->bytes[i];
    for (size_t i = 0; i < 4; i++)
        place.part = place.part << 8 | id->bytes[8 + i];
    return place;
}

void feed_cursor_write(const struct auth_peppers *peppers, struct environment_id environment, struct feed_place place,
                       char out[CURSOR_TEXT_BYTES])
{
    struct id packed = pack(place);
    cursor_write(peppers, list, &environment.id, &packed, out);
}

bool feed_cursor_read(const struct auth_peppers *peppers, struct environment_id environment, struct slice text,
                      struct feed_place *place_out, struct err *err)
{
    struct id packed;
    if (!cursor_read(peppers, list, &environment.id, text, &packed, err))
        return err_set(err, ERR_INVALID_CURSOR, "The cursor is not one of this environment's events.");
    *place_out = unpack(&packed);
    return true;
}
