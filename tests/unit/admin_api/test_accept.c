/* What the Accept header lets through, and which of two types a client would rather have. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "accept.h"

#define JSON   "application/json"
#define STREAM "text/event-stream"

static void test_the_range_that_is_closest_decides(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool allowed;
    } cases[] = {
        {"", true},
        {"*/*", true},
        {"application/*", true},
        {"Application/JSON; charset=utf-8", true},
        {"text/html", false},
        {"application/json;q=0, */*", false},
        {"*/*;q=0, application/json;q=0.1", true},
        {"application/json ; q=0.000", false},
        {"application/js", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(accept_allows(slice_str(cases[i].header), JSON), cases[i].allowed);
}

static void test_one_of_several_types_is_enough(void **state)
{
    (void)state;
    assert_true(accept_allows(SLICE_LITERAL("text/*"), JSON " " STREAM));
    assert_false(accept_allows(SLICE_LITERAL("image/png"), JSON " " STREAM));
}

static void test_a_type_is_preferred_by_who_names_it_more_closely(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool preferred;
    } cases[] = {
        {"text/event-stream", true},
        {"text/event-stream, */*;q=0.1", true},
        {"*/*, TEXT/EVENT-STREAM", true},
        {"text/*, */*", true},
        {"text/event-stream, application/json", false},
        {"text/event-stream;q=0", false},
        {"text/event-stream;q=0, */*", false},
        {"*/*", false},
        {"", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(accept_prefers(slice_str(cases[i].header), STREAM, JSON), cases[i].preferred);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_range_that_is_closest_decides),
        cmocka_unit_test(test_one_of_several_types_is_enough),
        cmocka_unit_test(test_a_type_is_preferred_by_who_names_it_more_closely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
