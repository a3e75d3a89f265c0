#include "router.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

enum { MOST_SEGMENTS = 16, MOST_METHODS = 8, ALLOW_BYTES = 80 };

struct verb {
    const struct route *route;
    size_t index;
};

struct pattern {
    struct slice segments[MOST_SEGMENTS]; /* data NULL: a parameter */
    size_t count;
    struct verb verbs[MOST_METHODS];
    size_t verb_count;
    char allow[ALLOW_BYTES];
};

struct router {
    struct pattern *patterns; /* ordered by their number of segments; literals before parameters */
    size_t count;
    size_t from[MOST_SEGMENTS + 2]; /* patterns[from[n]..from[n + 1]] have n segments */
    bool lenient_slashes;
    char all[ALLOW_BYTES]; /* for OPTIONS * */
};

static const char *const known_methods[] = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"};
enum { KNOWN_METHODS = sizeof known_methods / sizeof known_methods[0] };

static bool next_segment(struct slice *path, struct slice *segment_out)
{
    if (path->len == 0 || path->data[0] != '/')
        return false;
    struct slice rest = slice_skip(*path, 1);
    const char *slash = rest.len > 0 ? memchr(rest.data, '/', rest.len) : NULL;
    *segment_out = slice_of(rest.data, slash ? (size_t)(slash - rest.data) : rest.len);
    *path = slice_skip(rest, segment_out->len);
    return true;
}

static struct slice without_root(struct slice path)
{
    return slice_equals(path, SLICE_LITERAL("/")) ? SLICE_EMPTY : path;
}

static void parse_pattern(const char *text, struct pattern *pattern)
{
    *pattern = (struct pattern){.count = 0};
    struct slice rest = without_root(slice_str(text)), segment;
    size_t parameters = 0;
    while (next_segment(&rest, &segment)) {
        must(pattern->count < MOST_SEGMENTS);
        bool parameter = slice_equals(segment, SLICE_LITERAL("{}"));
        parameters += parameter;
        pattern->segments[pattern->count++] = parameter ? SLICE_EMPTY : segment;
    }
    must(rest.len == 0 && parameters <= OP_MAX_PARAMETERS);
}

static bool same_segment(struct slice a, struct slice b)
{
    return a.data && b.data ? slice_equals(a, b) : a.data == b.data;
}

static bool same_pattern(const struct pattern *a, const struct pattern *b)
{
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        same = same_segment(a->segments[i], b->segments[i]);
    return same;
}

static struct pattern *intern(struct router *router, const char *text)
{
    struct pattern *pattern = &router->patterns[router->count];
    parse_pattern(text, pattern);
    for (size_t i = 0; i < router->count; i++)
        if (same_pattern(&router->patterns[i], pattern))
            return &router->patterns[i];
    router->count++;
    return pattern;
}

static const struct verb *find_verb(const struct pattern *pattern, struct slice method)
{
    for (size_t i = 0; i < pattern->verb_count; i++)
        if (slice_equals(slice_str(pattern->verbs[i].route->method), method))
            return &pattern->verbs[i];
    return NULL;
}

static void add_route(struct router *router, const struct route *route, size_t index)
{
    struct pattern *pattern = intern(router, route->pattern);
    if (find_verb(pattern, slice_str(route->method)))
        return;
    must(pattern->verb_count < MOST_METHODS);
    pattern->verbs[pattern->verb_count++] = (struct verb){route, index};
}

static int compare(const void *left, const void *right)
{
    const struct pattern *a = left, *b = right;
    if (a->count != b->count)
        return a->count < b->count ? -1 : 1;
    for (size_t i = 0; i < a->count; i++)
        if (!a->segments[i].data != !b->segments[i].data)
            return a->segments[i].data ? -1 : 1;
    return 0;
}

static void append_method(char *allow, const char *method)
{
    size_t length = strlen(allow);
    must(length + strlen(method) + 3 <= ALLOW_BYTES);
    snprintf(allow + length, ALLOW_BYTES - length, "%s%s", length > 0 ? ", " : "", method);
}

static void write_allow(struct pattern *pattern)
{
    for (size_t i = 0; i < KNOWN_METHODS; i++) {
        struct slice method = slice_str(known_methods[i]);
        bool head = slice_equals(method, SLICE_LITERAL("HEAD"));
        const struct verb *verb = find_verb(pattern, head ? SLICE_LITERAL("GET") : method);
        bool possible = verb && !verb->route->operation->refuses_method;
        if (possible || slice_equals(method, SLICE_LITERAL("OPTIONS")))
            append_method(pattern->allow, known_methods[i]);
    }
}

static void index_patterns(struct router *router)
{
    qsort(router->patterns, router->count, sizeof *router->patterns, compare);
    for (size_t n = 0, i = 0; n <= MOST_SEGMENTS + 1; n++) {
        while (i < router->count && router->patterns[i].count < n)
            i++;
        router->from[n] = i;
    }
    for (size_t i = 0; i < router->count; i++)
        write_allow(&router->patterns[i]);
    for (size_t i = 0; i < KNOWN_METHODS; i++)
        append_method(router->all, known_methods[i]);
}

struct router *router_new(const struct route *routes, size_t count, const struct route *more, size_t more_count,
                          bool lenient_slashes)
{
    struct router *router = calloc(1, sizeof *router);
    must(router != NULL);
    router->lenient_slashes = lenient_slashes;
    router->patterns = calloc(count + more_count + 1, sizeof *router->patterns);
    must(router->patterns != NULL);
    for (size_t i = 0; i < count; i++)
        add_route(router, &routes[i], i);
    for (size_t i = 0; i < more_count; i++)
        add_route(router, &more[i], count + i);
    index_patterns(router);
    return router;
}

