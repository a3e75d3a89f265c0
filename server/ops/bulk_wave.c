/* A wave of a bulk request: its ops made, judged, and their answers kept. */
#include "base/json.h"
#include "base/must.h"
#include "bulk.h"

static const struct scim_bulk_operation *operation_of(const struct bulk_child *child)
{
    return &child->bulk->request.operations[child->step->operation];
}

/* --- the op of a step --- */

static json_t *body_of(const struct bulk_child *child)
{
    const struct bulk *bulk = child->bulk;
    const struct scim_bulk_step *step = child->step;
    json_t *data = operation_of(child)->data;
    if (!data)
        return NULL;
    data = step->without_count > 0 ? scim_bulk_data_without(&bulk->request, step) : json_incref(data);
    scim_bulk_resolve(&bulk->request, step->operation, bulk->ids, data);
    return data;
}

static void set_target(struct bulk_child *child, struct slice path)
{
    struct op *op = &child->op;
    const struct op *parent = child->bulk->call->op;
    const char *question = memchr(path.data, '?', path.len);
    struct slice organization = parent->parameters[0];
    size_t length = question ? (size_t)(question - path.data) : path.len;
    op->path = slice_str(arena_printf(&op->arena, "/orgs/%.*s/scim/v2%.*s", (int)organization.len, organization.data,
                                      (int)length, path.data));
    op->query = question ? slice_skip(path, length + 1) : SLICE_EMPTY;
}

/* The second half of a circle is a PUT of what was created in the first. */
static struct slice path_of_created(struct bulk_child *child)
{
    char uuid[ID_UUID_CHARS + 1];
    id_to_uuid(&child->bulk->ids[child->step->operation].id, uuid);
    struct slice collection = operation_of(child)->path;
    const char *question = memchr(collection.data, '?', collection.len);
    size_t length = question ? (size_t)(question - collection.data) : collection.len;
    return slice_str(arena_printf(&child->op.arena, "%.*s/%s", (int)length, collection.data, uuid));
}

static bool prepare_op(struct bulk_child *child)
{
    struct op *op = &child->op;
    struct bulk *bulk = child->bulk;
    const struct op *parent = bulk->call->op;
    const struct scim_bulk_operation *operation = operation_of(child);
    op_init(op, parent->service);
    op->method = child->step->links ? SLICE_LITERAL("PUT") : operation->method_text;
    op->origin = parent->origin;
    op->peer = parent->peer;
    op->user_agent = parent->user_agent;
    op->authorization = parent->authorization;
    op->fresh_id = bulk->ids[child->step->operation];
    memcpy(op->request_id, parent->request_id, sizeof(op->request_id));
    if (operation->err) {
        child->refusal = *operation->err;
        return false;
    }
    if (operation->method != SCIM_BULK_POST)
        op->if_match = operation->version;
    set_target(child, child->step->links
                          ? path_of_created(child)
                          : scim_bulk_path(&bulk->request, child->step->operation, bulk->ids, &op->arena));
    return bulk_route(op, &child->refusal);
}

static struct slice location_of(const struct bulk_child *child)
{
    const struct scim_bulk_operation *operation = operation_of(child);
    struct arena *arena = &child->bulk->call->op->arena;
    struct slice base = child->bulk->call->base_url, path = child->op.path;
    if (operation->method == SCIM_BULK_POST || operation->path.len == 0)
        return SLICE_EMPTY;
    if (path.len == 0)
        path = operation->path; /* of one that was refused: as sent */
    else
        path = slice_skip(path, slice_str("/orgs/").len + child->bulk->call->op->parameters[0].len +
                                    slice_str("/scim/v2").len);
    if (memmem(path.data, path.len, "bulkId:", 7))
        return SLICE_EMPTY;
    while (path.len > 0 && path.data[path.len - 1] == '/')
        path.len--;
    return slice_str(arena_printf(arena, "%.*s%.*s", (int)base.len, base.data, (int)path.len, path.data));
}

/* --- its turn --- */

static bool has_failed(const struct op *op) { return op->reply.status >= 400; }

static bool is_run_before(const struct bulk_child *child, size_t operation)
{
    for (size_t i = 0; i < child->step->without_count; i++)
        if (child->step->without[i] == operation)
            return false;
    return true;
}

