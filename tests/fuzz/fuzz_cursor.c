/* What a cursor holds: any bytes are a place in a list or none, and a place is the same bytes again. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "scim/cursor.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_same(const struct scim_cursor *a, const struct scim_cursor *b)
{
    return a->issued_s == b->issued_s && a->count == b->count && a->backward == b->backward &&
           a->has_total == b->has_total && a->total == b->total && a->type == b->type &&
           a->place.kind == b->place.kind && id_equals(&a->place.id.id, &b->place.id.id) &&
           slice_equals(a->place.key, b->place.key);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t packed[SCIM_CURSOR_BYTES];
    struct scim_cursor cursor, again;
    if (!scim_cursor_unpack(slice_of((const char *)data, size), &cursor))
        return 0;
    must(cursor.place.key.len <= SCIM_SORT_KEY_BYTES);
    size_t length = scim_cursor_pack(&cursor, packed);
    must(length <= sizeof packed);
    must(scim_cursor_unpack(slice_of((const char *)packed, length), &again) && is_same(&cursor, &again));
    must(scim_place_compare(&cursor.place, &again.place) == 0);
    return 0;
}
