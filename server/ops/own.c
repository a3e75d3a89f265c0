/* Resources of a directory's own types, at endpoints that only its rules know: the token is loaded first, and says what
 * the path means. From then on they are resources like all others. */
#include "use_cases.h"

typedef enum job_step step_fn(struct op *op, struct view *view);

/* The step admits the call itself; without a type there is nothing but a refusal. */
static enum job_step resolved(struct op *op, struct view *view, step_fn *step)
{
    struct call *call = call_of(op);
    if (!call_want_token(call, view))
        return JOB_WANTS;
    if (call_resolve_type(call))
        return step(op, view);
    (void)!call_admit(call);
    return JOB_DONE;
}

static enum job_step get(struct op *op, struct view *view)
{
    struct call *call = op->state;
    struct call_shown shown = {0};
    if (call->id_good &&
        !view_want_resource(view, call_directory(call), call->type->code, call->id, VIEW_WHOLE, &shown.row))
        return JOB_WANTS;
    scim_get_shown(call, &shown);
    return JOB_DONE;
}

static enum job_step refuse_method(struct op *op, struct view *view)
{
    (void)view;
    if (call_admit(op->state))
        err_set(&op->err, ERR_METHOD, "%.*s is not possible here.", (int)op->method.len, op->method.data);
    return JOB_DONE;
}

enum job_step scim_get_own(struct op *op, struct view *view) { return resolved(op, view, get); }
enum job_step scim_replace_own(struct op *op, struct view *view) { return resolved(op, view, scim_replace); }
enum job_step scim_change_own(struct op *op, struct view *view) { return resolved(op, view, scim_change); }
enum job_step scim_delete_own(struct op *op, struct view *view) { return resolved(op, view, scim_delete); }
enum job_step scim_refuse_method(struct op *op, struct view *view) { return resolved(op, view, refuse_method); }
