#include "vendor_users.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "column.h"
#include "directories.h"
#include "field.h"
#include "page.h"
#include "problem.h"
#include "reply.h"
#include "store/vendor.h"

/* --- showing --- */

static const char *const state_names[] = {
    [VENDOR_UNMATCHED] = "unmatched", [VENDOR_MATCHED] = "matched", [VENDOR_CONFLICT] = "conflict"};
static const char *const match_names[] = {
    [0] = NULL,
    [VENDOR_BY_USER_NAME] = "user_name",
    [VENDOR_BY_EMAIL] = "email",
    [VENDOR_BY_HAND] = "hand",
    [VENDOR_CAME_BACK] = "returned",
};
static const struct {
    const char *reason, *detail;
} conflicts[] = {
    [VENDOR_AGREED] = {NULL, NULL},
    [VENDOR_SHARED] = {"shared",
                       "Another vendor user has the same user_name or email: correct one of them, or link it."},
    [VENDOR_SEVERAL] = {"several", "Several users of the directory have it: link the right one."},
    [VENDOR_TAKEN] = {"taken", "The user who has it is linked to another vendor user: unlink that one first, or link "
                               "another user."},
    [VENDOR_STRANGER] = {"stranger",
                         "Somebody else has the name now: the identity provider's own id is another. Link it "
                         "if it is the same person."},
    [VENDOR_UNLINKED] = {"unlinked", "It was unlinked, so it is not linked by itself again."},
};

static json_t *show_conflict(int64_t conflict)
{
    if (conflict <= 0 || conflict > VENDOR_UNLINKED)
        return json_null();
    return json_pack("{s:s, s:s}", "reason", conflicts[conflict].reason, "detail", conflicts[conflict].detail);
}

static json_t *show_text(const struct db_value *value)
{
    return value->kind == DB_BYTES ? json_from_slice(value->bytes) : json_null();
}

json_t *vendor_user_show(struct call *call, const struct db_value *row)
{
    (void)call;
    bool linked = row[9].kind != DB_NULL;
    return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:s?, s:o, s:o, s:o, s:o}", "vendor_user_id", show_text(&row[1]),
                     "user_name", show_text(&row[2]), "email", show_text(&row[3]), "display_name", show_text(&row[4]),
                     "state", state_names[row[5].integer], "user_id", column_show_uuid(&row[7]), "matched_by",
                     match_names[row[8].integer], "linked_at", linked ? show_time(row[9].integer) : json_null(),
                     "conflict", show_conflict(row[6].integer), "created_at", show_time(row[10].integer), "updated_at",
                     show_time(row[11].integer));
}

/* --- lists --- */

static bool read_state(const struct call *call, int64_t *state_out, struct err *err)
{
    struct slice text = call->query[QUERY_STATE];
    *state_out = 0;
    for (int64_t state = VENDOR_UNMATCHED; state <= VENDOR_CONFLICT; state++)
        if (slice_equals(text, slice_str(state_names[state])))
            *state_out = state;
    return !text.data || *state_out ||
           err_set(err, ERR_BAD_REQUEST, "state must be \"matched\", \"unmatched\" or \"conflict\".");
}

/* Cursors are bound to the state, too: places of one list mean nothing in another. */
static struct id list_of(const struct directory *directory, int64_t state)
{
    struct id whose = directory->id.id;
    whose.bytes[0] ^= (uint8_t)state;
    return whose;
}

static bool list(struct call *call, struct err *err)
{
    struct directory directory;
    struct page page;
    int64_t state;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err) || !read_state(call, &state, err))
        return false;
    struct id whose = list_of(&directory, state);
    if (!page_read(call, &whose, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&directory.id.id), db_integer(state)};
    return page_answer(call, &page, "vendor_users", state ? sql_vendor_user_list_in_state : sql_vendor_user_list,
                       parameters, state ? 2 : 1, vendor_user_show, err);
}

static bool count_states(struct call *call, const struct directory *directory, int64_t counts[], struct err *err)
{
    struct db_value parameters[] = {db_id(&directory->id.id)};
    struct db_rows *rows = db_query(call->db, sql_vendor_user_count, parameters, 1, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows)))
        if (row[0].integer >= VENDOR_UNMATCHED && row[0].integer <= VENDOR_CONFLICT)
            counts[row[0].integer] = row[1].integer;
    return rows && db_rows_end(rows, err);
}

static bool count(struct call *call, struct err *err)
{
    struct directory directory;
    int64_t counts[VENDOR_CONFLICT + 1] = {0};
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err) || !count_states(call, &directory, counts, err))
        return false;
    int64_t matched = counts[VENDOR_MATCHED], unmatched = counts[VENDOR_UNMATCHED], conflict = counts[VENDOR_CONFLICT];
    int64_t total = matched + unmatched + conflict;
    int64_t users_unmatched = directory.users > matched ? directory.users - matched : 0;
    return reply_json(call->op, 200,
                      json_pack("{s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I}}", "vendor_users", "total", (json_int_t)total,
                                "matched", (json_int_t)matched, "unmatched", (json_int_t)unmatched, "conflict",
                                (json_int_t)conflict, "users", "total", (json_int_t)directory.users, "unmatched",
                                (json_int_t)users_unmatched));
}

/* --- one --- */

static bool no_such(struct err *err) { return err_set(err, ERR_NOT_FOUND, "There is no such vendor user."); }

