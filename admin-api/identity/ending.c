#include "ending.h"

#include "reply.h"

enum { DAY_MS = 86400000 };

void ending_show(json_t *shown, int64_t expires_ms, bool revoked, int64_t now_ms)
{
    int64_t left_ms = expires_ms > now_ms ? expires_ms - now_ms : 0;
    bool expired = expires_ms && left_ms == 0;
    bool soon = expires_ms && left_ms <= (int64_t)ENDING_SOON_DAYS * DAY_MS;
    json_object_set_new(shown, "expires_at", show_time_or_null(expires_ms));
    json_object_set_new(shown, "expires_in_days", expires_ms ? json_integer(left_ms / DAY_MS) : json_null());
    json_object_set_new(shown, "expiring", json_boolean(soon && !expired && !revoked));
    json_object_set_new(shown, "expired", json_boolean(expired));
}
