/* The derived parts of a served document, one by one. Private to the room. Each begins with a comma. */
#ifndef SCIM_DOCUMENT_PARTS_H
#define SCIM_DOCUMENT_PARTS_H

#include "scim/document.h"

/* The members of manager's object: $ref, displayName. */
void scim_document_add_manager(const struct scim_served *served, struct slice base_url, struct buf *out);
/* "groups" or "members", with its name; nothing when there are none. */
void scim_document_add_refs(const struct scim_served *served, struct slice base_url, struct buf *out);
void scim_document_add_meta(const struct scim_served *served, struct slice base_url, struct buf *out);

#endif
