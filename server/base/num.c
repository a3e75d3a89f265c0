#include "base/num.h"

static bool parse_digits(struct slice s, uint64_t *value_out)
{
    uint64_t value = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return false;
        if (__builtin_mul_overflow(value, 10U, &value) ||
            __builtin_add_overflow(value, (uint64_t)(s.data[i] - '0'), &value))
            return false;
    }
    *value_out = value;
    return s.len > 0;
}

bool num_parse_uint(struct slice s, uint64_t min, uint64_t max, uint64_t *value_out)
{
    uint64_t value;
    if (!parse_digits(s, &value) || value < min || value > max)
        return false;
    *value_out = value;
    return true;
}

bool num_parse_int(struct slice s, int64_t min, int64_t max, int64_t *value_out)
{
    bool negative = s.len > 0 && s.data[0] == '-';
    if (s.len > 0 && (s.data[0] == '-' || s.data[0] == '+'))
        s = slice_skip(s, 1);

    uint64_t magnitude;
    int64_t value;
    if (!parse_digits(s, &magnitude))
        return false;
    if (negative ? __builtin_sub_overflow(0, magnitude, &value) : __builtin_add_overflow(0, magnitude, &value))
        return false;
    if (value < min || value > max)
        return false;
    *value_out = value;
    return true;
}
