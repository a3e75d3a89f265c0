/* From a filter to the resources of a directory that match it: from an index where one helps, else by looking at every
 * resource of the type, within limits. Of the query lanes of both executables. */
#ifndef OPS_SIFT_H
#define OPS_SIFT_H

#include "scim/filter.h"
#include "store/query.h"

struct sift {
    struct db *db;
    struct directory_id directory;
    const struct scim_resource_type *type; /* whose resources are looked at */
    const struct scim_policy *policy;
    const struct scim_filter *filter; /* NULL: all match */
    struct slice base_url;            /* the connector URL, as filters see it in $ref and meta.location */
    struct arena *arena;
    struct resource_id after; /* only resources behind this one, in order of id; zero: all */
    uint64_t most;            /* resources that may be looked at */
    uint64_t deadline_ns;     /* clock_monotonic_ns; of the whole request, which may sift several types */

    uint64_t looked_at;      /* resources so far, */
    struct resource_id last; /* and the last one of them */
    bool gave_up;            /* there was too much to look at: what lies behind `last` was not */
};

/* Visits the rows that match, ordered by id; a visit that returns false ends it. Rows are valid during the visit, which
 * must not use the connection; of a manager they may tell the id alone (store_know_managers), of keys and display
 * nothing. Returns false when the database failed (err). */
MUST_CHECK bool sift_run(struct sift *sift, store_row_fn *visit, void *context, struct err *err);

/* Members of a group as a reply shows them, or a filter sees them. In the arena. */
MUST_CHECK bool sift_load_members(struct db *db, struct directory_id directory, struct resource_id group,
                                  struct arena *arena, struct view_refs *refs_out, struct err *err);

#endif
