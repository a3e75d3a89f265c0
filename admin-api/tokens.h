#ifndef ADMIN_TOKENS_H
#define ADMIN_TOKENS_H

#include "call.h"

extern const struct admin_operation token_create, token_list, token_get, token_revoke, token_rotate;

struct token_new {
    struct directory_id directory;
    struct token_id id;
    struct slice label;
    unsigned scopes;
    int64_t expires_ms; /* 0: never */
};
/* Inserts it; its text, which is shown once, is in fresh_out. */
MUST_CHECK bool token_insert(struct call *call, const struct token_new *token, struct auth_fresh *fresh_out,
                             struct err *err);

#endif
