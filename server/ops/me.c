/* /Me: the user that the token is of (RFC 7644 section 3.11). The same use cases as for /Users/{id}, so `Location` is
 * the permanent URL; but who is there by himself changes only what the policy leaves to him. */
#include "use_cases.h"

typedef enum job_step step_fn(struct op *op, struct view *view);

/* RFC 7644 section 3.11: a service provider that cannot say who that is answers 501. */
static enum job_step refuse_directory_token(struct call *call)
{
    if (call_admit(call))
        err_set(&call->op->err, ERR_NOT_IMPLEMENTED,
                "This token is of a directory and not of a user: there is no /Me. Use /Users/{id}.");
    return JOB_DONE;
}

static enum job_step as_self(struct op *op, struct view *view, step_fn *step)
{
    struct call *call = call_of(op);
    if (!call_want_token(call, view))
        return JOB_WANTS;
    if (!call->token || !call->token->has_user)
        return refuse_directory_token(call);
    call->is_self = call->id_good = true;
    call->id = op->log_resource = call->token->user;
    return step(op, view);
}

static enum job_step refuse_deletion(struct op *op, struct view *view)
{
    (void)view;
    if (call_admit(call_of(op)))
        err_set(&op->err, ERR_FORBIDDEN, "Users cannot delete themselves.");
    return JOB_DONE;
}

enum job_step scim_get_me(struct op *op, struct view *view) { return as_self(op, view, scim_get_user); }
enum job_step scim_replace_me(struct op *op, struct view *view) { return as_self(op, view, scim_replace); }
enum job_step scim_change_me(struct op *op, struct view *view) { return as_self(op, view, scim_change); }
enum job_step scim_delete_me(struct op *op, struct view *view) { return as_self(op, view, refuse_deletion); }
