/* What is kept for a while and then dropped. A noun with such rows adds a line to the table in purge.c. */
#ifndef ADMIN_PURGE_H
#define ADMIN_PURGE_H

#include "housekeeping.h"

/* Drops what is older than before_ms, at most `most` rows, and says how many they were. */
typedef bool purge_fn(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err);

/* Everything that is old, in batches. */
MUST_CHECK bool purge_chore(struct chore *chore, struct err *err);

#endif
