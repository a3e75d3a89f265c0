/* Events of what a request did. */
#ifndef ADMIN_TELL_H
#define ADMIN_TELL_H

#include "call.h"

/* Raises an event about the environment, organization and directory that call->audit names, in the request's
 * transaction. data: an object, never a secret; NULL: {}; takes the reference. */
MUST_CHECK bool admin_tell(struct call *call, const char *type, json_t *data, struct err *err);

#endif
