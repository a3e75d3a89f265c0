/* Any bytes as a path: a match has decoded parameters without NUL. */
#include <stdint.h>
#include <string.h>

#include "../../server/http/router.h"
#include "base/must.h"

static const struct operation one;
static const struct route routes[] = {{"GET", "/", 0, &one},
                                      {"GET", "/o/{}/Users", 0, &one},
                                      {"GET", "/o/{}/Users/{}", 0, &one},
                                      {"POST", "/o/{}/Users/.search", 0, &one}};

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct router *lenient, *strict;
    if (!lenient) {
        lenient = router_new(routes, 4, NULL, 0, true);
        strict = router_new(routes, 4, NULL, 0, false);
    }
    struct arena arena;
    struct router_match match;
    arena_init(&arena);
    struct slice path = slice_of((const char *)data, size);
    for (int i = 0; i < 2; i++)
        if (router_match(i ? lenient : strict, SLICE_LITERAL("GET"), path, &arena, &match) == ROUTER_FOUND)
            for (size_t p = 0; p < match.parameter_count; p++)
                must(match.parameters[p].len > 0 && !memchr(match.parameters[p].data, 0, match.parameters[p].len));
    arena_fini(&arena);
    return 0;
}
