/* One statement for several lists of keys: an arm for each, "… WHERE directory_id = ? AND key IN (?*)". */
#ifndef STORE_PEOPLE_FIND_H
#define STORE_PEOPLE_FIND_H

#include <pthread.h>

#include "base/arena.h"
#include "store/db.h"

enum { PEOPLE_SIZES = 5, PEOPLE_LONGEST = 1000, PEOPLE_MOST_LISTS = 5 };

struct people_query { /* static; zero but for the statement and the number of its arms */
    const char *sql;
    size_t lists;
    char *text[PEOPLE_SIZES]; /* for 1, 8, 32, 128 and 1,000 keys; made on first use, kept for ever */
};

struct people_keys {
    struct slice *list;
    size_t count, capacity;
};
void people_keys_add(struct people_keys *keys, struct arena *arena, struct slice key); /* an empty one is left out */

/* Calls visit for each row, which is valid meanwhile; as often as lists longer than PEOPLE_LONGEST ask for. */
typedef void people_row_fn(const struct db_value *row, void *context);
MUST_CHECK bool people_find(struct db *db, struct people_query *query, struct directory_id directory,
                            const struct people_keys *lists, people_row_fn *visit, void *context, struct err *err);

#endif
