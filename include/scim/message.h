/* The envelopes: error bodies and ListResponses. */
#ifndef SCIM_MESSAGE_H
#define SCIM_MESSAGE_H

#include "base/buf.h"
#include "base/err.h"

#define SCIM_URN_LIST_RESPONSE "urn:ietf:params:scim:api:messages:2.0:ListResponse"
#define SCIM_URN_PATCH_OP      "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define SCIM_URN_ERROR         "urn:ietf:params:scim:api:messages:2.0:Error"

/* E-01: schemas, status as a string, scimType, detail (always). */
void scim_message_error(enum err_kind kind, struct slice detail, struct buf *out);

/* {"schemas":[…],"totalResults":T,"startIndex":S,"itemsPerPage":N,"Resources":[  — then each resource, separated by
 * commas by the caller, then scim_message_list_end. All three are JSON numbers; Resources is there even when empty. */
void scim_message_list_begin(uint64_t total_results, uint64_t start_index, uint64_t items_per_page, struct buf *out);
void scim_message_list_end(struct buf *out);

#endif
