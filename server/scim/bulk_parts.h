/* What the files of bulk requests share. */
#ifndef SCIM_BULK_PARTS_H
#define SCIM_BULK_PARTS_H

#include "scim/bulk.h"

enum { BULK_NOBODY = -1 };

/* The operation that has this bulkId; BULK_NOBODY. */
long bulk_find(const struct scim_bulk *bulk, struct slice bulk_id);

/* Notes what the operation refers to, and its err where that is nothing. */
void bulk_note_references(struct scim_bulk *bulk, size_t operation, struct arena *arena);

/* Sets the operation's err, unless it has one. */
void bulk_refuse(struct scim_bulk_operation *operation, struct arena *arena, enum err_kind kind, const char *format,
                 ...) __attribute__((format(printf, 4, 5)));

#endif
