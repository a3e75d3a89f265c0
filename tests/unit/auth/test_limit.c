#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "auth/limit.h"

enum { NOW_MS = 1000000 };

static bool take(struct auth_bucket *bucket, const struct auth_limit *limit, uint64_t cost, int64_t now_ms)
{
    return auth_bucket_take(bucket, limit, cost, now_ms).granted;
}

static void test_H_24_a_burst_is_granted_and_then_the_rate(void **state)
{
    (void)state;
    struct auth_limit limit = auth_limit_of(2, 1, 5);
    struct auth_bucket bucket = {0};
    for (uint64_t i = 0; i < 5; i++) {
        struct auth_quota quota = auth_bucket_take(&bucket, &limit, 1, NOW_MS);
        assert_true(quota.granted);
        assert_int_equal(quota.remaining, 4 - i);
        assert_int_equal(quota.retry_s, 0);
    }
    assert_false(take(&bucket, &limit, 1, NOW_MS));
    assert_false(take(&bucket, &limit, 1, NOW_MS + 499));
    assert_true(take(&bucket, &limit, 1, NOW_MS + 500));
    assert_false(take(&bucket, &limit, 1, NOW_MS + 500));
    for (int i = 0; i < 5; i++)
        assert_true(take(&bucket, &limit, 1, NOW_MS + 60000));
    assert_false(take(&bucket, &limit, 1, NOW_MS + 60000));
}

static void test_H_24_a_refusal_says_when_it_is_worth_trying_again(void **state)
{
    (void)state;
    struct auth_limit limit = auth_limit_of(20, 60, 1);
    struct auth_bucket bucket = {0};
    assert_true(take(&bucket, &limit, 1, NOW_MS));
    struct auth_quota quota = auth_bucket_take(&bucket, &limit, 1, NOW_MS);
    assert_false(quota.granted);
    assert_int_equal(quota.retry_s, 3);
    assert_int_equal(quota.remaining, 0);
    assert_int_equal(auth_bucket_take(&bucket, &limit, 1, NOW_MS + 2999).retry_s, 1); /* at least one second */
    assert_true(take(&bucket, &limit, 1, NOW_MS + 3000));
}

static void test_B_17_a_request_of_many_operations_is_paid_for_afterwards(void **state)
{
    (void)state;
    struct auth_limit limit = auth_limit_of(10, 1, 10);
    struct auth_bucket bucket = {0};
    assert_true(take(&bucket, &limit, 1000, NOW_MS)); /* more than fits: granted when it is full */
    assert_int_equal(auth_bucket_look(&bucket, &limit, 1, NOW_MS).retry_s, 100 - 1 + 1);
    assert_false(take(&bucket, &limit, 1, NOW_MS + 99000));
    assert_true(take(&bucket, &limit, 1, NOW_MS + 99100));
}

static void test_a_look_takes_nothing(void **state)
{
    (void)state;
    struct auth_limit limit = auth_limit_of(1, 1, 1);
    struct auth_bucket bucket = {0};
    for (int i = 0; i < 5; i++)
        assert_true(auth_bucket_look(&bucket, &limit, 1, NOW_MS).granted);
}

static void test_charges_leave_no_more_than_the_debt(void **state)
{
    (void)state;
    struct auth_limit limit = auth_limit_of(20, 60, 20);
    struct auth_bucket bucket = {0};
    for (int i = 0; i < 100000; i++)
        auth_bucket_charge(&bucket, &limit, 600, NOW_MS);
    struct auth_quota quota = auth_bucket_look(&bucket, &limit, 1, NOW_MS);
    assert_false(quota.granted);
    assert_in_range(quota.retry_s, 600, 606);
}

static void test_a_clock_that_goes_back_grants_nothing_twice(void **state)
{
    (void)state;
    struct auth_limit limit = auth_limit_of(1, 1, 2);
    struct auth_bucket bucket = {0};
    assert_true(take(&bucket, &limit, 2, NOW_MS));
    assert_false(take(&bucket, &limit, 1, NOW_MS - 5000));
    assert_true(take(&bucket, &limit, 1, NOW_MS + 1000));
}

static void test_no_limit_grants_everything(void **state)
{
    (void)state;
    struct auth_limit limit = auth_limit_of(0, 1, 0);
    struct auth_bucket bucket = {0};
    assert_true(take(&bucket, &limit, UINT64_MAX, NOW_MS));
    assert_null(auth_limiter_new(limit));
}

static struct id key_of(uint32_t number)
{
    struct id key = {{1}};
    for (size_t i = 0; i < 4; i++)
        key.bytes[12 + i] = (uint8_t)(number >> (8 * i));
    return key;
}

static void test_SEC_11_each_key_has_a_bucket_of_its_own(void **state)
{
    (void)state;
    struct auth_limiter *limiter = auth_limiter_new(auth_limit_of(1, 1, 3));
    struct id busy = key_of(1), quiet = key_of(2);
    for (int i = 0; i < 3; i++)
        assert_true(auth_limiter_take(limiter, &busy, 1, NOW_MS).granted);
    assert_false(auth_limiter_take(limiter, &busy, 1, NOW_MS).granted);
    assert_false(auth_limiter_look(limiter, &busy, 1, NOW_MS).granted);
    assert_true(auth_limiter_take(limiter, &quiet, 1, NOW_MS).granted);
    auth_limiter_spend(limiter, &quiet, 100, NOW_MS);
    assert_int_equal(auth_limiter_look(limiter, &quiet, 1, NOW_MS).retry_s, 99);
    auth_limiter_free(limiter);
}

/* The table is bounded: of a hundred thousand keys, those that owe most are remembered. */
static void test_SEC_06_many_keys_do_not_push_out_the_one_in_debt(void **state)
{
    (void)state;
    struct auth_limiter *limiter = auth_limiter_new(auth_limit_of(20, 60, 20));
    struct id guesser = key_of(0);
    for (int i = 0; i < 40; i++)
        auth_limiter_charge(limiter, &guesser, 600, NOW_MS);
    for (uint32_t i = 1; i < 100000; i++) {
        struct id key = key_of(i);
        auth_limiter_charge(limiter, &key, 600, NOW_MS + (int64_t)i / 100);
    }
    assert_false(auth_limiter_look(limiter, &guesser, 1, NOW_MS + 1000).granted);
    auth_limiter_free(limiter);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_H_24_a_burst_is_granted_and_then_the_rate),
        cmocka_unit_test(test_H_24_a_refusal_says_when_it_is_worth_trying_again),
        cmocka_unit_test(test_B_17_a_request_of_many_operations_is_paid_for_afterwards),
        cmocka_unit_test(test_a_look_takes_nothing),
        cmocka_unit_test(test_charges_leave_no_more_than_the_debt),
        cmocka_unit_test(test_a_clock_that_goes_back_grants_nothing_twice),
        cmocka_unit_test(test_no_limit_grants_everything),
        cmocka_unit_test(test_SEC_11_each_key_has_a_bucket_of_its_own),
        cmocka_unit_test(test_SEC_06_many_keys_do_not_push_out_the_one_in_debt),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
