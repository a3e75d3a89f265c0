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

#endif
