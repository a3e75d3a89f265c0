/* What is kept for a while and then dropped. A noun with such rows adds a line to the table in purge.c. */
#ifndef ADMIN_PURGE_H
#define ADMIN_PURGE_H

#include "store/db.h"

/* Drops what is older than before_ms, at most `most` rows, and says how many they were. */
typedef bool purge_fn(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err);
typedef bool purge_pause_fn(void *context); /* between batches; false: stop for now */

/* Everything that is old, in batches. change_retention_ms: how long changes are kept, and what goes with them. */
MUST_CHECK bool purge_old(struct db *db, int64_t change_retention_ms, purge_pause_fn *pause, void *context,
                          struct err *err);

#endif
