/* What an event of the feed is as a SCIM event of RFC 9967: the `events` claim. Pure. */
#ifndef ADMIN_STREAMS_SET_EVENTS_H
#define ADMIN_STREAMS_SET_EVENTS_H

#include <jansson.h>

#include "base/slice.h"
#include "feed.h"

enum set_event { /* bits of event_stream.events: never renumber */
                 SET_ADD,
                 SET_REMOVE,
                 SET_CREATE,
                 SET_PATCH,
                 SET_PUT,
                 SET_DELETE,
                 SET_ACTIVATE,
                 SET_DEACTIVATE,
                 SET_EVENTS
};
#define SET_BIT(event)  (1u << (event))
#define SET_EVERYTHING  (SET_BIT(SET_EVENTS) - 1)
#define SET_OF_THE_FEED (SET_BIT(SET_ADD) | SET_BIT(SET_REMOVE))

enum set_format { SET_FULL = 1, SET_NOTICE = 2 }; /* event_stream.format: never renumber */

/* "urn:ietf:params:scim:event:prov:create:full"; of a format where the event has one. Static. */
const char *set_event_uri(enum set_event event, enum set_format format);
/* Either format names the event. */
bool set_event_parse(struct slice uri, enum set_event *event_out);

/* Types of the feed's events (bits) that may be SCIM events of these. */
uint64_t set_types_of(unsigned events);

/* data: that of the event. A new object of URIs, those of the events that are wanted (SET_BITs); NULL: there is none.
 * In the format full a change is told as a notice where there is something that may be named but not shown, and where
 * a group's members change by more than one event holds. */
json_t *set_events_of(const struct feed_event *event, const json_t *data, enum set_format format, unsigned wanted);

/* Whether it is about all resources of a directory, or of an organization: they enter the stream or leave it. */
bool set_event_moves(const struct feed_event *event, enum set_event *event_out);

/* The resource in an event's data. Borrowed; NULL: it is about none. */
const json_t *set_resource_of(const json_t *data);

#endif
