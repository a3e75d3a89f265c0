#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "base62.h"
#include "fixture.h"

static void test_base62_has_a_fixed_width_for_every_number(void **state)
{
    (void)state;
    size_t i;
    json_t *vector;
    json_array_foreach (fixture_vectors("base62"), i, vector) {
        uint8_t number[AUTH_BASE62_SECRET_BYTES];
        char digits[AUTH_SECRET_CHARS + 1] = "";
        fixture_hex(json_string_value(json_object_get(vector, "hex")), number, sizeof number);
        auth_base62_bytes(number, digits, AUTH_SECRET_CHARS);
        assert_string_equal(digits, json_string_value(json_object_get(vector, "digits")));
    }
    assert_int_equal(i, 6);
}

static void test_base62_of_the_largest_checksum_fits_six_digits(void **state)
{
    (void)state;
    char digits[7] = "";
    auth_base62_uint32(UINT32_MAX, digits, 6);
    assert_string_equal(digits, "4gfFC3");
    auth_base62_uint32(0, digits, 6);
    assert_string_equal(digits, "000000");
}

static void test_base62_digits_are_ascii_letters_and_digits_only(void **state)
{
    (void)state;
    assert_true(auth_base62_is_digits("09AZaz", 6));
    for (const char *p = "/:@[`{_-. \xc3"; *p; p++)
        assert_false(auth_base62_is_digits(p, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_base62_has_a_fixed_width_for_every_number),
        cmocka_unit_test(test_base62_of_the_largest_checksum_fits_six_digits),
        cmocka_unit_test(test_base62_digits_are_ascii_letters_and_digits_only),
    };
    return cmocka_run_group_tests_name("encoding", tests, fixture_set_up, fixture_tear_down);
}
