/* The addresses of a name, within a time. */
#ifndef ADMIN_OUTBOUND_RESOLVE_H
#define ADMIN_OUTBOUND_RESOLVE_H

#include "address.h"

enum { RESOLVED_MOST = 64, RESOLVE_MOST_THREADS = 16, RESOLVE_SOON_MS = 200 };

struct resolved {
    size_t count; /* 0: there is no such name, or it has no address */
    struct address list[RESOLVED_MOST];
};

/* false: not within wait_ms, or not within RESOLVE_SOON_MS while somebody else waits for longer than that, or too many
 * names are being looked up already. Any thread. */
MUST_CHECK bool resolve(struct slice name, int wait_ms, struct resolved *resolved_out);

#endif
