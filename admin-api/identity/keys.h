#ifndef ADMIN_KEYS_H
#define ADMIN_KEYS_H

#include "call.h"

extern const struct admin_operation key_create, key_list, key_get, key_revoke;

struct key_new {
    struct key_id id;
    struct environment_id environment; /* zero: an operator key */
    struct slice label;
    unsigned scopes;
    int64_t created_ms, expires_ms; /* 0: never expires */
};
/* Inserts it and writes its text, which is shown once, to fresh_out. */
MUST_CHECK bool key_insert(struct db *db, const struct auth_peppers *peppers, const struct key_new *key,
                           struct auth_fresh *fresh_out, struct err *err);

/* Label, scopes and end as the body says, without an environment. */
struct key_new key_of_body(struct call *call);

json_t *key_show(struct call *call, const struct db_value *row); /* with the columns of key_of_environment */

#endif
