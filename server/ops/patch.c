/* PATCH /Users/{id}, PATCH /Groups/{id}. */
#include "update.h"
#include "use_cases.h"

static bool read_patch(struct call *call)
{
    struct op *op = call->op;
    struct scim_patch *patch; /* half-made when it is refused: a step that runs again must refuse it again */
    if (!call->patch && scim_patch_parse(call->body, call->type, call_policy(call), &op->arena, &patch, &op->err))
        call->patch = patch;
    return call->patch != NULL;
}

static json_t *patched(struct call *call, const json_t *before)
{
    struct op *op = call->op;
    return scim_patch_apply(call->patch, before, call->type, call_policy(call), &op->arena, &op->err);
}

static const struct scim_member_edit *edited_members(struct call *call) { return scim_patch_members(call->patch); }

/* A group answers 204 unless the client asked for some representation (P-05). */
static bool answers_no_content(const struct call *call)
{
    return !call_may_read(call) || (call->type->code == SCIM_TYPE_GROUP && !call->projection);
}

enum job_step scim_change(struct op *op, struct view *view)
{
    static const struct update update = {
        .parse = read_patch, .decide = patched, .members = edited_members, .answers_no_content = answers_no_content};
    return update_run(op, view, &update);
}
