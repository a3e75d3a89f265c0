/* Directories: one connection to an identity provider each. */
#include "directories.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "organizations.h"
#include "page.h"
#include "policies.h"
#include "reply.h"
#include "tell.h"

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

static bool save_policy(struct call *call, struct directory_id directory, struct slice policy, struct err *err)
{
    return !call_member(call, "policy") || policy_save(call, directory, policy, "#/policy", err);
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

bool directory_tell_created(struct call *call, const struct directory *directory, struct err *err)
{
    return admin_tell(call, "directory.created",
                      json_pack("{s:o, s:o, s:b}", "name", json_from_slice(directory->name), "idp",
                                json_from_slice(directory->idp), "primary", directory->is_primary),
                      err);
}

static bool create(struct call *call, struct err *err)
{
    struct organization organization;
    struct directory directory;
    if (!organization_of_path(call, ORGANIZATION_LOCKED, &organization, err))
        return false;
    struct directory_new fresh = {
        .id = {call->op->fresh_id.id}, .organization = organization.id, .name = call_text(call, "name", SLICE_EMPTY)};
    if (!directory_insert(call, &fresh, err) || !directory_load(call, &fresh.id, DIRECTORY_SHARED, &directory, err) ||
        !directory_tell_created(call, &directory, err))
        return false;
    audit_after(call, directory_show(&directory));
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_DIRECTORY, &directory.id.id, id);
    return reply_created(call->op, "/v1/directories", id, directory_show(&directory));
}

static bool state_of_query(const struct call *call, struct db_value *state_out, struct err *err)
{
    static const char *const names[] = {
        [DIRECTORY_ACTIVE] = "active", [DIRECTORY_PAUSED] = "paused", [DIRECTORY_DELETING] = "deleting"};
    struct slice state = call->query[QUERY_STATE];
    *state_out = db_null();
    if (!state.data)
        return true;
    for (int i = DIRECTORY_ACTIVE; i <= DIRECTORY_DELETING; i++)
        if (slice_equals(state, slice_str(names[i])))
            *state_out = db_integer(i);
    return state_out->kind != DB_NULL || err_set(err, ERR_BAD_REQUEST, "state must be active, paused or deleting.");
}

static bool list(struct call *call, struct err *err)
{
    struct organization organization;
    struct page page;
    struct db_value state;
    if (!organization_of_path(call, ORGANIZATION_SHARED, &organization, err) || !state_of_query(call, &state, err) ||
        !page_read(call, &organization.id.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&organization.id.id), state, state};
    return page_answer(call, &page, "directories", sql_directory_list, parameters, 3, directory_show_row, err);
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

/* One that was paused and is paused again has no news. */
static bool tell_state(struct call *call, enum directory_state before, enum directory_state after, struct err *err)
{
    if (before == after)
        return true;
    return admin_tell(call, after == DIRECTORY_PAUSED ? "directory.paused" : "directory.resumed", NULL, err);
}

/* null: as it is learned. */
static bool set_cadence(struct call *call, struct directory *directory, struct err *err)
{
    if (!call_has(call, "expected_cadence_seconds"))
        return true;
    int64_t seconds = json_integer_value(call_member(call, "expected_cadence_seconds"));
    struct db_value parameters[] = {seconds ? db_integer(seconds) : db_null(), db_id(&directory->id.id)};
    directory->health.set_cadence_s = seconds;
    return db_execute(call->db, sql_health_set_cadence, parameters, 2, NULL, err);
}

static bool update(struct call *call, struct err *err)
{
    struct directory directory;
    if (!directory_of_path(call, DIRECTORY_LOCKED, &directory, err))
        return false;
    audit_before(call, directory_show(&directory));
    enum directory_state before = directory.state;
    directory.name = call_text(call, "name", directory.name);
    directory.idp = call_text(call, "idp", directory.idp);
    directory.state = state_of_body(call, directory.state);
    directory.policy = policy_text(call, directory.policy);
    directory.updated_ms = call->op->now_ms;
    struct db_value parameters[] = {
        db_bytes(directory.name),         db_bytes(directory.idp), db_integer(directory.state),
        db_integer(directory.updated_ms), db_id(&directory.id.id),
    };
    if (!set_cadence(call, &directory, err))
        return false;
    audit_after(call, directory_show(&directory));
    return db_execute(call->db, sql_directory_update, parameters, 5, NULL, err) &&
           save_policy(call, directory.id, directory.policy, err) && tell_state(call, before, directory.state, err) &&
           reply_json(call->op, 200, directory_show(&directory));
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
    {"expected_cadence_seconds", field_cadence_seconds, FIELD_NULLABLE},
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
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_STATE) | QUERY_BIT(QUERY_ENVIRONMENT),
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
