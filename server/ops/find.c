/* Lists that an index answers with few resources: userName eq, externalId eq, emails.value eq, …, alone, with more
 * conditions, or some of them joined by `or`. Every provisioning client asks one of these before each create, so they
 * take the way of a GET by id. What finds more, or shows members, goes to the query lane. */
#include <stdlib.h>

#include "base/json.h"
#include "scim/message.h"
#include "scim/sieve.h"
#include "use_cases.h"

struct finding {
    struct scim_filter *filter;
    struct scim_plan plan;
    struct call_shown *list; /* candidates, then matches; by id, none twice */
    size_t count;
    bool too_many;
};

static bool is_narrow(const struct scim_plan *plan)
{
    switch (plan->kind) {
    case SCIM_PLAN_NOTHING:
    case SCIM_PLAN_ID:
    case SCIM_PLAN_UNIQUE:
    case SCIM_PLAN_EXTERNAL:
    case SCIM_PLAN_ATTRIBUTE:
        return true;
    case SCIM_PLAN_ANY:
        for (size_t i = 0; i < plan->any_count; i++)
            if (!is_narrow(&plan->any[i]))
                return false;
        return true;
    case SCIM_PLAN_SCAN:
    case SCIM_PLAN_PREFIX:
    case SCIM_PLAN_HAS_MEMBER:
    case SCIM_PLAN_IN_GROUP:
        break;
    }
    return false;
}

/* Members can be a hundred thousand. */
static bool needs_members(const struct call *call, const struct finding *finding)
{
    return call->type->code == SCIM_TYPE_GROUP &&
           (call_shows_refs(call) || scim_filter_uses(finding->filter, SLICE_LITERAL("members")));
}

static void add(struct finding *finding, const struct view_resource *row)
{
    if (row)
        finding->list[finding->count++].row = row;
}

static bool want_one(struct call *call, struct view *view, const struct scim_plan *plan, struct finding *finding)
{
    struct directory_id directory = call_directory(call);
    const struct view_resource *row = NULL;
    struct resource_id id;
    if (plan->kind == SCIM_PLAN_UNIQUE) {
        if (!view_want_unique(view, directory, call->type->code, plan->key, &row))
            return false;
    } else if (plan->kind == SCIM_PLAN_ID && id_from_uuid(plan->text, false, &id.id)) {
        if (!view_want_resource(view, directory, call->type->code, id, VIEW_WHOLE, &row))
            return false;
    }
    add(finding, row);
    return true;
}

static bool want_some(struct call *call, struct view *view, const struct scim_plan *plan, struct finding *finding)
{
    struct directory_id directory = call_directory(call);
    struct view_matches matches;
    bool known = plan->kind == SCIM_PLAN_EXTERNAL
                     ? view_want_by_external(view, directory, call->type->code, plan->key, &matches)
                     : view_want_by_value(view, directory, call->type->code, plan->code, plan->key, &matches);
    if (!known)
        return false;
    finding->too_many |= matches.too_many;
    for (size_t i = 0; i < matches.count; i++)
        add(finding, matches.list[i]);
    return true;
}

static bool want_plan(struct call *call, struct view *view, const struct scim_plan *plan, struct finding *finding)
{
    bool some = plan->kind == SCIM_PLAN_EXTERNAL || plan->kind == SCIM_PLAN_ATTRIBUTE;
    return (some ? want_some : want_one)(call, view, plan, finding);
}

static int compare_rows(const void *a, const void *b)
{
    const struct call_shown *left = a, *right = b;
    return id_compare(&left->row->id.id, &right->row->id.id);
}

static void drop_doubles(struct finding *finding)
{
    size_t kept = 0;
    if (finding->count > 1)
        qsort(finding->list, finding->count, sizeof(*finding->list), compare_rows);
    for (size_t i = 0; i < finding->count; i++)
        if (kept == 0 || compare_rows(&finding->list[kept - 1], &finding->list[i]) != 0)
            finding->list[kept++] = finding->list[i];
    finding->count = kept;
}

