/* A directory as it was at a moment: what has changed since, a page at a time, and what it was before. */
#ifndef ADMIN_REWIND_H
#define ADMIN_REWIND_H

#include "history_read.h"
#include "jobs.h"
#include "scim/rules.h"
#include "store/view.h"

extern const struct admin_job_kind rewind_job; /* "directory_rewind" */

enum { REWIND_PAGE = 32 };

struct rewind_state { /* of a resource that has changed since */
    struct history_of of;
    bool was;             /* it was there, */
    json_t *document;     /* and looked so; a reference of the page */
    uint64_t first, last; /* the first change since, and the last one */
    int64_t born_ms;      /* of one that is deleted now; 0: not known */
    bool is;              /* it is there, */
    json_t *current;      /* and looks so */
};

struct rewind_page {
    struct rewind_state list[REWIND_PAGE];
    size_t count;
    struct resource_id last; /* the next page begins behind it */
    bool has_more;
};

struct rewind_at { /* the moment */
    struct directory_id directory;
    int64_t ms;
};

/* The changed resources of a type with ids behind `after`, at most `most` of them. */
MUST_CHECK bool rewind_load(struct db *db, const struct rewind_at *at, uint16_t type, struct resource_id after,
                            size_t most, struct rewind_page *page_out, struct err *err);
void rewind_drop(struct rewind_page *page);
MUST_CHECK bool rewind_count(struct db *db, const struct rewind_at *at, uint16_t type, int64_t *count_out,
                             struct err *err);

#endif
