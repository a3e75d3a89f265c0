/* New keys for the resources of a directory whose policy tells them apart by something else. Private to the room. */
#ifndef STORE_REKEY_H
#define STORE_REKEY_H

#include "store/rules.h"

struct rekey {
    struct db *db; /* inside a transaction that holds the directory's row */
    struct directory_id directory;
    const struct scim_rules *before, *after;
    struct store_key_conflicts *conflicts; /* may be NULL */
};

/* Nothing to do when both rules make the same keys. ERR_CONFLICT: see store_rules_save. */
MUST_CHECK bool rekey_run(const struct rekey *rekey, struct err *err);

#endif