static size_t most_candidates(const struct scim_plan *plan)
{
    if (plan->kind == SCIM_PLAN_ANY)
        return plan->any_count * VIEW_MOST_MATCHES;
    return plan->kind == SCIM_PLAN_EXTERNAL || plan->kind == SCIM_PLAN_ATTRIBUTE ? VIEW_MOST_MATCHES : 1;
}

static bool want_candidates(struct call *call, struct view *view, struct finding *finding)
{
    const struct scim_plan *plan = &finding->plan;
    bool known = true;
    finding->list = arena_array(&call->op->arena, struct call_shown, most_candidates(plan));
    if (plan->kind != SCIM_PLAN_ANY)
        return want_plan(call, view, plan, finding);
    for (size_t i = 0; i < plan->any_count; i++)
        known &= want_plan(call, view, &plan->any[i], finding);
    if (known)
        drop_doubles(finding);
    return known;
}

/* What is shown beside the rows: users' groups and managers. */
static bool want_derived(struct call *call, struct view *view, struct finding *finding)
{
    bool known = true;
    for (size_t i = 0; call->type->code == SCIM_TYPE_USER && i < finding->count; i++) {
        struct call_shown *shown = &finding->list[i];
        known &= call_want_groups(call, view, shown->row->id, &shown->refs);
        known &= call_want_manager(call, view, shown->row, &shown->manager);
    }
    return known;
}

static void keep_matches(struct call *call, struct finding *finding)
{
    size_t kept = 0;
    bool sure = finding->plan.exact && finding->count <= 1;
    struct scim_sieve *sieve = sure ? NULL : scim_sieve_new(finding->filter, call->type, &call->op->arena);
    for (size_t i = 0; i < finding->count; i++) {
        struct scim_served served = call_served(call, &finding->list[i]);
        if (sure || scim_sieve_passes(sieve, &served, call->base_url))
            finding->list[kept++] = finding->list[i];
    }
    finding->count = kept;
    if (sieve)
        scim_sieve_free(sieve);
}

static void reply(struct call *call, const struct finding *finding)
{
    struct buf *out = &call->op->reply.body;
    uint64_t first = call->query.has_start_index ? (uint64_t)call->query.start_index : 1;
    uint64_t most = call->query.has_count ? (uint64_t)call->query.count : call->settings->default_page;
    if (most > call->settings->max_page)
        most = call->settings->max_page;
    uint64_t left = first <= finding->count ? finding->count - (first - 1) : 0;
    uint64_t count = left < most ? left : most;
    scim_message_list_begin(finding->count, first, count, out);
    for (uint64_t i = 0; i < count; i++) {
        struct scim_served served = call_served(call, &finding->list[first - 1 + i]);
        if (i > 0)
            buf_add_char(out, ',');
        call_render(call, &served, out);
    }
    scim_message_list_end(out);
    call_reply_body(call, 200);
}

/* Whatever its filter: because it has none, is in some order, goes on behind a cursor, or asks several types. */
static bool needs_query_lane(const struct call *call)
{
    const struct scim_query *query = &call->query;
    return !query->has_filter || query->sort_by.len || query->has_cursor || (call->type && call->type->types);
}

enum job_step scim_find(struct op *op, struct view *view)
{
    struct call *call = call_of(op);
    if (call->query_good && call->parameter_err.kind == ERR_NONE && needs_query_lane(call))
        return JOB_QUERY;
    if (!call_want_token(call, view))
        return JOB_WANTS;
    if (!call_admit(call) || !call_read_search(call))
        return JOB_DONE;
    if (call->parameter_err.kind != ERR_NONE)
        return call_refuse(call, &call->parameter_err);
    if (needs_query_lane(call))
        return JOB_QUERY;
    struct finding finding = {0};
    if (!call_parse_filter(call, &finding.filter))
        return JOB_DONE;
    scim_filter_plan(finding.filter, call->type, call_policy(call), &op->arena, &finding.plan);
    if (!is_narrow(&finding.plan) || needs_members(call, &finding))
        return JOB_QUERY;
    if (!want_candidates(call, view, &finding))
        return JOB_WANTS;
    if (finding.too_many)
        return JOB_QUERY;
    if (!want_derived(call, view, &finding))
        return JOB_WANTS;
    keep_matches(call, &finding);
    reply(call, &finding);
    return JOB_DONE;
}
