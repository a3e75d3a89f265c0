/* Idempotency-Key: whoever sends a POST again under the same key gets the answer of the first, and nothing is done
 * twice.
 *
 * The answer is kept in the transaction of the change, so it is there exactly when the change is: a client whose
 * connection broke, or whose server was killed, sends the same again and learns what became of it. Refusals are not
 * kept: they changed nothing. Keys are of the credential that sent them, for a day. */
#ifndef ADMIN_IDEMPOTENCY_H
#define ADMIN_IDEMPOTENCY_H

#include "call.h"

enum { IDEMPOTENCY_MS = 24 * 3600 * 1000, IDEMPOTENCY_KEY_MAX = 255 };

/* At the beginning of the transaction. *replayed_out: answered as before, nothing is to be done. Without a key in the
 * request nothing happens. ERR_BAD_REQUEST, ERR_IDEMPOTENCY_KEY_REUSE, ERR_IDEMPOTENCY_KEY_IN_USE. */
MUST_CHECK bool idempotency_begin(struct call *call, bool *replayed_out, struct err *err);

/* At its end, with the answer ready. */
MUST_CHECK bool idempotency_keep(struct call *call, struct err *err);

/* Drops what was kept before then, at most `most`. For housekeeping. */
MUST_CHECK bool idempotency_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out,
                                  struct err *err);

/* What stands in the header: a string in double quotes (RFC 9651), or the same without them. In the arena. */
MUST_CHECK bool idempotency_key_parse(struct slice header, struct arena *arena, struct slice *key_out, struct err *err);

#endif
