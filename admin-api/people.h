#ifndef ADMIN_PEOPLE_H
#define ADMIN_PEOPLE_H

#include "call.h"
#include "store/view.h"

extern const struct admin_operation user_list, user_get, group_list, group_get, group_list_members;

/* One user or group as the vendor reads it: a profile, and the whole SCIM resource under "scim". Members of a group are
 * not in it: there may be a hundred thousand. */
struct person {
    const struct view_resource *row;
    struct view_refs groups; /* of a user */
    struct slice base_url;   /* of the SCIM resource: the connector URL */
};
void person_render(const struct person *person, struct buf *out);

#endif
