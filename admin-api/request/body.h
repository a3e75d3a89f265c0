/* The body of a request: JSON, and what the operation's table of fields allows. */
#ifndef ADMIN_BODY_H
#define ADMIN_BODY_H

#include "call.h"

/* Sets call->body (a new reference): an empty object where none is needed and none was sent. ERR_MEDIA_TYPE,
 * ERR_INVALID_SYNTAX, or ERR_VALIDATION with every error of the table. */
MUST_CHECK bool body_read(struct call *call, const struct admin_operation *operation, struct err *err);

#endif
