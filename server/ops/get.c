/* GET /Users/{id}, GET /Groups/{id}. */
#include "use_cases.h"

enum job_step scim_get_user(struct op *op, struct view *view)
{
    struct call *call = call_of(op);
    struct call_shown shown = {0};
    bool known = call_want_token(call, view);
    if (call->credential_good && call->id_good) {
        struct directory_id directory = call_directory(call);
        known &= view_want_resource(view, directory, SCIM_TYPE_USER, call->id, VIEW_WHOLE, &shown.row);
        known &= call_want_groups(call, view, call->id, &shown.refs);
    }
    if (!known || !call_want_manager(call, view, shown.row, &shown.manager))
        return JOB_WANTS;
    scim_get_shown(call, &shown);
    return JOB_DONE;
}

void scim_get_shown(struct call *call, const struct call_shown *shown)
{
    if (!call_admit(call))
        return;
    if (call->parameter_err.kind != ERR_NONE)
        call->op->err = call->parameter_err;
    else if (!shown->row)
        call_not_found(call);
    else {
        struct scim_served served = call_served(call, shown);
        if (call_preconditions(call, &served))
            call_reply_resource(call, 200, &served);
    }
}

/* A group without its members is a named row; with them it may be large, and goes to the query lane. */
enum job_step scim_get_group(struct op *op, struct view *view)
{
    struct call *call = call_of(op);
    struct call_shown shown = {0};
    bool known = call_want_token(call, view);
    if (call->credential_good && call->id_good) {
        if (call_shows_refs(call) && call->parameter_err.kind == ERR_NONE)
            return JOB_QUERY;
        known &= view_want_resource(view, call_directory(call), SCIM_TYPE_GROUP, call->id, VIEW_WHOLE, &shown.row);
    }
    if (!known)
        return JOB_WANTS;
    scim_get_shown(call, &shown);
    return JOB_DONE;
}
