/* What a stored document says about a person, normalised: slices of its text, found by skimming. */
#ifndef ADMIN_PROFILE_H
#define ADMIN_PROFILE_H

#include "base/buf.h"
#include "base/slice.h"

struct profile { /* JSON values as they stand in the document; empty: absent */
    struct slice user_name, external_id, active, name, emails, title;
    struct slice email; /* the primary one's value, else the first one's */
    struct slice employee_number, department, cost_center, organization, division;
    struct slice manager; /* manager.value */
    bool has_custom;      /* something that neither the core schema nor the enterprise extension has */
};
struct profile profile_of_user(struct slice document);
/* userName and the like are empty. */
struct profile profile_of_group(struct slice document);

/* What has_custom promises, as members of a JSON object: values of the directory's own schemas under their URNs,
 * undeclared attributes as they were sent, those of the enterprise extension under its URN. */
void profile_add_custom(struct slice document, struct buf *out);

#endif