void router_free(struct router *router)
{
    if (!router)
        return;
    free(router->patterns);
    free(router);
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool percent_decode(struct slice text, char *out, size_t *length_out)
{
    size_t length = 0;
    for (size_t i = 0; i < text.len; i++) {
        char c = text.data[i];
        if (c == '%') {
            int high = i + 2 < text.len ? hex_digit(text.data[i + 1]) : -1;
            int low = high >= 0 ? hex_digit(text.data[i + 2]) : -1;
            if (low < 0)
                return false;
            c = (char)(high * 16 + low);
            i += 2;
        }
        if (c == '\0')
            return false;
        out[length++] = c;
    }
    *length_out = length;
    return true;
}

/* Bytes of the UTF-8 character at p, at most `left`; 0: none (overlong forms and surrogates are none). */
static size_t character_length(const unsigned char *p, size_t left)
{
    if (p[0] < 0x80)
        return 1;
    size_t length = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || length > left)
        return 0;
    for (size_t i = 1; i < length; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    bool wrong = (p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) || (p[0] == 0xf0 && p[1] < 0x90) ||
                 (p[0] == 0xf4 && p[1] > 0x8f);
    return wrong ? 0 : length;
}

static bool is_utf8(const char *text, size_t length)
{
    for (size_t at = 0, step; at < length; at += step) {
        step = character_length((const unsigned char *)text + at, length - at);
        if (step == 0)
            return false;
    }
    return true;
}

static bool decode(struct arena *arena, struct slice *segment)
{
    if (segment->len == 0 || !memchr(segment->data, '%', segment->len)) /* the usual case: nothing to copy */
        return is_utf8(segment->data, segment->len) && (segment->len == 0 || !memchr(segment->data, 0, segment->len));
    char *text = arena_take(arena, segment->len);
    size_t length;
    if (!percent_decode(*segment, text, &length) || !is_utf8(text, length))
        return false;
    *segment = slice_of(text, length);
    return true;
}

struct split {
    struct slice segments[MOST_SEGMENTS];
    size_t count;
    bool too_many;
};

static bool split_path(const struct router *router, struct slice path, struct arena *arena, struct split *split)
{
    struct slice segment;
    split->count = 0;
    split->too_many = path.len == 0 || path.data[0] != '/';
    path = without_root(path);
    while (next_segment(&path, &segment)) {
        if (segment.len == 0 && router->lenient_slashes)
            continue;
        if (!decode(arena, &segment))
            return false;
        if (split->count == MOST_SEGMENTS)
            split->too_many = true;
        else
            split->segments[split->count++] = segment;
    }
    return true;
}

static bool is_dots(struct slice segment)
{
    return slice_equals(segment, SLICE_LITERAL(".")) || slice_equals(segment, SLICE_LITERAL(".."));
}

static bool matches(const struct pattern *pattern, const struct split *split)
{
    for (size_t i = 0; i < pattern->count; i++) {
        struct slice wanted = pattern->segments[i], segment = split->segments[i];
        if (wanted.data ? !slice_equals(wanted, segment) : segment.len == 0 || is_dots(segment))
            return false;
    }
    return true;
}

static const struct pattern *find_pattern(const struct router *router, const struct split *split)
{
    if (split->too_many)
        return NULL;
    for (size_t i = router->from[split->count]; i < router->from[split->count + 1]; i++)
        if (matches(&router->patterns[i], split))
            return &router->patterns[i];
    return NULL;
}

static void take_parameters(const struct pattern *pattern, const struct split *split, struct router_match *match)
{
    for (size_t i = 0; i < pattern->count; i++)
        if (!pattern->segments[i].data)
            match->parameters[match->parameter_count++] = split->segments[i];
}

static bool is_known_method(struct slice method)
{
    for (size_t i = 0; i < KNOWN_METHODS; i++)
        if (slice_equals(method, slice_str(known_methods[i])))
            return true;
    return false;
}

static enum router_result match_method(const struct pattern *pattern, const struct split *split, struct slice method,
                                       struct router_match *match)
{
    match->allow = pattern->allow;
    bool head = slice_equals(method, SLICE_LITERAL("HEAD"));
    const struct verb *verb = find_verb(pattern, head ? SLICE_LITERAL("GET") : method);
    if (!verb)
        return slice_equals(method, SLICE_LITERAL("OPTIONS")) ? ROUTER_OPTIONS : ROUTER_WRONG_METHOD;
    match->route = verb->route;
    match->index = verb->index;
    take_parameters(pattern, split, match);
    return ROUTER_FOUND;
}

enum router_result router_match(const struct router *router, struct slice method, struct slice path,
                                struct arena *arena, struct router_match *match_out)
{
    *match_out = (struct router_match){.route = NULL};
    if (!is_known_method(method))
        return ROUTER_UNKNOWN_METHOD;
    if (slice_equals(path, SLICE_LITERAL("*")) && slice_equals(method, SLICE_LITERAL("OPTIONS"))) {
        match_out->allow = router->all;
        return ROUTER_OPTIONS;
    }
    struct split split = {.count = 0};
    if (!split_path(router, path, arena, &split))
        return ROUTER_MALFORMED;
    const struct pattern *pattern = find_pattern(router, &split);
    return pattern ? match_method(pattern, &split, method, match_out) : ROUTER_NOT_FOUND;
}
