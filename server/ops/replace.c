/* PUT /Users/{id}, PUT /Groups/{id}. */
#include "update.h"
#include "use_cases.h"

/* Members absent from a PUT are members removed (U-03, U-07). */
static const struct scim_member_edit *all_members(struct call *call)
{
    if (call->insider && call->insider->keeps_members)
        return NULL;
    struct scim_member_edit *edit = arena_new(&call->op->arena, struct scim_member_edit);
    edit->kind = SCIM_MEMBERS_REPLACE;
    edit->ids = call->members.ids;
    edit->count = call->members.count;
    return edit;
}

static json_t *replaced(struct call *call, const json_t *before)
{
    struct op *op = call->op;
    return scim_resource_normalise(call->body, call->type, call_policy(call), &call->id, before, &op->arena,
                                   &call->members, &op->err);
}

static bool answers_no_content(const struct call *call) { return !call_may_read(call); }

enum job_step scim_replace(struct op *op, struct view *view)
{
    static const struct update update = {.decide = replaced,
                                         .members = all_members,
                                         .shows_all_members = true,
                                         .answers_no_content = answers_no_content};
    return update_run(op, view, &update);
}
