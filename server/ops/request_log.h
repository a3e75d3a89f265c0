#ifndef OPS_REQUEST_LOG_H
#define OPS_REQUEST_LOG_H

#include "ops/op.h"

/* Of struct service: notes how it ended, and gives the request log what it keeps of it. */
void request_log_ended(const struct op *op, uint64_t duration_us, bool client_left);

#endif
