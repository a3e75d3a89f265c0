/* Tombstones: what a batch deletes is kept for the vendor to see. */
#ifndef STORE_VIEW_DELETED_H
#define STORE_VIEW_DELETED_H

#include "view_internal.h"

/* Batches that delete nothing, and bring nothing back, run no statement. */
MUST_CHECK bool view_keep_deleted(struct view *view, struct db *db, struct err *err);

#endif
