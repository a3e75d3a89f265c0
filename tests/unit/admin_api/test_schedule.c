/* When what failed is tried again, and whether a receiver is up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "receiver.h"
#include "schedule.h"

enum { SECOND_MS = 1000, MINUTE_MS = 60 * SECOND_MS, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

/* In the middle of the spread: a tenth of the delay. */
static uint64_t middle(int64_t delay_ms) { return (uint64_t)delay_ms / 10; }

static void test_WH_09_delays_are_those_of_standard_webhooks(void **state)
{
    (void)state;
    static const int64_t expected[] = {5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 2 * HOUR_MS,
                                       5 * HOUR_MS,   10 * HOUR_MS,  14 * HOUR_MS,   20 * HOUR_MS,
                                       24 * HOUR_MS,  24 * HOUR_MS,  24 * HOUR_MS};
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(schedule_delay_ms(i + 1, middle(expected[i]), 1), expected[i]);
    assert_int_equal(SCHEDULE_ATTEMPTS, 10);
}

static void test_a_receiver_that_is_down_is_probed_every_half_an_hour_in_the_end(void **state)
{
    (void)state;
    static const int64_t expected[] = {5 * SECOND_MS, 5 * MINUTE_MS, 30 * MINUTE_MS, 30 * MINUTE_MS, 30 * MINUTE_MS};
    for (unsigned i = 0; i < sizeof expected / sizeof expected[0]; i++)
        assert_int_equal(schedule_probe_ms(i + 1, middle(expected[i]), 1), expected[i]);
    assert_int_equal(schedule_probe_ms(200, middle(30 * MINUTE_MS), 1), 30 * MINUTE_MS);
}

static void test_delays_are_spread_over_a_tenth_in_both_directions(void **state)
{
    (void)state;
    int64_t least = INT64_MAX, most = 0;
    for (uint64_t chance = 0; chance < 10000; chance++) {
        int64_t delay = schedule_delay_ms(1, chance * UINT64_C(0x9e3779b97f4a7c15), 1);
        least = delay < least ? delay : least;
        most = delay > most ? delay : most;
    }
    assert_in_range(least, 4500, 4510);
    assert_in_range(most, 5490, 5500);
}

static void test_haste_divides_all_of_it(void **state)
{
    (void)state;
    assert_int_equal(schedule_delay_ms(2, middle(5 * MINUTE_MS), 1000), 300);
    assert_true(schedule_is_over(1000, 5, 1000 + 5 * DAY_MS / 100, 100));
    assert_false(schedule_is_over(1000, 5, 999 + 5 * DAY_MS / 100, 100));
}

static void test_a_clock_that_jumps_ends_nothing(void **state)
{
    (void)state;
    assert_false(schedule_is_over(1000, 4, 1000 + INT64_C(365) * DAY_MS, 1));
    assert_true(schedule_is_over(1000, 5, 1000 + INT64_C(365) * DAY_MS, 1));
}

static void test_WH_08_retry_after_is_seconds_or_a_date_of_any_form(void **state)
{
    (void)state;
    const int64_t now_ms = INT64_C(784111777) * 1000; /* Sun, 06 Nov 1994 08:49:37 GMT */
    static const struct {
        const char *value;
        int64_t delay_ms; /* -1: nothing that can be understood */
    } table[] = {
        {"0", 0},
        {"120", 120 * SECOND_MS},
        {"  7 ", 7 * SECOND_MS},
        {"86400", DAY_MS},
        {"86401", DAY_MS},
        {"2147483647", DAY_MS},
        {"99999999999", DAY_MS},
        {"18446744073709551615", DAY_MS},
        {"-1", -1},
        {"1.5", -1},
        {"soon", -1},
        {"", -1},
        {"Sun, 06 Nov 1994 08:49:47 GMT", 10 * SECOND_MS},
        {"Sunday, 06-Nov-94 08:49:47 GMT", 10 * SECOND_MS},
        {"Sun Nov  6 08:49:47 1994", 10 * SECOND_MS},
        {"Sun, 06 Nov 1994 08:49:27 GMT", 0},
        {"Sun, 06 Nov 2044 08:49:27 GMT", DAY_MS},
        {"Sun, 06 Nov 1994 08:49:47 GMT and more", -1},
        {"Sun, 06 Nov 1994 08:49:47 CET", -1},
        {"0000000000000000000000000000000000000000000000000000000000000000000000000000000000001", -1},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        int64_t delay_ms = -1;
        bool good = schedule_retry_after(slice_str(table[i].value), now_ms, &delay_ms);
        if (good != (table[i].delay_ms >= 0) || delay_ms != table[i].delay_ms)
            fail_msg("%s: %lld", table[i].value, (long long)delay_ms);
    }
}

/* --- receiver --- */

static struct receiver fresh(void) { return (struct receiver){.most = 16, .window = 16}; }

static bool fail_once(struct receiver *receiver, struct receiver_failure failure, int64_t now_ms)
{
    failure.text = "The receiver answered 500.";
    return receiver_fail(receiver, &failure, now_ms, middle(5 * SECOND_MS), 1);
}

