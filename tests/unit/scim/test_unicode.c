#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"
#include "scim/unicode.h"
#include "unicode_text.h"

static struct buf out;

static void assert_out(const char *expected)
{
    if (!slice_equals(buf_slice(&out), slice_str(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)out.len, out.data, expected);
}

static void assert_exact(const char *text, const char *expected)
{
    buf_clear(&out);
    scim_prepare_exact(slice_str(text), &out);
    assert_out(expected);
}

static void assert_folded(const char *text, const char *expected)
{
    buf_clear(&out);
    scim_prepare_folded(slice_str(text), &out);
    assert_out(expected);
}

static void assert_user_name(const char *text, const char *expected)
{
    struct err err = ERR_INIT;
    buf_clear(&out);
    if (!scim_prepare_username(slice_str(text), false, &out, &err))
        fail_msg("%s: %s", text, err.detail);
    assert_out(expected);
}

static void assert_no_user_name(const char *text, bool strict)
{
    struct err err = ERR_INIT;
    buf_clear(&out);
    if (scim_prepare_username(slice_str(text), strict, &out, &err))
        fail_msg("accepted: %s", text);
    assert_int_equal(err.kind, ERR_INVALID_VALUE);
    assert_int_equal(out.len, 0);
}

static void test_I_02_exact_strings_are_composed_and_keep_their_case(void **state)
{
    (void)state;
    assert_exact("", "");
    assert_exact("Bob", "Bob");
    assert_exact("A\u030Angstro\u0308m", "\u00C5ngstr\u00F6m");
    assert_exact("\u212B", "\u00C5");
    assert_exact("\uFB01 \U0001F600", "\uFB01 \U0001F600");
}

static void test_I_02_other_strings_are_folded_without_losing_accents_or_blanks(void **state)
{
    (void)state;
    assert_folded("", "");
    assert_folded("BoB ", "bob ");
    assert_folded("\u00C9", "\u00E9");
    assert_folded("E\u0301", "\u00E9");
    assert_folded("STRASSE", "strasse");
    assert_folded("Stra\u00DFe", "stra\u00DFe");
    assert_folded("\u1E9E", "\u00DF");
    assert_folded("\u03A3\u03C2\u03C3", "\u03C3\u03C3\u03C3");
    assert_folded("\u212A", "k");
    assert_folded("\U00010400", "\U00010428");
    assert_folded("\uFF22", "\uFF42"); /* the width is kept */
}

static void test_long_texts_are_prepared_like_short_ones(void **state)
{
    (void)state;
    struct buf text;
    buf_init(&text, 1 << 20);
    for (int i = 0; i < 3000; i++)
        buf_add_str(&text, "\u00C9\U00010400");
    buf_clear(&out);
    scim_prepare_folded(buf_slice(&text), &out);
    assert_int_equal(out.len, text.len);
    assert_true(slice_starts_with(buf_slice(&out), slice_str("\u00E9\U00010428\u00E9")));
    buf_fini(&text);
}

/* A displayName of 400,000 combining marks held a worker for a minute. */
static void test_I_02_endless_combining_marks_are_prepared_in_time(void **state)
{
    (void)state;
    struct buf text, once, again;
    buf_init(&text, 1 << 22);
    buf_init(&once, 1 << 22);
    buf_init(&again, 1 << 22);
    buf_add_char(&text, 'A');
    for (int i = 0; i < 200000; i++)
        buf_add_str(&text, "\u0301\u0316");
    scim_prepare_folded(buf_slice(&text), &once); /* minutes when it is not bounded: the test's own time limit */
    scim_prepare_folded(buf_slice(&text), &again);
    assert_true(slice_equals(buf_slice(&once), buf_slice(&again)));
    assert_true(once.len + 8 > text.len);
    buf_fini(&text);
    buf_fini(&once);
    buf_fini(&again);
}

static void test_I_02_many_combining_marks_are_put_into_order(void **state)
{
    (void)state;
    struct buf one, other, left, right;
    buf_init(&one, 4096);
    buf_init(&other, 4096);
    buf_init(&left, 4096);
    buf_init(&right, 4096);
    for (int i = 0; i < 3; i++) {
        buf_add_str(&one, "Ae");
        buf_add_str(&other, "Ae");
        for (int k = 0; k < 60; k++) {
            buf_add_str(&one, "\u0308\u0316");
            buf_add_str(&other, "\u0316\u0308");
        }
    }
    scim_prepare_folded(buf_slice(&one), &left);
    scim_prepare_folded(buf_slice(&other), &right);
    assert_true(slice_equals(buf_slice(&left), buf_slice(&right)));
    buf_fini(&one);
    buf_fini(&other);
    buf_fini(&left);
    buf_fini(&right);
}

static void test_I_03_spellings_of_one_user_name_collide(void **state)
{
    (void)state;
    assert_user_name("BOB", "bob");
    assert_user_name("\uFF22\uFF2F\uFF22", "bob");
    assert_user_name("A\u030A", "\u00E5");
    assert_user_name("\u00C5", "\u00E5");
    assert_user_name("Fu\u00DFball", "fu\u00DFball");
    assert_user_name("Test.User@Example.COM", "test.user@example.com");
}

static void test_I_03_names_outside_the_class_are_taken_unless_strict(void **state)
{
    (void)state;
    assert_user_name("Foo Bar", "foo bar");
    assert_user_name("K\u00D6NIG \u265A", "k\u00F6nig \u265A");
    assert_user_name("\uFF22\u3000B", "b b");
    assert_no_user_name("Foo Bar", true);
    assert_no_user_name("\u265A", true);
    assert_no_user_name("\u05D0a", true);
}

static void test_I_03_controls_are_refused_in_user_names_always(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "a\tb", "a\x7F", "\x01", "x\u202Ey", "\u200F\u05D0", "\u2066a", "\u00E9\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_no_user_name(bad[i], false);
        assert_no_user_name(bad[i], true);
    }
}

