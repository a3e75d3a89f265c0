/* The job that undoes departures: who was deleted is made again under the same id, who was deactivated is active again,
 * and everybody goes back into the groups that are still there. Each page is one transaction with the job's checkpoint,
 * at whose end those are let go of. Whom the directory's rules refuse stays held, and is reported. */
#include "act.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/must.h"
#include "guards.h"
#include "history_read.h"
#include "regroup.h"
#include "scim/document.h"
#include "store/held.h"
#include "undelete.h"

enum { PAGE = 16, MOST_CONFLICTS = 100 };

struct held_user {
    struct view_resource was; /* texts in the arena */
    struct store_held held;
    struct view_refs groups;
    struct view_resource is; /* version 0: not there */
    bool refused;
};

struct reverting {
    struct admin_job_run *run;
    struct inside inside;
    struct arena arena;
    struct resource_id *only; /* sorted as they were asked for; NULL: all */
    size_t only_count;

    struct resource_id after;
    struct held_user list[PAGE];
    size_t count;
    bool more;
};

/* --- a page --- */

static bool is_wanted(const struct reverting *reverting, const struct resource_id *id)
{
    for (size_t i = 0; i < reverting->only_count; i++)
        if (id_equals(&reverting->only[i].id, &id->id))
            return true;
    return !reverting->only;
}

static bool keep(const struct view_resource *row, const struct store_held *held, void *context)
{
    struct reverting *reverting = context;
    if (reverting->count == PAGE) {
        reverting->more = true;
        return false;
    }
    reverting->after = row->id;
    if (!is_wanted(reverting, &row->id))
        return true;
    struct held_user *user = &reverting->list[reverting->count++];
    *user = (struct held_user){.was = *row, .held = *held};
    user->was.stored.text = arena_slice(&reverting->arena, row->stored.text);
    return true;
}

