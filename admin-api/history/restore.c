/* POST …/users/{id}/restore, …/groups/{id}/restore: back to a version, as a new change. Who was deleted comes back
 * under the same id, into the groups that the deletion took him out of. */
#include "audit.h"
#include "base/json.h"
#include "history.h"
#include "problem.h"
#include "regroup.h"
#include "reply.h"
#include "store/query.h"
#include "undelete.h"

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

static bool undo_deletion(struct restoring *restoring, struct err *err)
{
    struct call *call = restoring->request->call;
    struct undelete undelete = {.of = restoring->request->of, .deletion = restoring->last.operation};
    if (restoring->is_there)
        return true;
    if (!undelete_others(call->db, &restoring->inside, &undelete, call_arena(call), err))
        return false;
    restoring->groups = undelete.groups;
    restoring->groups_gone = undelete.groups_gone;
    restoring->managed = undelete.managed;
    return true;
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

/* What they held is in the history: the log, which nothing is taken out of, has no personal data. */
static void note_versions(struct restoring *restoring, uint64_t version)
{
    struct call *call = restoring->request->call;
    audit_before(
        call, json_pack("{s:I, s:b}", "version", (json_int_t)restoring->last.version, "deleted", !restoring->is_there));
    audit_after(call, json_pack("{s:I, s:b}", "version", (json_int_t)version, "deleted", false));
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
    note_versions(restoring, version);
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
