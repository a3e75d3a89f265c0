/* Who is calling, and may they. */
#ifndef ADMIN_ACCESS_H
#define ADMIN_ACCESS_H

#include "call.h"

/* service->admit: refuses addresses that have guessed too often. */
bool access_admit(struct op *op);

/* Fills in call->principal. ERR_UNAUTHORIZED for everything that is no live credential of a kind that the operation is
 * for, all alike; of a JWT, what is wrong with its text. */
MUST_CHECK bool access_authenticate(struct call *call, struct err *err);

/* ERR_FORBIDDEN when the key has not the operation's scope. */
MUST_CHECK bool access_authorise(const struct call *call, struct err *err);

/* Of a request that goes on for long: is its credential still one that may do this? That it is not counts as no wrong
 * guess. */
MUST_CHECK bool access_holds(struct call *call, bool *holds_out, struct err *err);

/* In the transaction of a change: uses up a JWT's jti, where it has one. ERR_UNAUTHORIZED when that was done before. */
MUST_CHECK bool access_spend(struct call *call, struct err *err);

/* Other environments' rows are as good as not there. */
bool access_sees(const struct call *call, const struct environment_id *environment);

/* The same for what a setup link is not about. directory NULL: it is about the organization. */
bool access_reaches(const struct call *call, const struct organization_id *organization,
                    const struct directory_id *directory);

/* The environment that a request without an id in its path is about: the key's own, or the one that an operator names
 * by ?environment_id= or `environment_id`. It exists. */
MUST_CHECK bool access_environment(struct call *call, struct environment_id *environment_out, struct err *err);

#endif
