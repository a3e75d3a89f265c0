/* Secrets of endpoints as the database has them: sealed, and bound to the endpoint and its environment. */
#ifndef ADMIN_WEBHOOKS_SECRET_H
#define ADMIN_WEBHOOKS_SECRET_H

#include "auth/token.h"
#include "base/buf.h"
#include "base/id.h"

/* text: "whsec_…", a bearer token, … Appends the box to out. */
void webhook_secret_seal(const struct auth_peppers *peppers, const struct environment_id *environment,
                         const struct id *endpoint, struct slice text, struct buf *out);
/* Appends the text to out. false: it is not this endpoint's, or of a pepper that is not there any more. */
MUST_CHECK bool webhook_secret_open(const struct auth_peppers *peppers, const struct environment_id *environment,
                                    const struct id *endpoint, struct slice box, struct buf *out);

#endif
