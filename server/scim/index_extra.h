/* Extra indexes, inside the room. */
#ifndef SCIM_INDEX_EXTRA_H
#define SCIM_INDEX_EXTRA_H

#include "scim/indexes.h"

/* Gives the types of the rules the indexes of the text (directory.indexes; empty: none). */
MUST_CHECK bool rules_add_indexes(struct scim_rules *rules, struct slice text, struct err *err);

/* A number as a key: equal ones have equal keys. */
enum { SCIM_NUMBER_KEY_BYTES = 40 };
struct slice index_number_key(bool is_integer, int64_t integer, double real, char room[SCIM_NUMBER_KEY_BYTES]);

#endif
