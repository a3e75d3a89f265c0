#include "scim/cursor.h"

#include "base/must.h"

enum { FORMAT = 1 };

enum { BACKWARD = 1, HAS_TOTAL = 2, KIND_SHIFT = 2, KNOWN_FLAGS = 15 };

struct writer {
    uint8_t *at;
};

static void write_number(struct writer *writer, uint64_t number, unsigned bytes)
{
    while (bytes-- > 0)
        *writer->at++ = (uint8_t)(number >> (8 * bytes));
}

size_t scim_cursor_pack(const struct scim_cursor *cursor, uint8_t out[SCIM_CURSOR_BYTES])
{
    struct writer writer = {out};
    const struct scim_place *place = &cursor->place;
    must(place->key.len <= SCIM_SORT_KEY_BYTES);
    unsigned flags = (cursor->backward ? BACKWARD : 0U) | (cursor->has_total ? HAS_TOTAL : 0U);
    write_number(&writer, FORMAT, 1);
    write_number(&writer, (uint64_t)cursor->issued_s, 8);
    write_number(&writer, cursor->count, 8);
    write_number(&writer, flags | (unsigned)place->kind << KIND_SHIFT, 1);
    write_number(&writer, cursor->total, 8);
    write_number(&writer, cursor->type, 2);
    memcpy(writer.at, place->id.id.bytes, ID_BYTES);
    writer.at += ID_BYTES;
    if (place->key.len)
        memcpy(writer.at, place->key.data, place->key.len);
    return (size_t)(writer.at - out) + place->key.len;
}

static uint64_t read_number(struct slice *bytes, unsigned count)
{
    uint64_t number = 0;
    for (unsigned i = 0; i < count; i++)
        number = number << 8 | (uint8_t)bytes->data[i];
    *bytes = slice_skip(*bytes, count);
    return number;
}

bool scim_cursor_unpack(struct slice bytes, struct scim_cursor *cursor_out)
{
    if (bytes.len < SCIM_CURSOR_BYTES - SCIM_SORT_KEY_BYTES || bytes.len > SCIM_CURSOR_BYTES ||
        read_number(&bytes, 1) != FORMAT)
        return false;
    struct scim_cursor *cursor = cursor_out;
    cursor->issued_s = (int64_t)read_number(&bytes, 8);
    cursor->count = read_number(&bytes, 8);
    unsigned flags = (unsigned)read_number(&bytes, 1);
    cursor->backward = flags & BACKWARD;
    cursor->has_total = flags & HAS_TOTAL;
    cursor->total = read_number(&bytes, 8);
    cursor->type = (uint16_t)read_number(&bytes, 2);
    cursor->place.kind = (enum scim_place_kind)(flags >> KIND_SHIFT);
    memcpy(cursor->place.id.id.bytes, bytes.data, ID_BYTES);
    cursor->place.key = slice_skip(bytes, ID_BYTES);
    return flags <= KNOWN_FLAGS && cursor->place.kind <= SCIM_PLACE_UNVALUED;
}
