/* Users whose departure the vendor is not shown yet (server/store/view_guard.c): as they were before it. Query lane and
 * admin only. */
#ifndef STORE_HELD_H
#define STORE_HELD_H

#include "store/query.h"

struct store_held {
    unsigned kinds; /* STORE_HELD_…; 0: not held */
    int64_t since_ms;
};
enum { STORE_HELD_DEACTIVATED = 1, STORE_HELD_DELETED = 2, STORE_HELD_EMPTIED = 4 };

/* Is anybody's departure held? *since_ms_out 0: no. */
MUST_CHECK bool store_guarded(struct db *db, struct directory_id directory, int64_t *since_ms_out, struct err *err);

typedef bool store_held_fn(const struct view_resource *row, const struct store_held *held, void *context);
/* Keyset: ids behind `after` and up to `until`, in their order. */
MUST_CHECK bool store_held_after(struct db *db, struct directory_id directory, struct resource_id after,
                                 struct resource_id until, uint64_t limit, store_held_fn *visit, void *context,
                                 struct err *err);
/* By id: rows_out[i] and held_out[i] are ids[i]'s; all zero where it is not held. In the arena. */
MUST_CHECK bool store_held_rows(struct db *db, struct directory_id directory, const struct resource_id *ids,
                                size_t count, struct arena *arena, struct view_resource *rows_out,
                                struct store_held *held_out, struct err *err);
/* The groups that each was in before, the indirect ones included, ordered by id. */
MUST_CHECK bool store_held_groups_of(struct db *db, struct directory_id directory, const struct resource_id *ids,
                                     size_t count, struct arena *arena, struct view_refs *refs_out, struct err *err);

#endif
