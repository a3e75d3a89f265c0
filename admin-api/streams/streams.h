/* Event streams: made, changed and ended by the vendor, and polled by whoever receives. */
#ifndef ADMIN_STREAMS_H
#define ADMIN_STREAMS_H

#include "call.h"

extern const struct admin_operation stream_create, stream_list, stream_get, stream_update, stream_delete, stream_poll,
    stream_list_errors, stream_list_deliveries;

#endif