static bool operation_has_failed(const struct bulk *bulk, size_t operation)
{
    const struct bulk_outcome *outcome = &bulk->outcomes[operation];
    return outcome->child ? has_failed(&outcome->child->op) : outcome->status >= 400;
}

/* What it refers to has failed. */
static bool lacks_reference(const struct bulk_child *child, struct err *err)
{
    const struct bulk *bulk = child->bulk;
    const struct scim_bulk_operation *operation = operation_of(child);
    for (size_t i = 0; i < operation->ref_count; i++) {
        size_t ref = operation->refs[i];
        if (!is_run_before(child, ref) || !operation_has_failed(bulk, ref))
            continue;
        struct slice name = bulk->request.operations[ref].bulk_id;
        err_set(err, ERR_CONFLICT, "The operation with the bulkId \"%.*s\", which this one refers to, has failed.",
                (int)(name.len < 80 ? name.len : 80), name.data);
        return true;
    }
    return false;
}

/* As many operations as the client wanted to see fail have failed before this one. */
static bool comes_too_late(const struct bulk_child *child)
{
    const struct bulk *bulk = child->bulk;
    uint64_t failed = bulk->failed;
    for (size_t i = 0; i < child->place; i++) {
        const struct bulk_child *before = &bulk->children[i];
        bool is_counted = before->step->links && operation_has_failed(bulk, before->step->operation);
        failed += !before->called_off && has_failed(&before->op) && !is_counted;
    }
    return bulk->request.fail_on_errors > 0 && failed >= bulk->request.fail_on_errors && !child->step->joined;
}

static enum job_step step_child(struct job *job, struct view *view)
{
    struct bulk_child *child = (struct bulk_child *)job;
    struct err err = child->refusal;
    child->called_off = comes_too_late(child);
    if (child->called_off) {
        child->op.reply.status = 0;
        return JOB_DONE;
    }
    if (err.kind == ERR_NONE && !lacks_reference(child, &err))
        return op_job_class.step(job, view);
    op_job_class.fail(job, &err);
    return JOB_DONE;
}

static void fail_child(struct job *job, const struct err *err) { op_job_class.fail(job, err); }

/* Audited as a single request is: not when it led nowhere or was not run, and a circle's second half is no operation of
 * the client's. */
static void settle_child(struct job *job)
{
    const struct bulk_child *child = (const struct bulk_child *)job;
    if (child->op.operation && !child->called_off && !child->step->links)
        op_job_class.settle(job);
}

static const struct job_class child_class = {.step = step_child, .fail = fail_child, .settle = settle_child};

/* --- circles --- */

static bool circle_has_failed(const struct bulk *bulk, size_t from, size_t to)
{
    for (size_t i = from; i < to; i++)
        if (has_failed(&bulk->children[i].op))
            return true;
    return false;
}

/* Whoever failed by itself says why again; the others were undone. true: somebody has to be undone. */
static bool undo_circle(struct bulk *bulk, size_t from, size_t to)
{
    bool any = false;
    for (size_t i = from; i < to; i++) {
        struct bulk_child *child = &bulk->children[i];
        if (child->refusal.kind != ERR_NONE)
            continue;
        any = true;
        if (has_failed(&child->op))
            child->refusal = child->op.err;
        else
            err_set(&child->refusal, ERR_CONFLICT,
                    "This operation and others refer to each other in a circle, and one of them has failed.");
    }
    return any;
}

static bool stands(struct job_group *group, size_t from, size_t count)
{
    struct bulk *bulk = (struct bulk *)((char *)group - offsetof(struct bulk, wave));
    bool again = false;
    for (size_t at = from, end; at < from + count; at = end) {
        end = at + 1;
        while (end < from + count && group->joined[end])
            end++;
        if (end - at > 1 && circle_has_failed(bulk, at, end))
            again |= undo_circle(bulk, at, end);
    }
    return !again;
}

/* --- the wave --- */

static size_t end_of_circle(const struct bulk *bulk, size_t step)
{
    do
        step++;
    while (step < bulk->step_count && bulk->steps[step].joined);
    return step;
}

