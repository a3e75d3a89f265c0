/* GET /Users/{id}, GET /Groups/{id}. */
#include "scim/message.h"
#include "scim/sieve.h"
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

/* A query of one resource is answered as queries are. */
static void reply_if_it_matches(struct call *call, const struct call_shown *shown)
{
    struct buf *out = &call->op->reply.body;
    struct scim_filter *filter;
    if (!call_parse_filter(call, &filter))
        return;
    struct scim_served served = call_served(call, shown);
    struct scim_sieve *sieve = scim_sieve_new(filter, call->type, &call->op->arena);
    bool matches = scim_sieve_passes(sieve, &served, call->base_url);
    scim_sieve_free(sieve);
    scim_message_list_begin(matches, 1, matches, out);
    if (matches)
        call_render(call, &served, out);
    scim_message_list_end(out);
    call_reply_body(call, 200);
}

void scim_get_shown(struct call *call, const struct call_shown *shown)
{
    if (!call_admit(call))
        return;
    if (call->parameter_err.kind != ERR_NONE)
        call->op->err = call->parameter_err;
    else if (!shown->row)
        call_not_found(call);
    else if (call->query.has_filter)
        reply_if_it_matches(call, shown);
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
        bool wants_members = call_shows_refs(call) || call->query.has_filter;
        if (wants_members && call->parameter_err.kind == ERR_NONE)
            return JOB_QUERY;
        known &= view_want_resource(view, call_directory(call), SCIM_TYPE_GROUP, call->id, VIEW_WHOLE, &shown.row);
    }
    if (!known)
        return JOB_WANTS;
    scim_get_shown(call, &shown);
    return JOB_DONE;
}
