/* Times as bodies and queries spell them. */
#ifndef ADMIN_INSTANT_H
#define ADMIN_INSTANT_H

#include <stdint.h>

#include "base/err.h"
#include "base/slice.h"

/* RFC 3339: "2027-01-31T12:00:00Z", with a fraction (cut to ms) or an offset if need be. Years 1970 to 9999. */
bool admin_instant_parse(struct slice text, int64_t *instant_ms_out);
/* The same of a query parameter; left as it is where the parameter is absent. ERR_BAD_REQUEST. */
MUST_CHECK bool admin_instant_query(struct slice text, const char *name, int64_t *instant_ms_out, struct err *err);

#endif
