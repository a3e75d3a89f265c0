/* Directories: one connection to an identity provider each. */
#include "directories.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "organizations.h"
#include "page.h"
#include "problem.h"
#include "reply.h"
#include "scim/schema.h"
#include "store/rules.h"

enum { MAX_POLICY = 16384 };

/* `policy` of the body as the database keeps it. In the arena. */
static struct slice policy_text(struct call *call, struct slice otherwise)
{
    const json_t *policy = call_member(call, "policy");
    if (!policy)
        return otherwise;
    struct buf text;
    buf_init(&text, MAX_POLICY);
    json_render(policy, &text);
    struct slice copy = arena_slice(call_arena(call), buf_slice(&text));
    buf_fini(&text);
    return copy;
}

static const char *conflict_text(struct call *call, const struct store_key_conflict *conflict)
{
    char id[ID_UUID_CHARS + 1], other[ID_UUID_CHARS + 1];
    const char *kind = conflict->type == SCIM_TYPE_GROUP ? "group" : "user";
    id_to_uuid(&conflict->id.id, id);
    id_to_uuid(&conflict->other.id, other);
    if (conflict->why[0])
        return arena_printf(call_arena(call), "%s %s: %s", kind, id, conflict->why);
    return arena_printf(call_arena(call), "%s %s has the same as %s %s", kind, id, kind, other);
}

/* In the answer, one by one, as far as there is room. */
static void name_conflicts(struct call *call, const struct store_key_conflicts *conflicts)
{
    struct field_errors *errors = &call_state(call->op)->errors;
    errors->count = 0;
    for (size_t i = 0; i < conflicts->count && i < STORE_KEY_CONFLICTS && i < FIELD_ERRORS_MAX; i++) {
        bool group = conflicts->list[i].type == SCIM_TYPE_GROUP;
        errors->list[errors->count++] =
            (struct field_error){group ? "#/policy/unique_group_names" : "#/policy/unique_identifier",
                                 conflict_text(call, &conflicts->list[i])};
    }
}

/* The field was checked on its own; together with the rest of the rules it can be wrong all the same. */
static bool save_policy(struct call *call, struct directory_id directory, struct slice policy, struct err *err)
{
    if (!call_member(call, "policy"))
        return true;
    struct store_key_conflicts conflicts = {.count = 0};
    struct store_rules_change change = {.policy = policy, .now_ms = call->op->now_ms, .conflicts = &conflicts};
    if (store_rules_save(call->db, directory, &change, err))
        return true;
    if (err->kind == ERR_CONFLICT)
        name_conflicts(call, &conflicts);
    if (err->kind == ERR_INVALID_VALUE || err->kind == ERR_INVALID_SYNTAX) {
        const char *detail = arena_printf(call_arena(call), "%s", err->detail);
        return problem_invalid(call->op, "#/policy", detail, err);
    }
    return false;
}

bool directory_insert(struct call *call, const struct directory_new *directory, struct err *err)
{
    struct db_value parameters[] = {
        db_id(&directory->id.id),
        db_id(&directory->organization.id),
        db_bytes(directory->name),
        db_bytes(call_text(call, "idp", SLICE_LITERAL("generic"))),
        db_bytes(policy_text(call, SLICE_LITERAL("{}"))),
        db_integer(call->op->now_ms),
        db_integer(call->op->now_ms),
    };
    struct db_value counters[] = {db_id(&directory->id.id), db_id(&directory->id.id)};
    return db_execute(call->db, sql_directory_insert, parameters, 7, NULL, err) &&
           db_execute(call->db, sql_directory_insert_counters, counters, 2, NULL, err) &&
           save_policy(call, directory->id, policy_text(call, SLICE_EMPTY), err);
}

static bool create(struct call *call, struct err *err)
{
    struct organization organization;
    struct directory directory;
    if (!organization_of_path(call, ORGANIZATION_LOCKED, &organization, err))
        return false;
    struct directory_new fresh = {
        .id = {call->op->fresh_id.id}, .organization = organization.id, .name = call_text(call, "name", SLICE_EMPTY)};
    if (!directory_insert(call, &fresh, err) || !directory_load(call, &fresh.id, DIRECTORY_SHARED, &directory, err))
        return false;
    audit_after(call, directory_show(&directory));
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_DIRECTORY, &directory.id.id, id);
    return reply_created(call->op, "/v1/directories", id, directory_show(&directory));
}

