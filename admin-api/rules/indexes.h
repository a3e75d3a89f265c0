/* Indexes of a directory for attributes that none serves by itself. */
#ifndef ADMIN_INDEXES_H
#define ADMIN_INDEXES_H

#include "call.h"
#include "directories.h"
#include "jobs.h"

extern const struct admin_operation index_list, index_create, index_get, index_delete;

extern const struct admin_job_kind index_job;

struct chore;
MUST_CHECK bool index_drop_chore(struct chore *chore, struct err *err);

/* In the transaction of the change: a job that does what it left to be done (store/indexes.h), if anything. Indexes
 * that are not ready show it. */
MUST_CHECK bool index_job_add(struct call *call, const struct directory *directory, json_t *work, struct err *err);

#endif
