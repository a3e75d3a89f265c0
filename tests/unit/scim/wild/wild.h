/* Random resources and random filters on them, made from the schema tables: every attribute, missing ones, undeclared
 * ones, and texts that are awkward in JSON, in Unicode or in SQL. The same seed makes the same ones. */
#ifndef TEST_SCIM_WILD_H
#define TEST_SCIM_WILD_H

#include <jansson.h>

#include "base/buf.h"
#include "scim/schema.h"

/* ROLLCALL_SEED, else one of the clock; printed, so that a run can be repeated. */
uint64_t wild_seed(void);
size_t wild_pick(size_t count); /* 0 … count - 1 */
const char *wild_text(void);

/* A body as a client would send it. Most are accepted. `number` makes userName and displayName unique; members of a
 * group are chosen among ids, which may be none. A new reference. */
json_t *wild_resource(const struct scim_resource_type *type, size_t number, const char *const *ids, size_t count);

/* A filter for the type, NUL-terminated. Some are refused: an operator that does not fit, a literal that does not. */
void wild_filter(const struct scim_resource_type *type, const char *const *ids, size_t count, struct buf *out);

#endif
