/* Setup links: what a vendor sends to a customer's IT admin. One exchange makes a session, which may do little. */
#ifndef ADMIN_SETUP_LINKS_H
#define ADMIN_SETUP_LINKS_H

#include "call.h"

enum {
    SETUP_LINK_DEFAULT_S = 7 * 86400,
    SETUP_LINK_MAX_S = 30 * 86400,
    SETUP_SESSION_S = 12 * 3600,
    SETUP_SESSION_IDLE_S = 30 * 60,
    SETUP_KEEP_DAYS = 90, /* how long they are listed after their end */
};

extern const struct admin_operation setup_link_create, setup_link_list, setup_link_get, setup_link_revoke;

/* Drops what ended long ago. For housekeeping. */
MUST_CHECK bool setup_links_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out,
                                  struct err *err);

#endif
