/* What creating, replacing, patching and deleting share: a decided document on its way into the view. */
#ifndef OPS_WRITE_H
#define OPS_WRITE_H

#include "call.h"
#include "membership.h"

/* A new document and what its row carries beside it. In the op's arena: it stays while the op waits for rows, so that
 * the steps that only wait do not decide again. */
struct decision {
    struct slice decided_on; /* the stored text before; empty for a new resource */
    bool changes;            /* false: the document stays as it is, and only decided_on is set */
    bool foreign_domain;     /* a new address is outside the organization's domains, and the policy wants to know */
    bool reported;           /* that has been said */
    struct scim_stored stored;
    struct scim_row_keys keys, keys_before;
    const struct undeclared_path *undeclared; /* paths of the document that no schema declares; NULL: none */
};

/* Renders the document and makes its keys. `before` is NULL for a new resource. Refuses with op->err. */
MUST_CHECK bool write_decide(struct call *call, const json_t *before, const json_t *document,
                             struct decision *decision);
/* Logs and counts what the policy wants to know of it, and remembers what no schema declares. Called where it is
 * staged.
 */
void write_report(struct call *call, struct decision *decision);
MUST_CHECK bool write_keys(struct call *call, const json_t *document, struct scim_row_keys *keys_out);

/* Is the unique key someone else's? Wants the holder. */
bool write_want_holder(struct call *call, struct view *view, struct slice key, const struct resource_id **holder_out);
/* 409 when it is. */
MUST_CHECK bool write_check_holder(struct call *call, const struct resource_id *holder, const struct resource_id *self);

#endif
