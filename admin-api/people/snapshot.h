/* An organization's directories as they are at one moment, and where the feed goes on from it. */
#ifndef ADMIN_SNAPSHOT_H
#define ADMIN_SNAPSHOT_H

#include "call.h"

extern const struct admin_operation organization_snapshot;

#endif