static void test_user_names_agree_with_an_independent_precis(void **state)
{
    (void)state;
    json_t *rows = fixture_vectors("precis.json"), *row;
    size_t i;
    assert_true(json_array_size(rows) > 400);
    json_array_foreach (rows, i, row) {
        struct err err = ERR_INIT;
        const json_t *expected = json_object_get(row, "out");
        buf_clear(&out);
        bool ok = scim_prepare_username(json_slice(json_object_get(row, "in")), true, &out, &err);
        if (ok != json_is_string(expected))
            fail_msg("row %zu \"%s\": %s", i, json_string_value(json_object_get(row, "in")),
                     ok ? "accepted" : err.detail);
        if (ok)
            assert_out(json_string_value(expected));
    }
    json_decref(rows);
}

static void test_I_05_controls_are_found_but_line_breaks_are_none(void **state)
{
    (void)state;
    assert_false(scim_has_control(slice_str("a\tb\r\nc \u00A0")));
    assert_true(scim_has_control(slice_str("a\x0B")));
    assert_true(scim_has_control(slice_str("\x7F")));
    assert_true(scim_has_control(slice_of("a\0b", 3)));
    assert_false(scim_has_control(SLICE_EMPTY));
}

static void test_a_text_is_cut_at_a_character(void **state)
{
    (void)state;
    struct slice text = slice_str("a\u00E9\U0001F600b");
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 3, 7, 8, 8};
    for (size_t i = 0; i < 10; i++)
        assert_int_equal(scim_text_cut(text, i).len, expected[i]);
}

static void test_utf8_is_checked(void **state)
{
    (void)state;
    static const char *const bad[] = {"\x80", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "a\xE2\x82", "\xFF"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(scim_text_is_utf8(slice_str(bad[i])));
    assert_true(scim_text_is_utf8(slice_str("abc \u20AC \U0001F600")));
    assert_true(scim_text_is_utf8(SLICE_EMPTY));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_I_02_exact_strings_are_composed_and_keep_their_case),
        cmocka_unit_test(test_I_02_other_strings_are_folded_without_losing_accents_or_blanks),
        cmocka_unit_test(test_long_texts_are_prepared_like_short_ones),
        cmocka_unit_test(test_I_02_endless_combining_marks_are_prepared_in_time),
        cmocka_unit_test(test_I_02_many_combining_marks_are_put_into_order),
        cmocka_unit_test(test_I_03_spellings_of_one_user_name_collide),
        cmocka_unit_test(test_I_03_names_outside_the_class_are_taken_unless_strict),
        cmocka_unit_test(test_I_03_controls_are_refused_in_user_names_always),
        cmocka_unit_test(test_user_names_agree_with_an_independent_precis),
        cmocka_unit_test(test_I_05_controls_are_found_but_line_breaks_are_none),
        cmocka_unit_test(test_a_text_is_cut_at_a_character),
        cmocka_unit_test(test_utf8_is_checked),
    };
    buf_init(&out, 1 << 20);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    buf_fini(&out);
    return failed;
}
