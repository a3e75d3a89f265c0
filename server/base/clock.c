#include "base/clock.h"

#include <time.h>

#define MS_PER_DAY       INT64_C(86400000)
#define DAYS_BEFORE_1970 (INT64_C(719468) + INT64_C(146097)) /* since -400-03-01 */
#define MS_YEAR_0        INT64_C(-62167219200000)            /* 0000-01-01T00:00:00.000Z */
#define MS_YEAR_10000    INT64_C(253402300800000)

int64_t clock_wall_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

uint64_t clock_monotonic_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
}

static char *put_digits(char *out, unsigned value, unsigned digits, char after)
{
    for (unsigned i = digits; i > 0; i--) {
        out[i - 1] = (char)('0' + value % 10);
        value /= 10;
    }
    out[digits] = after;
    return out + digits + 1;
}

/* The proleptic Gregorian date of a day counted from March 1st of the year -400: years then start in March, so that the
 * leap day is the last of its year, and no count is negative. Computed here because gmtime_r takes a process-wide lock
 * and every answer shows two times. */
static char *put_date(char *out, unsigned day)
{
    unsigned era = day / 146097, day_of_era = day % 146097;
    unsigned year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    unsigned day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    unsigned march_month = (5 * day_of_year + 2) / 153;
    unsigned day_of_month = day_of_year - (153 * march_month + 2) / 5 + 1;
    unsigned month = march_month < 10 ? march_month + 3 : march_month - 9;
    unsigned year = era * 400 + year_of_era + (month <= 2) - 400;

    out = put_digits(out, year, 4, '-');
    out = put_digits(out, month, 2, '-');
    return put_digits(out, day_of_month, 2, 'T');
}

void clock_text(int64_t wall_ms, char *out)
{
    if (wall_ms < MS_YEAR_0)
        wall_ms = MS_YEAR_0;
    if (wall_ms >= MS_YEAR_10000)
        wall_ms = MS_YEAR_10000 - 1;

    int64_t since_march = wall_ms + DAYS_BEFORE_1970 * MS_PER_DAY;
    unsigned day = (unsigned)(since_march / MS_PER_DAY), ms = (unsigned)(since_march % MS_PER_DAY);

    out = put_date(out, day);
    out = put_digits(out, ms / 3600000, 2, ':');
    out = put_digits(out, ms / 60000 % 60, 2, ':');
    out = put_digits(out, ms / 1000 % 60, 2, '.');
    put_digits(out, ms % 1000, 3, 'Z');
    out[4] = '\0';
}
