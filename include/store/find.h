/* One statement for several lists of keys: an arm for each, "… WHERE directory_id = ? AND key IN (?*)". */
#ifndef STORE_FIND_H
#define STORE_FIND_H

#include <pthread.h>

#include "base/arena.h"
#include "store/db.h"

enum { STORE_FIND_SIZES = 5, STORE_FIND_LONGEST = 1000, STORE_FIND_LISTS = 5 };

struct store_find_query { /* static; zero but for the statement and the number of its arms */
    const char *sql;
    size_t lists;
    char *text[STORE_FIND_SIZES]; /* for 1, 8, 32, 128 and 1,000 keys; made on first use, kept for ever */
};

struct store_keys {
    struct slice *list;
    size_t count, capacity;
};
void store_keys_add(struct store_keys *keys, struct arena *arena, struct slice key); /* an empty one is left out */

/* Calls visit for each row, which is valid meanwhile; as often as lists longer than STORE_FIND_LONGEST ask for. */
typedef void store_find_fn(const struct db_value *row, void *context);
MUST_CHECK bool store_find(struct db *db, struct store_find_query *query, struct directory_id directory,
                           const struct store_keys *lists, store_find_fn *visit, void *context, struct err *err);

#endif
