#include "filter_instant.h"

struct reader {
    struct slice rest;
    bool failed;
};

static char peek(const struct reader *reader) { return reader->rest.len ? reader->rest.data[0] : '\0'; }

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool take(struct reader *reader, char c)
{
    if (peek(reader) != c || reader->rest.len == 0)
        return false;
    reader->rest = slice_skip(reader->rest, 1);
    return true;
}

static void expect(struct reader *reader, char c)
{
    if (!take(reader, c))
        reader->failed = true;
}

static int number(struct reader *reader, size_t digits, int min, int max)
{
    int value = 0;
    for (size_t i = 0; i < digits; i++) {
        if (!is_digit(peek(reader))) {
            reader->failed = true;
            return min;
        }
        value = value * 10 + (peek(reader) - '0');
        reader->rest = slice_skip(reader->rest, 1);
    }
    if (value < min || value > max)
        reader->failed = true;
    return value;
}

static uint32_t fraction(struct reader *reader)
{
    uint32_t nanoseconds = 0, unit = 100000000;
    if (!take(reader, '.'))
        return 0;
    if (!is_digit(peek(reader)))
        reader->failed = true;
    for (; is_digit(peek(reader)); unit /= 10) {
        nanoseconds += (uint32_t)(peek(reader) - '0') * unit;
        reader->rest = slice_skip(reader->rest, 1);
    }
    return nanoseconds;
}

static int offset_seconds(struct reader *reader)
{
    if (reader->rest.len == 0 || take(reader, 'Z') || take(reader, 'z'))
        return 0;
    int sign = take(reader, '-') ? -1 : 1;
    if (sign > 0)
        expect(reader, '+');
    int hours = number(reader, 2, 0, 23);
    expect(reader, ':');
    int minutes = number(reader, 2, 0, 59);
    return sign * (hours * 60 + minutes) * 60;
}

static bool is_leap(int year) { return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0; }

static int month_days(int year, int month)
{
    static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    return month == 2 && is_leap(year) ? 29 : days[month - 1];
}

/* Days from 1970-01-01 in the Gregorian calendar, which xsd:dateTime counts backwards for ever. */
static int64_t days_since_1970(int year, int month, int day)
{
    int64_t before = year - 1;
    int64_t days = before * 365 + before / 4 - before / 100 + before / 400 - 719162;
    for (int m = 1; m < month; m++)
        days += month_days(year, m);
    return days + day - 1;
}

bool scim_instant_parse(struct slice text, struct scim_instant *instant_out)
{
    struct reader reader = {text, false};
    int year = number(&reader, 4, 1, 9999);
    expect(&reader, '-');
    int month = number(&reader, 2, 1, 12);
    expect(&reader, '-');
    int day = number(&reader, 2, 1, reader.failed ? 31 : month_days(year, month));
    if (!take(&reader, 't'))
        expect(&reader, 'T');
    int hour = number(&reader, 2, 0, 23);
    expect(&reader, ':');
    int minute = number(&reader, 2, 0, 59);
    expect(&reader, ':');
    int second = number(&reader, 2, 0, 60); /* 60 is a leap second */
    uint32_t nanoseconds = fraction(&reader);
    int offset = offset_seconds(&reader);
    if (reader.failed || reader.rest.len)
        return false;
    int64_t minutes = (days_since_1970(year, month, day) * 24 + hour) * 60 + minute;
    instant_out->seconds = minutes * 60 + second - offset;
    instant_out->nanoseconds = nanoseconds;
    return true;
}

int scim_instant_compare(struct scim_instant a, struct scim_instant b)
{
    if (a.seconds != b.seconds)
        return a.seconds < b.seconds ? -1 : 1;
    return (a.nanoseconds > b.nanoseconds) - (a.nanoseconds < b.nanoseconds);
}
