#include "instant.h"

#include <time.h>

#include "base/num.h"

enum { DATE_TIME_CHARS = 19 }; /* "2027-01-31T12:00:00" */

/* A digit for every 'd' of the form, the very character for every other. */
static bool has_form(struct slice text, const char *form)
{
    if (text.len < strlen(form))
        return false;
    for (size_t i = 0; form[i]; i++) {
        bool is_digit = text.data[i] >= '0' && text.data[i] <= '9';
        if (form[i] == 'd' ? !is_digit : text.data[i] != form[i])
            return false;
    }
    return true;
}

static bool read_part(struct slice text, size_t at, size_t chars, uint64_t min, uint64_t max, int *part_out)
{
    uint64_t number;
    if (!num_parse_uint(slice_of(text.data + at, chars), min, max, &number))
        return false;
    *part_out = (int)number;
    return true;
}

static bool read_date_time(struct slice text, int64_t *seconds_out)
{
    struct tm tm = {0};
    bool fine = has_form(text, "dddd-dd-ddTdd:dd:dd") && read_part(text, 0, 4, 1970, 9999, &tm.tm_year) &&
                read_part(text, 5, 2, 1, 12, &tm.tm_mon) && read_part(text, 8, 2, 1, 31, &tm.tm_mday) &&
                read_part(text, 11, 2, 0, 23, &tm.tm_hour) && read_part(text, 14, 2, 0, 59, &tm.tm_min) &&
                read_part(text, 17, 2, 0, 59, &tm.tm_sec);
    if (!fine)
        return false;
    int day = tm.tm_mday;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    *seconds_out = (int64_t)timegm(&tm);
    return tm.tm_mday == day; /* timegm turns 31 February into March */
}

/* ".123…": *rest_out is what follows. */
static int64_t read_fraction(struct slice text, struct slice *rest_out)
{
    int64_t ms = 0, weight = 100;
    size_t at = 0;
    if (text.len >= 2 && text.data[0] == '.')
        for (at = 1; at < text.len && text.data[at] >= '0' && text.data[at] <= '9'; at++, weight /= 10)
            ms += (text.data[at] - '0') * weight;
    *rest_out = slice_skip(text, at > 1 ? at : 0);
    return ms;
}

static bool read_offset(struct slice text, int64_t *seconds_out)
{
    *seconds_out = 0;
    if (slice_equals(text, SLICE_LITERAL("Z")))
        return true;
    int hours, minutes;
    if (text.len != 6 || !(has_form(text, "+dd:dd") || has_form(text, "-dd:dd")) ||
        !read_part(text, 1, 2, 0, 23, &hours) || !read_part(text, 4, 2, 0, 59, &minutes))
        return false;
    int seconds = hours * 3600 + minutes * 60;
    *seconds_out = text.data[0] == '-' ? -seconds : seconds;
    return true;
}

bool admin_instant_parse(struct slice text, int64_t *instant_ms_out)
{
    int64_t seconds, offset;
    struct slice rest;
    if (!read_date_time(text, &seconds))
        return false;
    int64_t ms = read_fraction(slice_skip(text, DATE_TIME_CHARS), &rest);
    if (!read_offset(rest, &offset))
        return false;
    *instant_ms_out = (seconds - offset) * 1000 + ms;
    return true;
}

bool admin_instant_query(struct slice text, const char *name, int64_t *instant_ms_out, struct err *err)
{
    return !text.data || admin_instant_parse(text, instant_ms_out) ||
           err_set(err, ERR_BAD_REQUEST, "%s must be a time such as 2027-01-31T12:00:00Z.", name);
}
