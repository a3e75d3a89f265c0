/* How often requests of a directory are to be expected, and when it has been silent for too long. Pure. */
#ifndef ADMIN_CADENCE_H
#define ADMIN_CADENCE_H

#include <stdint.h>

#include "base/slice.h"

enum { CADENCE_OVERDUE = 3, CADENCE_LEAST_MS = 30 * 60 * 1000, CADENCE_GAPS = 5 };

struct cadence_source {
    struct slice idp;
    int64_t set_s;        /* by the vendor; 0: not */
    int64_t usual_gap_ms; /* as learned, */
    int64_t gaps;         /* from so many: fewer than CADENCE_GAPS say nothing */
};
struct cadence {
    int64_t expected_ms; /* between two bursts of requests */
    const char *source;  /* "set", "learned", "default" */
    int64_t patience_ms; /* silence longer than this is a stall: CADENCE_OVERDUE times, at least CADENCE_LEAST_MS */
};
/* What is learned never makes the provider's own rhythm shorter: a busy week must not make a quiet one an alarm. */
struct cadence cadence_of(const struct cadence_source *source);

#endif
