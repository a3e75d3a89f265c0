/* The kinds of credential. Each file proves one kind. */
#ifndef ADMIN_ACCESS_PROVE_H
#define ADMIN_ACCESS_PROVE_H

#include "call.h"

enum { ACCESS_TOUCH_MS = 60000 }; /* when a credential was last used is written to the minute */

/* Fills in call->principal, and says whether it is what it claims to be. false: the database failed, or a JWT's text is
 * wrong (ERR_UNAUTHORIZED). */
typedef bool access_prove_fn(struct call *call, bool *proved_out, struct err *err);

MUST_CHECK bool access_prove_key(struct call *call, bool *proved_out, struct err *err);
MUST_CHECK bool access_prove_signer(struct call *call, bool *proved_out, struct err *err);
MUST_CHECK bool access_prove_setup_link(struct call *call, bool *proved_out, struct err *err);
MUST_CHECK bool access_prove_setup_session(struct call *call, bool *proved_out, struct err *err);

/* Runs a statement that takes now, the principal's id and now less a minute, when it was last used before that. That it
 * cannot be written is no reason to refuse. */
MUST_CHECK bool access_touch(struct call *call, const char *sql, const struct id *id, int64_t last_used_ms,
                             struct err *err);

#endif
