/* xsd:dateTime as instants. Private to the room. */
#ifndef SCIM_FILTER_INSTANT_H
#define SCIM_FILTER_INSTANT_H

#include <stdint.h>

#include "base/slice.h"

struct scim_instant {
    int64_t seconds; /* since 1970-01-01 UTC */
    uint32_t nanoseconds;
};

/* Date and time, years 0001 to 9999, a fraction of any length (digits behind the ninth are dropped), "Z", an offset or
 * nothing (UTC) (A-16, F-10). */
bool scim_instant_parse(struct slice text, struct scim_instant *instant_out);

int scim_instant_compare(struct scim_instant a, struct scim_instant b);

#endif
