/* Resources that were deleted not long ago, with the memberships they had. Query lane and admin only.
 *
 * Of their rows modified_ms is the time of the deletion. A resource that came back has no such row. */
#ifndef STORE_DELETED_H
#define STORE_DELETED_H

#include "store/query.h"

/* Keyset, as store_page_after. */
MUST_CHECK bool store_deleted_after(struct db *db, struct directory_id directory, uint16_t type,
                                    struct resource_id after, uint64_t limit, store_row_fn *visit, void *context,
                                    struct err *err);

/* By id, as store_rows. */
MUST_CHECK bool store_deleted_rows(struct db *db, struct directory_id directory, uint16_t type,
                                   const struct resource_id *ids, size_t count, struct arena *arena,
                                   struct view_resource *rows_out, struct err *err);

/* The groups that each was directly in when it was deleted, ordered by id. No id twice. */
MUST_CHECK bool store_deleted_groups_of(struct db *db, struct directory_id directory, const struct resource_id *ids,
                                        size_t count, struct arena *arena, struct view_refs *refs_out, struct err *err);

#endif
