/* How long what is deleted can come back. */
#ifndef ADMIN_GRACE_H
#define ADMIN_GRACE_H

#include "call.h"

/* When something that is deleted now is to be erased: ?grace_days=, or the setting. ERR_BAD_REQUEST. */
MUST_CHECK bool grace_read(const struct call *call, int64_t *erase_ms_out, struct err *err);

/* ERR_NOT_RESTORABLE when its time is over. */
MUST_CHECK bool grace_lasts(const struct call *call, int64_t erase_ms, bool erasing, struct err *err);

#endif
