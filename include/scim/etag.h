/* Preconditions (RFC 9110 section 13, checklist V-01 to V-08). Comparison is by the opaque part (V-06). */
#ifndef SCIM_ETAG_H
#define SCIM_ETAG_H

#include "base/err.h"
#include "base/slice.h"

enum scim_condition { SCIM_CONDITION_NONE, SCIM_CONDITION_MET, SCIM_CONDITION_FAILED };

/* One header value against the current tag (as scim_document_etag writes it): a list of tags or "*". Empty header:
 * NONE. MET: some tag matches. A malformed header is ERR_INVALID_VALUE. */
MUST_CHECK bool scim_etag_check(struct slice header, const char *current, enum scim_condition *condition_out,
                                struct err *err);

#endif
