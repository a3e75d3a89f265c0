/* Who has changed since a moment: a walk along the changes of a directory. Query lane and admin only.
 *
 * A user counts as changed when its own document did, and when what its representation takes from groups did: it joined
 * or left one, one was renamed or deleted, or put into another. So a walk visits every user whose profile may look
 * different; some may come although it looks the same, and the same one several times. */
#ifndef STORE_UPDATES_H
#define STORE_UPDATES_H

#include "store/query.h"

struct updates_place { /* where a walk stands; what comes next begins here */
    struct operation_id operation;
    uint32_t ordinal;         /* of the change in its operation */
    uint32_t entry;           /* members of the change that were passed; */
    struct resource_id below; /* of the group at that entry, members up to this one; zero: none */
};

/* The place of the first operation that can have begun at this moment. */
struct updates_place updates_place_at(int64_t wall_ms);

struct updates {
    struct db *db;
    struct directory_id directory;
    uint16_t type; /* SCIM_TYPE_USER or SCIM_TYPE_GROUP */
    struct arena *arena;
    struct updates_place place; /* moves */
    bool at_end;                /* nothing has changed behind the place */
    struct resource_id *ids;    /* room for `most`; no id twice */
    size_t count, most;
};

/* Collects ids until there are `most`, or the end, or it has looked at so much that it is enough for one request. */
MUST_CHECK bool store_updates(struct updates *updates, struct err *err);

#endif
