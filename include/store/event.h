/* Events: what a vendor's people or programs should hear of. */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include <jansson.h>

#include "store/db.h"

struct event_new {    /* zero ids are NULL in the database */
    const char *type; /* "token.expiring", "directory.guarded", … : noun, dot, past event */
    struct environment_id environment;
    struct organization_id organization;
    struct directory_id directory;
    const json_t *data; /* object, never a secret; borrowed; NULL: {} */
    int64_t now_ms;
};

/* In the caller's transaction: the event is there exactly when what happened is. */
MUST_CHECK bool store_event_raise(struct db *db, const struct event_new *event, struct err *err);

#endif
