/* The deprovisioning guard's part of a batch: who leaves. Private to view_guard*.c. */
#ifndef STORE_VIEW_GUARD_H
#define STORE_VIEW_GUARD_H

#include "view_internal.h"

enum departure_kind { DEPARTURE_DEACTIVATED = 1, DEPARTURE_DELETED = 2, DEPARTURE_EMPTIED = 4 }; /* departure.kinds */

struct departing { /* a user who leaves, or may be leaving */
    struct resource_id id;
    unsigned kinds;    /* that are certain */
    bool leaves_group; /* and perhaps the last one */
    bool joins_group;
};

struct guarding { /* of one directory */
    struct view *view;
    struct directory_id directory;
    const struct scim_guard *guard;
    int64_t now_ms;
    struct departing *list; /* sorted by id, each once */
    size_t count, capacity;
    struct view_refs *groups; /* list[i]'s before the batch, the indirect ones included */
};

/* Sorted, each user once. */
void guard_collect(struct guarding *guarding);
/* Those who leave their last group are told apart from those who do not; all who stay are left out. */
MUST_CHECK bool guard_sift(struct guarding *guarding, struct db *db, struct err *err);
/* Who comes back before the guard has tripped has not left. */
MUST_CHECK bool guard_note_returns(struct guarding *guarding, struct db *db, struct err *err);
/* Writes what they were, and trips. */
MUST_CHECK bool guard_note(struct guarding *guarding, struct db *db, struct err *err);

#endif
