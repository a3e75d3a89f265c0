/* Tokens of a directory: what an IT admin pastes into the identity provider. */
#include "tokens.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "directories.h"
#include "instant.h"
#include "page.h"
#include "reply.h"
#include "scopes.h"
#include "tell.h"

enum { DAY_MS = 86400000, MOST_LIVE = 20 };

bool token_insert(struct call *call, const struct token_new *token, struct auth_fresh *fresh_out, struct err *err)
{
    auth_credential_make(call->settings->peppers, AUTH_DIRECTORY_TOKEN, token->directory, token->id.id, fresh_out);
    struct db_value parameters[] = {
        db_id(&token->directory.id),
        db_id(&token->id.id),
        db_bytes(slice_of((const char *)fresh_out->hash, AUTH_HASH_BYTES)),
        db_integer(fresh_out->pepper_version),
        db_integer(token->scopes),
        db_bytes(token->label),
        db_bytes(slice_str(fresh_out->hint)),
        db_integer(call->op->now_ms),
        token->expires_ms ? db_integer(token->expires_ms) : db_null(),
        db_integer(token_warnings_due(token->expires_ms, call->op->now_ms)), /* whoever makes it knows */
    };
    return db_execute(call->db, sql_token_insert, parameters, 10, NULL, err);
}

static json_t *days_left(int64_t expires_ms, int64_t now_ms)
{
    if (!expires_ms)
        return json_null();
    return json_integer(expires_ms > now_ms ? (expires_ms - now_ms) / DAY_MS : 0);
}

json_t *token_show(struct call *call, const struct db_value *row)
{
    struct id id;
    int64_t now_ms = call->op->now_ms, expires_ms = row[5].integer, revoked_ms = row[6].integer;
    unsigned warnings = token_warnings_due(expires_ms, now_ms);
    bool is_expiring = !revoked_ms && warnings > 0 && warnings < TOKEN_WARNINGS;
    db_id_out(&row[0], &id);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:b, s:b, s:o, s:o, s:o}", "id", show_id(ID_PREFIX_TOKEN, &id),
                     "label", json_from_slice(row[1].bytes), "scopes",
                     admin_scopes_show((unsigned)row[2].integer, admin_token_scopes), "hint",
                     json_from_slice(row[3].bytes), "expires_at", show_time_or_null(expires_ms), "expires_in_days",
                     days_left(expires_ms, now_ms), "expiring", is_expiring, "expired", warnings == TOKEN_WARNINGS,
                     "created_at", show_time(row[4].integer), "revoked_at", show_time_or_null(revoked_ms),
                     "last_used_at", show_time_or_null(row[7].integer));
}

static bool load(struct call *call, const struct directory_id *directory, const struct token_id *token,
                 const struct db_value **row_out, struct err *err)
{
    struct db_value parameters[] = {db_id(&directory->id), db_id(&token->id)};
    if (!db_query_one(call->db, sql_token_load, parameters, 2, row_out, err))
        return false;
    return *row_out || err_set(err, ERR_NOT_FOUND, "The directory has no such token.");
}

static struct token_new token_of_body(struct call *call, const struct directory *directory, struct slice label)
{
    struct token_new token = {.directory = directory->id,
                              .id = {call->op->fresh_id.id},
                              .label = call_text(call, "label", label),
                              .scopes = SCOPE_DIRECTORY_ALL};
    if (call_has(call, "scopes"))
        (void)admin_scopes_parse(call_member(call, "scopes"), admin_token_scopes, &token.scopes);
    struct slice expires_at = call_text(call, "expires_at", SLICE_EMPTY);
    if (expires_at.len)
        (void)admin_instant_parse(expires_at, &token.expires_ms);
    return token;
}

/* In the locked directory: is there room for one more? */
static bool below_limit(struct call *call, const struct directory_id *directory, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&directory->id), db_integer(call->op->now_ms)};
    if (!db_query_one(call->db, sql_token_count_live, parameters, 2, &row, err))
        return false;
    return row[0].integer < MOST_LIVE ||
           err_set(err, ERR_TOKEN_LIMIT,
                   "The directory has %d live tokens, which is the most: revoke one, or rotate without an overlap.",
                   MOST_LIVE);
}

