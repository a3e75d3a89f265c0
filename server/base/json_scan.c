#include "base/json.h"

const struct json_limits json_limits_default = {.depth = 32, .containers = 20000, .tokens = 200000, .number = 64};

struct scan {
    const char *at, *end;
    size_t depth, containers, tokens, longest_number;
};

/* at stands behind the opening quote. */
static void skip_string(struct scan *scan)
{
    while (scan->at < scan->end) {
        char c = *scan->at++;
        if (c == '"')
            return;
        if (c == '\\' && scan->at < scan->end)
            scan->at++;
    }
}

static bool ends_word(char c)
{
    static const bool ends[256] = {
        [' '] = true, ['\t'] = true, ['\n'] = true, ['\r'] = true, [','] = true, [':'] = true,
        ['{'] = true, ['}'] = true,  ['['] = true,  [']'] = true,  ['"'] = true};
    return ends[(unsigned char)c];
}

/* A number, a literal, or what only the parser can refuse. */
static void skip_word(struct scan *scan)
{
    const char *start = scan->at;
    while (scan->at < scan->end && !ends_word(*scan->at))
        scan->at++;
    size_t len = (size_t)(scan->at - start);
    bool number = *start == '-' || (*start >= '0' && *start <= '9');
    if (number && len > scan->longest_number)
        scan->longest_number = len;
}

static void open_container(struct scan *scan)
{
    scan->at++;
    scan->depth++;
    scan->containers++;
}

static void close_container(struct scan *scan)
{
    scan->at++;
    if (scan->depth > 0)
        scan->depth--;
}

static void take_token(struct scan *scan)
{
    scan->tokens++;
    if (*scan->at == '{' || *scan->at == '[') {
        open_container(scan);
    } else if (*scan->at == '"') {
        scan->at++;
        skip_string(scan);
    } else {
        skip_word(scan);
    }
}

static bool within(size_t count, size_t limit, const char *what, struct err *err)
{
    return count <= limit || err_set(err, ERR_INVALID_SYNTAX, "The JSON has %s; the limit is %zu.", what, limit);
}

static bool within_limits(const struct scan *scan, const struct json_limits *limits, struct err *err)
{
    return within(scan->depth, limits->depth, "too many nested objects and arrays", err) &&
           within(scan->containers, limits->containers, "too many objects and arrays", err) &&
           within(scan->tokens, limits->tokens, "too many values and names", err) &&
           within(scan->longest_number, limits->number, "a number with too many characters", err);
}

bool json_scan(struct slice text, const struct json_limits *limits, struct err *err)
{
    if (text.len == 0)
        return true;
    struct scan scan = {.at = text.data, .end = text.data + text.len};
    while (scan.at < scan.end) {
        char c = *scan.at;
        if (c == '}' || c == ']') {
            close_container(&scan);
        } else if (ends_word(c) && c != '{' && c != '[' && c != '"') {
            scan.at++;
        } else {
            take_token(&scan);
            if (!within_limits(&scan, limits, err))
                return false;
        }
    }
    return true;
}
