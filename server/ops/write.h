/* What creating, replacing and patching share: a decided document on its way into the view. */
#ifndef OPS_WRITE_H
#define OPS_WRITE_H

#include "call.h"
#include "membership.h"

struct decided {      /* a document and what its row carries beside it */
    json_t *document; /* borrowed from the call */
    struct scim_stored stored;
    struct scim_row_keys keys;
};

/* Renders the document and makes its keys, in the view's arena. Refuses with op->err. */
MUST_CHECK bool write_prepare(struct call *call, struct view *view, json_t *document, struct decided *decided_out);
/* The keys of the row as it is. */
MUST_CHECK bool write_keys_before(struct call *call, struct view *view, const struct view_resource *row,
                                  struct scim_row_keys **keys_out);

/* Is the unique key someone else's? Wants the holder. */
bool write_want_holder(struct call *call, struct view *view, struct slice key, const struct resource_id **holder_out);
/* 409 when it is. */
MUST_CHECK bool write_check_holder(struct call *call, const struct resource_id *holder, const struct resource_id *self);

#endif