static bool load(struct reverting *reverting, struct err *err)
{
    struct resource_id ids[PAGE], until;
    struct view_resource rows[PAGE];
    struct view_refs groups[PAGE];
    struct db *db = reverting->run->db;
    struct directory_id directory = reverting->run->directory;
    reverting->count = 0;
    reverting->more = false;
    memset(until.id.bytes, 0xff, sizeof until.id.bytes);
    if (!store_held_after(db, directory, reverting->after, until, INT64_MAX, keep, reverting, err))
        return false;
    size_t count = reverting->count;
    for (size_t i = 0; i < count; i++)
        ids[i] = reverting->list[i].was.id;
    if (count == 0)
        return true;
    if (!store_held_groups_of(db, directory, ids, count, &reverting->arena, groups, err) ||
        !store_rows(db, directory, SCIM_TYPE_USER, ids, count, &reverting->arena, rows, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        reverting->list[i].groups = groups[i];
        reverting->list[i].is = rows[i];
    }
    return true;
}

/* --- one of them --- */

static bool is_active(json_t *document)
{
    const json_t *active = json_object_get(document, "active");
    return !active || json_is_true(active);
}

static json_t *activation(void)
{
    return json_pack("{s:[s], s:[{s:s, s:s, s:b}]}", "schemas", "urn:ietf:params:scim:api:messages:2.0:PatchOp",
                     "Operations", "op", "replace", "path", "active", "value", 1);
}

static void add_conflict(struct reverting *reverting, struct held_user *user, const char *why)
{
    char id[ID_UUID_CHARS + 1];
    json_t *result = reverting->run->result, *list = json_object_get(result, "conflicts");
    user->refused = true;
    json_object_set_new(result, "conflict_count",
                        json_integer(json_integer_value(json_object_get(result, "conflict_count")) + 1));
    id_to_uuid(&user->was.id.id, id);
    if (json_array_size(list) < MOST_CONFLICTS)
        json_array_append_new(list, json_pack("{s:s, s:s}", "id", id, "detail", why));
}

static bool run_op(struct reverting *reverting, struct held_user *user, struct inside_op *op, struct err *err)
{
    if (!inside_run(reverting->run->db, &reverting->inside, op, 1, err))
        return false;
    if (op->err.kind != ERR_NONE)
        add_conflict(reverting, user, op->err.detail);
    inside_release(op, 1);
    return true;
}

static bool recreate(struct reverting *reverting, struct held_user *user, json_t *document, struct err *err)
{
    struct db *db = reverting->run->db;
    struct history_of of = {reverting->run->directory, SCIM_TYPE_USER, user->was.id};
    struct history_last last;
    if (!history_last_of(db, &of, &last, err))
        return false;
    struct inside_op op = {.method = "POST", .path = SLICE_LITERAL("/Users"), .body = document, .id = user->was.id};
    op.past = (struct view_past){.version = last.found ? last.version : user->was.version,
                                 .created_ms = user->was.created_ms};
    if (!run_op(reverting, user, &op, err))
        return false;
    struct undelete undelete = {.of = of, .deletion = last.operation};
    return user->refused || !last.found || last.kind != HISTORY_DELETED ||
           undelete_others(db, &reverting->inside, &undelete, &reverting->arena, err);
}

static bool reactivate(struct reverting *reverting, struct held_user *user, const json_t *was, struct err *err)
{
    json_scoped *is = scim_document_load(user->is.stored), *body = activation();
    if (!is_active((json_t *)(uintptr_t)was) || is_active(is))
        return true;
    struct inside_op op = {
        .method = "PATCH", .path = inside_path(&reverting->arena, SCIM_TYPE_USER, user->was.id), .body = body};
    return run_op(reverting, user, &op, err);
}

static bool rejoin(struct reverting *reverting, const struct held_user *user, struct err *err)
{
    struct resource_id *direct = arena_array(&reverting->arena, struct resource_id, user->groups.count + 1);
    size_t count = 0, gone;
    for (size_t i = 0; i < user->groups.count; i++)
        if (!user->groups.list[i].indirect)
            direct[count++] = user->groups.list[i].id;
    return user->refused ||
           regroup_member(reverting->run->db, &reverting->inside, user->was.id, direct, count, &gone, err);
}

static bool revert_one(struct reverting *reverting, struct held_user *user, struct err *err)
{
    json_scoped *was = scim_document_load(user->was.stored);
    return (user->is.version ? reactivate(reverting, user, was, err) : recreate(reverting, user, was, err)) &&
           rejoin(reverting, user, err);
}

/* --- the whole --- */

static bool let_go(struct reverting *reverting, struct err *err)
{
    struct admin_job_run *run = reverting->run;
    struct resource_id ids[PAGE];
    struct guard_letting_go letting_go = {.environment = run->environment,
                                          .organization = run->organization,
                                          .directory = run->directory,
                                          .users = ids,
                                          .actor = reverting->inside.actor,
                                          .cause = VIEW_CAUSE_RESTORE,
                                          .how = "reverted",
                                          .now_ms = clock_wall_ms()};
    for (size_t i = 0; i < reverting->count; i++)
        if (!reverting->list[i].refused)
            ids[letting_go.count++] = reverting->list[i].was.id;
    json_int_t reverted = json_integer_value(json_object_get(run->result, "reverted"));
    json_object_set_new(run->result, "reverted", json_integer(reverted + (json_int_t)letting_go.count));
    return guard_let_go(run->db, &letting_go, err);
}

static void read_checkpoint(struct reverting *reverting)
{
    const json_t *after = json_object_get(reverting->run->checkpoint, "after");
    reverting->after = (struct resource_id){{{0}}};
    if (after)
        (void)!id_from_uuid(json_slice(after), false, &reverting->after.id);
}

static void write_checkpoint(struct reverting *reverting)
{
    char after[ID_UUID_CHARS + 1];
    id_to_uuid(&reverting->after.id, after);
    json_object_set_new(reverting->run->checkpoint, "after", json_string(after));
    json_object_set_new(reverting->run->checkpoint, "ended", json_boolean(!reverting->more));
}

static bool work(struct admin_job_run *run, void *context, struct err *err)
{
    struct reverting *reverting = context;
    read_checkpoint(reverting);
    if (!load(reverting, err))
        return false;
    for (size_t i = 0; i < reverting->count; i++)
        if (!revert_one(reverting, &reverting->list[i], err))
            return false;
    run->done += (int64_t)reverting->count;
    write_checkpoint(reverting);
    return let_go(reverting, err);
}

static void begin_result(struct admin_job_run *run)
{
    if (json_object_get(run->result, "conflicts"))
        return;
    json_object_set_new(run->result, "reverted", json_integer(0));
    json_object_set_new(run->result, "conflict_count", json_integer(0));
    json_object_set_new(run->result, "conflicts", json_array());
}

static bool run_job(struct admin_job_run *run, struct err *err)
{
    struct reverting reverting = {.run = run, .inside = act_for_job(run, VIEW_CAUSE_RESTORE)};
    struct arena names;
    bool go_on = true, good = true;
    arena_init(&names);
    arena_init(&reverting.arena);
    guard_read_users(json_object_get(run->parameters, "users"), &names, &reverting.only, &reverting.only_count);
    begin_result(run);
    while (good && go_on && !json_is_true(json_object_get(run->checkpoint, "ended"))) {
        arena_reset(&reverting.arena);
        good = act_once(run, work, &reverting, &go_on, err);
    }
    arena_fini(&reverting.arena);
    arena_fini(&names);
    return good;
}

const struct admin_job_kind guard_revert_job = {"guard_revert", run_job};
