/* Erasing directories that were marked as deleted, and organizations whose last directory is gone. */
#ifndef ADMIN_ERASE_H
#define ADMIN_ERASE_H

#include "store/db.h"

/* Called between batches; false: stop for now, the rest is erased by a later call. */
typedef bool erase_pause_fn(void *context);

/* Everything that is marked. A directory that a late write keeps alive is left for the next call. */
MUST_CHECK bool erase_deleted(struct db *db, erase_pause_fn *pause, void *context, struct err *err);

#endif
