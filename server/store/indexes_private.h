/* Extra indexes, inside the room. */
#ifndef STORE_INDEXES_PRIVATE_H
#define STORE_INDEXES_PRIVATE_H

#include "store/indexes.h"

/* Stores the list and counts the revision up; the caller holds the directory's row. */
MUST_CHECK bool indexes_save(struct db *db, struct directory_id directory, const json_t *list, struct err *err);
/* Notes what is to be built. work NULL, or type 0: nothing. */
void indexes_work(json_t *work, uint16_t type, json_int_t code);
/* Notes that the code's rows are to be dropped. type 0: nothing. */
MUST_CHECK bool indexes_drop(struct db *db, struct directory_id directory, uint16_t type, json_int_t code,
                             int64_t now_ms, struct err *err);
/* The code of the entry's resource type; 0: there is none such. */
uint16_t indexes_type(const struct scim_rules *rules, const json_t *entry);

#endif
