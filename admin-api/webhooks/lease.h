/* Which endpoints are this process's: leases in the database, by its clock.
 *
 * Every process says every few seconds that it is there, and renews what it has; what is nobody's, or of one that is
 * not there any more, is taken by who has less than its share. One thread's. */
#ifndef ADMIN_WEBHOOKS_LEASE_H
#define ADMIN_WEBHOOKS_LEASE_H

#include "store/db.h"

enum { LEASE_MS = 10000, LEASE_RENEW_MS = 2500, LEASE_MARGIN_MS = 2000 };

struct lease {
    struct id self;
    uint64_t renewed_ns;  /* before it was asked for; 0: never */
    int64_t now_ms;       /* the database's clock, when */
    uint64_t now_ns;      /* it was so here */
    size_t held, surplus; /* how many were this process's; how many of them should be another's */
    bool has_taken;       /* something in the last turn or look */
};

/* Says that this process is there and renews what it has; then takes what is nobody's, up to its share. */
MUST_CHECK bool lease_turn(struct db *db, struct lease *lease, struct err *err);
/* Takes what is nobody's, when there is something. */
MUST_CHECK bool lease_look(struct db *db, struct lease *lease, struct err *err);
/* Gives one back, for others to take at once. */
MUST_CHECK bool lease_give(struct db *db, const struct id *endpoint, uint64_t fence, struct err *err);
/* Gives all back: the process ends. */
MUST_CHECK bool lease_end(struct db *db, const struct lease *lease, struct err *err);

/* Can nobody else have taken what this process has? */
bool lease_is_good(const struct lease *lease, uint64_t now_ns);
/* The database's clock, as far as is known; jumps of this machine's do not move it. */
int64_t lease_now_ms(const struct lease *lease, uint64_t now_ns);

#endif
