/* The events that a row of the feed is: envelope and data. Pure: no database, no clock. */
#ifndef ADMIN_FEED_RENDER_H
#define ADMIN_FEED_RENDER_H

#include "feed_row.h"

enum {
    FEED_MEMBERS = 500,         /* in one event */
    FEED_PAGE_BYTES = 8 << 20,  /* a page that has reached it is full, */
    FEED_EVENT_BYTES = 64 << 20 /* and no event is larger */
};

struct feed_render { /* a page being made */
    const struct feed_query *query;
    struct feed_page *page;
    struct arena *arena;   /* of the page, */
    struct arena *scratch; /* and of the row alone */
    struct buf text;       /* the event under way */
    size_t bytes;          /* of the page so far */
    bool is_full;          /* page->next is set: where the next one begins */
};

/* Adds what the row's events are to the page, those that the query asks for. rules: of the row's directory. */
void feed_render_row(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules);

/* The id of an event that a change is: the same for ever. */
struct id feed_event_id(struct environment_id environment, const struct feed_row *row, uint32_t part);

/* --- the parts of it --- */

/* Type, part and parts of the event; writes all up to "data":. false: it is not wanted, already read, or the page is
 * full. */
bool feed_render_begin(struct feed_render *render, const struct feed_row *row, const char *type, uint32_t part,
                       uint32_t parts);
void feed_render_end(struct feed_render *render);

void feed_render_change(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules);
void feed_render_members(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules);
/* {"user":{…},"version":7 */
void feed_render_resource(struct feed_render *render, const struct feed_row *row, const struct scim_rules *rules,
                          struct slice document);

#endif
