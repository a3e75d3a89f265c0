/* Which values the rows of a file have had, and in which row first: told by 128-bit hashes under a random key. */
#ifndef ADMIN_IMPORT_SEEN_H
#define ADMIN_IMPORT_SEEN_H

#include <stdbool.h>
#include <stdint.h>

#include "base/slice.h"

struct import_seen;
struct import_seen *import_seen_new(void);
void import_seen_free(struct import_seen *seen); /* NULL is fine */

/* The row that had the value first: this one, when it is new. */
int64_t import_seen_add(struct import_seen *seen, struct slice value, int64_t row);
int64_t import_seen_first(const struct import_seen *seen, struct slice value); /* 0: none */
bool import_seen_twice(const struct import_seen *seen, struct slice value);    /* more than one row has it */

#endif
