#include "schedule.h"

#include <time.h>

#include "base/num.h"

enum { SECOND_MS = 1000, DAY_MS = 86400000, MINUTE_S = 60, HOUR_S = 3600 };

static const int delays_s[] = {5,           5 * MINUTE_S, 30 * MINUTE_S, 2 * HOUR_S, 5 * HOUR_S,
                               10 * HOUR_S, 14 * HOUR_S,  20 * HOUR_S,   24 * HOUR_S};
enum { DELAYS = sizeof delays_s / sizeof delays_s[0], PROBES = 3 /* delays between probes, the last one repeated */ };
_Static_assert(DELAYS == SCHEDULE_ATTEMPTS - 1, "a delay between two attempts");

int64_t schedule_delay_ms(unsigned failures, uint64_t chance, unsigned haste)
{
    unsigned line = failures == 0 ? 0 : failures - 1;
    int64_t delay = (int64_t)delays_s[line < DELAYS ? line : DELAYS - 1] * SECOND_MS, tenth = delay / 10;
    int64_t spread = (int64_t)(chance % (uint64_t)(2 * tenth + 1)) - tenth;
    return (delay + spread) / haste;
}

int64_t schedule_probe_ms(unsigned failures, uint64_t chance, unsigned haste)
{
    return schedule_delay_ms(failures < PROBES ? failures : PROBES, chance, haste);
}

/* "Sun, 06 Nov 1994 08:49:37 GMT", and the two that are only read: RFC 850's and asctime's. Names of days say nothing.
 */
static bool parse_date(const char *text, int64_t *instant_ms_out)
{
    static const char *const forms[] = {"%a, %d %b %Y %H:%M:%S GMT", "%a, %d-%b-%y %H:%M:%S GMT",
                                        "%a %b %d %H:%M:%S %Y"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct tm parts = {0};
        const char *end = strptime(text, forms[i], &parts);
        if (!end || *end)
            continue;
        *instant_ms_out = (int64_t)timegm(&parts) * SECOND_MS;
        return true;
    }
    return false;
}

static int64_t within_a_day(int64_t delay_ms) { return delay_ms < 0 ? 0 : delay_ms > DAY_MS ? DAY_MS : delay_ms; }

bool schedule_retry_after(struct slice value, int64_t now_ms, int64_t *delay_ms_out)
{
    char text[64];
    uint64_t seconds;
    int64_t instant_ms;
    value = slice_trim(value);
    if (value.len == 0 || value.len >= sizeof text)
        return false;
    if (num_parse_uint(value, 0, UINT64_MAX, &seconds)) {
        *delay_ms_out = seconds < (uint64_t)DAY_MS / SECOND_MS ? (int64_t)seconds * SECOND_MS : DAY_MS;
        return true;
    }
    memcpy(text, value.data, value.len);
    text[value.len] = '\0';
    if (!parse_date(text, &instant_ms))
        return false;
    *delay_ms_out = within_a_day(instant_ms - now_ms);
    return true;
}

bool schedule_is_over(int64_t failing_since_ms, unsigned failures, int64_t now_ms, unsigned haste)
{
    return failures >= SCHEDULE_DISABLED_AFTER &&
           now_ms - failing_since_ms >= (int64_t)SCHEDULE_DISABLED_DAYS * DAY_MS / haste;
}
