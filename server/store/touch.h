/* What is written behind, on a connection of its own: when tokens were last used, at most once a minute per token, and
 * what undeclared.h has noted. */
#ifndef STORE_TOUCH_H
#define STORE_TOUCH_H

#include "store/db.h"
#include "store/view.h"

struct touch;

struct touch *touch_start(const struct db_settings *settings);
void touch_stop(struct touch *touch); /* writes what is noted */

/* Any thread. Cheap when the token was noted within the minute. */
void touch_note(struct directory_id directory, struct token_id token, int64_t last_used_ms, int64_t now_ms);

#endif
