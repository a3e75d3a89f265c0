/* The history of users and groups: their versions, what each changed, and how to go back. */
#ifndef ADMIN_HISTORY_H
#define ADMIN_HISTORY_H

#include "call.h"
#include "directories.h"
#include "history_read.h"
#include "scim/rules.h"

extern const struct admin_operation user_history, user_version, user_diff, group_history, group_version, group_diff,
    group_version_members, user_restore, group_restore, directory_rewind;

struct history_request { /* on a user or group that the path names */
    struct call *call;
    struct directory directory;
    struct history_of of;
    const struct scim_rules *rules; /* a reference */
    const struct scim_resource_type *type;
};

/* Whether it succeeds or not, history_end is called afterwards. */
MUST_CHECK bool history_begin(struct call *call, uint16_t type, struct history_request *request, struct err *err);
void history_end(struct history_request *request);
bool history_not_found(const struct history_request *request, struct err *err); /* always false */

/* The stored document at a version, as far as anybody remembers: a new reference. ERR_NOT_FOUND: there is no such
 * version, or it was a deletion. */
MUST_CHECK bool history_load(const struct history_request *request, uint64_t version, json_t **document_out,
                             int64_t *made_ms_out, struct err *err);

#endif
