#ifndef ADMIN_AUDIT_LOG_H
#define ADMIN_AUDIT_LOG_H

#include "call.h"

extern const struct admin_operation audit_list, audit_export, audit_check;

#endif
