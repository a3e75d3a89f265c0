/* Names of scopes, as bodies and answers spell them. */
#ifndef ADMIN_SCOPES_H
#define ADMIN_SCOPES_H

#include <jansson.h>

#include "auth/scope.h"
#include "base/arena.h"

struct admin_scope {
    const char *name; /* NULL ends a table */
    unsigned bit;
};

extern const struct admin_scope admin_token_scopes[]; /* of directory tokens: "users:read", … */
extern const struct admin_scope admin_key_scopes[];   /* of API keys: "read", "manage", "tokens" */

extern const struct admin_scope admin_setup_permissions[]; /* of setup links: "view_connection", … */

/* An array of at least one name, none twice. */
bool admin_scopes_parse(const json_t *names, const struct admin_scope *table, unsigned *bits_out);
json_t *admin_scopes_show(unsigned bits, const struct admin_scope *table); /* a new reference */
unsigned admin_scopes_of_text(struct slice text,
                              const struct admin_scope *table);              /* blanks between; unknown ones are none */
const char *admin_scope_name(unsigned bit, const struct admin_scope *table); /* "" when it is not there */
const char *admin_scopes_names(const struct admin_scope *table, struct arena *arena); /* for messages */

#endif
