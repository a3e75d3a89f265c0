#include "scim/query.h"

#include "base/num.h"
#include "query_parts.h"
#include "unicode_text.h"

enum parameter { FILTER, ATTRIBUTES, EXCLUDED, SORT_BY, SORT_ORDER, START_INDEX, COUNT, CURSOR, PARAMETERS };

static const char *const names[PARAMETERS] = {
    [FILTER] = "filter",  [ATTRIBUTES] = "attributes", [EXCLUDED] = "excludedAttributes",
    [SORT_BY] = "sortBy", [SORT_ORDER] = "sortOrder",  [START_INDEX] = "startIndex",
    [COUNT] = "count",    [CURSOR] = "cursor",
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = scim_ascii_lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Reads a %XX at text[*at], which moves to its last digit. */
static bool unescape(struct slice text, size_t *at, char *out)
{
    if (text.len - *at < 3)
        return false;
    int high = hex_digit(text.data[*at + 1]), low = hex_digit(text.data[*at + 2]);
    if (high < 0 || low < 0)
        return false;
    *out = (char)(high * 16 + low);
    *at += 2;
    return true;
}

/* Whether the reader of a filter stands inside a quoted string. */
struct quotes {
    bool open, escaped;
};

static void follow_quotes(struct quotes *quotes, char c)
{
    if (quotes->escaped)
        quotes->escaped = false;
    else if (c == '\\' && quotes->open)
        quotes->escaped = true;
    else if (c == '"')
        quotes->open = !quotes->open;
}

/* A raw "+" is a blank, except inside the strings of a filter (H-18). */
static bool decode(struct slice raw, bool is_filter, struct arena *arena, struct slice *out)
{
    char *text = arena_take(arena, raw.len + 1);
    size_t len = 0;
    struct quotes quotes = {0};
    for (size_t i = 0; i < raw.len; i++) {
        char c = raw.data[i];
        if (c == '%') {
            if (!unescape(raw, &i, &c))
                return false;
        } else if (c == '+' && !quotes.open) {
            c = ' ';
        }
        if (is_filter)
            follow_quotes(&quotes, c);
        text[len++] = c;
    }
    *out = slice_of(text, len);
    return true;
}

static struct slice take_until(struct slice *rest, char separator)
{
    const char *end = rest->len ? memchr(rest->data, separator, rest->len) : NULL;
    size_t len = end ? (size_t)(end - rest->data) : rest->len;
    struct slice part = slice_of(rest->data, len);
    *rest = slice_skip(*rest, end ? len + 1 : len);
    return part;
}

static enum parameter find_parameter(struct slice raw_name, struct arena *arena)
{
    struct slice name;
    enum parameter found = 0;
    if (!decode(raw_name, false, arena, &name))
        return PARAMETERS;
    while (found < PARAMETERS && !slice_equals_ascii_nocase(name, slice_str(names[found])))
        found++;
    return found;
}

struct values {
    bool given[PARAMETERS];
    struct slice text[PARAMETERS];
};

static bool read_one(struct slice field, struct arena *arena, struct values *values, struct err *err)
{
    struct slice rest = field, value;
    struct slice raw_name = take_until(&rest, '=');
    enum parameter parameter = find_parameter(raw_name, arena);
    if (parameter == PARAMETERS)
        return true; /* unknown ones are ignored (H-15) */
    if (values->given[parameter])
        return err_set(err, ERR_INVALID_VALUE, "The parameter %s is given twice.", names[parameter]);
    if (!decode(rest, parameter == FILTER, arena, &value))
        return err_set(err, ERR_INVALID_VALUE, "The parameter %s has a malformed percent-escape.", names[parameter]);
    if (!scim_text_is_utf8(value) || (value.len && memchr(value.data, '\0', value.len)))
        return err_set(err, ERR_INVALID_VALUE, "The parameter %s is not valid UTF-8.", names[parameter]);
    values->given[parameter] = true;
    values->text[parameter] = value;
    return true;
}

static bool read_integer(const struct values *values, enum parameter parameter, bool *given_out, int64_t *value_out)
{
    struct slice text = values->text[parameter];
    *given_out = text.len > 0;
    return text.len == 0 || num_parse_int(text, INT64_MIN, INT64_MAX, value_out);
}

static bool read_integers(const struct values *values, struct scim_query *query, struct err *err)
{
    if (!read_integer(values, COUNT, &query->has_count, &query->count))
        return scim_query_refuse_count(query, err);
    return read_integer(values, START_INDEX, &query->has_start_index, &query->start_index) ||
           err_set(err, ERR_INVALID_VALUE, "The parameter startIndex is no integer, or too large.");
}

bool scim_query_refuse_count(const struct scim_query *query, struct err *err)
{
    return err_set(err, query->has_cursor ? ERR_INVALID_COUNT : ERR_INVALID_VALUE,
                   "The parameter count is no integer, or too large.");
}

bool scim_query_finish(struct scim_query *query, struct err *err)
{
    if (query->has_filter && slice_trim(query->filter).len == 0)
        return err_set(err, ERR_INVALID_FILTER, "The filter is empty.");
    if (query->has_cursor && query->has_start_index)
        return err_set(err, ERR_INVALID_VALUE, "startIndex and cursor exclude each other.");
    if (query->count < 0)
        query->count = 0; /* PG-02 */
    if (query->start_index < 1)
        query->start_index = 1; /* PG-01 */
    return true;
}

bool scim_query_parse(struct slice raw, struct arena *arena, struct scim_query *query_out, struct err *err)
{
    struct values values = {0};
    for (struct slice rest = raw; rest.len > 0;)
        if (!read_one(take_until(&rest, '&'), arena, &values, err))
            return false;

    *query_out = (struct scim_query){
        .has_filter = values.given[FILTER],
        .filter = values.text[FILTER],
        .attributes = values.text[ATTRIBUTES],
        .excluded = values.text[EXCLUDED],
        .sort_by = slice_trim(values.text[SORT_BY]),
        .sort_order = slice_trim(values.text[SORT_ORDER]),
        .has_cursor = values.given[CURSOR],
        .cursor = values.text[CURSOR],
        .start_index = 1,
    };
    return read_integers(&values, query_out, err) && scim_query_finish(query_out, err);
}
