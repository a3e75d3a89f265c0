/* The members of a stored document without parsing it: a page of a thousand users is read faster than one is parsed.
 *
 * Only for texts of scim/document.h, which are valid JSON but for missing braces at their end. */
#ifndef ADMIN_SKIM_H
#define ADMIN_SKIM_H

#include "base/slice.h"

/* Visits the next member of an object; *rest begins as its whole text. Name without quotes, value as it stands in the
 * text (the last one may lack closing braces). */
bool skim_member(struct slice *rest, struct slice *name_out, struct slice *value_out);

/* The same for the values of an array. */
bool skim_element(struct slice *rest, struct slice *value_out);

#endif
