/* A row of the feed with all that its events are made of, and what is kept from one page to the next. */
#ifndef ADMIN_FEED_ROW_H
#define ADMIN_FEED_ROW_H

#include "feed.h"
#include "history_read.h"
#include "scim/rules.h"
#include "store/view.h"

struct feed_row { /* slices in the page's arena; data NULL: there is none, or it is large and left out */
    uint64_t sequence;
    enum feed_source source;
    struct id key;    /* the change's operation; or the event's own id */
    uint32_t ordinal; /* of the change in its operation */
    struct organization_id organization;
    struct slice organization_external; /* data NULL: none */
    struct directory_id directory;
    bool is_primary;
    uint16_t type;
    enum history_kind kind;
    struct resource_id resource;

    bool is_there; /* the change or event was not erased; else nothing of the following is set */
    int64_t happened_ms;
    char actor[48];      /* as it is shown; empty: nobody's */
    struct id operation; /* the request's; zero: none */
    int cause;           /* enum view_cause; 0: the system's own */
    bool is_put;

    uint64_t version;
    struct slice document, members;
    struct slice beside; /* of an update the version before, of a change of members the group */

    struct slice event_type, event_data;

    uint32_t revision; /* of the directory's rules */
    bool has_plain_rules;
};

/* --- documents that the page's statement has left out --- */

/* row->document, members, beside and event_data, as far as its events need them: afterwards data NULL means that nobody
 * knows any more. */
MUST_CHECK bool feed_row_complete(struct db *db, struct environment_id environment, struct feed_row *row,
                                  struct arena *arena, struct err *err);

#endif
