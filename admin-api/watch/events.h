/* What happened, for the vendor to read: store/event.h writes it. */
#ifndef ADMIN_EVENTS_H
#define ADMIN_EVENTS_H

#include "call.h"

extern const struct admin_operation event_list;

#endif
