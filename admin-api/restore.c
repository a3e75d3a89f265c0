/* POST …/users/{id}/restore, …/groups/{id}/restore: back to a version, as a new change. Who was deleted comes back
 * under the same id, into the groups that the deletion took him out of. */
#include "admin_api_sql.h"
#include "base/json.h"
#include "history.h"
#include "problem.h"
#include "regroup.h"
#include "reply.h"
#include "store/event.h"
#include "store/query.h"

struct restoring {
    struct history_request *request;
    struct inside inside;
    struct history_last last;
    bool is_there;
    uint64_t version; /* to restore; 0: as it was before it was deleted */
    json_t *document;
    size_t groups, groups_gone, members, members_gone, managed;
};

static bool is_group(const struct restoring *restoring) { return restoring->request->of.type == SCIM_TYPE_GROUP; }

/* --- what is asked --- */

static bool look(struct restoring *restoring, struct err *err)
{
    struct history_request *request = restoring->request;
    struct call *call = request->call;
    const struct view_resource *row;
    const struct history_of *of = &request->of;
    if (!history_last_of(call->db, of, &restoring->last, err) ||
        !store_resource(call->db, of->directory, of->type, of->id, call_arena(call), &row, err))
        return false;
    restoring->is_there = row != NULL;
    bool was_there = restoring->last.found && restoring->last.kind == HISTORY_DELETED;
    if (row && (!restoring->last.found || restoring->last.version < row->version))
        restoring->last.version = row->version;
    return row || was_there || history_not_found(request, err);
}

static bool read_version(struct restoring *restoring, struct err *err)
{
    struct call *call = restoring->request->call;
    const json_t *version = call_member(call, "version");
    restoring->version = version ? (uint64_t)json_integer_value(version) : 0;
    return version || !restoring->is_there ||
           problem_invalid(call->op, "#/version",
                           "is required: the resource is there, so say which version it is to be", err);
}

static bool load_document(struct restoring *restoring, struct err *err)
{
    struct history_request *request = restoring->request;
    struct history_document found;
    int64_t ignored;
    if (restoring->version)
        return history_load(request, restoring->version, &restoring->document, &ignored, err);
    if (!history_document_at(request->call->db, &request->of, restoring->last.version, &found, err))
        return false;
    restoring->document = found.document;
    restoring->version = restoring->last.version - 1;
    return found.found || history_not_found(request, err);
}

/* --- the resource --- */

/* The rules may have changed since. */
static bool refuse(const struct err *cause, struct err *err)
{
    bool is_plain = cause->kind == ERR_UNIQUENESS || cause->kind == ERR_NOT_FOUND || cause->kind == ERR_UNAVAILABLE ||
                    cause->kind == ERR_INTERNAL;
    if (is_plain)
        return err_set(err, cause->kind, "%s", cause->detail);
    return err_set(err, ERR_CONFLICT, "The directory's rules do not allow that version any more: %s", cause->detail);
}

static bool put_document(struct restoring *restoring, struct err *err)
{
    struct history_request *request = restoring->request;
    struct call *call = request->call;
    struct inside_op op = {.method = "PUT", .body = restoring->document, .keeps_members = true};
    op.path = inside_path(call_arena(call), request->of.type, request->of.id);
    op.operation = call->op->operation_id;
    if (!restoring->is_there) {
        op.method = "POST";
        op.path = is_group(restoring) ? SLICE_LITERAL("/Groups") : SLICE_LITERAL("/Users");
        op.id = request->of.id;
        op.past = (struct view_past){.version = restoring->last.version, .created_ms = restoring->last.born_ms};
    }
    if (!inside_run(call->db, &restoring->inside, &op, 1, err))
        return false;
    inside_release(&op, 1);
    return op.err.kind == ERR_NONE || refuse(&op.err, err);
}

/* --- whom a group had --- */

/* Of a group that is there: what happened since is taken back. Of a deleted one: first those whom the deletion took
 * out, then what happened before that, back to the version. */
static bool bring_members_back(struct restoring *restoring, struct err *err)
{
    struct call *call = restoring->request->call;
    struct history_members since;
    if (!is_group(restoring))
        return true;
    if (!history_members_between(call->db, &restoring->request->of, restoring->version, restoring->last.version,
                                 call_arena(call), &since, err))
        return false;
    struct regroup regroup = {.group = restoring->request->of.id,
                              .add = since.removed,
                              .add_count = since.removed_count,
                              .remove = since.added,
                              .remove_count = restoring->is_there ? since.added_count : 0};
    if (!regroup_run(call->db, &restoring->inside, &regroup, err))
        return false;
    restoring->members = regroup.add_count - regroup.missing;
    restoring->members_gone = regroup.missing;
    return true;
}

