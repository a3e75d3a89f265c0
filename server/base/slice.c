#include "base/slice.h"

static char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? (char)(c | 0x20) : c; }

bool slice_equals_ascii_nocase(struct slice a, struct slice b)
{
    return a.len == b.len && slice_starts_with_ascii_nocase(a, b);
}

bool slice_starts_with(struct slice s, struct slice prefix)
{
    return s.len >= prefix.len && slice_equals(slice_of(s.data, prefix.len), prefix);
}

bool slice_starts_with_ascii_nocase(struct slice s, struct slice prefix)
{
    if (s.len < prefix.len)
        return false;
    for (size_t i = 0; i < prefix.len; i++) {
        if (s.data[i] != prefix.data[i] && ascii_lower(s.data[i]) != ascii_lower(prefix.data[i]))
            return false;
    }
    return true;
}

static bool is_blank(char c) { return c == ' ' || c == '\t'; }

struct slice slice_trim(struct slice s)
{
    while (s.len > 0 && is_blank(s.data[0]))
        s = slice_skip(s, 1);
    while (s.len > 0 && is_blank(s.data[s.len - 1]))
        s.len--;
    return s;
}

struct slice slice_skip(struct slice s, size_t bytes)
{
    if (bytes == 0)
        return s;
    if (bytes > s.len)
        bytes = s.len;
    return s.len == 0 ? s : slice_of(s.data + bytes, s.len - bytes);
}
