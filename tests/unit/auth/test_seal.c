#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "auth/seal.h"
#include "fixture.h"

static void test_seal_fits_its_message_purpose_and_pepper_only(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1 FIXTURE_PEPPER_2);
    uint8_t seal[AUTH_SEAL_BYTES];
    assert_true(auth_seal(peppers, 1, "list", slice_str("message"), seal));
    assert_true(auth_seal_check(peppers, 1, "list", slice_str("message"), seal));
    assert_false(auth_seal_check(peppers, 2, "list", slice_str("message"), seal));
    assert_false(auth_seal_check(peppers, 3, "list", slice_str("message"), seal));
    assert_false(auth_seal_check(peppers, 1, "lists", slice_str("message"), seal));
    assert_false(auth_seal_check(peppers, 1, "listm", slice_str("essage"), seal));
    assert_false(auth_seal_check(peppers, 1, "list", slice_str("messagE"), seal));
    assert_false(auth_seal_check(peppers, 1, "list", SLICE_EMPTY, seal));
    auth_peppers_free(peppers);
}

static void test_seal_with_any_bit_changed_is_refused(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    uint8_t seal[AUTH_SEAL_BYTES];
    assert_true(auth_seal(peppers, 1, "list", slice_str("message"), seal));
    for (size_t bit = 0; bit < 8 * sizeof seal; bit++) {
        seal[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(auth_seal_check(peppers, 1, "list", slice_str("message"), seal));
        seal[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    auth_peppers_free(peppers);
}

static void test_seal_of_an_unknown_pepper_cannot_be_made(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    uint8_t seal[AUTH_SEAL_BYTES];
    assert_false(auth_seal(peppers, 2, "list", slice_str("message"), seal));
    auth_peppers_free(peppers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_seal_fits_its_message_purpose_and_pepper_only),
        cmocka_unit_test(test_seal_with_any_bit_changed_is_refused),
        cmocka_unit_test(test_seal_of_an_unknown_pepper_cannot_be_made),
    };
    return cmocka_run_group_tests_name("seal", tests, fixture_set_up, fixture_tear_down);
}
