/* What query.c and query_refs.c share. */
#ifndef STORE_QUERY_PRIVATE_H
#define STORE_QUERY_PRIVATE_H

#include "store/db.h"

/* false stops. */
typedef bool query_values_fn(const struct db_value *values, void *context);

/* Runs a SELECT and visits its rows. */
MUST_CHECK bool query_each(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                           query_values_fn *visit, void *context, struct err *err);

#endif