/* --- what a deletion did to others --- */

struct undo { /* in the call's arena */
    struct resource_id *groups, *managed;
    size_t group_count, managed_count, capacity;
};

static bool names(struct slice entries, const struct resource_id *member)
{
    bool added;
    struct resource_id named;
    while (history_next_member(&entries, &added, &named))
        if (!added && id_equals(&named.id, &member->id))
            return true;
    return false;
}

static void note(struct restoring *restoring, const struct db_value *row, struct undo *undo)
{
    const struct history_of *of = &restoring->request->of;
    struct arena *arena = call_arena(restoring->request->call);
    struct resource_id id;
    db_id_out(&row[1], &id.id);
    if (id_equals(&id.id, &of->id.id))
        return;
    if (undo->group_count == undo->capacity || undo->managed_count == undo->capacity) {
        size_t capacity = undo->capacity ? undo->capacity * 4 : 16;
        struct resource_id *lists = arena_array(arena, struct resource_id, capacity * 2);
        if (undo->group_count)
            memcpy(lists, undo->groups, undo->group_count * sizeof *lists);
        if (undo->managed_count)
            memcpy(lists + capacity, undo->managed, undo->managed_count * sizeof *lists);
        *undo = (struct undo){lists, lists + capacity, undo->group_count, undo->managed_count, capacity};
    }
    if (row[2].integer == HISTORY_MEMBERS && names(row[3].bytes, &of->id))
        undo->groups[undo->group_count++] = id;
    if (row[2].integer == HISTORY_UPDATED && row[0].integer == SCIM_TYPE_USER)
        undo->managed[undo->managed_count++] = id;
}

static bool read_operation(struct restoring *restoring, struct undo *undo, struct err *err)
{
    const struct history_request *request = restoring->request;
    const struct db_value parameters[] = {db_id(&restoring->last.operation.id), db_id(&request->of.directory.id)};
    struct db_rows *rows = db_query(request->call->db, sql_history_operation, parameters, 2, err);
    const struct db_value *row;
    if (!rows)
        return false;
    while ((row = db_next(rows)))
        note(restoring, row, undo);
    return db_rows_end(rows, err);
}

static json_t *name_manager(const struct restoring *restoring)
{
    char id[ID_UUID_CHARS + 1];
    id_to_uuid(&restoring->request->of.id.id, id);
    return json_pack("{s:[s], s:[{s:s, s:s, s:s}]}", "schemas", "urn:ietf:params:scim:api:messages:2.0:PatchOp",
                     "Operations", "op", "add", "path", SCIM_URN_ENTERPRISE ":manager.value", "value", id);
}

/* Those who still have no manager. */
static bool manage_some(struct restoring *restoring, const struct resource_id *ids, size_t count, struct err *err)
{
    struct call *call = restoring->request->call;
    struct view_resource *rows = arena_array(call_arena(call), struct view_resource, count);
    struct inside_op ops[INSIDE_MOST_JOBS];
    size_t op_count = 0;
    if (!store_rows(call->db, restoring->request->of.directory, SCIM_TYPE_USER, ids, count, call_arena(call), rows,
                    err))
        return false;
    json_scoped *body = name_manager(restoring);
    for (size_t i = 0; i < count; i++)
        if (rows[i].version && !rows[i].has_manager)
            ops[op_count++] = (struct inside_op){
                .method = "PATCH", .path = inside_path(call_arena(call), SCIM_TYPE_USER, ids[i]), .body = body};
    if (op_count > 0 && !inside_run(call->db, &restoring->inside, ops, op_count, err))
        return false;
    for (size_t i = 0; i < op_count; i++)
        restoring->managed += ops[i].err.kind == ERR_NONE;
    inside_release(ops, op_count);
    return true;
}

static bool manage_again(struct restoring *restoring, const struct undo *undo, struct err *err)
{
    for (size_t first = 0; first < undo->managed_count; first += INSIDE_MOST_JOBS) {
        size_t rest = undo->managed_count - first;
        if (!manage_some(restoring, undo->managed + first, rest < INSIDE_MOST_JOBS ? rest : INSIDE_MOST_JOBS, err))
            return false;
    }
    return true;
}

