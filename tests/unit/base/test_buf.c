#include "base/buf.h"
#include "unit.h"

static void assert_holds(const struct buf *buf, const char *text)
{
    assert_int_equal(buf->len, strlen(text));
    if (buf->len > 0)
        assert_memory_equal(buf->data, text, buf->len);
}

static void test_pieces_follow_each_other(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    buf_add(&buf, SLICE_EMPTY);
    buf_add_str(&buf, "a");
    buf_add_char(&buf, 'b');
    buf_add(&buf, SLICE_LITERAL("cd"));
    buf_add_uint(&buf, 0);
    buf_add_char(&buf, ' ');
    buf_add_uint(&buf, UINT64_MAX);
    buf_printf(&buf, " %d%%", 42);
    assert_holds(&buf, "abcd0 18446744073709551615 42%");
    assert_false(buf.overflowed);
    buf_clear(&buf);
    assert_int_equal(buf_slice(&buf).len, 0);
    buf_fini(&buf);
}

static void test_the_ceiling_is_exact(void **state)
{
    (void)state;
    static const size_t ceilings[] = {0, 1, 2, 255, 256, 257, 511, 512, 513, 70000};
    for (size_t i = 0; i < COUNT_OF(ceilings); i++) {
        struct buf buf;
        buf_init(&buf, ceilings[i]);
        for (size_t n = 0; n < ceilings[i]; n++)
            buf_add_char(&buf, 'x');
        assert_false(buf.overflowed);
        assert_int_equal(buf.len, ceilings[i]);
        assert_true(buf.capacity <= ceilings[i]);
        buf_add_char(&buf, 'y');
        assert_true(buf.overflowed);
        assert_int_equal(buf.len, ceilings[i]);
        buf_fini(&buf);
    }
}

static void test_nothing_follows_an_overflow_until_it_is_cleared(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4);
    buf_add_str(&buf, "ab");
    buf_add_str(&buf, "cde");
    buf_add_str(&buf, "f");
    assert_true(buf.overflowed);
    assert_holds(&buf, "ab");
    buf_clear(&buf);
    buf_add_str(&buf, "cdef");
    assert_false(buf.overflowed);
    assert_holds(&buf, "cdef");
    buf_fini(&buf);
}

static void test_reserve_gives_room_up_to_the_ceiling(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 1000);
    assert_non_null(buf_reserve(&buf, 0));
    char *room = buf_reserve(&buf, 1000);
    assert_non_null(room);
    memset(room, 'r', 1000);
    buf.len = 1000;
    assert_non_null(buf_reserve(&buf, 0));
    assert_null(buf_reserve(&buf, 1));
    assert_true(buf.overflowed);
    buf_clear(&buf);
    assert_null(buf_reserve(&buf, SIZE_MAX));
    buf_fini(&buf);
}

static void test_printf_fills_the_ceiling_and_needs_no_room_for_a_nul(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 600);
    buf_printf(&buf, "%0600d", 5);
    assert_false(buf.overflowed);
    assert_int_equal(buf.len, 600);
    assert_int_equal(buf.data[599], '5');
    buf_clear(&buf);
    buf_printf(&buf, "%0601d", 5);
    assert_true(buf.overflowed);
    buf_fini(&buf);
}

static void test_json_strings_escape_what_json_demands_and_no_more(void **state)
{
    (void)state;
    static const struct {
        struct slice in;
        const char *out;
    } rows[] = {
        {{"", 0}, "\"\""},
        {{NULL, 0}, "\"\""},
        {{"plain", 5}, "\"plain\""},
        {{"a\"b\\c", 5}, "\"a\\\"b\\\\c\""},
        {{"\b\t\n\f\r", 5}, "\"\\b\\t\\n\\f\\r\""},
        {{"\0\x01\x0b\x1f", 4}, "\"\\u0000\\u0001\\u000b\\u001f\""},
        {{"/\x7f\xC3\xA9\xF0\x9F\x98\x80", 8}, "\"/\x7f\xC3\xA9\xF0\x9F\x98\x80\""},
        {{"\n", 1}, "\"\\n\""},
        {{"\"\"", 2}, "\"\\\"\\\"\""},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct buf buf;
        buf_init(&buf, 100);
        buf_add_json_string(&buf, rows[i].in);
        assert_holds(&buf, rows[i].out);
        buf_fini(&buf);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pieces_follow_each_other),
        cmocka_unit_test(test_the_ceiling_is_exact),
        cmocka_unit_test(test_nothing_follows_an_overflow_until_it_is_cleared),
        cmocka_unit_test(test_reserve_gives_room_up_to_the_ceiling),
        cmocka_unit_test(test_printf_fills_the_ceiling_and_needs_no_room_for_a_nul),
        cmocka_unit_test(test_json_strings_escape_what_json_demands_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
