/* Cursors of the feed: a place in an environment's feed, sealed to it. The same for pages, streams and snapshots. */
#ifndef ADMIN_FEED_CURSOR_H
#define ADMIN_FEED_CURSOR_H

#include "cursor.h"
#include "feed.h"

void feed_cursor_write(const struct auth_peppers *peppers, struct environment_id environment, struct feed_place place,
                       char out[CURSOR_TEXT_BYTES]);

/* ERR_INVALID_CURSOR for what feed_cursor_write did not make for this environment. Whether the rows are still there is
 * feed_read's to say. */
MUST_CHECK bool feed_cursor_read(const struct auth_peppers *peppers, struct environment_id environment,
                                 struct slice text, struct feed_place *place_out, struct err *err);

#endif
