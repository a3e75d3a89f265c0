#include "ops/inside.h"

#include <string.h>

#include "base/json.h"
#include "base/must.h"
#include "bulk.h"
#include "use_cases.h"

struct inner {    /* an operation as an op */
    struct op op; /* first */
    struct insider insider;
    struct scim_member_edit edits[2];
};

/* A group may have a hundred thousand members: they are not shown to somebody who has not asked. */
static struct slice query_of(const struct op *op, struct slice path, size_t length)
{
    if (length < path.len)
        return slice_skip(path, length + 1);
    bool shows_group =
        slice_starts_with(path, SLICE_LITERAL("/Groups")) && !slice_equals(op->method, SLICE_LITERAL("PATCH"));
    return shows_group ? SLICE_LITERAL("excludedAttributes=members") : SLICE_EMPTY;
}

static bool set_target(struct op *op, const struct inside *inside, struct slice path)
{
    char organization[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_ORGANIZATION, &inside->organization.id, organization);
    const char *question = path.len ? memchr(path.data, '?', path.len) : NULL;
    size_t length = question ? (size_t)(question - path.data) : path.len;
    op->path = slice_str(
        arena_printf(&op->arena, "/orgs/%s/scim/v2%.*s", organization, (int)length, path.data ? path.data : ""));
    op->query = arena_slice(&op->arena, query_of(op, path, length));
    return bulk_route(op, &op->err);
}

static void set_edits(struct inner *inner, const struct inside_members *members)
{
    inner->edits[0] = (struct scim_member_edit){
        .kind = SCIM_MEMBERS_REMOVE, .ids = members->remove, .count = members->remove_count, .next = &inner->edits[1]};
    inner->edits[1] =
        (struct scim_member_edit){.kind = SCIM_MEMBERS_ADD, .ids = members->add, .count = members->add_count};
    inner->insider.edits = inner->edits;
    inner->op.operation = &scim_inner_members;
    inner->op.json = json_object();
}

static bool prepare(struct inner *inner, const struct inside *inside, const struct inside_op *wanted)
{
    struct op *op = &inner->op;
    op_init(op, &scim_inner_service);
    op->method = slice_str(wanted->method);
    op->origin = slice_str(inside->public_url);
    op->json = json_incref(wanted->body);
    if (!id_is_zero(&wanted->id.id))
        op->fresh_id = wanted->id;
    if (!id_is_zero(&wanted->operation.id))
        op->operation_id = wanted->operation;
    inner->insider = (struct insider){.actor = inside->actor, .cause = inside->cause, .past = wanted->past};
    inner->insider.keeps_members = wanted->keeps_members;
    if (!set_target(op, inside, wanted->path))
        return false;
    if (wanted->members)
        set_edits(inner, wanted->members);
    call_let_inside(call_of(op), inside->directory, &inner->insider);
    return true;
}

static void keep_result(const struct inner *inner, struct inside_op *result)
{
    const struct op *op = &inner->op;
    if (result->members)
        result->members->missing = inner->insider.missing;
    result->err = op->err;
    result->status = op->err.kind == ERR_NONE ? op->reply.status : err_status(op->err.kind);
    result->reply = NULL;
    if (op->err.kind == ERR_NONE && op->reply.body.len > 0)
        result->reply = json_loadb(op->reply.body.data, op->reply.body.len, 0, NULL);
}

bool inside_run(struct db *db, const struct inside *inside, struct inside_op *ops, size_t count, struct err *err)
{
    must(count > 0 && count <= INSIDE_MOST_JOBS);
    struct arena arena;
    arena_init(&arena);
    struct inner *inners = arena_array(&arena, struct inner, count);
    struct job *jobs[INSIDE_MOST_JOBS];
    size_t job_count = 0;
    for (size_t i = 0; i < count; i++)
        if (prepare(&inners[i], inside, &ops[i]))
            jobs[job_count++] = &inners[i].op.job;
    bool done = job_count == 0 || store_inside_run(db, inside->directory, jobs, job_count, err);
    for (size_t i = 0; i < count; i++) {
        if (done)
            keep_result(&inners[i], &ops[i]);
        json_decref(inners[i].op.json);
        op_fini(&inners[i].op);
    }
    arena_fini(&arena);
    return done;
}

bool inside_again(const struct db *db)
{
    enum db_failure failure = db_failure(db);
    return failure == DB_RETRY || failure == DB_DUPLICATE || failure == DB_REFERENCE;
}

void inside_release(struct inside_op *ops, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        json_decref(ops[i].reply);
        ops[i].reply = NULL;
    }
}

struct slice inside_path(struct arena *arena, uint16_t type, struct resource_id id)
{
    char uuid[ID_UUID_CHARS + 1];
    id_to_uuid(&id.id, uuid);
    return slice_str(arena_printf(arena, "/%s/%s", type == SCIM_TYPE_GROUP ? "Groups" : "Users", uuid));
}