static bool undo_deletion(struct restoring *restoring, struct err *err)
{
    struct undo undo = {.group_count = 0};
    if (restoring->is_there)
        return true;
    if (!read_operation(restoring, &undo, err) ||
        !regroup_member(restoring->request->call->db, &restoring->inside, restoring->request->of.id, undo.groups,
                        undo.group_count, &restoring->groups_gone, err))
        return false;
    restoring->groups = undo.group_count - restoring->groups_gone;
    return is_group(restoring) || manage_again(restoring, &undo, err);
}

/* --- the answer --- */

static json_t *show(const struct restoring *restoring, uint64_t version)
{
    char id[ID_UUID_CHARS + 1];
    id_to_uuid(&restoring->request->of.id.id, id);
    bool changed = version != restoring->last.version;
    return json_pack("{s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "id", id, "outcome",
                     !restoring->is_there ? "recreated"
                     : changed            ? "updated"
                                          : "unchanged",
                     "restored_version", (json_int_t)restoring->version, "version", (json_int_t)version,
                     "groups_joined", (json_int_t)restoring->groups, "groups_gone", (json_int_t)restoring->groups_gone,
                     "members_added", (json_int_t)restoring->members, "members_gone",
                     (json_int_t)restoring->members_gone, "managed", (json_int_t)restoring->managed);
}

static bool announce(const struct restoring *restoring, const json_t *shown, struct err *err)
{
    struct call *call = restoring->request->call;
    const struct directory *directory = &restoring->request->directory;
    struct event_new event = {.type = is_group(restoring) ? "group.restored" : "user.restored",
                              .environment = directory->environment,
                              .organization = directory->organization,
                              .directory = directory->id,
                              .data = shown,
                              .now_ms = call->op->now_ms};
    return store_event_raise(call->db, &event, err);
}

static bool answer(struct restoring *restoring, struct err *err)
{
    struct call *call = restoring->request->call;
    struct history_last now;
    const struct directory *directory = &restoring->request->directory;
    if (!history_last_of(call->db, &restoring->request->of, &now, err))
        return false;
    uint64_t version = now.found && now.version > restoring->last.version ? now.version : restoring->last.version;
    json_t *shown = show(restoring, version);
    call->audit.environment = directory->environment;
    call->audit.organization = directory->organization;
    call->audit.directory = directory->id;
    call->audit.detail = json_incref(shown);
    if (!announce(restoring, shown, err)) {
        json_decref(shown);
        return false;
    }
    return reply_json(call->op, 200, shown);
}

static bool restore(struct history_request *request, struct err *err)
{
    struct restoring restoring = {.request = request};
    const struct directory *directory = &request->directory;
    restoring.inside = act_for_call(request->call, directory->id, directory->organization, VIEW_CAUSE_RESTORE);
    bool good = look(&restoring, err) && read_version(&restoring, err) && load_document(&restoring, err) &&
                put_document(&restoring, err) && bring_members_back(&restoring, err) &&
                undo_deletion(&restoring, err) && answer(&restoring, err);
    json_decref(restoring.document);
    return good;
}

static bool run(struct call *call, uint16_t type, struct err *err)
{
    struct history_request request;
    bool good = history_begin(call, type, &request, err) && restore(&request, err);
    history_end(&request);
    return good;
}

static bool restore_user(struct call *call, struct err *err) { return run(call, SCIM_TYPE_USER, err); }
static bool restore_group(struct call *call, struct err *err) { return run(call, SCIM_TYPE_GROUP, err); }

static const char *check_version(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_is_integer(value) && json_integer_value(value) >= 1 ? NULL : "must be a whole number from 1 on";
}

static const struct admin_field fields[] = {{"version", check_version, 0}};

#define RESTORES(name, handler)                                                                                        \
    {                                                                                                                  \
        .operation = ADMIN_OPERATION(name, SCOPE_ADMIN_MANAGE), .writes = true, .body_optional = true,                 \
        ADMIN_FIELDS(fields), .handle = (handler)                                                                      \
    }
const struct admin_operation user_restore = RESTORES("user.restore", restore_user);
const struct admin_operation group_restore = RESTORES("group.restore", restore_group);
