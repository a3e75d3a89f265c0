#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/guard.h"

enum { NOW_MS = 1000000, FAILURES = 5 };

#define DIRECTORY "01jd8jm32ye008000000001ayd"
static const struct slice good = SLICE_LITERAL("Bearer scimt_" DIRECTORY "01jd8jm32ze4hsasw9nf6yy093_good");
static const struct slice guess = SLICE_LITERAL("Bearer scimt_" DIRECTORY "01jd8jm32ze4hsasw9nf6yy093_bad");

static void fail_often(struct auth_guard *guard, const char *peer)
{
    for (int i = 0; i < FAILURES; i++)
        auth_guard_failed(guard, slice_str(peer), NOW_MS);
}

static bool admits(struct auth_guard *guard, struct slice authorization, const char *peer)
{
    uint64_t retry_s;
    bool admitted = auth_guard_admits(guard, authorization, slice_str(peer), NOW_MS, &retry_s);
    assert_int_equal(admitted, retry_s == 0);
    return admitted;
}

static void test_SEC_06_an_address_that_guessed_too_often_is_shut_out(void **state)
{
    (void)state;
    struct auth_guard *guard = auth_guard_new(FAILURES);
    for (int i = 0; i < FAILURES; i++) {
        assert_true(admits(guard, guess, "192.0.2.1"));
        auth_guard_failed(guard, slice_str("192.0.2.1"), NOW_MS);
    }
    assert_false(admits(guard, guess, "192.0.2.1"));
    assert_true(admits(guard, guess, "192.0.2.2"));
    uint64_t retry_s;
    assert_true(auth_guard_admits(guard, guess, slice_str("192.0.2.1"), NOW_MS + 12000, &retry_s));
    auth_guard_free(guard);
}

static void test_SEC_06_what_has_proved_right_before_is_let_in_all_the_same(void **state)
{
    (void)state;
    struct auth_guard *guard = auth_guard_new(FAILURES);
    auth_guard_proved(guard, good);
    fail_often(guard, "192.0.2.1");
    assert_true(admits(guard, good, "192.0.2.1"));
    assert_false(admits(guard, guess, "192.0.2.1"));
    auth_guard_free(guard);
}

static void test_SEC_06_a_request_without_a_credential_is_no_guess(void **state)
{
    (void)state;
    struct auth_guard *guard = auth_guard_new(FAILURES);
    fail_often(guard, "192.0.2.1");
    assert_true(admits(guard, SLICE_EMPTY, "192.0.2.1"));
    auth_guard_free(guard);
}

static void test_SEC_06_an_IPv6_network_is_one_address(void **state)
{
    (void)state;
    struct auth_guard *guard = auth_guard_new(FAILURES);
    fail_often(guard, "2001:db8:1:2::1");
    assert_false(admits(guard, guess, "2001:db8:1:2:ffff::9"));
    assert_true(admits(guard, guess, "2001:db8:1:3::1"));
    fail_often(guard, "::ffff:192.0.2.1"); /* one of IPv4 is one of IPv4, however it is written */
    assert_false(admits(guard, guess, "192.0.2.1"));
    assert_true(admits(guard, guess, "192.0.2.2"));
    auth_guard_free(guard);
}

static void test_what_is_no_address_is_let_in(void **state)
{
    (void)state;
    struct auth_guard *guard = auth_guard_new(FAILURES);
    const char *const peers[] = {"", "unix:", "192.0.2.1.5", "an address that is much longer than any address can be"};
    for (size_t i = 0; i < sizeof peers / sizeof peers[0]; i++) {
        fail_often(guard, peers[i]);
        assert_true(admits(guard, guess, peers[i]));
    }
    auth_guard_free(guard);
}

static void test_without_a_limit_nobody_is_shut_out(void **state)
{
    (void)state;
    struct auth_guard *guard = auth_guard_new(0);
    fail_often(guard, "192.0.2.1");
    assert_true(admits(guard, guess, "192.0.2.1"));
    assert_true(admits(NULL, guess, "192.0.2.1"));
    auth_guard_free(guard);
}

static void test_SEC_11_a_party_is_the_directory_or_else_the_address(void **state)
{
    (void)state;
    struct auth_guard *guard = auth_guard_new(0);
    struct slice here = slice_str("192.0.2.1"), there = slice_str("192.0.2.2");
    struct slice other = SLICE_LITERAL("bearer  scimt_01jd8jm32ye008000000001aye01jd8jm32ze4hsasw9nf6yy093_good");
    uint64_t party = auth_guard_party(guard, good, here);
    assert_int_not_equal(party, 0);
    assert_int_equal(party, auth_guard_party(guard, guess, there));
    assert_int_not_equal(party, auth_guard_party(guard, other, here));
    assert_int_equal(auth_guard_party(guard, SLICE_EMPTY, here), auth_guard_party(guard, slice_str("Basic x"), here));
    assert_int_not_equal(auth_guard_party(guard, SLICE_EMPTY, here), auth_guard_party(guard, SLICE_EMPTY, there));
    assert_int_not_equal(auth_guard_party(guard, slice_str("scim"), here), 0);
    assert_int_not_equal(auth_guard_party(guard, slice_str("scimt_0"), SLICE_EMPTY), 0);
    auth_guard_free(guard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_SEC_06_an_address_that_guessed_too_often_is_shut_out),
        cmocka_unit_test(test_SEC_06_what_has_proved_right_before_is_let_in_all_the_same),
        cmocka_unit_test(test_SEC_06_a_request_without_a_credential_is_no_guess),
        cmocka_unit_test(test_SEC_06_an_IPv6_network_is_one_address),
        cmocka_unit_test(test_what_is_no_address_is_let_in),
        cmocka_unit_test(test_without_a_limit_nobody_is_shut_out),
        cmocka_unit_test(test_SEC_11_a_party_is_the_directory_or_else_the_address),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
