/* Taking old records away from the beginning of a chain, so that what remains can still be verified. */
#ifndef ADMIN_AUDIT_TRIM_H
#define ADMIN_AUDIT_TRIM_H

#include "audit_chain.h"

/* Deletes the chain's records from before that time, a thousand in a transaction, each with the anchor that says where
 * the chain begins from then on. Needs an account that may delete them: those of the executables may not. ERR_CONFLICT
 * when the chain is broken: what is wrong stays to be looked at. */
MUST_CHECK bool audit_trim(struct db *db, const struct auth_peppers *peppers, const struct id *chain, int64_t before_ms,
                           uint64_t *trimmed_out, struct err *err);

#endif
