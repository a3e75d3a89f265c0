/* What a guarded directory shows of those who have left: how they were before. Nothing where nobody is held. */
#ifndef ADMIN_HELD_H
#define ADMIN_HELD_H

#include "reading.h"

/* Those of the page who are held look as before, and are not deleted. */
MUST_CHECK bool held_replace(struct reading *reading, struct people *people, struct err *err);
/* Their groups, before roles are made of them; */
MUST_CHECK bool held_add_groups(struct reading *reading, struct people *people, struct err *err);
/* and since when they are inactive, behind what stands beside them. */
MUST_CHECK bool held_add_facts(struct reading *reading, struct people *people, struct err *err);

/* Those who were deleted come into a page of everybody, which lies behind `after` and has room for no more than it has.
 * *has_more_inout: others follow. */
MUST_CHECK bool held_insert(const struct reading *reading, struct resource_id after, struct people *people,
                            bool *has_more_inout, struct err *err);

/* One of them, whatever is there: *row_out NULL when the user is not held. */
MUST_CHECK bool held_load(const struct reading *reading, struct resource_id id, const struct view_resource **row_out,
                          struct err *err);

#endif
