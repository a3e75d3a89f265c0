/* What has come of it, written in groups: places, lanes and deliveries of any number of endpoints in one transaction,
 * under the fences of who holds them. The dispatcher's thread. */
#ifndef ADMIN_WEBHOOKS_PROGRESS_H
#define ADMIN_WEBHOOKS_PROGRESS_H

#include "endpoint.h"

/* Writes what is dirty of endpoints in the list, and the log of deliveries; afterwards nothing is dirty, lanes that are
 * done are gone, and the log is empty. fenced_out: one of them is another process's by now, and nothing was written:
 * look, drop it, and call again. After a failure everything is as it was; twice is as good as once. */
MUST_CHECK bool progress_write(struct db *db, const struct id *holder, struct endpoint *endpoints,
                               struct delivery_log *log, int64_t now_ms, bool *fenced_out, struct err *err);

#endif
