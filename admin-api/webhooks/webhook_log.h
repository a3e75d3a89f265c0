/* The log of deliveries is bounded: --webhook-log-days, --webhook-log-rows. */
#ifndef ADMIN_WEBHOOKS_WEBHOOK_LOG_H
#define ADMIN_WEBHOOKS_WEBHOOK_LOG_H

#include "housekeeping.h"

MUST_CHECK bool webhook_log_chore(struct chore *chore, struct err *err);

#endif
