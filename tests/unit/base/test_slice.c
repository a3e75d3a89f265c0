#include "base/slice.h"
#include "unit.h"

static void test_equal_bytes_are_equal_and_empty_needs_no_data(void **state)
{
    (void)state;
    assert_true(slice_equals(SLICE_LITERAL("abc"), slice_str("abc")));
    assert_false(slice_equals(SLICE_LITERAL("abc"), SLICE_LITERAL("abd")));
    assert_false(slice_equals(SLICE_LITERAL("abc"), SLICE_LITERAL("ab")));
    assert_true(slice_equals(SLICE_EMPTY, SLICE_LITERAL("")));
    assert_true(slice_equals(slice_str(NULL), SLICE_EMPTY));
}

static void test_nocase_folds_ascii_letters_alone(void **state)
{
    (void)state;
    assert_true(slice_equals_ascii_nocase(SLICE_LITERAL("UserName"), SLICE_LITERAL("uSERnAME")));
    assert_true(slice_equals_ascii_nocase(SLICE_EMPTY, SLICE_LITERAL("")));
    assert_false(slice_equals_ascii_nocase(SLICE_LITERAL("[]"), SLICE_LITERAL("{}")));
    assert_false(slice_equals_ascii_nocase(SLICE_LITERAL("@"), SLICE_LITERAL("`")));
    assert_false(slice_equals_ascii_nocase(SLICE_LITERAL("\xC3\x84"), SLICE_LITERAL("\xC3\xA4")));
    assert_false(slice_equals_ascii_nocase(SLICE_LITERAL("user"), SLICE_LITERAL("userName")));
}

static void test_starts_with_knows_the_border(void **state)
{
    (void)state;
    assert_true(slice_starts_with(SLICE_LITERAL("org-01"), SLICE_LITERAL("org-")));
    assert_true(slice_starts_with(SLICE_LITERAL("org-"), SLICE_EMPTY));
    assert_true(slice_starts_with(SLICE_EMPTY, SLICE_EMPTY));
    assert_false(slice_starts_with(SLICE_LITERAL("or"), SLICE_LITERAL("org-")));
    assert_false(slice_starts_with(SLICE_LITERAL("ORG-01"), SLICE_LITERAL("org-")));
    assert_true(slice_starts_with_ascii_nocase(SLICE_LITERAL("BEARER x"), SLICE_LITERAL("Bearer ")));
    assert_false(slice_starts_with_ascii_nocase(SLICE_LITERAL("Bear"), SLICE_LITERAL("Bearer ")));
}

static void test_trim_takes_blanks_and_tabs_from_both_ends(void **state)
{
    (void)state;
    assert_true(slice_equals(slice_trim(SLICE_LITERAL(" \t a b\t ")), SLICE_LITERAL("a b")));
    assert_true(slice_equals(slice_trim(SLICE_LITERAL("\na\n")), SLICE_LITERAL("\na\n")));
    assert_int_equal(slice_trim(SLICE_LITERAL(" \t ")).len, 0);
    assert_int_equal(slice_trim(SLICE_EMPTY).len, 0);
}

static void test_skip_stops_at_the_end(void **state)
{
    (void)state;
    assert_true(slice_equals(slice_skip(SLICE_LITERAL("abc"), 1), SLICE_LITERAL("bc")));
    assert_int_equal(slice_skip(SLICE_LITERAL("abc"), 3).len, 0);
    assert_int_equal(slice_skip(SLICE_LITERAL("abc"), SIZE_MAX).len, 0);
    assert_int_equal(slice_skip(SLICE_EMPTY, 5).len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_equal_bytes_are_equal_and_empty_needs_no_data),
        cmocka_unit_test(test_nocase_folds_ascii_letters_alone),
        cmocka_unit_test(test_starts_with_knows_the_border),
        cmocka_unit_test(test_trim_takes_blanks_and_tabs_from_both_ends),
        cmocka_unit_test(test_skip_stops_at_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
