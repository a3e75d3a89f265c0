/* The compiled rules of the directories that are in use, by (directory, revision). Bounded: the least recently used go
 * first. Nothing in it is ever stale, because whoever asks has just read the revision. */
#ifndef STORE_RULES_CACHE_H
#define STORE_RULES_CACHE_H

#include "base/id.h"
#include "store/db.h"
#include "store/rules.h"

/* A reference to the rules of the directory, read by a statement when they are not at hand (then perhaps of a later
 * revision). *rules_out is NULL when the directory has gone, or its texts are none: that is logged. false: the
 * database failed. */
MUST_CHECK bool rules_of_directory(struct db *db, struct directory_id directory, uint32_t revision,
                                   const struct scim_rules **rules_out, struct err *err);

/* Undeclared attributes of the directory that these rules declare are forgotten. The control plane's account alone may.
 */
MUST_CHECK bool rules_forget_declared(struct db *db, struct directory_id directory, const struct scim_rules *rules,
                                      struct err *err);

/* --- for rules_of_directory and tests --- */

/* A reference, or NULL. */
const struct scim_rules *rules_cache_find(struct directory_id directory, uint32_t revision);
/* Takes ownership and returns a reference: to these, or to those that another thread put there meanwhile. */
const struct scim_rules *rules_cache_put(struct directory_id directory, uint32_t revision, struct scim_rules *rules);
size_t rules_cache_count(void);
void rules_cache_clear(void);

#endif
