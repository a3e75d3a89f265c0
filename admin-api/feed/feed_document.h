/* The representation of a resource as events and snapshots carry it: what is stored, without meta, groups, members and
 * whatever else is derived from other rows; and without what a schema never returns. */
#ifndef ADMIN_FEED_DOCUMENT_H
#define ADMIN_FEED_DOCUMENT_H

#include "base/buf.h"
#include "scim/document.h"

/* type: by the rules of the directory. Appends a JSON object. */
void feed_document_add(const struct scim_resource_type *type, struct scim_stored stored, struct buf *out);

/* The same of a text that has its braces, as `change.document`. */
void feed_document_add_whole(const struct scim_resource_type *type, struct slice document, struct buf *out);

#endif
