/* API keys: the vendor's credential, of one environment. */
#include "keys.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "ending.h"
#include "environments.h"
#include "instant.h"
#include "page.h"
#include "reply.h"
#include "scopes.h"

bool key_insert(struct db *db, const struct auth_peppers *peppers, const struct key_new *key,
                struct auth_fresh *fresh_out, struct err *err)
{
    static const struct directory_id none;
    bool is_operator = id_is_zero(&key->environment.id);
    auth_credential_make(peppers, is_operator ? AUTH_OPERATOR_KEY : AUTH_API_KEY, none, key->id.id, fresh_out);
    struct db_value parameters[] = {
        db_id(&key->id.id),
        is_operator ? db_null() : db_id(&key->environment.id),
        db_bytes(slice_of((const char *)fresh_out->hash, AUTH_HASH_BYTES)),
        db_integer(fresh_out->pepper_version),
        db_integer(key->scopes),
        db_bytes(key->label),
        db_bytes(slice_str(fresh_out->hint)),
        db_integer(key->created_ms),
        key->expires_ms ? db_integer(key->expires_ms) : db_null(),
    };
    return db_execute(db, sql_key_insert, parameters, 9, NULL, err);
}

json_t *key_show(struct call *call, const struct db_value *row)
{
    struct id id;
    bool is_operator = row[8].kind == DB_NULL;
    db_id_out(&row[0], &id);
    json_t *shown = json_pack(
        "{s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", show_id(is_operator ? ID_PREFIX_OPERATOR_KEY : ID_PREFIX_KEY, &id),
        "label", json_from_slice(row[1].bytes), "scopes", admin_scopes_show((unsigned)row[2].integer, admin_key_scopes),
        "hint", json_from_slice(row[3].bytes), "created_at", show_time(row[4].integer), "revoked_at",
        show_time_or_null(row[6].integer), "last_used_at", show_time_or_null(row[7].integer));
    ending_show(shown, row[5].integer, row[6].kind != DB_NULL, call->op->now_ms);
    return shown;
}

static bool load(struct call *call, const struct environment_id *environment, const struct key_id *key,
                 const struct db_value **row_out, struct err *err)
{
    struct db_value parameters[] = {db_id(&environment->id), db_id(&key->id)};
    if (!db_query_one(call->db, sql_key_of_environment, parameters, 2, row_out, err))
        return false;
    return *row_out || err_set(err, ERR_NOT_FOUND, "The environment has no such key.");
}

struct key_new key_of_body(struct call *call)
{
    struct key_new key = {.id = {call->op->fresh_id.id},
                          .label = call_text(call, "label", SLICE_EMPTY),
                          .scopes = SCOPE_ADMIN_ALL,
                          .created_ms = call->op->now_ms};
    if (call_has(call, "scopes"))
        (void)admin_scopes_parse(call_member(call, "scopes"), admin_key_scopes, &key.scopes);
    struct slice expires_at = call_text(call, "expires_at", SLICE_EMPTY);
    if (expires_at.len)
        (void)admin_instant_parse(expires_at, &key.expires_ms);
    return key;
}

static bool create(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct auth_fresh fresh;
    const struct db_value *row;
    if (!environment_of_path(call, &environment, err))
        return false;
    struct key_new key = key_of_body(call);
    key.environment = environment;
    if (!key_insert(call->db, call->settings->peppers, &key, &fresh, err) ||
        !load(call, &environment, &key.id, &row, err))
        return false;

    json_t *shown = key_show(call, row);
    audit_after(call, json_copy(shown));
    json_object_set_new(shown, "key", json_string(fresh.text));
    const char *collection = arena_printf(call_arena(call), "/v1/environments/%.*s/keys",
                                          (int)call->op->parameters[0].len, call->op->parameters[0].data);
    return reply_created(call->op, collection, json_string_value(json_object_get(shown, "id")), shown);
}

static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    if (!environment_of_path(call, &environment, err) || !page_read(call, &environment.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&environment.id)};
    return page_answer(call, &page, "keys", sql_key_list, parameters, 1, key_show, err);
}

/* What the path's two segments name. */
static bool load_of_path(struct call *call, struct environment_id *environment_out, struct key_id *key_out,
                         const struct db_value **row_out, struct err *err)
{
    if (!environment_of_path(call, environment_out, err))
        return false;
    if (!id_from_prefixed(ID_PREFIX_KEY, call->op->parameters[1], &key_out->id))
        return err_set(err, ERR_NOT_FOUND, "The environment has no such key.");
    return load(call, environment_out, key_out, row_out, err);
}

static bool get(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct key_id key;
    const struct db_value *row;
    return load_of_path(call, &environment, &key, &row, err) && reply_json(call->op, 200, key_show(call, row));
}

static bool revoke(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct key_id key;
    const struct db_value *row;
    if (!load_of_path(call, &environment, &key, &row, err))
        return false;
    audit_before(call, key_show(call, row));
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&environment.id), db_id(&key.id)};
    if (!db_execute(call->db, sql_key_revoke, parameters, 3, NULL, err) || !load(call, &environment, &key, &row, err))
        return false;
    audit_after(call, key_show(call, row));
    return reply_empty(call->op);
}

static const struct admin_field fields[] = {
    {"label", field_name, FIELD_REQUIRED},
    {"scopes", field_key_scopes, 0},
    {"expires_at", field_expires_at, FIELD_NULLABLE},
};

const struct admin_operation key_create = {
    .operation = ADMIN_OPERATION("key.create", SCOPE_OPERATOR),
    .writes = true,
    ADMIN_FIELDS(fields),
    .tag = {.secret = "key"},
    .handle = create,
};
const struct admin_operation key_list = {
    .operation = ADMIN_OPERATION("key.list", SCOPE_OPERATOR),
    .queries = QUERY_PAGE,
    .handle = list,
};
const struct admin_operation key_get = {
    .operation = ADMIN_OPERATION("key.get", SCOPE_OPERATOR),
    .handle = get,
};
const struct admin_operation key_revoke = {
    .operation = ADMIN_OPERATION("key.revoke", SCOPE_OPERATOR),
    .writes = true,
    .handle = revoke,
};
