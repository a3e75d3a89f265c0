/* From a filter to the resources that match it, in the query lane: from an index where one helps, else by looking at
 * every resource of the type within the limits of settings->max_scan and SIFT_MS. */
#ifndef OPS_SIFT_H
#define OPS_SIFT_H

#include "call.h"
#include "store/query.h"

enum { SIFT_MS = 4000 };

struct sift {
    struct call *call;
    struct db *db;
    const struct scim_resource_type *type; /* whose resources are looked at */
    const struct scim_filter *filter;      /* NULL: all match */
    struct resource_id after;              /* only resources behind this one, in order of id; zero: all */
    uint64_t deadline_ns;                  /* clock_monotonic_ns; of the whole request, which may sift several types */
    uint64_t looked_at;                    /* resources so far */
};

/* Visits the rows that match, ordered by id; a visit that returns false ends it. Rows are valid during the visit, which
 * must not use the connection; of a manager they may tell the id alone (store_know_managers), of keys and display
 * nothing. Returns false when the database failed (err). A filter that would have to look at too
 * much sets call->op->err (ERR_TOO_MANY) and returns true. */
MUST_CHECK bool sift_run(struct sift *sift, store_row_fn *visit, void *context, struct err *err);

/* Members of a group as a reply shows them, or a filter sees them. In the arena. */
MUST_CHECK bool sift_load_members(struct db *db, struct directory_id directory, struct resource_id group,
                                  struct arena *arena, struct view_refs *refs_out, struct err *err);

#endif
