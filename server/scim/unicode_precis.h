/* The rules of PRECIS (RFC 8264) that userName needs. Private to the room. */
#ifndef SCIM_UNICODE_PRECIS_H
#define SCIM_UNICODE_PRECIS_H

#include <stdbool.h>

#include "unicode_wide.h"

/* Every character is PVALID in the IdentifierClass, or allowed by its contextual rule (RFC 5892 appendix A). */
bool scim_precis_is_identifier(const struct scim_wide *text);

/* RFC 5893 section 2; true also for a text without right-to-left characters. */
bool scim_precis_obeys_bidi(const struct scim_wide *text);

#endif
