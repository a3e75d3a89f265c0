/* What every listener serves besides its service: /healthz, /readyz, /metrics. */
#ifndef HTTP_ENDPOINTS_H
#define HTTP_ENDPOINTS_H

#include "ops/op.h"

extern const struct route endpoint_routes[];
extern const size_t endpoint_route_count;

#endif
