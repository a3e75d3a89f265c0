#include "base/num.h"
#include "unit.h"

static void test_uint_takes_digits_within_bounds_alone(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        uint64_t min, max, value;
        bool good;
    } rows[] = {
        {"0", 0, 10, 0, true},
        {"10", 0, 10, 10, true},
        {"11", 0, 10, 0, false},
        {"4", 5, 10, 0, false},
        {"007", 0, 10, 7, true},
        {"18446744073709551615", 0, UINT64_MAX, UINT64_MAX, true},
        {"18446744073709551616", 0, UINT64_MAX, 0, false},
        {"184467440737095516150", 0, UINT64_MAX, 0, false},
        {"", 0, 10, 0, false},
        {" 1", 0, 10, 0, false},
        {"1 ", 0, 10, 0, false},
        {"+1", 0, 10, 0, false},
        {"-1", 0, 10, 0, false},
        {"1.0", 0, 10, 0, false},
        {"0x1", 0, 10, 0, false},
        {"\xD9\xA1", 0, 10, 0, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        uint64_t value = 99;
        assert_int_equal(num_parse_uint(slice_str(rows[i].text), rows[i].min, rows[i].max, &value), rows[i].good);
        assert_int_equal(value, rows[i].good ? rows[i].value : 99);
    }
}

static void test_uint_reads_its_slice_alone(void **state)
{
    (void)state;
    uint64_t value = 0;
    assert_true(num_parse_uint(slice_of("1234", 2), 0, 100, &value));
    assert_int_equal(value, 12);
    assert_false(num_parse_uint(SLICE_LITERAL("1\0"), 0, 100, &value));
    assert_false(num_parse_uint(SLICE_EMPTY, 0, 100, &value));
}

static void test_int_takes_a_sign_and_the_whole_range(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t value;
        bool good;
    } rows[] = {
        {"0", 0, true},
        {"-0", 0, true},
        {"+5", 5, true},
        {"-5", -5, true},
        {"9223372036854775807", INT64_MAX, true},
        {"9223372036854775808", 0, false},
        {"-9223372036854775808", INT64_MIN, true},
        {"-9223372036854775809", 0, false},
        {"18446744073709551617", 0, false},
        {"-", 0, false},
        {"+", 0, false},
        {"--1", 0, false},
        {"+-1", 0, false},
        {"", 0, false},
        {"1e3", 0, false},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        int64_t value = 99;
        assert_int_equal(num_parse_int(slice_str(rows[i].text), INT64_MIN, INT64_MAX, &value), rows[i].good);
        assert_true(value == (rows[i].good ? rows[i].value : 99));
    }
    int64_t value = 99;
    assert_false(num_parse_int(SLICE_LITERAL("-3"), -2, 2, &value));
    assert_false(num_parse_int(SLICE_LITERAL("3"), -2, 2, &value));
    assert_true(num_parse_int(SLICE_LITERAL("-2"), -2, 2, &value));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uint_takes_digits_within_bounds_alone),
        cmocka_unit_test(test_uint_reads_its_slice_alone),
        cmocka_unit_test(test_int_takes_a_sign_and_the_whole_range),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
