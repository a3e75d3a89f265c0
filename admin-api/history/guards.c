#include "guards.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "directories.h"
#include "page.h"
#include "reply.h"
#include "store/held.h"
#include "store/rules.h"

/* --- reading --- */

static json_t *show_policy(const struct scim_guard *guard)
{
    json_t *users = guard->max_users ? json_integer(guard->max_users) : json_null();
    json_t *percent = guard->max_percent ? json_integer(guard->max_percent) : json_null();
    return json_pack("{s:b, s:o, s:o, s:I}", "enabled", guard->enabled, "max_users", users, "max_percent", percent,
                     "window_seconds", (json_int_t)guard->window_s);
}

static json_t *show_guard(const struct scim_guard *guard, const struct db_value *row)
{
    int64_t guarded_ms = row[0].integer;
    json_t *tripped = guarded_ms ? json_pack("{s:I, s:I}", "departures", (json_int_t)row[1].integer, "users",
                                             (json_int_t)row[2].integer)
                                 : json_null();
    return json_pack("{s:s, s:o, s:o, s:I, s:I, s:o}", "state", guarded_ms ? "guarded" : "open", "guarded_at",
                     show_time_or_null(guarded_ms), "tripped_by", tripped, "held", (json_int_t)row[3].integer,
                     "departures_in_window", (json_int_t)row[4].integer, "policy", show_policy(guard));
}

static bool load(struct call *call, const struct directory *directory, const struct scim_guard *guard,
                 json_t **shown_out, struct err *err)
{
    const struct db_value id = db_id(&directory->id.id);
    const struct db_value parameters[] = {id, id, db_integer(call->op->now_ms - (int64_t)guard->window_s * 1000), id};
    const struct db_value *row;
    if (!db_query_one(call->db, sql_guard_show, parameters, 4, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "There is no such directory.");
    *shown_out = show_guard(guard, row);
    return true;
}

static bool show(struct call *call, const struct directory *directory, json_t **shown_out, struct err *err)
{
    const struct scim_rules *rules;
    if (!store_rules_load(call->db, directory->id, &rules, err))
        return false;
    bool loaded = rules ? load(call, directory, &rules->policy.guard, shown_out, err)
                        : err_set(err, ERR_INTERNAL, "The rules of the directory cannot be read.");
    store_rules_unref(rules);
    return loaded;
}

static bool get(struct call *call, struct err *err)
{
    struct directory directory;
    json_t *shown;
    return directory_of_path(call, DIRECTORY_SHARED, &directory, err) && show(call, &directory, &shown, err) &&
           reply_json(call->op, 200, shown);
}

static json_t *show_user(struct call *call, const struct db_value *row)
{
    static const struct {
        int64_t kind;
        const char *name;
    } names[] = {
        {STORE_HELD_DELETED, "deleted"}, {STORE_HELD_DEACTIVATED, "deactivated"}, {STORE_HELD_EMPTIED, "left_groups"}};
    (void)call;
    struct id id;
    char text[ID_UUID_CHARS + 1];
    json_t *kinds = json_array();
    db_id_out(&row[0], &id);
    id_to_uuid(&id, text);
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (row[2].integer & names[i].kind)
            json_array_append_new(kinds, json_string(names[i].name));
    return json_pack("{s:s, s:o, s:o, s:o}", "id", text, "displayName", show_text_or_null(row[1].bytes), "kinds", kinds,
                     "held_at", show_time(row[3].integer));
}

static bool list_users(struct call *call, struct err *err)
{
    struct directory directory;
    struct page page;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err) || !page_read(call, &directory.id.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&directory.id.id)};
    return page_answer(call, &page, "users", sql_guard_users, parameters, 1, show_user, err);
}

/* --- letting go --- */

static const char *check_users(const json_t *value, const struct field_context *context)
{
    struct id id;
    (void)context;
    if (!json_is_array(value) || json_array_size(value) < 1 || json_array_size(value) > GUARD_MOST_USERS)
        return "must be a list of 1 to 1000 ids of users";
    for (size_t i = 0; i < json_array_size(value); i++)
        if (!json_is_string(json_array_get(value, i)) || !id_from_uuid(json_slice(json_array_get(value, i)), true, &id))
            return "must hold ids of users alone";
    return NULL;
}

static const struct admin_field fields[] = {{"users", check_users, 0}};

static bool let_go(struct call *call, const struct directory *directory, struct err *err)
{
    struct resource_id *users;
    struct guard_letting_go letting_go = {.environment = directory->environment,
                                          .organization = directory->organization,
                                          .directory = directory->id,
                                          .actor = call->principal.key.id,
                                          .cause = VIEW_CAUSE_ADMIN,
                                          .how = "released",
                                          .now_ms = call->op->now_ms};
    guard_read_users(call_member(call, "users"), call_arena(call), &users, &letting_go.count);
    letting_go.users = users;
    return guard_let_go(call->db, &letting_go, err);
}

static bool release(struct call *call, struct err *err)
{
    struct directory directory;
    json_t *shown;
    const json_t *users = call_member(call, "users");
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err) || !show(call, &directory, &shown, err))
        return false;
    audit_before(call, shown);
    call->audit.detail = users ? json_pack("{s:O}", "users", users) : json_pack("{s:s}", "users", "all");
    if (!let_go(call, &directory, err) || !show(call, &directory, &shown, err))
        return false;
    audit_after(call, json_incref(shown));
    return reply_json(call->op, 200, shown);
}

static bool revert(struct call *call, struct err *err)
{
    struct directory directory;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err))
        return false;
    json_t *parameters = json_object();
    if (call_has(call, "users"))
        json_object_set(parameters, "users", call_member(call, "users"));
    struct admin_job_new job = {.kind = &guard_revert_job,
                                .environment = directory.environment,
                                .organization = directory.organization,
                                .directory = directory.id,
                                .parameters = parameters,
                                .total = -1};
    bool created = admin_job_create(call, &job, err);
    json_decref(parameters);
    return created;
}

const struct admin_operation guard_get = {.operation = ADMIN_OPERATION("guard.get", SCOPE_ADMIN_READ), .handle = get};
const struct admin_operation guard_list_users = {
    .operation = ADMIN_OPERATION("guard.list_users", SCOPE_ADMIN_READ), .queries = QUERY_PAGE, .handle = list_users};
const struct admin_operation guard_release = {
    .operation = ADMIN_OPERATION("guard.release", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .body_optional = true,
    ADMIN_FIELDS(fields),
    .handle = release,
};
const struct admin_operation guard_revert = {
    .operation = ADMIN_OPERATION("guard.revert", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .body_optional = true,
    ADMIN_FIELDS(fields),
    .handle = revert,
};
