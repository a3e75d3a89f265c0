/* The members of a group under change: which there are, which a request wants, what follows for the rows. */
#ifndef OPS_MEMBERSHIP_H
#define OPS_MEMBERSHIP_H

#include "call.h"

struct membership; /* of one group, for one step; in the op's arena */

struct membership *membership_new(struct call *call, struct view *view, struct resource_id group, bool is_new_group,
                                  size_t most_ids);

/* Each names the rows it needs and returns false until they are there; call all before giving up, so that one load
 * brings them together. */
bool membership_apply(struct membership *membership, const struct scim_member_edit *edit);

/* Every added member exists: users or groups of the same directory. ERR_INVALID_VALUE names the first that does not. */
MUST_CHECK bool membership_check(struct membership *membership, struct err *err);
/* The others are left out instead. Returns how many they are. */
size_t membership_leave_out_missing(struct membership *membership);

/* What changes in the end; a member removed and added again is no change. */
const struct view_member_change *membership_changes(struct membership *membership, size_t *count_out);

/* All members as they will be, in order of id, for showing. Only when the whole list was wanted with `shown`. `group`
 * is the group's row as staged: it may be a member of itself, under a new name. */
bool membership_want_whole(struct membership *membership);
struct view_refs membership_refs(struct membership *membership, const struct view_resource *group);

#endif
