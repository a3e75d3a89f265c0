/* How often one key may ask: a bucket for each, of this process. */
#ifndef ADMIN_RATE_H
#define ADMIN_RATE_H

#include "call.h"

/* Of a request whose key has been proved: counts it once, however often it is run. ERR_QUOTA_EXCEEDED. */
MUST_CHECK bool rate_take(struct call *call, struct err *err);

/* RateLimit and RateLimit-Policy (draft-ietf-httpapi-ratelimit-headers), where the process wants them and the request
 * was counted; Retry-After where it was refused for that. */
void rate_add_fields(struct op *op);

/* As RateLimit-Policy and the problem name it. */
#define RATE_POLICY "key"

#endif
