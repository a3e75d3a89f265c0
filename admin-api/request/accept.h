/* What the client takes (RFC 9110 section 12.5.1). */
#ifndef ADMIN_ACCEPT_H
#define ADMIN_ACCEPT_H

#include "base/err.h"
#include "base/slice.h"

/* Does an Accept header allow one of the media types (separated by blanks)? An empty header allows all. */
bool accept_allows(struct slice header, const char *media_types);

/* Is `type` named more closely than `other`? Not by a header that takes everything. */
bool accept_prefers(struct slice header, const char *type, const char *other);

/* ERR_NOT_ACCEPTABLE. media_types NULL: application/json. */
MUST_CHECK bool accept_check(struct slice header, const char *media_types, struct err *err);

#endif
