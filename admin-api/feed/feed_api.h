/* GET /v1/events: the feed by pages, by long polls and as a stream of server-sent events (docs/feed.md). */
#ifndef ADMIN_FEED_API_H
#define ADMIN_FEED_API_H

#include "call.h"

extern const struct admin_operation event_list;

#endif