/* Inserts the token and answers with it, its text included. */
static bool mint(struct call *call, const struct token_new *token, struct err *err)
{
    struct auth_fresh fresh;
    const struct db_value *row;
    if (!below_limit(call, &token->directory, err) || !token_insert(call, token, &fresh, err) ||
        !load(call, &token->directory, &token->id, &row, err))
        return false;
    json_t *shown = token_show(call, row);
    audit_after(call, json_copy(shown));
    json_object_set_new(shown, "token", json_string(fresh.text));

    char directory[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_DIRECTORY, &token->directory.id, directory);
    return reply_created(call->op, arena_printf(call_arena(call), "/v1/directories/%s/tokens", directory),
                         json_string_value(json_object_get(shown, "id")), shown);
}

static bool create(struct call *call, struct err *err)
{
    struct directory directory;
    if (!directory_of_path(call, DIRECTORY_LOCKED, &directory, err))
        return false;
    struct token_new token = token_of_body(call, &directory, SLICE_EMPTY);
    return token_tell(call, "token.created", &token, err) && mint(call, &token, err);
}

static bool tell_rotated(struct call *call, const struct token_new *token, int64_t overlap_seconds, struct err *err)
{
    json_t *data = token_describe(&token->id, token->label, token->expires_ms);
    json_object_set_new(data, "overlap_seconds", json_integer(overlap_seconds));
    return admin_tell(call, "token.rotated", data, err);
}

/* The directory is locked: of two rotations at a time, the later one ends the token of the earlier. */
static bool rotate(struct call *call, struct err *err)
{
    struct directory directory;
    if (!directory_of_path(call, DIRECTORY_LOCKED, &directory, err))
        return false;
    int64_t overlap_seconds = json_integer_value(call_member(call, "overlap_seconds"));
    int64_t now_ms = call->op->now_ms, end_ms = now_ms + overlap_seconds * 1000;
    struct db_value ending[] = {db_integer(end_ms), db_integer(end_ms), db_id(&directory.id.id)};
    struct db_value revoking[] = {db_integer(now_ms), db_id(&directory.id.id)};
    bool ended = overlap_seconds > 0 ? db_execute(call->db, sql_token_end_all, ending, 3, NULL, err)
                                     : db_execute(call->db, sql_token_revoke_all, revoking, 2, NULL, err);
    call->audit.detail = json_pack("{s:I}", "overlap_seconds", (json_int_t)overlap_seconds);
    struct token_new token = token_of_body(call, &directory, SLICE_LITERAL("rotated"));
    return ended && tell_rotated(call, &token, overlap_seconds, err) && mint(call, &token, err);
}

static bool list(struct call *call, struct err *err)
{
    struct directory directory;
    struct page page;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err) || !page_read(call, &directory.id.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&directory.id.id)};
    return page_answer(call, &page, "tokens", sql_token_list, parameters, 1, token_show, err);
}

/* What the path's two segments name. */
static bool load_of_path(struct call *call, enum directory_lock lock, struct directory *directory,
                         struct token_id *token_out, const struct db_value **row_out, struct err *err)
{
    if (!directory_of_path(call, lock, directory, err))
        return false;
    if (!id_from_prefixed(ID_PREFIX_TOKEN, call->op->parameters[1], &token_out->id))
        return err_set(err, ERR_NOT_FOUND, "The directory has no such token.");
    return load(call, &directory->id, token_out, row_out, err);
}

static bool get(struct call *call, struct err *err)
{
    struct directory directory;
    struct token_id token;
    const struct db_value *row;
    return load_of_path(call, DIRECTORY_SHARED, &directory, &token, &row, err) &&
           reply_json(call->op, 200, token_show(call, row));
}

static bool revoke(struct call *call, struct err *err)
{
    struct directory directory;
    struct token_id token;
    const struct db_value *row;
    if (!load_of_path(call, DIRECTORY_LOCKED, &directory, &token, &row, err))
        return false;
    json_t *description = token_describe(&token, row[1].bytes, row[5].integer);
    bool was_live = row[6].integer == 0;
    audit_before(call, token_show(call, row));
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&directory.id.id), db_id(&token.id)};
    bool revoked = db_execute(call->db, sql_token_revoke, parameters, 3, NULL, err) &&
                   load(call, &directory.id, &token, &row, err);
    if (revoked)
        audit_after(call, token_show(call, row));
    if (revoked && was_live)
        return admin_tell(call, "token.revoked", description, err) && reply_empty(call->op);
    json_decref(description);
    return revoked && reply_empty(call->op);
}

