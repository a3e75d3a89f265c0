/* The query string of a request: known names only, each once. */
#ifndef ADMIN_QUERY_H
#define ADMIN_QUERY_H

#include "call.h"

extern const char *const admin_query_names[ADMIN_QUERIES];

/* Fills in call->query. ERR_BAD_REQUEST for names that `allowed` has not, doubles, and bad percent-escapes: a
 * misspelt filter must not answer everything. */
MUST_CHECK bool query_parse(struct call *call, uint64_t allowed, struct err *err);

/* "true" or "false", false when absent; else ERR_BAD_REQUEST. */
MUST_CHECK bool query_flag(const struct call *call, enum admin_query query, bool *flag_out, struct err *err);

/* Appends "?name=value&…", percent-encoded, or nothing; `cursor` replaces the one that was given (empty: none). */
void query_write(const struct call *call, struct slice cursor, struct buf *out);

#endif
