#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "cadence.h"

enum { MINUTE_MS = 60 * 1000, HOUR_MS = 60 * MINUTE_MS };
#define DAY_MS (INT64_C(24) * HOUR_MS)

static void check(struct cadence_source source, int64_t expected_ms, const char *from, int64_t patience_ms)
{
    struct cadence cadence = cadence_of(&source);
    assert_int_equal(cadence.expected_ms, expected_ms);
    assert_string_equal(cadence.source, from);
    assert_int_equal(cadence.patience_ms, patience_ms);
}

static void test_a_provider_has_its_own_rhythm(void **state)
{
    (void)state;
    check((struct cadence_source){.idp = SLICE_LITERAL("entra")}, 40 * MINUTE_MS, "default", 120 * MINUTE_MS);
    check((struct cadence_source){.idp = SLICE_LITERAL("okta")}, DAY_MS, "default", 3 * DAY_MS);
    check((struct cadence_source){.idp = SLICE_LITERAL("of our own")}, DAY_MS, "default", 3 * DAY_MS);
}

static void test_what_is_learned_counts_when_it_is_sure_and_longer(void **state)
{
    (void)state;
    struct cadence_source source = {.idp = SLICE_LITERAL("entra"), .usual_gap_ms = 5 * HOUR_MS, .gaps = 4};
    check(source, 40 * MINUTE_MS, "default", 120 * MINUTE_MS);
    source.gaps = 5;
    check(source, 5 * HOUR_MS, "learned", 15 * HOUR_MS);
    source.usual_gap_ms = 5 * MINUTE_MS; /* a busy week */
    check(source, 40 * MINUTE_MS, "default", 120 * MINUTE_MS);
}

static void test_what_the_vendor_says_wins(void **state)
{
    (void)state;
    struct cadence_source source = {
        .idp = SLICE_LITERAL("entra"), .set_s = 3600, .usual_gap_ms = 5 * HOUR_MS, .gaps = 50};
    check(source, HOUR_MS, "set", 3 * HOUR_MS);
    source.set_s = 60;
    check(source, MINUTE_MS, "set", 30 * MINUTE_MS); /* no alarm within half an hour */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_provider_has_its_own_rhythm),
        cmocka_unit_test(test_what_is_learned_counts_when_it_is_sure_and_longer),
        cmocka_unit_test(test_what_the_vendor_says_wins),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
