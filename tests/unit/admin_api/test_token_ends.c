#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "organizations.h"
#include "tokens.h"

enum { DAY_MS = 86400000 };

static void test_token_warnings_are_due_at_thirty_seven_and_one_day_and_at_the_end(void **state)
{
    (void)state;
    static const struct {
        int64_t left_ms;
        unsigned due;
    } cases[] = {
        {INT64_C(31) * DAY_MS, 0},
        {INT64_C(30) * DAY_MS + 1, 0},
        {INT64_C(30) * DAY_MS, 1},
        {INT64_C(7) * DAY_MS + 1, 1},
        {INT64_C(7) * DAY_MS, 2},
        {INT64_C(1) * DAY_MS + 1, 2},
        {INT64_C(1) * DAY_MS, 3},
        {1, 3},
        {0, TOKEN_WARNINGS},
        {-1, TOKEN_WARNINGS},
        {INT64_C(-4000) * DAY_MS, TOKEN_WARNINGS},
    };
    static const int64_t now_ms = INT64_C(1795305600000);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(token_warnings_due(now_ms + cases[i].left_ms, now_ms), cases[i].due);
}

static void test_token_without_an_end_has_no_warnings(void **state)
{
    (void)state;
    assert_int_equal(token_warnings_due(0, INT64_C(1795305600000)), 0);
}

static void test_domains_are_kept_in_lower_case(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct slice lower = domain_lower(&arena, SLICE_LITERAL("Acme-2.EXAMPLE"));
    assert_true(slice_equals(lower, SLICE_LITERAL("acme-2.example")));
    assert_null(domain_lower(&arena, (struct slice){.data = NULL}).data);
    assert_int_equal(domain_lower(&arena, SLICE_LITERAL("")).len, 0);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_warnings_are_due_at_thirty_seven_and_one_day_and_at_the_end),
        cmocka_unit_test(test_token_without_an_end_has_no_warnings),
        cmocka_unit_test(test_domains_are_kept_in_lower_case),
    };
    return cmocka_run_group_tests_name("token ends", tests, NULL, NULL);
}
