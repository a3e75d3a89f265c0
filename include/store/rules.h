/* Rules of directories (scim/rules.h), shared by the threads of a process.
 *
 * A view_token brings its directory's rules. They live as long as the token does; who needs them longer takes a
 * reference. Any thread. */
#ifndef STORE_RULES_H
#define STORE_RULES_H

#include "base/id.h"
#include "scim/rules.h"
#include "store/db.h"

/* One user more: returns `rules`. Rules that nobody counts (scim_rules_default) are returned as they are. */
const struct scim_rules *store_rules_ref(const struct scim_rules *rules);
/* One user less; the last one frees them. NULL is fine. */
void store_rules_unref(const struct scim_rules *rules);

struct store_rules_change {
    struct slice policy;  /* JSON object; data NULL: stays as it is */
    struct slice catalog; /* JSON object without codes (scim/catalog.h); data NULL: stays as it is */
    int64_t now_ms;
};
/* Checks and saves a directory's rules under a new revision, which every server obeys from its next request on; gives
 * codes to new resource types. Inside the caller's transaction, which it makes hold the directory's row.
 * ERR_INVALID_SYNTAX, ERR_INVALID_VALUE: what is wrong with the texts. ERR_NOT_FOUND: no such directory. Resources that
 * are stored stay as they are: they meet the new rules when they are next written. */
MUST_CHECK bool store_rules_save(struct db *db, struct directory_id directory, const struct store_rules_change *change,
                                 struct err *err);

#endif