static int64_t end_of_body(const struct call *call, int64_t otherwise)
{
    int64_t expires_ms = 0;
    if (!call_has(call, "expires_at"))
        return otherwise;
    struct slice text = call_text(call, "expires_at", SLICE_EMPTY);
    if (text.len)
        (void)admin_instant_parse(text, &expires_ms);
    return expires_ms;
}

/* One that has ended lives again when its end is moved: the identity provider still has it. A revoked one is dead. */
static bool may_change(struct call *call, const struct directory_id *directory, const struct db_value *row,
                       struct err *err)
{
    int64_t expires_ms = row[5].integer, now_ms = call->op->now_ms;
    if (row[6].integer)
        return err_set(err, ERR_CONFLICT, "The token is revoked: mint another one.");
    bool revives = expires_ms && expires_ms <= now_ms && call_has(call, "expires_at");
    return !revives || below_limit(call, directory, err);
}

static bool update(struct call *call, struct err *err)
{
    struct directory directory;
    struct token_id token;
    const struct db_value *row;
    if (!load_of_path(call, DIRECTORY_LOCKED, &directory, &token, &row, err))
        return false;
    int64_t now_ms = call->op->now_ms, expires_ms = end_of_body(call, row[5].integer);
    struct slice label = arena_slice(call_arena(call), call_text(call, "label", row[1].bytes));
    struct db_value parameters[] = {
        db_bytes(label),
        expires_ms ? db_integer(expires_ms) : db_null(),
        db_integer(token_warnings_due(expires_ms, now_ms)),
        db_id(&directory.id.id),
        db_id(&token.id),
    };
    audit_before(call, token_show(call, row));
    if (!may_change(call, &directory.id, row, err) ||
        !db_execute(call->db, sql_token_update, parameters, 5, NULL, err) ||
        !load(call, &directory.id, &token, &row, err))
        return false;
    audit_after(call, token_show(call, row));
    return reply_json(call->op, 200, token_show(call, row));
}

static const struct admin_field create_fields[] = {
    {"label", field_name, FIELD_REQUIRED},
    {"scopes", field_token_scopes, 0},
    {"expires_at", field_expires_at, FIELD_NULLABLE},
};
static const struct admin_field update_fields[] = {
    {"label", field_name, 0},
    {"expires_at", field_expires_at, FIELD_NULLABLE},
};
static const struct admin_field rotate_fields[] = {
    {"label", field_name, 0},
    {"scopes", field_token_scopes, 0},
    {"expires_at", field_expires_at, FIELD_NULLABLE},
    {"overlap_seconds", field_overlap_seconds, 0},
};

const struct admin_operation token_create = {
    .operation = ADMIN_OPERATION("token.create", SCOPE_ADMIN_TOKENS),
    .writes = true,
    ADMIN_FIELDS(create_fields),
    .tag = {.secret = "token"},
    .handle = create,
};
const struct admin_operation token_list = {
    .operation = ADMIN_OPERATION("token.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE,
    .handle = list,
};
const struct admin_operation token_get = {
    .operation = ADMIN_OPERATION("token.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation token_update = {
    .operation = ADMIN_OPERATION("token.update", SCOPE_ADMIN_TOKENS),
    .writes = true,
    ADMIN_FIELDS(update_fields),
    .handle = update,
};
const struct admin_operation token_revoke = {
    .operation = ADMIN_OPERATION("token.revoke", SCOPE_ADMIN_TOKENS),
    .writes = true,
    .handle = revoke,
};
const struct admin_operation token_rotate = {
    .operation = ADMIN_OPERATION("token.rotate", SCOPE_ADMIN_TOKENS),
    .writes = true,
    .body_optional = true,
    ADMIN_FIELDS(rotate_fields),
    .tag = {.secret = "token"},
    .handle = rotate,
};
