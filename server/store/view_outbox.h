/* What a batch changes is told: its changes stand in `outbox`, packed (store/outbox.h), in the same transaction. */
#ifndef STORE_VIEW_OUTBOX_H
#define STORE_VIEW_OUTBOX_H

#include "view_internal.h"

/* Last of all, when every row that a change is about is written and held. */
MUST_CHECK bool view_tell(struct view *view, struct db *db, struct err *err);

#endif
