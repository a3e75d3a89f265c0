/* The audit log: a line for each operation that changes identities or was refused to (checklist SEC-12): who, in which
 * directory, what, when, and what came of it. Ids only: no value of a resource, and nothing of a credential but its id.
 *
 * Written when the outcome is known. What was changed is also in the table `change`, written with the change itself,
 * under the id of the request; operations of a bulk request have ids of their own there, the line's change_id. */
#ifndef OPS_AUDIT_H
#define OPS_AUDIT_H

#include "ops/op.h"

void audit_record(const struct op *op); /* nothing for operations that only read */

#endif