static bool list(struct call *call, struct err *err)
{
    struct organization organization;
    struct page page;
    if (!organization_of_path(call, ORGANIZATION_SHARED, &organization, err) ||
        !page_read(call, &organization.id.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&organization.id.id)};
    return page_answer(call, &page, "directories", sql_directory_list, parameters, 1, directory_show_row, err);
}

static bool get(struct call *call, struct err *err)
{
    struct directory directory;
    return directory_of_path(call, DIRECTORY_SHARED, &directory, err) &&
           reply_json(call->op, 200, directory_show(&directory));
}

static enum directory_state state_of_body(const struct call *call, enum directory_state otherwise)
{
    struct slice state = call_text(call, "state", SLICE_EMPTY);
    if (state.len == 0)
        return otherwise;
    return slice_equals(state, SLICE_LITERAL("paused")) ? DIRECTORY_PAUSED : DIRECTORY_ACTIVE;
}

static bool update(struct call *call, struct err *err)
{
    struct directory directory;
    if (!directory_of_path(call, DIRECTORY_LOCKED, &directory, err))
        return false;
    audit_before(call, directory_show(&directory));
    directory.name = call_text(call, "name", directory.name);
    directory.idp = call_text(call, "idp", directory.idp);
    directory.state = state_of_body(call, directory.state);
    directory.policy = policy_text(call, directory.policy);
    directory.updated_ms = call->op->now_ms;
    struct db_value parameters[] = {
        db_bytes(directory.name),         db_bytes(directory.idp), db_integer(directory.state),
        db_integer(directory.updated_ms), db_id(&directory.id.id),
    };
    audit_after(call, directory_show(&directory));
    return db_execute(call->db, sql_directory_update, parameters, 5, NULL, err) &&
           save_policy(call, directory.id, directory.policy, err) &&
           reply_json(call->op, 200, directory_show(&directory));
}

/* The successor of a primary that is to go; nothing to do for other directories. */
static bool appoint_successor(struct call *call, const struct directory *directory, struct organization *organization,
                              struct err *err)
{
    struct slice named = call->query[QUERY_SUCCESSOR];
    struct directory_id successor;
    bool found = false;
    if (!id_equals(&organization->primary.id, &directory->id.id))
        return true;
    if (!named.data)
        return err_set(err, ERR_CONFLICT,
                       "This is the primary directory of its organization: name its successor, ?successor=dir-…");
    bool is_id = id_from_prefixed(ID_PREFIX_DIRECTORY, named, &successor.id);
    if (is_id && !id_equals(&successor.id, &directory->id.id) &&
        !organization_promote(call, organization, &successor, &found, err))
        return false;
    return found || err_set(err, ERR_CONFLICT, "The successor is no other directory of this organization.");
}

/* The organization is locked first, always in this order, so that its primary cannot change meanwhile. */
static bool delete (struct call *call, struct err *err)
{
    struct directory directory;
    struct organization organization;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err) ||
        !organization_load(call, &directory.organization, ORGANIZATION_LOCKED, &organization, err) ||
        !directory_of_path(call, DIRECTORY_LOCKED, &directory, err) ||
        !appoint_successor(call, &directory, &organization, err))
        return false;
    call->audit.directory = directory.id;
    call->audit.detail =
        json_pack("{s:o}", "primary_directory_id", show_id(ID_PREFIX_DIRECTORY, &organization.primary.id));
    audit_before(call, directory_show(&directory));
    audit_after(call, NULL);
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&directory.id.id)};
    return db_execute(call->db, sql_directory_delete, parameters, 2, NULL, err) && reply_empty(call->op);
}

static const struct admin_field create_fields[] = {
    {"name", field_display_name, FIELD_REQUIRED},
    {"idp", field_idp, 0},
    {"policy", field_policy, 0},
};
static const struct admin_field update_fields[] = {
    {"name", field_display_name, 0},
    {"idp", field_idp, 0},
    {"state", field_state, 0},
    {"policy", field_policy, 0},
};

const struct admin_operation directory_create = {
    .operation = ADMIN_OPERATION("directory.create", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    ADMIN_FIELDS(create_fields),
    .handle = create,
};
const struct admin_operation directory_list = {
    .operation = ADMIN_OPERATION("directory.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
const struct admin_operation directory_get = {
    .operation = ADMIN_OPERATION("directory.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation directory_update = {
    .operation = ADMIN_OPERATION("directory.update", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(update_fields),
    .handle = update,
};
const struct admin_operation directory_delete = {
    .operation = ADMIN_OPERATION("directory.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .erases = true,
    .queries = QUERY_BIT(QUERY_SUCCESSOR),
    .handle = delete,
};
