#include "skim.h"

/* at stands on an opening quote; returns what is behind the closing one. */
static const char *skip_string(const char *at, const char *end)
{
    for (at++; at < end && *at != '"'; at++)
        if (*at == '\\')
            at++;
    return at < end ? at + 1 : end;
}

static const char *skip_value(const char *at, const char *end)
{
    size_t depth = 0;
    while (at < end) {
        if (*at == '"') {
            at = skip_string(at, end);
            continue;
        }
        if (depth == 0 && (*at == ',' || *at == '}' || *at == ']'))
            return at;
        if (*at == '{' || *at == '[')
            depth++;
        else if (*at == '}' || *at == ']')
            depth--;
        at++;
    }
    return end;
}

bool skim_member(struct slice *rest, struct slice *name_out, struct slice *value_out)
{
    const char *at = rest->data, *end = rest->data + rest->len;
    if (at < end && (*at == '{' || *at == ','))
        at++;
    if (at >= end || *at != '"')
        return false;
    const char *name_end = skip_string(at, end);
    if (name_end >= end || *name_end != ':')
        return false;
    *name_out = slice_of(at + 1, (size_t)(name_end - at) - 2);
    const char *value_end = skip_value(name_end + 1, end);
    *value_out = slice_of(name_end + 1, (size_t)(value_end - name_end) - 1);
    *rest = slice_of(value_end, (size_t)(end - value_end));
    return true;
}

bool skim_element(struct slice *rest, struct slice *value_out)
{
    const char *at = rest->data, *end = rest->data + rest->len;
    if (at < end && (*at == '[' || *at == ','))
        at++;
    if (at >= end || *at == ']')
        return false;
    const char *value_end = skip_value(at, end);
    *value_out = slice_of(at, (size_t)(value_end - at));
    *rest = slice_of(value_end, (size_t)(end - value_end));
    return value_out->len > 0;
}
