/* The audit log: one record for each change, written in its transaction. */
#ifndef ADMIN_AUDIT_H
#define ADMIN_AUDIT_H

#include "audit_chain.h"
#include "call.h"

/* Who, what, where, from call->audit. The row's id is the operation's, so that a commit with an unknown outcome can be
 * looked up, and one that is run again cannot be written twice. */
MUST_CHECK bool audit_write(struct call *call, struct err *err);
MUST_CHECK bool audit_find(struct db *db, const struct operation_id *operation, bool *found_out, struct err *err);

/* What changed: the thing as the API shows it, before and after. Of a change, the log has the members that differ; of
 * what is made all of "after", of what is deleted all of "before"; the "id" in any case. Both take the reference: pass
 * json_copy(shown) where the object goes on to be the answer. Texts of credentials are left out. */
void audit_before(struct call *call, json_t *shown);
void audit_after(struct call *call, json_t *shown);
/* Drops what was noted, for a second try. */
void audit_forget(struct call *call);

/* Who is asking, as the log shows it: the id of a key. */
void audit_actor(const struct call *call, char out[ID_PREFIXED_CHARS + 1]);

/* A record of something that no request did, such as the making of an operator key by a command. */
MUST_CHECK bool audit_write_command(struct db *db, const struct auth_peppers *peppers, const char *action,
                                    const struct id *key, int64_t now_ms, struct err *err);

#endif
