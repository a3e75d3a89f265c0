/* Which operation a request line means. Works on the raw path: libh2o decodes before it removes dot segments, so that
 * "/a%2F..%2Fb" would become "/b". Pure. */
#ifndef HTTP_ROUTER_H
#define HTTP_ROUTER_H

#include "ops/op.h"

struct router;

/* The routes of both tables; they must outlive the router. The first table's win. */
struct router *router_new(const struct route *routes, size_t count, const struct route *more, size_t more_count,
                          bool lenient_slashes);
void router_free(struct router *router);

enum router_result {
    ROUTER_FOUND,
    ROUTER_OPTIONS, /* the path exists; allow says what it can do */
    ROUTER_NOT_FOUND,
    ROUTER_WRONG_METHOD,   /* allow says the right ones */
    ROUTER_UNKNOWN_METHOD, /* known nowhere (H-12) */
    ROUTER_MALFORMED       /* a percent sign without two hexadecimal digits, NUL, or not UTF-8 */
};

struct router_match {
    const struct route *route;
    size_t index; /* of the route in both tables together */
    struct slice parameters[OP_MAX_PARAMETERS];
    size_t parameter_count;
    const char *allow; /* "GET, HEAD, OPTIONS"; lives as long as the router */
};

/* path: without the query. Parameters point into it, or into the arena where they had to be decoded. */
enum router_result router_match(const struct router *router, struct slice method, struct slice path,
                                struct arena *arena, struct router_match *match_out);

#endif
