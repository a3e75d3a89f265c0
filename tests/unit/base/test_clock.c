#include "base/clock.h"

#include <stdio.h>
#include <time.h>

#include "unit.h"

static void test_text_is_rfc3339_with_milliseconds(void **state)
{
    (void)state;
    static const struct {
        int64_t ms;
        const char *text;
    } rows[] = {
        {0, "1970-01-01T00:00:00.000Z"},
        {-1, "1969-12-31T23:59:59.999Z"},
        {951782400000, "2000-02-29T00:00:00.000Z"},
        {4107542399999, "2100-02-28T23:59:59.999Z"},
        {4107542400000, "2100-03-01T00:00:00.000Z"},
        {1795321133123, "2026-11-22T04:18:53.123Z"},
        {253402300799999, "9999-12-31T23:59:59.999Z"},
        {253402300800000, "9999-12-31T23:59:59.999Z"},
        {INT64_MAX, "9999-12-31T23:59:59.999Z"},
        {-62167219200000, "0000-01-01T00:00:00.000Z"},
        {-62167219200001, "0000-01-01T00:00:00.000Z"},
        {INT64_MIN, "0000-01-01T00:00:00.000Z"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        char text[CLOCK_TEXT_BYTES];
        clock_text(rows[i].ms, text);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_text_agrees_with_the_c_library(void **state)
{
    (void)state;
    const int64_t step = INT64_C(86400000) * 13 + 12345678;
    for (int64_t ms = -62167219200000; ms < 253402300800000; ms += step) {
        time_t seconds = (time_t)((ms - (ms % 1000 + 1000) % 1000) / 1000);
        struct tm parts;
        gmtime_r(&seconds, &parts);
        char text[CLOCK_TEXT_BYTES], expected[64];
        snprintf(expected, sizeof expected, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                 parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                 (int)((ms % 1000 + 1000) % 1000));
        clock_text(ms, text);
        assert_string_equal(text, expected);
    }
}

static void test_clocks_go_forward(void **state)
{
    (void)state;
    uint64_t before = clock_monotonic_ns();
    assert_true(clock_monotonic_ns() >= before);
    assert_true(clock_wall_ms() > 1700000000000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text_is_rfc3339_with_milliseconds),
        cmocka_unit_test(test_text_agrees_with_the_c_library),
        cmocka_unit_test(test_clocks_go_forward),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