/* The bulk request has paid for all of its operations (door_count_more). */
static void leave_uncounted(struct bulk_child *child)
{
    struct call *call = call_of(&child->op);
    call->request_counted = call->quota.granted = true;
}

static void add_child(struct bulk *bulk, const struct scim_bulk_step *step)
{
    struct job_group *wave = &bulk->wave;
    struct bulk_child *child = &bulk->children[wave->count];
    memset(child, 0, sizeof(*child));
    child->bulk = bulk;
    child->step = step;
    child->place = wave->count;
    if (prepare_op(child)) {
        child->op.json = body_of(child);
        leave_uncounted(child);
    }
    child->op.job.class = &child_class;
    if (!step->links)
        bulk->outcomes[step->operation].child = child;
    wave->joined[wave->count] = step->joined;
    wave->parts[wave->count++] = &child->op.job;
}

void bulk_wave_prepare(struct bulk *bulk)
{
    struct job_group *wave = &bulk->wave;
    memset(wave, 0, sizeof(*wave));
    wave->job.class = &job_group_class;
    wave->job.home = &bulk->home;
    wave->job.party = bulk->call->op->job.party;
    wave->stands = stands;
    while (bulk->next_step < bulk->step_count) {
        size_t end = end_of_circle(bulk, bulk->next_step), count = end - bulk->next_step;
        must(count <= JOB_GROUP_MOST);
        if (wave->count > 0 && wave->count + count > BULK_WAVE)
            break;
        while (bulk->next_step < end)
            add_child(bulk, &bulk->steps[bulk->next_step++]);
    }
}

static struct slice header_of(const struct op *op, const char *name)
{
    for (size_t i = 0; i < op->reply.header_count; i++)
        if (strcmp(op->reply.headers[i].name, name) == 0)
            return op->reply.headers[i].value;
    return SLICE_EMPTY;
}

static void keep_result(struct bulk_child *child)
{
    const struct op *op = &child->op;
    struct bulk *bulk = child->bulk;
    struct arena *arena = &bulk->call->op->arena;
    struct bulk_outcome *outcome = &bulk->outcomes[child->step->operation];
    if (child->called_off || outcome->status >= 400) /* a link of what was not even made */
        return;
    outcome->version = arena_slice(arena, header_of(op, "etag"));
    if (child->step->links && !has_failed(op)) /* it has only become whole */
        return;
    outcome->status = op->reply.status;
    outcome->route = op->route;
    if (has_failed(op)) {
        outcome->response = arena_slice(arena, buf_slice(&op->reply.body));
        bulk->failed++;
    }
    bool is_new = operation_of(child)->method == SCIM_BULK_POST && !has_failed(op);
    outcome->location = is_new ? arena_slice(arena, header_of(op, "location")) : location_of(child);
}

static void end_child(struct bulk_child *child)
{
    json_decref(child->op.json);
    op_fini(&child->op);
    child->bulk->outcomes[child->step->operation].child = NULL;
}

void bulk_wave_drop(struct bulk *bulk)
{
    for (size_t i = 0; i < bulk->wave.count; i++)
        end_child(&bulk->children[i]);
    bulk->wave.count = 0;
}

void bulk_wave_collect(struct bulk *bulk)
{
    for (size_t i = 0; i < bulk->wave.count; i++) {
        bulk->is_over |= bulk->children[i].called_off;
        keep_result(&bulk->children[i]);
    }
    bulk_wave_drop(bulk);
}

static bool may_go_on(const struct bulk *bulk)
{
    uint64_t limit = bulk->request.fail_on_errors;
    return limit == 0 || bulk->failed < limit;
}

void bulk_wave_refuse_rest(struct bulk *bulk, const struct err *err)
{
    bulk->is_over = true;
    for (;;) {
        for (size_t i = 0; i < bulk->wave.count && may_go_on(bulk); i++) {
            op_job_class.fail(&bulk->children[i].op.job, err);
            keep_result(&bulk->children[i]);
        }
        bulk_wave_drop(bulk);
        if (bulk->next_step == bulk->step_count || !may_go_on(bulk))
            return;
        bulk_wave_prepare(bulk);
    }
}
