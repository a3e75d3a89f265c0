/* Members of request bodies: which there are, and what each may hold. */
#ifndef ADMIN_FIELD_H
#define ADMIN_FIELD_H

#include <jansson.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/err.h"

struct field_context {
    struct arena *arena;
    int64_t now_ms;
};

/* What is wrong with the value, as a sentence (static or in the arena); NULL when nothing is. */
typedef const char *field_check_fn(const json_t *value, const struct field_context *context);

enum { FIELD_REQUIRED = 1, FIELD_NULLABLE = 2 };

struct admin_field {
    const char *name;
    field_check_fn *check;
    unsigned flags;
};

field_check_fn field_name;         /* 1 to 200 characters */
field_check_fn field_display_name; /* 1 to 255 characters */
field_check_fn field_external_id;  /* 1 to 255 characters */
field_check_fn field_domains;
field_check_fn field_idp; /* a word; idp.c has those that are known */
field_check_fn field_policy;
field_check_fn field_state; /* "active" or "paused" */
field_check_fn field_flag;  /* true or false */
field_check_fn field_url;   /* its form only: destination.h reads it */
field_check_fn field_directory_id;
field_check_fn field_environment_id;
field_check_fn field_token_scopes;
field_check_fn field_key_scopes;
field_check_fn field_expires_at; /* RFC 3339, in the future */
field_check_fn field_overlap_seconds;
field_check_fn field_cadence_seconds; /* a minute to a year */
field_check_fn field_retention_days;  /* 1 to 3650 */
field_check_fn field_pem;             /* its form only: auth/public_key.h reads it */
field_check_fn field_jwk;
field_check_fn field_setup_permissions;
field_check_fn field_setup_expires_in; /* seconds */

/* One entry of the `errors` member of a 422. */
struct field_error {
    const char *pointer; /* JSON Pointer as a URI fragment: "#/display_name" */
    const char *detail;
};
enum { FIELD_ERRORS_MAX = 16 };
struct field_errors {
    size_t count;
    struct field_error list[FIELD_ERRORS_MAX];
};

/* parent and the member's name behind it, escaped. */
const char *admin_pointer(const char *parent, const char *name, struct arena *arena);

/* Every member against the table, unknown and missing ones included; what is wrong is added to errors_out. */
void admin_fields_check(const json_t *body, const struct admin_field *fields, size_t count,
                        const struct field_context *context, struct field_errors *errors_out);

#endif
