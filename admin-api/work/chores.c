/* Every chore of housekeeping, once. To add one: a function, declared in a header of its own, and a line in the table.
 * What is only to be dropped when it is old needs none: purge.c has a table of those. */
#include "deactivated.h"
#include "erase.h"
#include "feed_retention.h"
#include "health.h"
#include "housekeeping.h"
#include "indexes.h"
#include "purge.h"
#include "requests.h"
#include "tokens.h"
#include "webhook_log.h"

const struct chore_kind chore_kinds[] = {
    {"erase what was deleted", 10, erase_chore},
    {"delete who was deactivated long ago", 600, retention_chore},
    {"erase what came late", 30, erase_late_chore},
    {"warn of tokens that end", 60, token_warn_chore},
    {"drop old events of the feed", 600, feed_purge_chore},
    {"drop old changes", 600, change_purge_chore},
    {"drop old events", 600, event_purge_chore},
    {"drop what is old", 600, purge_chore},
    {"watch the health of directories", 10, health_watch_chore},
    {"drop old requests of the log", 300, request_purge_chore},
    {"drop rows of indexes that are gone", 10, index_drop_chore},
    {"drop old deliveries of webhooks", 60, webhook_log_chore},
};
const size_t chore_kind_count = sizeof chore_kinds / sizeof chore_kinds[0];
