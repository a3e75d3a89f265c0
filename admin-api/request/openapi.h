/* GET /v1/openapi.json: the description of this API, for everyone. */
#ifndef ADMIN_OPENAPI_H
#define ADMIN_OPENAPI_H

#include "call.h"

extern const struct admin_operation openapi_get;

#endif
