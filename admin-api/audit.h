/* The audit log: one row for each change, written in its transaction. */
#ifndef ADMIN_AUDIT_H
#define ADMIN_AUDIT_H

#include "call.h"

/* Who, what, where, from call->audit. The row's id is the operation's, so that a commit with an unknown outcome can be
 * looked up, and one that is run again cannot be written twice. */
MUST_CHECK bool audit_write(struct call *call, struct err *err);
MUST_CHECK bool audit_find(struct db *db, const struct operation_id *operation, bool *found_out, struct err *err);

/* Who is asking, as the log shows it: the id of a key. */
void audit_actor(const struct call *call, char out[ID_PREFIXED_CHARS + 1]);

/* A row of something that no request did, such as the making of an operator key by a command. */
MUST_CHECK bool audit_write_command(struct db *db, const char *action, const struct id *key, int64_t now_ms,
                                    struct err *err);

#endif
