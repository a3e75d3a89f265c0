/* Refusals as application/problem+json (RFC 9457). */
#ifndef ADMIN_PROBLEM_H
#define ADMIN_PROBLEM_H

#include "auth/limit.h"
#include "field.h"
#include "ops/op.h"

/* Renders op->err; a validation's errors are those of problem_errors. */
void problem_refuse(struct op *op);

/* "urn:rollcall:problem:not-found"; out has PROBLEM_TYPE_BYTES. Each has a page in docs/problems/. */
enum { PROBLEM_TYPE_BYTES = 80 };
void problem_type(enum err_kind kind, char *out);

/* What one request needs beyond its op: in the arena of the op, made on first use. */
struct kept_reply {
    bool commit_sent; /* the outcome of its transaction may be unknown */
    struct reply reply;
    struct slice body;
};
struct claim;
struct call_state {
    const struct claim *claim; /* of idempotency.c */
    bool counted;              /* by rate.h */
    struct auth_quota quota;
    struct field_errors errors;
    struct kept_reply kept;
    void *parked; /* what an operation goes on with behind the call; its own */
};
struct call_state *call_state(struct op *op);

/* Refuses with one validation error. Always false. */
bool problem_invalid(struct op *op, const char *pointer, const char *detail, struct err *err);

#endif
