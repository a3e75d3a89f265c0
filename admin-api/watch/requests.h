#ifndef ADMIN_REQUESTS_H
#define ADMIN_REQUESTS_H

#include "call.h"
#include "housekeeping.h"

extern const struct admin_operation request_list, request_get;

/* Drops what is older than --request-log-days, and what of a directory is beyond --request-log-rows. */
MUST_CHECK bool request_purge_chore(struct chore *chore, struct err *err);

/* {"problem", "scim_type", "detail", "explanation", "action"} of an error, added to object. */
struct request_error {
    int status;
    struct slice problem, operation, detail, idp;
};
void request_show_error(const struct request_error *error, json_t *object);

#endif
