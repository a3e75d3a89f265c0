/* One user or group as the vendor reads it: a normalised profile and, unless the caller does without, the whole SCIM
 * resource under "scim". Members of a group are not in it: there may be a hundred thousand.
 *
 * This is the one place that renders people. What is laid over a person (the vendor's own id, a view that is held)
 * is loaded for a page at a time by reading_dress and kept here. */
#ifndef ADMIN_PERSON_H
#define ADMIN_PERSON_H

#include "base/buf.h"
#include "role_book.h"
#include "store/held.h"
#include "store/people.h"
#include "store/view.h"

struct person {
    const struct view_resource *row;
    struct view_refs groups;          /* of a user; of a deleted one those that it was directly in */
    struct role_names roles;          /* of a user who is there */
    bool is_deleted;                  /* at row->modified_ms */
    const struct store_held *held;    /* shown as before the guard was tripped; NULL: as it is */
    const struct store_person *known; /* of a user, what stands beside the resource; NULL: nothing does */
};

struct person_style {
    struct slice base_url; /* of the SCIM resource: the connector URL */
    bool profile_only;     /* without the SCIM resource */
};

/* What has happened to somebody of whom that is not shown yet: the strongest. */
const char *person_held_kind(const struct store_held *held);

void person_render(const struct person *person, const struct person_style *style, struct buf *out);

#endif
