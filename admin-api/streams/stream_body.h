/* Bodies of the operations on event streams. */
#ifndef ADMIN_STREAMS_STREAM_BODY_H
#define ADMIN_STREAMS_STREAM_BODY_H

#include "call.h"
#include "stream.h"

enum { STREAM_FIELDS_CREATE = 11, STREAM_FIELDS_UPDATE = 9 };
extern const struct admin_field stream_fields_create[STREAM_FIELDS_CREATE], stream_fields_update[STREAM_FIELDS_UPDATE];

/* What the body says goes into the stream; what it does not say stays as it is. ERR_VALIDATION: organizations that are
 * not there. */
MUST_CHECK bool stream_body_read(struct call *call, struct stream *stream, struct err *err);

#endif
