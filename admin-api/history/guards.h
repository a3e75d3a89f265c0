/* The deprovisioning guard of a directory: who is held, and letting go of them. */
#ifndef ADMIN_GUARDS_H
#define ADMIN_GUARDS_H

#include "jobs.h"
#include "store/view.h"

extern const struct admin_operation guard_get, guard_list_users, guard_release, guard_revert;
extern const struct admin_job_kind guard_revert_job;

enum { GUARD_MOST_USERS = 1000 }; /* that a request names */

struct guard_letting_go {
    struct environment_id environment;
    struct organization_id organization;
    struct directory_id directory;
    const struct resource_id *users; /* NULL: all */
    size_t count;
    struct id actor;
    enum view_cause cause;
    const char *how; /* "released", "reverted": of the event */
    int64_t now_ms;

    uint64_t gone; /* what came of it: so many were held, */
    bool is_open;  /* and nobody is any more */
};
/* In the caller's transaction. */
MUST_CHECK bool guard_let_go(struct db *db, struct guard_letting_go *letting_go, struct err *err);

/* The member "users" of a body or of a job: ids, in the arena. Absent: *ids_out NULL. */
void guard_read_users(const json_t *list, struct arena *arena, struct resource_id **ids_out, size_t *count_out);

#endif
