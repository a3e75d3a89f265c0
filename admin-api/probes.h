/* What an operator's machinery asks: alive, ready, metrics. Without a key; the admin listener is private. */
#ifndef ADMIN_PROBES_H
#define ADMIN_PROBES_H

#include "ops/op.h"

extern const struct operation admin_alive, admin_ready, admin_metrics;

#endif
