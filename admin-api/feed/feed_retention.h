/* How long the feed and what its events are made of are kept.
 *
 * An environment keeps its events for so many days (event_retention_days, else --event-retention), never longer than
 * changes are kept. A row of `change` goes when it is older than --change-retention, but not before an event that is
 * kept needs it: as what it tells, or as the version before, whose values it names. */
#ifndef ADMIN_FEED_RETENTION_H
#define ADMIN_FEED_RETENTION_H

#include "housekeeping.h"

/* Chores, in this order. */
MUST_CHECK bool feed_purge_chore(struct chore *chore, struct err *err);
MUST_CHECK bool change_purge_chore(struct chore *chore, struct err *err);
MUST_CHECK bool event_purge_chore(struct chore *chore, struct err *err);

#endif
