/* Reads that do not fit named rows: pages, candidates of a filter, members of large groups. Query lane and admin only.
 *
 * Rows arrive through a callback; returning false stops. Order is by id (= creation time) unless said otherwise. */
#ifndef STORE_QUERY_H
#define STORE_QUERY_H

#include "scim/sort.h"
#include "store/db.h"
#include "store/view.h"

typedef bool store_row_fn(const struct view_resource *row, void *context);

/* The token's rules are a reference: the caller drops it (store/rules.h), also when it refuses the token. */
MUST_CHECK bool store_token_load(struct db *db, struct directory_id directory, struct token_id token,
                                 struct view_token *row_out, bool *found_out, struct err *err);

MUST_CHECK bool store_count(struct db *db, struct directory_id directory, uint16_t type, uint64_t *count_out,
                            struct err *err);

/* `limit` resources of the type behind the first `offset`. With the document. */
MUST_CHECK bool store_page(struct db *db, struct directory_id directory, uint16_t type, uint64_t offset, uint64_t limit,
                           store_row_fn *visit, void *context, struct err *err);

/* Keyset: resources with id > after. after zero: from the beginning. */
MUST_CHECK bool store_page_after(struct db *db, struct directory_id directory, uint16_t type, struct resource_id after,
                                 uint64_t limit, store_row_fn *visit, void *context, struct err *err);

/* Backward: resources with id < before, the last one first. */
MUST_CHECK bool store_page_before(struct db *db, struct directory_id directory, uint16_t type,
                                  struct resource_id before, uint64_t limit, store_row_fn *visit, void *context,
                                  struct err *err);

/* Along an order that an index holds (every way but SCIM_SORT_KEYS): the places behind `from`, or in front of it, the
 * nearest first. `skip` places are passed over, which costs a tenth of a microsecond or so each, only from an edge.
 * Keys are valid during the visit. */
typedef bool store_place_fn(const struct scim_place *place, void *context);
MUST_CHECK bool store_walk(struct db *db, struct directory_id directory, uint16_t type, const struct scim_sort *sort,
                           const struct scim_place *from, bool backward, uint64_t skip, uint64_t limit,
                           store_place_fn *visit, void *context, struct err *err);

/* Resources by id, no id twice: rows_out[i] is ids[i]'s; all zero where there is none such. In the arena. */
MUST_CHECK bool store_rows(struct db *db, struct directory_id directory, uint16_t type, const struct resource_id *ids,
                           size_t count, struct arena *arena, struct view_resource *rows_out, struct err *err);

/* As store_page_after, for looking at very many: rows without keys and display, and of the manager the id alone. */
MUST_CHECK bool store_scan(struct db *db, struct directory_id directory, uint16_t type, struct resource_id after,
                           uint64_t limit, store_row_fn *visit, void *context, struct err *err);

/* For rows that have a manager and do not know of one: is it a user, and how is it shown? Displays in the arena. */
MUST_CHECK bool store_know_managers(struct db *db, struct directory_id directory, struct view_resource *const *rows,
                                    size_t count, struct arena *arena, struct err *err);

/* The candidates of a plan (index.h) with ids behind `after` (zero: all), ordered by id, at most `limit`; the caller
 * applies the filter. SCIM_PLAN_SCAN and SCIM_PLAN_ANY are the caller's affair. */
MUST_CHECK bool store_candidates(struct db *db, struct directory_id directory, uint16_t type,
                                 const struct scim_plan *plan, struct resource_id after, uint64_t limit,
                                 store_row_fn *visit, void *context, struct err *err);

/* One resource by id; *row_out NULL when there is none. In the arena. */
MUST_CHECK bool store_resource(struct db *db, struct directory_id directory, uint16_t type, struct resource_id id,
                               struct arena *arena, const struct view_resource **row_out, struct err *err);

/* The groups of many members at once: refs_out[i] belongs to ids[i], ordered by id; a user's with the indirect ones,
 * those of groups direct ones alone. In the arena. */
MUST_CHECK bool store_groups_of(struct db *db, struct directory_id directory, uint16_t member_type,
                                const struct resource_id *ids, size_t count, struct arena *arena,
                                struct view_refs *refs_out, struct err *err);

/* Members of a group with display and type, ordered by id, in chunks. */
typedef bool store_ref_fn(const struct scim_group_ref *ref, void *context);
MUST_CHECK bool store_members_of(struct db *db, struct directory_id directory, struct resource_id group,
                                 store_ref_fn *visit, void *context, struct err *err);
MUST_CHECK bool store_is_member(struct db *db, struct directory_id directory, struct resource_id group,
                                struct resource_id member, bool *is_member_out, struct err *err);

#endif
