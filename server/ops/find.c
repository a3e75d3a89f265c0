/* Lists that name at most one resource: userName eq, displayName eq (of groups), id eq, alone or with more conditions.
 * Every provisioning client asks one of these before each create, so they take the way of a GET by id. */
#include "base/json.h"
#include "scim/message.h"
#include "use_cases.h"

struct finding {
    struct scim_filter *filter;
    struct scim_plan plan;
};

/* The filter is parsed anew by the query lane when it goes there: with the directory's own policy. */
static bool parse_filter(struct call *call, struct finding *finding)
{
    struct op *op = call->op;
    return scim_filter_parse(call->query.filter, call->type, call_policy(call), &op->arena, &finding->filter, &op->err);
}

static bool names_one(const struct finding *finding)
{
    return finding->plan.kind == SCIM_PLAN_UNIQUE || finding->plan.kind == SCIM_PLAN_ID ||
           finding->plan.kind == SCIM_PLAN_NOTHING;
}

/* What is derived is not at hand here: those filters go to the query lane. */
static bool needs_more_than_the_row(const struct call *call, const struct finding *finding)
{
    bool shows_members = call->type->code == SCIM_TYPE_GROUP && call_shows_refs(call);
    return shows_members || scim_filter_uses(finding->filter, SLICE_LITERAL("groups")) ||
           scim_filter_uses(finding->filter, SLICE_LITERAL("members"));
}

static bool want_row(struct call *call, struct view *view, const struct finding *finding,
                     const struct view_resource **row_out)
{
    struct directory_id directory = call_directory(call);
    struct resource_id id;
    *row_out = NULL;
    if (finding->plan.kind == SCIM_PLAN_UNIQUE)
        return view_want_unique(view, directory, call->type->code, finding->plan.key, row_out);
    if (finding->plan.kind == SCIM_PLAN_ID && id_from_uuid(finding->plan.text, false, &id.id))
        return view_want_resource(view, directory, call->type->code, id, VIEW_WHOLE, row_out);
    return true;
}

static bool matches(const struct call *call, const struct finding *finding, const struct scim_served *served)
{
    if (finding->plan.exact)
        return true;
    json_scoped *resource = call_representation(call, served);
    return scim_filter_matches(finding->filter, resource);
}

static uint64_t start_index(const struct call *call)
{
    return call->query.has_start_index ? (uint64_t)call->query.start_index : 1;
}

static void reply(struct call *call, const struct finding *finding, const struct call_shown *shown)
{
    struct buf *out = &call->op->reply.body;
    struct scim_served served;
    bool found = false;
    if (shown->row) {
        served = call_served(call, shown);
        found = matches(call, finding, &served);
    }
    bool in_page = found && start_index(call) == 1 && (!call->query.has_count || call->query.count > 0);
    scim_message_list_begin(found, start_index(call), in_page, out);
    if (in_page)
        call_render(call, &served, out);
    scim_message_list_end(out);
    call_reply_body(call, 200);
}

/* What is shown beside the row: a user's groups and manager. */
static bool want_derived(struct call *call, struct view *view, struct call_shown *shown)
{
    if (call->type->code != SCIM_TYPE_USER || !shown->row)
        return true;
    bool known = view_want_groups(view, call_directory(call), SCIM_TYPE_USER, shown->row->id, &shown->refs);
    known &= call_want_manager(call, view, shown->row, &shown->manager);
    return known;
}

enum job_step scim_find(struct op *op, struct view *view)
{
    struct call *call = call_of(op);
    if (call->parameter_err.kind == ERR_NONE && !call->query.has_filter)
        return JOB_QUERY;
    if (!call_want_token(call, view))
        return JOB_WANTS;
    if (!call_admit(call))
        return JOB_DONE;
    if (call->parameter_err.kind != ERR_NONE)
        return call_refuse(call, &call->parameter_err);
    struct finding finding;
    if (!parse_filter(call, &finding))
        return JOB_DONE;
    scim_filter_plan(finding.filter, call->type, call_policy(call), &op->arena, &finding.plan);
    if (!names_one(&finding) || needs_more_than_the_row(call, &finding))
        return JOB_QUERY;

    struct call_shown shown = {0};
    if (!want_row(call, view, &finding, &shown.row))
        return JOB_WANTS;
    if (!want_derived(call, view, &shown))
        return JOB_WANTS;
    reply(call, &finding, &shown);
    return JOB_DONE;
}
