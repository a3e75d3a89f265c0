/* Events as they are answered: a page of JSON, or a piece of an event stream. */
#ifndef ADMIN_FEED_ANSWER_H
#define ADMIN_FEED_ANSWER_H

#include "call.h"
#include "feed.h"

/* {"events": [{…, "cursor": "…"}], "next_cursor": "…", "has_more": …}, in two steps: what one page has, as often as
 * there is one; then the rest of the answer. */
struct feed_answer {
    struct call *call;
    struct environment_id environment;
    size_t count; /* events so far */
};
void feed_answer_add(struct feed_answer *answer, const struct feed_page *page);
bool feed_answer_end(struct feed_answer *answer, struct feed_place next, bool has_more); /* true, as reply_body is */

/* text/event-stream: to the reply of the call. */
bool feed_stream_begin(struct call *call); /* true */
void feed_stream_add(struct call *call, struct environment_id environment, const struct feed_page *page);

#endif
