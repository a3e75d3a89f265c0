#include "request.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"

/* One {} of the pattern takes one segment. */
static bool matches(struct slice path, const char *pattern, struct op *op)
{
    op->parameter_count = 0;
    while (path.len > 0 && *pattern) {
        if (strncmp(pattern, "{}", 2) != 0) {
            if (*pattern++ != *path.data)
                return false;
            path = slice_skip(path, 1);
            continue;
        }
        const char *slash = memchr(path.data, '/', path.len);
        size_t length = slash ? (size_t)(slash - path.data) : path.len;
        op->parameters[op->parameter_count++] = slice_of(path.data, length);
        path = slice_skip(path, length);
        pattern += 2;
    }
    return path.len == 0 && *pattern == 0;
}

static void find_route(struct op *op)
{
    for (size_t i = 0; i < op->service->route_count && !op->route; i++) {
        const struct route *route = &op->service->routes[i];
        if (slice_equals(op->method, slice_str(route->method)) && matches(op->path, route->pattern, op))
            op->route = route;
    }
    must(op->route);
    op->operation = op->route->operation;
}

static struct slice copied(struct op *op, const char *text)
{
    return text ? arena_slice(&op->arena, slice_str(text)) : SLICE_EMPTY;
}

static struct slice body_of(struct op *op, const char *text)
{
    if (!text)
        return SLICE_EMPTY;
    char *body = arena_copy(&op->arena, slice_str(text));
    for (char *at = body; *at; at++)
        if (*at == '\'')
            *at = '"';
    return slice_str(body);
}

struct op *request_op(const struct caller *caller, const struct request *request, int64_t now_ms)
{
    struct op *op = calloc(1, sizeof(*op));
    must(op);
    op_init(op, caller->service);
    const char *url = arena_printf(&op->arena, "/orgs/%s/scim/v2%s",
                                   request->organization ? request->organization : caller->organization, request->path);
    const char *mark = strchr(url, '?');
    op->method = copied(op, request->method);
    op->path = slice_of(url, mark ? (size_t)(mark - url) : strlen(url));
    op->query = mark ? slice_str(mark + 1) : SLICE_EMPTY;
    op->body = body_of(op, request->body);
    op->authorization = copied(op, request->authorization ? request->authorization : caller->bearer);
    op->content_type = copied(op, request->content_type);
    op->accept = copied(op, request->accept);
    op->if_match = copied(op, request->if_match);
    op->if_none_match = copied(op, request->if_none_match);
    op->origin = SLICE_LITERAL("https://scim.example");
    op->now_ms = now_ms;
    find_route(op);
    return op;
}

void request_free(struct op *op)
{
    op_fini(op);
    free(op);
}

const char *request_header(const struct op *op, const char *name)
{
    for (size_t i = 0; i < op->reply.header_count; i++)
        if (strcmp(op->reply.headers[i].name, name) == 0)
            return op->reply.headers[i].value.data;
    return NULL;
}

struct auth_peppers *request_peppers(void)
{
    char path[] = "/tmp/rollcall-ops-XXXXXX";
    struct err err = ERR_INIT;
    int fd = mkstemp(path);
    must(fd >= 0);
    static const char line[] = "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    must(write(fd, line, sizeof(line) - 1) == sizeof(line) - 1);
    close(fd);
    struct auth_peppers *peppers = auth_peppers_load(path, &err);
    unlink(path);
    must(peppers);
    return peppers;
}
