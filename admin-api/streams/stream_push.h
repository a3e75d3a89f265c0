/* The push of an event stream (RFC 8935): an endpoint of the webhooks' dispatcher, under the stream's id. */
#ifndef ADMIN_STREAMS_STREAM_PUSH_H
#define ADMIN_STREAMS_STREAM_PUSH_H

#include "stream.h"

/* In the caller's transaction, with the body's token. url: data NULL: it stays. */
MUST_CHECK bool stream_push_begin(struct call *call, const struct stream *stream, struct slice url, struct err *err);
MUST_CHECK bool stream_push_change(struct call *call, const struct stream *stream, struct slice url, struct err *err);
MUST_CHECK bool stream_push_end(struct call *call, const struct stream *stream, struct err *err);

#endif
