/* What a deletion did to others, undone when the deleted one is back: it was taken out of groups, and users lost their
 * manager. */
#ifndef ADMIN_UNDELETE_H
#define ADMIN_UNDELETE_H

#include "history_read.h"
#include "ops/inside.h"

struct undelete {
    struct history_of of;         /* who is back */
    struct operation_id deletion; /* the operation that deleted it */
    size_t groups, groups_gone;   /* what came of it: groups joined, and those that are not there any more */
    size_t managed;               /* users who had no manager since, and have it again */
};
/* In the caller's transaction. */
MUST_CHECK bool undelete_others(struct db *db, const struct inside *inside, struct undelete *undelete,
                                struct arena *arena, struct err *err);

#endif
