/* Pages of lists, in the order of ids, which is that of creation: ?limit= and ?cursor= in, `next_cursor` and a Link
 * header out. */
#ifndef ADMIN_PAGE_H
#define ADMIN_PAGE_H

#include "call.h"

enum { PAGE_DEFAULT = 100, PAGE_MAX = 1000 };

struct page {
    struct id whose; /* what the list is of; cursors are bound to it */
    struct id after; /* zero: from the beginning */
    uint64_t limit;
    bool has_more;
    struct id last; /* the last one shown; set when has_more */
};

/* ERR_INVALID_COUNT, ERR_INVALID_CURSOR. */
MUST_CHECK bool page_read(const struct call *call, const struct id *whose, struct page *page_out, struct err *err);

/* ?limit= alone, for lists with cursors of another kind, and their Link header (next: NULL on the last page). */
MUST_CHECK bool page_read_limit(const struct call *call, uint64_t *limit_out, struct err *err);
void page_link(struct call *call, const char *next);

/* Adds the Link header (first, next) and returns the cursor (in the arena); NULL on the last page. */
const char *page_next(struct call *call, const struct page *page);

/* Answers {name: [...], "next_cursor": …} with what `sql` finds. It has the parameters given and then two more: the id
 * to start behind and a limit; the id is its first column. render returns a new reference. */
typedef json_t *page_render_fn(struct call *call, const struct db_value *row);
MUST_CHECK bool page_answer(struct call *call, struct page *page, const char *name, const char *sql,
                            const struct db_value *parameters, size_t count, page_render_fn *render, struct err *err);

#endif
