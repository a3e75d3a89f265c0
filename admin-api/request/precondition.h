/* Conditional requests (RFC 9110 section 13): If-Match and If-None-Match, for every operation alike. */
#ifndef ADMIN_PRECONDITION_H
#define ADMIN_PRECONDITION_H

#include "call.h"

/* In the transaction of a change, before its handler: reads the resource as the GET of its path shows it (or
 * operation->shown_by), with its rows locked (call->locks), and holds it against the request. ERR_PRECONDITION;
 * ERR_PRECONDITION_REQUIRED where the process wants If-Match and there is none; what the GET says, such as
 * ERR_NOT_FOUND. */
MUST_CHECK bool precondition_check(struct call *call, const struct admin_operation *operation, struct err *err);

/* After the handler: gives a resource that is shown its ETag. A GET whose If-None-Match names it becomes a 304. */
MUST_CHECK bool precondition_answer(struct call *call, const struct admin_operation *operation, struct err *err);

#endif
