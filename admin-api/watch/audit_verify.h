/* Is the audit log what was written? */
#ifndef ADMIN_AUDIT_VERIFY_H
#define ADMIN_AUDIT_VERIFY_H

#include "audit_chain.h"

struct audit_verdict {
    bool intact;
    uint64_t first, last;       /* positions that were looked at; last < first: none */
    uint64_t end;               /* where the chain ends, as its head says */
    struct audit_hash previous; /* of the record before `first`; zeros: there is none */
    struct audit_hash hash;     /* of `last` */
    uint64_t broken_at;         /* not intact: where, and what is wrong, as a sentence */
    const char *problem;
};

/* Looks at `most` records behind the position `after`; 0: from the chain's beginning. A chain that is not there has no
 * records and is intact. */
MUST_CHECK bool audit_verify(struct db *db, const struct auth_peppers *peppers, const struct id *chain, uint64_t after,
                             uint64_t most, struct audit_verdict *verdict_out, struct err *err);

#endif
