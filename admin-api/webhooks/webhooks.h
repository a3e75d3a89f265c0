#ifndef ADMIN_WEBHOOKS_WEBHOOKS_H
#define ADMIN_WEBHOOKS_WEBHOOKS_H

#include "call.h"

extern const struct admin_operation webhook_create, webhook_list, webhook_get, webhook_update, webhook_delete,
    webhook_rotate_secret;

/* Of an environment that is deleted: all of its endpoints, those of event streams too, and how far they had come. What
 * the log of deliveries has of them, housekeeping drops. */
MUST_CHECK bool webhooks_delete_all(struct db *db, const struct environment_id *environment, struct err *err);

/* Secrets that were replaced, and sign no more since before_ms. */
MUST_CHECK bool webhook_secrets_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out,
                                      struct err *err);

#endif
