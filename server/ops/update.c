#include "update.h"

#include "base/json.h"
#include "base/must.h"
#include "scim/policy_bind.h"

/* Everything an update looks at, of one step. */
struct updating {
    struct call *call;
    struct view *view;
    const struct update *update;
    const struct view_resource *row;
    struct view_refs groups;             /* of a user */
    const struct view_resource *manager; /* of the row as it is */
    struct membership *membership;       /* of a group */
    struct decision *decision;
    const struct resource_id *holder;
    struct call_shown shown;
};

static bool is_group(const struct updating *u) { return u->call->type->code == SCIM_TYPE_GROUP; }
static bool is_user(const struct updating *u) { return u->call->type->code == SCIM_TYPE_USER; }

static bool want_row(struct updating *u)
{
    struct call *call = u->call;
    bool known = call_want_token(call, u->view);
    if (!call->credential_good || !call->id_good)
        return known;
    struct directory_id directory = call_directory(call);
    known &= view_want_resource(u->view, directory, call->type->code, call->id, VIEW_WHOLE, &u->row);
    if (is_user(u))
        known &= call_want_groups(call, u->view, call->id, &u->groups);
    return known;
}

/* The body is parsed before the resource is looked at (E-07). */
static bool admit(struct updating *u)
{
    struct call *call = u->call;
    if (!call_admit(call) || !call_read_body(call))
        return false;
    if (call->parameter_err.kind != ERR_NONE) {
        call->op->err = call->parameter_err;
        return false;
    }
    if (u->update->parse && !u->update->parse(call))
        return false;
    return u->row != NULL || call_not_found(call);
}

static bool check_preconditions(struct updating *u)
{
    struct call_shown now = {.row = u->row, .refs = u->groups, .manager = u->manager};
    struct scim_served served = call_served(u->call, &now);
    return call_preconditions(u->call, &served);
}

static bool check_self_service(struct call *call, const json_t *before, const json_t *after)
{
    return !call->is_self ||
           scim_policy_check_self_service(call_policy(call), call->type, before, after, &call->op->err);
}

static struct decision *new_decision(struct updating *u)
{
    struct call *call = u->call;
    struct decision *decision = arena_new(&call->op->arena, struct decision);
    decision->decided_on = arena_slice(&call->op->arena, u->row->stored.text);
    json_scoped *before = scim_document_load(u->row->stored);
    scim_resource_respell(before, call->type);
    json_scoped *after = u->update->decide(call, before);
    if (!after)
        return NULL;
    if (json_equal(after, before))
        return decision;
    bool good = check_self_service(call, before, after) && write_decide(call, before, after, decision) &&
                write_keys(call, before, &decision->keys_before);
    return good ? decision : NULL;
}

/* Made once for each text it is decided on: the steps that only wait for more rows keep it. The row's address would not
 * do: after a roll-back another version of it can lie at the same place. */
static bool decide_document(struct updating *u)
{
    struct call *call = u->call;
    if (!call->decision || !slice_equals(call->decision->decided_on, u->row->stored.text))
        call->decision = new_decision(u);
    u->decision = call->decision;
    return u->decision != NULL;
}

static bool shows_members(const struct updating *u)
{
    bool silent = u->update->answers_no_content && u->update->answers_no_content(u->call);
    return !silent && call_shows_refs(u->call);
}

static size_t edited_ids(const struct scim_member_edit *edit)
{
    size_t count = 0;
    for (; edit; edit = edit->next)
        count += edit->count;
    return count;
}

static bool want_members(struct updating *u)
{
    const struct scim_member_edit *edits = u->update->members(u->call);
    u->membership = membership_new(u->call, u->view, u->call->id, false, edited_ids(edits));
    if (shows_members(u) && !membership_want_whole(u->membership))
        return false;
    bool known = true; /* all name their rows before any is loaded: a client may send an operation for each member */
    for (const struct scim_member_edit *edit = edits; edit; edit = edit->next)
        known &= membership_apply(u->membership, edit);
    return known;
}

/* The manager that the reply shows: of the new document where there is one. */
static bool want_shown_manager(struct updating *u)
{
    struct view_resource after = *u->row;
    if (u->decision->changes)
        after.has_manager = id_from_uuid(u->decision->keys.manager, true, &after.manager_id.id);
    return call_want_manager(u->call, u->view, &after, &u->shown.manager);
}

static bool want_rest(struct updating *u)
{
    bool known = true;
    const struct decision *decision = u->decision;
    if (decision->changes && !slice_equals(decision->keys.unique_key, decision->keys_before.unique_key))
        known &= write_want_holder(u->call, u->view, decision->keys.unique_key, &u->holder);
    known &= is_group(u) ? want_members(u) : want_shown_manager(u);
    return known;
}

static bool check_rest(struct updating *u)
{
    if (u->membership && u->call->insider && u->call->insider->edits)
        u->call->insider->missing = membership_leave_out_missing(u->membership);
    return write_check_holder(u->call, u->holder, &u->call->id) &&
           (!u->membership || (u->call->insider && u->call->insider->edits) ||
            membership_check(u->membership, &u->call->op->err));
}

static void stage(struct updating *u)
{
    struct call *call = u->call;
    struct view_change change = call_change(call);
    u->shown.row = u->row;
    u->shown.refs = u->groups;
    write_report(call, u->decision);
    if (u->decision->changes)
        u->shown.row = view_update(u->view, call_directory(call), call->type->code, call->id, u->decision->stored,
                                   &u->decision->keys_before, &u->decision->keys, &change);
    if (!u->membership)
        return;
    size_t count;
    const struct view_member_change *list = membership_changes(u->membership, &count);
    if (count)
        u->shown.row = view_change_members(u->view, call_directory(call), call->id, list, count, &change);
    u->shown.refs = shows_members(u) ? membership_refs(u->membership, u->shown.row) : (struct view_refs){NULL, 0};
}

static void reply(struct updating *u)
{
    call_note_sent(u->call);
    struct scim_served served = call_served(u->call, &u->shown);
    if (u->update->answers_no_content && u->update->answers_no_content(u->call))
        call_reply_no_content(u->call, &served);
    else
        call_reply_resource(u->call, 200, &served);
}

enum job_step update_run(struct op *op, struct view *view, const struct update *update)
{
    struct updating u = {.call = call_of(op), .view = view, .update = update};
    if (!want_row(&u))
        return JOB_WANTS;
    if (!admit(&u) || !u.row)
        return JOB_DONE;
    if (op->if_match.len + op->if_none_match.len > 0 && !call_want_manager(u.call, view, u.row, &u.manager))
        return JOB_WANTS;
    if (!check_preconditions(&u) || !decide_document(&u))
        return JOB_DONE;
    if (!want_rest(&u))
        return JOB_WANTS;
    if (!check_rest(&u))
        return JOB_DONE;
    if (!view_may_stage(view))
        return JOB_WANTS;
    stage(&u);
    reply(&u);
    return JOB_DONE;
}
