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

/* A reference to the rules of a directory as they are now; the caller drops it. *rules_out is NULL when there is no
 * such directory, or its texts cannot be read. */
MUST_CHECK bool store_rules_load(struct db *db, struct directory_id directory, const struct scim_rules **rules_out,
                                 struct err *err);

/* The same for who has just read the directory's revision: without a statement where the rules are at hand. */
MUST_CHECK bool store_rules_at(struct db *db, struct directory_id directory, uint32_t revision,
                               const struct scim_rules **rules_out, struct err *err);

/* Why the resources of a directory cannot have the keys that a policy asks for. */
struct store_key_conflict {
    uint16_t type;
    struct resource_id id, other; /* other: who has the same key; zero where `why` says what is wrong with id alone */
    char why[160];
};
enum { STORE_KEY_CONFLICTS = 16 };
struct store_key_conflicts {
    size_t count;                                        /* how many were found, */
    struct store_key_conflict list[STORE_KEY_CONFLICTS]; /* and the first of them */
};

struct store_rules_change {
    struct slice policy;  /* JSON object; data NULL: stays as it is */
    struct slice catalog; /* JSON object without codes (scim/catalog.h); data NULL: stays as it is */
    int64_t now_ms;
    struct json_t *index_work; /* array: gets what is to be built of extra indexes that this changes (indexes.h); may be
                                  NULL: they are of no use until somebody does it */
    struct store_key_conflicts *conflicts; /* filled in when it ends in ERR_CONFLICT; may be NULL */
};
/* Checks and saves a directory's rules under a new revision, which every server obeys from its next request on; gives
 * codes to new resource types, and forgets undeclared attributes that are declared now. Inside the caller's
 * transaction, which it makes hold the directory's row.
 * ERR_INVALID_SYNTAX, ERR_INVALID_VALUE: what is wrong with the texts. ERR_NOT_FOUND: no such directory. Resources that
 * are stored stay as they are: they meet the new rules when they are next written. But what they are found and told
 * apart by (unique_identifier, unique_group_names, the unique attribute of an own type) is made anew for all of them in
 * the same transaction; ERR_CONFLICT when that is not possible, and nothing has changed then. While the transaction
 * holds the directory's row, writes to the directory are answered 503 (view_gates.c), reads see it as it was. */
MUST_CHECK bool store_rules_save(struct db *db, struct directory_id directory, const struct store_rules_change *change,
                                 struct err *err);

#endif
