#ifndef ADMIN_TOKENS_H
#define ADMIN_TOKENS_H

#include "call.h"
#include "housekeeping.h"

extern const struct admin_operation token_create, token_list, token_get, token_update, token_revoke, token_rotate,
    token_list_ending;

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

/* A row that begins with the columns of token_load. */
json_t *token_show(struct call *call, const struct db_value *row);

/* --- The end of a token, and the warnings of it: 30 days ahead, 7, 1, and that it has come. --- */

enum { TOKEN_WARNINGS = 4 }; /* the last one: it has ended */

/* How many of the warnings are due: what scim_token.warned is when nobody needs to hear of those. */
unsigned token_warnings_due(int64_t expires_ms, int64_t now_ms);

/* Raises token.expiring and token.expired, each once for each token and warning, however many processes look: of
 * several warnings that became due since the last look, the last one. */
MUST_CHECK bool token_warn_chore(struct chore *chore, struct err *err);

/* Raises an event about a token of the directory that call->audit names. */
MUST_CHECK bool token_tell(struct call *call, const char *type, const struct token_new *token, struct err *err);
/* What such an event says. */
json_t *token_describe(const struct token_id *token, struct slice label, int64_t expires_ms);

#endif
