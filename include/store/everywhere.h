/* Users of a whole environment by a key that an index holds. Admin only: the data plane knows one directory at a time.
 *
 * There is no index of an environment. For each of so many organizations the indexes of its directories are asked, some
 * microseconds each; whoever has more organizations asks again behind the last one. */
#ifndef STORE_EVERYWHERE_H
#define STORE_EVERYWHERE_H

#include "store/query.h"

struct everywhere_row {
    struct organization_id organization;
    struct directory_id directory;
    bool is_primary;
    struct slice external_id; /* of the organization, by the vendor; empty: none */
    struct view_resource resource;
};
typedef bool store_everywhere_fn(const struct everywhere_row *row, void *context);

struct everywhere {
    struct environment_id environment;
    struct organization_id after; /* zero: from the beginning */
    uint64_t organizations;       /* how many are asked */
    uint64_t most;                /* rows that are visited at most */
};

/* plan: SCIM_PLAN_UNIQUE, _EXTERNAL or _ATTRIBUTE. Rows are candidates, valid during the visit; in the order of
 * organizations. Whose departure is held (store/held.h) is not among them. */
MUST_CHECK bool store_everywhere(struct db *db, const struct everywhere *where, const struct scim_plan *plan,
                                 store_everywhere_fn *visit, void *context, struct err *err);

/* The directories where departures are held: rows without a resource, in the order of organizations. */
MUST_CHECK bool store_everywhere_guarded(struct db *db, const struct everywhere *where, store_everywhere_fn *visit,
                                         void *context, struct err *err);

/* The last organization that store_everywhere asks; *more_out: there are others behind it. */
MUST_CHECK bool store_everywhere_last(struct db *db, const struct everywhere *where, struct organization_id *last_out,
                                      bool *more_out, struct err *err);

#endif
