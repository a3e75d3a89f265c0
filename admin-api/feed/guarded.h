/* The feed tells what the admin API shows; of a directory whose guard has tripped that is not what is: who has left is
 * shown as before (admin-api/people/held.h). Both are called by a turn of the sequencer, in its transaction. */
#ifndef ADMIN_FEED_GUARDED_H
#define ADMIN_FEED_GUARDED_H

#include "base/arena.h"
#include "number.h"

/* Rows that are about to be numbered. */
struct guarded_list {
    struct pending *list; /* in the arena */
    size_t count;
};

/* Takes out of the list what is not shown: changes of the held, and of a change of members the held ones among them.
 * Nobody of them is let go of before the transaction ends. *news_out: what guarded_news is to tell has come of it. */
MUST_CHECK bool guarded_sift(struct db *db, struct arena *arena, int64_t now_ms, struct guarded_list *rows,
                             bool *news_out, struct err *err);

enum { GUARDED_MOST_NEWS = 500 };
/* Adds what has come to be shown otherwise, because the guard has tripped or has let go: at most so many rows of
 * guard_news. The transaction must see one state of the database alone, and of that state everything that was committed
 * must have its number or stand in the list: then the versions that are told are those of what is behind it. */
MUST_CHECK bool guarded_news(struct db *db, struct arena *arena, int64_t now_ms, struct guarded_list *rows,
                             bool *more_out, struct err *err);

#endif
