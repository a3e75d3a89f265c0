#include "problem.h"

#include <stdio.h>

#include "base/json.h"
#include "rate.h"
#include "reply.h"

struct call_state *call_state(struct op *op)
{
    if (!op->state)
        op->state = arena_new(&op->arena, struct call_state);
    return op->state;
}

bool problem_invalid(struct op *op, const char *pointer, const char *detail, struct err *err)
{
    call_state(op)->errors = (struct field_errors){.count = 1, .list = {{pointer, detail}}};
    return err_set(err, ERR_VALIDATION, "The request body has a value that cannot be accepted: see errors.");
}

/* Derived from the name of the kind, so that rewording a title changes no type. */
void problem_type(enum err_kind kind, char *out)
{
    static const char *const names[] = {
        [ERR_NONE] = "ERR_NONE",
#define ERR(kind_, status, scim_type, level, title) [kind_] = #kind_,
#include "base/err.def"
#undef ERR
    };
    if (kind == ERR_QUOTA_EXCEEDED) { /* a registered one */
        snprintf(out, PROBLEM_TYPE_BYTES, "https://iana.org/assignments/http-problem-types#quota-exceeded");
        return;
    }
    snprintf(out, PROBLEM_TYPE_BYTES, "urn:rollcall:problem:%s", names[kind] + strlen("ERR_"));
    for (char *c = out + strlen("urn:rollcall:problem:"); *c; c++)
        *c = (char)(*c == '_' ? '-' : *c >= 'A' && *c <= 'Z' ? *c + ('a' - 'A') : *c);
}

static json_t *show_errors(const struct field_errors *errors)
{
    json_t *list = json_array();
    for (size_t i = 0; i < errors->count; i++)
        json_array_append_new(
            list, json_pack("{s:s, s:s}", "detail", errors->list[i].detail, "pointer", errors->list[i].pointer));
    return list;
}

/* By the operation that has refused the body, if there is one. */
static struct slice media_types_taken(const struct op *op)
{
    const struct admin_operation *operation = (const struct admin_operation *)op->operation;
    if (operation && operation->takes)
        return slice_str(operation->takes);
    return slice_equals(op->method, SLICE_LITERAL("PATCH"))
               ? SLICE_LITERAL("application/json, application/merge-patch+json")
               : SLICE_LITERAL("application/json");
}

static void add_headers(struct op *op, int status)
{
    if (status == 401)
        op_header(op, "www-authenticate",
                  op->authorization.len ? SLICE_LITERAL("Bearer realm=\"rollcall-admin\", error=\"invalid_token\"")
                                        : SLICE_LITERAL("Bearer realm=\"rollcall-admin\""));
    if (op->err.kind == ERR_FORBIDDEN)
        op_header(op, "www-authenticate",
                  SLICE_LITERAL("Bearer realm=\"rollcall-admin\", error=\"insufficient_scope\""));
    if (op->err.kind == ERR_THROTTLED)
        op_header(op, "retry-after",
                  slice_str(arena_printf(&op->arena, "%llu",
                                         (unsigned long long)(op->retry_after_s ? op->retry_after_s : 1))));
    if (status == 503 || op->err.kind == ERR_IDEMPOTENCY_KEY_IN_USE)
        op_header(op, "retry-after", SLICE_LITERAL("1"));
    if (status == 415)
        op_header(op, "accept", media_types_taken(op));
}

void problem_refuse(struct op *op)
{
    char type[PROBLEM_TYPE_BYTES];
    int status = err_status(op->err.kind);
    problem_type(op->err.kind, type);
    json_t *problem =
        json_pack("{s:s, s:s, s:i, s:s, s:o}", "type", type, "title", err_title(op->err.kind), "status", status,
                  "detail", op->err.detail, "instance", json_sprintf("urn:uuid:%s", op->request_id));
    const struct call_state *state = op->state;
    bool named = op->err.kind == ERR_VALIDATION || op->err.kind == ERR_CONFLICT;
    if (named && state && state->errors.count > 0)
        json_object_set_new(problem, "errors", show_errors(&state->errors));
    if (op->err.kind == ERR_QUOTA_EXCEEDED)
        json_object_set_new(problem, "violated-policies", json_pack("[s]", RATE_POLICY));
    add_headers(op, status);
    rate_add_fields(op);
    reply_json(op, status, problem);
    op->reply.content_type = "application/problem+json";
}
