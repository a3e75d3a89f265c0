/* The envelopes: error bodies and ListResponses. */
#ifndef SCIM_MESSAGE_H
#define SCIM_MESSAGE_H

#include "base/buf.h"
#include "base/err.h"

#define SCIM_URN_LIST_RESPONSE "urn:ietf:params:scim:api:messages:2.0:ListResponse"
#define SCIM_URN_PATCH_OP      "urn:ietf:params:scim:api:messages:2.0:PatchOp"
#define SCIM_URN_SEARCH        "urn:ietf:params:scim:api:messages:2.0:SearchRequest"
#define SCIM_URN_ERROR         "urn:ietf:params:scim:api:messages:2.0:Error"

/* E-01: schemas, status as a string, scimType, detail (always). */
void scim_message_error(enum err_kind kind, struct slice detail, struct buf *out);

/* {"schemas":[…],"totalResults":T,"startIndex":S,"itemsPerPage":N,"Resources":[  — then each resource, separated by
 * commas by the caller, then scim_message_list_end. All three are JSON numbers; Resources is there even when empty. */
void scim_message_list_begin(uint64_t total_results, uint64_t start_index, uint64_t items_per_page, struct buf *out);
/* The same for a page of a walk by cursors (RFC 9865): without startIndex, with the cursors of the neighbouring pages.
 * An empty one is left out. They are base64url and need no escapes. */
void scim_message_walk_begin(uint64_t total_results, uint64_t items_per_page, struct slice next_cursor,
                             struct slice previous_cursor, struct buf *out);
void scim_message_list_end(struct buf *out);

#endif
