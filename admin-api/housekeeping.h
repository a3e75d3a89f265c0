/* What is done behind everyone's back, on a thread and a connection of its own: erasing deleted directories, and
 * dropping changes that are older than the retention. In bounded batches, so that nobody waits for it; it can be cut
 * anywhere and goes on where it was, and several processes may do it at a time. */
#ifndef ADMIN_HOUSEKEEPING_H
#define ADMIN_HOUSEKEEPING_H

#include "store/db.h"

struct housekeeping;

struct housekeeping *housekeeping_start(const struct db_settings *database, unsigned change_retention_days);
void housekeeping_stop(struct housekeeping *housekeeping);

/* There is something to erase: do not wait for the next round. From any thread. */
void housekeeping_wake(struct housekeeping *housekeeping);

/* The smallest id that can have been made at this moment. */
struct id housekeeping_first_id(int64_t wall_ms);

#endif
