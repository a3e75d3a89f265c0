/* Bringing people back into groups, and out of them: many at a time, and who has gone is left out. */
#ifndef ADMIN_REGROUP_H
#define ADMIN_REGROUP_H

#include "act.h"

enum { REGROUP_AT_A_TIME = 1000 }; /* members of one group, in one change of it */

struct regroup {
    struct resource_id group;
    const struct resource_id *add, *remove; /* sorted, each once */
    size_t add_count, remove_count;
    size_t missing; /* of those to add: not there */
    bool gone;      /* the group is not there */
};
/* In the caller's transaction. */
MUST_CHECK bool regroup_run(struct db *db, const struct inside *inside, struct regroup *regroup, struct err *err);

/* One member into several groups. *gone_out: how many of these are not there. */
MUST_CHECK bool regroup_member(struct db *db, const struct inside *inside, struct resource_id member,
                               const struct resource_id *groups, size_t count, size_t *gone_out, struct err *err);

#endif
