/* What a cursor holds survives packing, and nothing else unpacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scim/cursor.h"

static struct slice packed(const struct scim_cursor *cursor, uint8_t bytes[SCIM_CURSOR_BYTES])
{
    size_t length = scim_cursor_pack(cursor, bytes);
    return slice_of((const char *)bytes, length);
}

static struct scim_cursor example(enum scim_place_kind kind, const char *key, size_t length)
{
    struct scim_cursor cursor = {.issued_s = 1750000000,
                                 .count = 100,
                                 .has_total = true,
                                 .total = UINT64_MAX,
                                 .type = 1001,
                                 .place = {.kind = kind, .key = slice_of(key, length)}};
    for (unsigned i = 0; i < ID_BYTES; i++)
        cursor.place.id.id.bytes[i] = (uint8_t)(i * 17);
    return cursor;
}

static void test_CU_04_a_cursor_is_packed_and_unpacked(void **state)
{
    (void)state;
    static const char key[SCIM_SORT_KEY_BYTES] = {1, 2, 0, 3};
    for (unsigned i = 0; i < 12; i++) {
        struct scim_cursor before = example(i % 3, key, i % 3 == SCIM_PLACE_VALUED ? sizeof key : 0), after;
        uint8_t bytes[SCIM_CURSOR_BYTES];
        before.backward = i % 2;
        assert_true(scim_cursor_unpack(packed(&before, bytes), &after));
        assert_int_equal(after.issued_s, before.issued_s);
        assert_int_equal(after.count, before.count);
        assert_int_equal(after.backward, before.backward);
        assert_int_equal(after.has_total, true);
        assert_true(after.total == before.total);
        assert_int_equal(after.type, before.type);
        assert_int_equal(after.place.kind, before.place.kind);
        assert_int_equal(scim_place_compare(&after.place, &before.place), 0);
    }
}

static void test_a_text_of_another_length_or_format_is_no_cursor(void **state)
{
    (void)state;
    struct scim_cursor cursor = example(SCIM_PLACE_VALUED, "key", 3), after;
    uint8_t bytes[SCIM_CURSOR_BYTES + 1] = {0};
    struct slice whole = packed(&cursor, bytes);
    for (size_t length = 0; length < whole.len - 3; length++)
        assert_false(scim_cursor_unpack(slice_of(whole.data, length), &after));
    assert_false(scim_cursor_unpack(slice_of((const char *)bytes, sizeof bytes), &after));
    bytes[0]++;
    assert_false(scim_cursor_unpack(whole, &after));
    bytes[0]--;
    bytes[17] = 16;
    assert_false(scim_cursor_unpack(whole, &after));
    bytes[17] = 12;
    assert_false(scim_cursor_unpack(whole, &after));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_CU_04_a_cursor_is_packed_and_unpacked),
        cmocka_unit_test(test_a_text_of_another_length_or_format_is_no_cursor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
