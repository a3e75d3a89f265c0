/* What query.c and query_refs.c share. */
#ifndef STORE_QUERY_PRIVATE_H
#define STORE_QUERY_PRIVATE_H

#include "store/db.h"
#include "store/query.h"

/* false stops. */
typedef bool query_values_fn(const struct db_value *values, void *context);

/* Runs a SELECT and visits its rows. */
MUST_CHECK bool query_each(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                           query_values_fn *visit, void *context, struct err *err);

/* The same for a statement with the columns of row.h. */
MUST_CHECK bool query_each_row(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                               store_row_fn *visit, void *context, struct err *err);

/* The statement with its mark for a list, "?*", replaced by so many parameters. */
enum { QUERY_STATEMENT_BYTES = 4096 };
void query_compose(const char *sql, size_t parameters, char out[QUERY_STATEMENT_BYTES]);

/* Can a group of the directory be in a group? */
MUST_CHECK bool query_nests_groups(struct db *db, struct directory_id directory, bool *nests_out, struct err *err);

/* The edges above groups, see query_groups_above: rows are (group, group above or NULL, its display). At most
 * QUERY_MOST_ABOVE groups at once. */
enum { QUERY_MOST_ABOVE = 128 };
MUST_CHECK bool query_groups_above(struct db *db, struct directory_id directory, const struct id *const *groups,
                                   size_t count, query_values_fn *visit, void *context, struct err *err);

/* Resources of the type in the group or in a group below it, however deep: those behind `after`, ordered by id. */
struct query_in_groups {
    struct directory_id directory;
    uint16_t type;
    struct resource_id group, after;
    uint64_t limit;
};
MUST_CHECK bool query_in_groups(struct db *db, const struct query_in_groups *asked, store_row_fn *visit, void *context,
                                struct err *err);

/* Adds the groups above those of every list, as indirect ones; new lists in the arena. */
MUST_CHECK bool query_add_indirect(struct db *db, struct directory_id directory, struct view_refs *lists, size_t count,
                                   struct arena *arena, struct err *err);

#endif
