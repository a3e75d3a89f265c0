#include "grace.h"

#include "base/num.h"

enum { MOST_DAYS = 365, DAY_MS = 86400000 };

bool grace_read(const struct call *call, int64_t *erase_ms_out, struct err *err)
{
    struct slice asked = call->query[QUERY_GRACE_DAYS];
    uint64_t days = call->settings->deletion_grace_days;
    if (asked.data && !num_parse_uint(asked, 0, MOST_DAYS, &days))
        return err_set(err, ERR_BAD_REQUEST, "grace_days must be a whole number from 0 to %d.", MOST_DAYS);
    *erase_ms_out = call->op->now_ms + (int64_t)days * DAY_MS;
    return true;
}

bool grace_lasts(const struct call *call, int64_t erase_ms, bool erasing, struct err *err)
{
    if (!erasing && erase_ms > call->op->now_ms)
        return true;
    return err_set(err, ERR_NOT_RESTORABLE, "The time in which it could be restored is over: it is being erased.");
}
