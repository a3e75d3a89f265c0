/* People who were deactivated: who they are, since when, and deleting those who are for long. */
#ifndef ADMIN_DEACTIVATED_H
#define ADMIN_DEACTIVATED_H

#include "call.h"

extern const struct admin_operation user_list_deactivated;

enum { DEACTIVATED_MOST_DAYS = 36500 };

#endif