static void test_events_that_fail_in_a_row_take_an_endpoint_down(void **state)
{
    (void)state;
    struct receiver receiver = fresh();
    for (int i = 1; i < RECEIVER_PATIENCE; i++)
        assert_false(fail_once(&receiver, (struct receiver_failure){.event_failures = 1}, 1000));
    assert_true(receiver_may_send(&receiver, 15, 1000));
    assert_true(fail_once(&receiver, (struct receiver_failure){.event_failures = 1}, 1000));
    assert_true(receiver_is_down(&receiver));
    assert_int_equal(receiver.next_ms, 6000);
    assert_int_equal(receiver.failing_since_ms, 1000);
}

static void test_one_event_that_fails_again_and_again_takes_nothing_down(void **state)
{
    (void)state;
    struct receiver receiver = fresh();
    for (unsigned i = 1; i < 100; i++)
        assert_false(fail_once(&receiver, (struct receiver_failure){.event_failures = i}, 1000 * i));
    assert_true(receiver_may_send(&receiver, 0, 1000));
}

static void test_successes_in_between_keep_it_up(void **state)
{
    (void)state;
    struct receiver receiver = fresh();
    for (int i = 0; i < 100; i++) {
        assert_false(fail_once(&receiver, (struct receiver_failure){.event_failures = 1}, 1000));
        assert_false(fail_once(&receiver, (struct receiver_failure){.event_failures = 1}, 1000));
        assert_false(receiver_succeed(&receiver, 1000));
    }
}

static void test_WH_08_who_asks_for_a_break_gets_one_of_that_length(void **state)
{
    (void)state;
    struct receiver receiver = fresh();
    assert_true(
        fail_once(&receiver, (struct receiver_failure){.asks_for_a_break = true, .retry_after_ms = 60000}, 1000));
    assert_int_equal(receiver.next_ms, 61000);
    assert_false(receiver_may_send(&receiver, 0, 60999));
    assert_true(receiver_may_send(&receiver, 0, 61000));
    assert_false(receiver_may_send(&receiver, 1, 61000));
}

static void test_what_was_under_way_counts_for_no_probe(void **state)
{
    (void)state;
    struct receiver receiver = fresh();
    (void)fail_once(&receiver, (struct receiver_failure){.asks_for_a_break = true}, 1000);
    for (int i = 0; i < 15; i++)
        assert_false(fail_once(&receiver, (struct receiver_failure){.asks_for_a_break = true}, 1000));
    assert_int_equal(receiver.failures, 1);
    assert_int_equal(receiver.next_ms, 6000);
    (void)fail_once(&receiver, (struct receiver_failure){.is_probe = true}, 6000);
    assert_int_equal(receiver.failures, 2);
    assert_in_range(receiver.next_ms, 6000 + 270 * SECOND_MS, 6000 + 330 * SECOND_MS);
}

static void test_whoever_was_down_is_given_more_bit_by_bit(void **state)
{
    (void)state;
    struct receiver receiver = fresh();
    (void)fail_once(&receiver, (struct receiver_failure){.asks_for_a_break = true}, 1000);
    assert_true(receiver_succeed(&receiver, 7000));
    assert_int_equal(receiver.failing_since_ms, 0);
    unsigned successes = 1;
    for (; receiver.window < receiver.most; successes++)
        assert_false(receiver_succeed(&receiver, 7000));
    assert_in_range(successes, 8, 32);
    assert_true(receiver_may_send(&receiver, 15, 7000));
}

static void test_WH_09_after_five_days_of_failures_it_is_over(void **state)
{
    (void)state;
    struct receiver receiver = fresh();
    struct receiver_failure probe = {.text = "x", .is_probe = true, .event_failures = 1};
    (void)fail_once(&receiver, (struct receiver_failure){.asks_for_a_break = true}, 1000);
    for (int64_t day = 1; day < 5; day++) {
        (void)receiver_fail(&receiver, &probe, 1000 + day * DAY_MS, 0, 1);
        assert_false(receiver_is_over(&receiver, &probe, 1000 + day * DAY_MS, 1));
    }
    assert_true(receiver_is_over(&receiver, &probe, 1000 + INT64_C(5) * DAY_MS, 1));
    (void)receiver_succeed(&receiver, 2000);
    assert_false(receiver_is_over(&receiver, &probe, 1000 + INT64_C(5) * DAY_MS, 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_WH_09_delays_are_those_of_standard_webhooks),
        cmocka_unit_test(test_a_receiver_that_is_down_is_probed_every_half_an_hour_in_the_end),
        cmocka_unit_test(test_delays_are_spread_over_a_tenth_in_both_directions),
        cmocka_unit_test(test_haste_divides_all_of_it),
        cmocka_unit_test(test_a_clock_that_jumps_ends_nothing),
        cmocka_unit_test(test_WH_08_retry_after_is_seconds_or_a_date_of_any_form),
        cmocka_unit_test(test_events_that_fail_in_a_row_take_an_endpoint_down),
        cmocka_unit_test(test_one_event_that_fails_again_and_again_takes_nothing_down),
        cmocka_unit_test(test_successes_in_between_keep_it_up),
        cmocka_unit_test(test_WH_08_who_asks_for_a_break_gets_one_of_that_length),
        cmocka_unit_test(test_what_was_under_way_counts_for_no_probe),
        cmocka_unit_test(test_whoever_was_down_is_given_more_bit_by_bit),
        cmocka_unit_test(test_WH_09_after_five_days_of_failures_it_is_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
