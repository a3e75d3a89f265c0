/* Events: what a vendor's people or programs should hear of. */
#ifndef STORE_EVENT_H
#define STORE_EVENT_H

#include <jansson.h>

#include "store/db.h"
#include "store/view.h"

struct event_new {    /* zero ids are NULL in the database */
    const char *type; /* "token.expiring", "directory.guarded", … : one of store/event_types.def */
    struct environment_id environment;
    struct organization_id organization;
    struct directory_id directory;
    const json_t *data; /* object, never a secret; borrowed; NULL: {} */
    int64_t now_ms;
    enum view_cause cause; /* 0: nobody's doing but the system's own */
    struct id operation;   /* the request that it is of, as its log has it; zero: none */
    const char *actor;     /* as it is shown, "key-…"; NULL: nobody's */
};

/* In the caller's transaction: the event is there exactly when what happened is. */
MUST_CHECK bool store_event_raise(struct db *db, const struct event_new *event, struct err *err);

#endif
