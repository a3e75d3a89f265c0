/* POST /Users, POST /Groups. */
#include "base/json.h"
#include "use_cases.h"
#include "write.h"

static bool decide(struct call *call)
{
    struct op *op = call->op;
    if (call->decision)
        return true;
    if (!call_read_body(call))
        return false;
    json_scoped *document = scim_resource_normalise(call->body, call->type, call_policy(call), &op->fresh_id, NULL,
                                                    &op->arena, &call->members, &op->err);
    struct decision *decision = arena_new(&op->arena, struct decision);
    if (!document || !write_decide(call, NULL, document, decision))
        return false;
    call->decision = decision;
    return true;
}

/* The members a new group starts with, as one edit. */
static struct membership *first_members(struct call *call, struct view *view, bool *known)
{
    struct membership *membership = membership_new(call, view, call->op->fresh_id, true, call->members.count);
    struct scim_member_edit add = {.kind = SCIM_MEMBERS_ADD, .ids = call->members.ids, .count = call->members.count};
    *known &= membership_apply(membership, &add);
    return membership;
}

static void stage(struct call *call, struct view *view, struct membership *membership, struct call_shown *shown)
{
    struct view_change change = call_change(call);
    write_report(call, call->decision);
    shown->row = view_insert(view, call_directory(call), call->type->code, call->op->fresh_id, call->decision->stored,
                             &call->decision->keys, &change);
    size_t count = 0;
    const struct view_member_change *list = membership ? membership_changes(membership, &count) : NULL;
    if (count)
        shown->row = view_change_members(view, call_directory(call), call->op->fresh_id, list, count, &change);
    if (membership)
        shown->refs = membership_refs(membership, shown->row);
}

enum job_step scim_create(struct op *op, struct view *view)
{
    struct call *call = call_of(op);
    if (!call_want_token(call, view))
        return JOB_WANTS;
    if (!call_admit(call) || !decide(call))
        return JOB_DONE;
    if (call->parameter_err.kind != ERR_NONE)
        return call_refuse(call, &call->parameter_err);

    const struct scim_row_keys *keys = &call->decision->keys;
    const struct resource_id *holder;
    struct call_shown shown = {0};
    struct view_resource manager = {.has_manager = id_from_uuid(keys->manager, true, &manager.manager_id.id)};
    bool known = write_want_holder(call, view, keys->unique_key, &holder);
    known &= call_want_manager(call, view, &manager, &shown.manager);
    struct membership *membership = call->type->code == SCIM_TYPE_GROUP ? first_members(call, view, &known) : NULL;
    if (!known)
        return JOB_WANTS;
    if (!write_check_holder(call, holder, &op->fresh_id) || (membership && !membership_check(membership, &op->err)))
        return JOB_DONE;
    if (!view_may_stage(view))
        return JOB_WANTS;

    stage(call, view, membership, &shown);
    call_note_sent(call);
    struct scim_served served = call_served(call, &shown);
    call_reply_resource(call, 201, &served);
    return JOB_DONE;
}