static bool load(struct call *call, const struct directory *directory, const struct db_value **row_out, struct err *err)
{
    struct db_value parameters[] = {db_id(&directory->id.id), db_bytes(call->op->parameters[1])};
    if (!db_query_one(call->db, sql_vendor_user_load, parameters, 2, row_out, err))
        return false;
    return *row_out || no_such(err);
}

static bool answer(struct call *call, const struct directory *directory, struct err *err)
{
    const struct db_value *row;
    return load(call, directory, &row, err) && reply_json(call->op, 200, vendor_user_show(call, row));
}

static bool get(struct call *call, struct err *err)
{
    struct directory directory;
    return directory_of_path(call, DIRECTORY_SHARED, &directory, err) && answer(call, &directory, err);
}

/* Without names and addresses: nothing is ever taken out of the log. */
static json_t *note_of(struct call *call, const struct db_value *row)
{
    json_t *shown = vendor_user_show(call, row);
    json_object_del(shown, "user_name");
    json_object_del(shown, "email");
    json_object_del(shown, "display_name");
    return shown;
}

static bool note_after(struct call *call, const struct directory *directory, struct err *err)
{
    const struct db_value *row;
    if (!load(call, directory, &row, err))
        return false;
    audit_after(call, note_of(call, row));
    return true;
}

static bool begin_change(struct call *call, struct directory *directory, struct err *err)
{
    const struct db_value *row;
    if (!directory_of_path(call, DIRECTORY_SHARED, directory, err))
        return false;
    struct db_value parameters[] = {db_id(&directory->id.id), db_bytes(call->op->parameters[1])};
    if (!db_query_one(call->db, sql_vendor_user_lock, parameters, 2, &row, err))
        return false;
    if (!row)
        return no_such(err);
    audit_before(call, note_of(call, row));
    call->audit.detail = json_pack("{s:o}", "vendor_user_id", json_from_slice(call->op->parameters[1]));
    return true;
}

static bool remove_one(struct call *call, struct err *err)
{
    struct directory directory;
    if (!begin_change(call, &directory, err))
        return false;
    struct db_value parameters[] = {db_id(&directory.id.id), db_bytes(call->op->parameters[1])};
    return db_execute(call->db, sql_vendor_user_delete, parameters, 2, NULL, err) && reply_empty(call->op);
}

static bool unlink_one(struct call *call, struct err *err)
{
    struct directory directory;
    if (!begin_change(call, &directory, err))
        return false;
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&directory.id.id),
                                    db_bytes(call->op->parameters[1])};
    return db_execute(call->db, sql_vendor_user_unlink, parameters, 3, NULL, err) &&
           note_after(call, &directory, err) && reply_empty(call->op);
}

/* --- linking by hand --- */

static const char *check_user_id(const json_t *value, const struct field_context *context)
{
    struct id id;
    (void)context;
    return json_is_string(value) && id_from_uuid(json_slice(value), true, &id) ? NULL : "must be the SCIM id of a user";
}

/* The user stays until the commit: who deletes it unlinks it afterwards. */
static bool keep_user(struct call *call, const struct directory *directory, const struct id *user, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&directory->id.id), db_id(user)};
    if (!db_query_one(call->db, sql_vendor_user_keep_resource, parameters, 2, &row, err))
        return false;
    return row || problem_invalid(call->op, "#/user_id", "is no user of this directory", err);
}

static bool check_holder(struct call *call, const struct directory *directory, const struct id *user, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&directory->id.id), db_id(user)};
    if (!db_query_one(call->db, sql_vendor_user_of, parameters, 2, &row, err))
        return false;
    if (!row || slice_equals(row[0].bytes, call->op->parameters[1]))
        return true;
    return err_set(err, ERR_CONFLICT, "This user is linked to the vendor user \"%.*s\": unlink that one first.",
                   (int)(row[0].bytes.len > 100 ? 100 : row[0].bytes.len), row[0].bytes.data);
}

static bool link_one(struct call *call, struct err *err)
{
    struct directory directory;
    struct id user;
    if (!begin_change(call, &directory, err))
        return false;
    if (!id_from_uuid(call_text(call, "user_id", SLICE_EMPTY), true, &user) ||
        !keep_user(call, &directory, &user, err) || !check_holder(call, &directory, &user, err))
        return false;
    struct db_value parameters[] = {db_id(&user), db_integer(call->op->now_ms), db_integer(call->op->now_ms),
                                    db_id(&directory.id.id), db_bytes(call->op->parameters[1])};
    return db_execute(call->db, sql_vendor_user_link, parameters, 5, NULL, err) && note_after(call, &directory, err) &&
           answer(call, &directory, err);
}

static const struct admin_field link_fields[] = {{"user_id", check_user_id, FIELD_REQUIRED}};

const struct admin_operation vendor_user_list = {
    .operation = ADMIN_OPERATION("vendor_user.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_STATE),
    .handle = list,
};
const struct admin_operation vendor_user_count = {
    .operation = ADMIN_OPERATION("vendor_user.count", SCOPE_ADMIN_READ),
    .handle = count,
};
const struct admin_operation vendor_user_get = {
    .operation = ADMIN_OPERATION("vendor_user.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation vendor_user_delete = {
    .operation = ADMIN_OPERATION("vendor_user.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .handle = remove_one,
};
const struct admin_operation vendor_user_link = {
    .operation = ADMIN_OPERATION("vendor_user.link", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(link_fields),
    .shown_by = &vendor_user_get,
    .handle = link_one,
};
const struct admin_operation vendor_user_unlink = {
    .operation = ADMIN_OPERATION("vendor_user.unlink", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .shown_by = &vendor_user_get,
    .handle = unlink_one,
};
