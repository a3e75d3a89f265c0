/* What ends by itself, as it is shown. */
#ifndef ADMIN_ENDING_H
#define ADMIN_ENDING_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { ENDING_SOON_DAYS = 30 };

/* Adds "expires_at", "expires_in_days", "expiring" (within 30 days, and not revoked) and "expired". expires_ms 0:
 * never. */
void ending_show(json_t *shown, int64_t expires_ms, bool revoked, int64_t now_ms);

#endif
