/* Acting on a directory from inside: jobs of the write lane, run on a connection of the caller's and in its
 * transaction.
 *
 * Nobody's token admits them. The view knows the directory's own row in a token's place (view_token.is_inside, its id
 * zero): state, revision and rules, read under the gate that every writer of the directory takes. No request reaches
 * this: a view of the lanes never has such a row. */
#ifndef STORE_INSIDE_H
#define STORE_INSIDE_H

#include "store/db.h"
#include "store/view.h"

enum { INSIDE_MOST_JOBS = JOB_GROUP_MOST };

/* Decides the jobs in their order, each on what those before it left, and writes what they staged. A refused one is
 * answered by itself and stages nothing. ERR_NOT_FOUND: there is no such directory. false: the caller rolls back;
 * db_failure says whether the whole may be run again (DB_RETRY; DB_DUPLICATE and DB_REFERENCE, too: somebody else was
 * quicker, and the next run sees it). */
MUST_CHECK bool store_inside_run(struct db *db, struct directory_id directory, struct job *const *jobs, size_t count,
                                 struct err *err);

#endif
