#include "accept.h"

static struct slice cut(struct slice *rest, char separator)
{
    const char *at = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    struct slice part = slice_of(rest->data, at ? (size_t)(at - rest->data) : rest->len);
    *rest = slice_skip(*rest, at ? part.len + 1 : part.len);
    return slice_trim(part);
}

/* How closely the range names the type: 3 by name, 2 by its first half, 1 by "*" "/" "*", 0 not. */
static int closeness(struct slice range, struct slice type)
{
    struct slice rest = type, main_type = cut(&rest, '/');
    if (slice_equals_ascii_nocase(range, type))
        return 3;
    if (range.len == main_type.len + 2 && slice_equals(slice_skip(range, main_type.len), SLICE_LITERAL("/*")) &&
        slice_starts_with_ascii_nocase(range, main_type))
        return 2;
    return slice_equals(range, SLICE_LITERAL("*/*")) ? 1 : 0;
}

/* "q=0", "q=0.000": not this one. */
static bool is_excluded(struct slice parameters)
{
    while (parameters.len > 0) {
        struct slice parameter = cut(&parameters, ';');
        if (!slice_starts_with_ascii_nocase(parameter, SLICE_LITERAL("q=")))
            continue;
        struct slice weight = slice_skip(parameter, 2);
        size_t zeros = 0;
        while (zeros < weight.len && (weight.data[zeros] == '0' || weight.data[zeros] == '.'))
            zeros++;
        return weight.len > 0 && zeros == weight.len;
    }
    return false;
}

/* Of the range that is closest, which decides; 0: it is not allowed. */
static int closest(struct slice header, struct slice type)
{
    int best = 0;
    bool allowed = false;
    while (header.len > 0) {
        struct slice item = cut(&header, ','), range = cut(&item, ';');
        int close = closeness(range, type);
        if (close > best) {
            best = close;
            allowed = !is_excluded(item);
        }
    }
    return allowed ? best : 0;
}

bool accept_allows(struct slice header, const char *media_types)
{
    struct slice types = slice_str(media_types);
    bool allowed = slice_trim(header).len == 0;
    while (!allowed && types.len > 0)
        allowed = closest(header, cut(&types, ' ')) > 0;
    return allowed;
}

bool accept_prefers(struct slice header, const char *type, const char *other)
{
    return closest(header, slice_str(type)) > closest(header, slice_str(other));
}

bool accept_check(struct slice header, const char *media_types, struct err *err)
{
    const char *types = media_types ? media_types : "application/json";
    return accept_allows(header, types) ||
           err_set(err, ERR_NOT_ACCEPTABLE, "The answer is %s, which the Accept header leaves out.", types);
}
