/* Requests as tests write them, packed into ops as the HTTP room packs what it received. */
#ifndef TEST_OPS_REQUEST_H
#define TEST_OPS_REQUEST_H

#include "ops/scim.h"

struct request {
    const char *method;
    const char *path;          /* behind the base URL, with its query: "/Users?filter=…" */
    const char *body;          /* ' stands for " */
    const char *authorization; /* NULL: the caller's; "" none */
    const char *organization;  /* NULL: the caller's */
    const char *content_type, *accept, *if_match, *if_none_match;
};

struct caller {
    const struct service *service;
    const char *organization; /* "org-…" */
    const char *bearer;       /* value of the header */
};

struct op *request_op(const struct caller *caller, const struct request *request, int64_t now_ms);
void request_free(struct op *op);
const char *request_header(const struct op *op, const char *name); /* of the reply; NULL when it is not there */

/* Peppers that are the same in every process. */
struct auth_peppers *request_peppers(void);

#endif
