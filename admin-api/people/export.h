/* A whole directory as NDJSON: one snapshot, in pieces. */
#ifndef ADMIN_EXPORT_H
#define ADMIN_EXPORT_H

#include "call.h"

extern const struct admin_operation directory_export;

#endif
