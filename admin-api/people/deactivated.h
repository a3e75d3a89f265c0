/* People who were deactivated: who they are, since when, and deleting those who have been so for long, once or for
 * good. */
#ifndef ADMIN_DEACTIVATED_H
#define ADMIN_DEACTIVATED_H

#include "housekeeping.h"
#include "jobs.h"

extern const struct admin_operation user_list_deactivated, user_delete_deactivated, retention_get, retention_replace;
extern const struct admin_job_kind deactivated_delete_job;

enum { DEACTIVATED_MOST_DAYS = 36500, DEACTIVATED_DAY_MS = 86400000 };

/* The place behind all who were deactivated at least so long ago. */
struct id deactivated_before(int64_t now_ms, int64_t days);

/* A chore: starts the job where a directory's retention wants it. */
MUST_CHECK bool retention_chore(struct chore *chore, struct err *err);

#endif
