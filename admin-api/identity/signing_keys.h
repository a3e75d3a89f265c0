#ifndef ADMIN_SIGNING_KEYS_H
#define ADMIN_SIGNING_KEYS_H

#include "call.h"

extern const struct admin_operation signing_key_create, signing_key_list, signing_key_get, signing_key_revoke;

/* Drops jti that were used up by tokens which are refused by now. For housekeeping. */
MUST_CHECK bool signing_uses_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out,
                                   struct err *err);

#endif
