/* Which of those who are held match a filter, as they were before. No index knows them: each is looked at. */
#ifndef ADMIN_HELD_SIFT_H
#define ADMIN_HELD_SIFT_H

#include "scim/filter.h"
#include "scim/schema.h"
#include "store/held.h"

struct held_sift {
    struct db *db;
    struct directory_id directory;
    const struct scim_resource_type *type; /* of users, by the directory's rules */
    const struct scim_filter *filter;
    struct slice base_url;           /* as filters see it */
    struct arena *arena;             /* of the request */
    struct resource_id after, until; /* behind `after`, up to `until`; all zero and all ones: everybody */
    uint64_t most;                   /* users who may be looked at, about */
    uint64_t deadline_ns;            /* clock_monotonic_ns; some are looked at in any case */

    struct resource_id last; /* the last one that was looked at */
    bool gave_up;            /* there was too much to look at: what lies behind `last` was not */
};

/* Everybody who is held, in order of id, and whether he matches; false ends it. The row is good for the visit, which
 * may use the connection. */
typedef bool held_sift_fn(const struct view_resource *row, const struct store_held *held, bool matches, void *context);
MUST_CHECK bool held_sift_run(struct held_sift *sift, held_sift_fn *visit, void *context, struct err *err);

#endif
