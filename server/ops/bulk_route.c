/* Which use case an operation of a bulk request means: by the same routes as a single request. */
#include "base/must.h"
#include "bulk.h"

static struct slice next_segment(struct slice *path)
{
    while (path->len > 0 && path->data[0] == '/')
        *path = slice_skip(*path, 1);
    const char *slash = path->len > 0 ? memchr(path->data, '/', path->len) : NULL;
    struct slice segment = slice_of(path->data, slash ? (size_t)(slash - path->data) : path->len);
    *path = slice_skip(*path, segment.len);
    return segment;
}

/* How many segments are the same by letter; parameters are taken. -1: it does not match. */
static int match(const char *text, struct slice path, struct slice *parameters, size_t *count_out)
{
    struct slice pattern = slice_str(text);
    int letters = 0;
    *count_out = 0;
    for (;;) {
        struct slice wanted = next_segment(&pattern), segment = next_segment(&path);
        if (wanted.len == 0 || segment.len == 0)
            return wanted.len == segment.len ? letters : -1;
        if (slice_equals(wanted, SLICE_LITERAL("{}"))) {
            must(*count_out < OP_MAX_PARAMETERS);
            parameters[(*count_out)++] = segment;
        } else if (slice_equals(wanted, segment)) {
            letters++;
        } else {
            return -1;
        }
    }
}

/* The route whose pattern fits best; among equals the one with the method. *allowed_out: it has the method. */
static const struct route *find(struct op *child, bool *allowed_out)
{
    const struct service *service = child->service;
    const struct route *found = NULL;
    int best = -1;
    *allowed_out = false;
    for (size_t i = 0; i < service->route_count; i++) {
        struct slice parameters[OP_MAX_PARAMETERS];
        size_t count;
        const struct route *route = &service->routes[i];
        int letters = match(route->pattern, child->path, parameters, &count);
        bool allowed = slice_equals(slice_str(route->method), child->method);
        if (letters < best || letters < 0 || (letters == best && (*allowed_out || !allowed)))
            continue;
        best = letters;
        found = route;
        *allowed_out = allowed;
        child->parameter_count = count;
        memcpy(child->parameters, parameters, count * sizeof(parameters[0]));
    }
    return found;
}

/* What cannot be part of a bulk request although it can be asked for alone. */
static bool is_for_single_requests(struct slice path)
{
    for (size_t i = 0; path.len > 0; i++) {
        struct slice segment = next_segment(&path);
        if (slice_equals(segment, SLICE_LITERAL(".search")) ||
            (i == 4 && (slice_equals(segment, SLICE_LITERAL("Bulk")) || slice_equals(segment, SLICE_LITERAL("Me")))))
            return true;
    }
    return false;
}

bool bulk_route(struct op *child, struct err *err)
{
    bool allowed;
    if (is_for_single_requests(child->path))
        return err_set(err, ERR_INVALID_VALUE, "/Bulk, /Me and /.search cannot be part of a bulk request.");
    const struct route *route = find(child, &allowed);
    if (!route)
        return err_set(err, ERR_NOT_FOUND, "There is nothing at this path.");
    if (!allowed)
        return err_set(err, ERR_METHOD, "This resource does not have the method %.*s.", (int)child->method.len,
                       child->method.data);
    if (route->operation->lane != OP_WRITE && !route->operation->refuses_method)
        return err_set(err, ERR_INVALID_VALUE, "This endpoint cannot be part of a bulk request.");
    child->route = route;
    child->operation = route->operation;
    return true;
}
