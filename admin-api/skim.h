/* The members of a stored document without parsing it: a page of a thousand users is read faster than one is parsed.
 *
 * Only for texts of scim/document.h, which are valid JSON but for missing braces at their end. */
#ifndef ADMIN_SKIM_H
#define ADMIN_SKIM_H

#include "base/slice.h"

/* Visits the next member at the top level; *rest begins as the whole text. Name without quotes, value as it stands in
 * the text (the last one may lack its closing braces). */
bool skim_member(struct slice *rest, struct slice *name_out, struct slice *value_out);

#endif
