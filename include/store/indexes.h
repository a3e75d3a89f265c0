/* Extra indexes of directories (scim/indexes.h): made, built from what is stored, and dropped.
 *
 * From the moment an index is in the directory's list, every write keeps its rows: whoever changes the list holds the
 * directory's row, so those who wrote without it have committed (docs/internals/indexes.md). So what is left to do is
 * to give rows to the resources that were there before, in batches, and then to say that filters may use it. */
#ifndef STORE_INDEXES_H
#define STORE_INDEXES_H

#include <jansson.h>

#include "base/id.h"
#include "scim/indexes.h"
#include "store/db.h"

/* What is to be built behind a change of the list: a JSON array of {"type", "code"}, numbers. Codes whose rows are to
 * be dropped are written to dropped_index, for housekeeping. */

/* In the caller's transaction, which holds the directory's row from then on. Appends to work_out. ERR_NOT_FOUND: no
 * such directory, or no such index; ERR_INVALID_VALUE, ERR_CONFLICT, ERR_NOT_FOUND of scim_indexes_add. */
struct store_index_new {
    struct slice type, attribute, job; /* job: shown with it */
    int64_t now_ms;
};
MUST_CHECK bool store_index_add(struct db *db, struct directory_id directory, const struct store_index_new *fresh,
                                json_int_t *id_out, json_t *work_out, struct err *err);
MUST_CHECK bool store_index_remove(struct db *db, struct directory_id directory, json_int_t id, int64_t now_ms,
                                   struct err *err);
/* Who builds what `work` has to build: shown with it. */
MUST_CHECK bool store_index_set_job(struct db *db, struct directory_id directory, const json_t *work, struct slice job,
                                    struct err *err);

struct store_index_batch {
    struct directory_id directory;
    uint16_t type, code;
    struct resource_id after; /* in: zero at first; out: the last one that was looked at */
    size_t limit;
    size_t read; /* out */
    bool gone;   /* out: there is no such index to build (any more) */
};
/* Gives rows to the next resources, in the caller's transaction. DB_RETRY: roll back, run the transaction again. */
MUST_CHECK bool store_index_build(struct db *db, struct store_index_batch *batch, struct err *err);
/* Every resource has its rows: filters use it from the next request on. In the caller's transaction. */
MUST_CHECK bool store_index_finish(struct db *db, struct directory_id directory, uint16_t code, struct err *err);

#endif
