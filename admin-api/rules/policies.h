/* The policy of a directory as a resource of its own. */
#ifndef ADMIN_POLICIES_H
#define ADMIN_POLICIES_H

#include "call.h"

extern const struct admin_operation policy_get, policy_update, policy_replace;

/* Saves the text of a policy, whose members stand at `pointer` in the request's body. ERR_VALIDATION, or ERR_CONFLICT
 * with the resources that it cannot tell apart. */
MUST_CHECK bool policy_save(struct call *call, struct directory_id directory, struct slice policy, const char *pointer,
                            struct err *err);

#endif
