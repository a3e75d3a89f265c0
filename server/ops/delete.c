/* DELETE /Users/{id}, DELETE /Groups/{id}: the resource, its memberships and the managers that named it. */
#include "base/json.h"
#include "base/must.h"
#include "use_cases.h"
#include "write.h"

struct deleting {
    struct call *call;
    struct view *view;
    const struct view_resource *row;
    struct view_refs groups; /* that it is a member of */
    struct view_refs managed;
    const struct view_resource **managed_rows;
};

static bool want_row(struct deleting *d)
{
    struct call *call = d->call;
    bool known = call_want_token(call, d->view);
    if (!call->credential_good || !call->id_good)
        return known;
    struct directory_id directory = call_directory(call);
    uint16_t type = call->type->code;
    known &= view_want_resource(d->view, directory, type, call->id, VIEW_WHOLE, &d->row);
    if (type == SCIM_TYPE_USER || type == SCIM_TYPE_GROUP)
        known &= view_want_groups(d->view, directory, type, call->id, &d->groups);
    if (type == SCIM_TYPE_USER)
        known &= view_want_managed(d->view, directory, call->id, &d->managed);
    return known;
}

/* Locked, and read again under the lock: its groups and the users it manages. */
static bool want_others(struct deleting *d)
{
    bool known = true;
    struct directory_id directory = call_directory(d->call);
    const struct view_resource *group;
    for (size_t i = 0; i < d->groups.count; i++)
        known &= view_want_resource(d->view, directory, SCIM_TYPE_GROUP, d->groups.list[i].id, VIEW_WHOLE, &group);
    d->managed_rows = arena_array(view_arena(d->view), const struct view_resource *, d->managed.count + 1);
    for (size_t i = 0; i < d->managed.count; i++)
        known &= view_want_resource(d->view, directory, SCIM_TYPE_USER, d->managed.list[i].id, VIEW_WHOLE,
                                    &d->managed_rows[i]);
    bool is_member;
    for (size_t i = 0; i < d->groups.count; i++)
        known &= view_want_membership(d->view, directory, d->groups.list[i].id, d->call->id, &is_member);
    return known;
}

static void leave_groups(struct deleting *d, struct view_change *change)
{
    struct directory_id directory = call_directory(d->call);
    struct view_member_change leave = {.member = d->call->id, .type = d->call->type->code, .added = false};
    for (size_t i = 0; i < d->groups.count; i++) {
        const struct view_resource *group = NULL;
        bool is_member = false;
        must(view_want_resource(d->view, directory, SCIM_TYPE_GROUP, d->groups.list[i].id, VIEW_WHOLE, &group));
        must(view_want_membership(d->view, directory, d->groups.list[i].id, d->call->id, &is_member));
        if (group && is_member)
            view_change_members(d->view, directory, group->id, &leave, 1, change);
    }
}

static void drop_manager(json_t *document)
{
    json_t *enterprise = json_object_get(document, SCIM_URN_ENTERPRISE);
    json_object_del(enterprise, "manager");
}

static bool names_manager(const struct deleting *d, const struct view_resource *row)
{
    return row && row->has_manager && id_equals(&row->manager_id.id, &d->call->id.id);
}

/* A user whose manager goes away has none afterwards, as if the client had removed it. */
static bool decide_without_manager(struct deleting *d, const struct view_resource *row, struct decision *decision)
{
    struct call *call = d->call;
    json_scoped *document = scim_document_load(row->stored);
    scim_resource_respell(document, call->type);
    if (!write_keys(call, document, &decision->keys_before))
        return false;
    drop_manager(document);
    return scim_resource_finish(document, call->type, call_policy(call), &call->op->err) &&
           write_decide(call, document, document, decision);
}

struct released { /* a user that loses its manager */
    struct resource_id id;
    struct decision decision;
};

/* Everything is prepared before anything is staged: a refusal leaves nothing half done. */
static bool prepare_released(struct deleting *d, struct released *list, size_t *count_out)
{
    *count_out = 0;
    for (size_t i = 0; i < d->managed.count; i++) {
        const struct view_resource *row = d->managed_rows[i];
        bool is_self = row && id_equals(&row->id.id, &d->call->id.id);
        if (is_self || !names_manager(d, row))
            continue;
        struct released *released = &list[(*count_out)++];
        released->id = row->id;
        if (!decide_without_manager(d, row, &released->decision))
            return false;
    }
    return true;
}

static void stage_released(struct deleting *d, struct released *list, size_t count, struct view_change *change)
{
    for (size_t i = 0; i < count; i++)
        view_update(d->view, call_directory(d->call), SCIM_TYPE_USER, list[i].id, list[i].decision.stored,
                    &list[i].decision.keys_before, &list[i].decision.keys, change);
}

/* What the entity tag counts. */
static bool want_shown(struct deleting *d, struct call_shown *shown)
{
    bool known = call_want_manager(d->call, d->view, d->row, &shown->manager);
    if (d->call->type->code == SCIM_TYPE_USER)
        known &= call_want_groups(d->call, d->view, d->call->id, &shown->refs);
    return known;
}

enum job_step scim_delete(struct op *op, struct view *view)
{
    struct deleting d = {.call = call_of(op), .view = view};
    if (!want_row(&d))
        return JOB_WANTS;
    if (!call_admit(d.call))
        return JOB_DONE;
    if (!d.row) {
        call_not_found(d.call);
        return JOB_DONE;
    }
    struct call_shown now = {.row = d.row};
    if (op->if_match.len + op->if_none_match.len > 0 && !want_shown(&d, &now))
        return JOB_WANTS;
    struct scim_served served = call_served(d.call, &now);
    if (!call_preconditions(d.call, &served))
        return JOB_DONE;
    if (!want_others(&d) || !view_may_stage(view))
        return JOB_WANTS;

    struct scim_row_keys *keys = arena_new(&op->arena, struct scim_row_keys);
    json_scoped *document = scim_document_load(d.row->stored);
    struct view_change change = call_change(d.call);
    struct released *released = arena_array(&op->arena, struct released, d.managed.count + 1);
    size_t released_count;
    if (!write_keys(d.call, document, keys) || !prepare_released(&d, released, &released_count))
        return JOB_DONE;
    stage_released(&d, released, released_count, &change);
    leave_groups(&d, &change);
    view_delete(view, call_directory(d.call), d.call->type->code, d.call->id, keys, &change);
    op->reply.status = 204;
    return JOB_DONE;
}
