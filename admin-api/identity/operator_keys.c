/* Operator keys, by operators; and what any key can see of itself. */
#include "operator_keys.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "ending.h"
#include "keys.h"
#include "page.h"
#include "reply.h"
#include "scopes.h"

static bool load(struct call *call, const struct id *key, const struct db_value **row_out, struct err *err)
{
    struct db_value parameters[] = {db_id(key)};
    if (!db_query_one(call->db, sql_key_operator, parameters, 1, row_out, err))
        return false;
    return *row_out || err_set(err, ERR_NOT_FOUND, "There is no such operator key.");
}

static bool load_of_path(struct call *call, struct id *key_out, const struct db_value **row_out, struct err *err)
{
    if (!id_from_prefixed(ID_PREFIX_OPERATOR_KEY, call->op->parameters[0], key_out))
        return err_set(err, ERR_NOT_FOUND, "There is no such operator key.");
    return load(call, key_out, row_out, err);
}

static bool create(struct call *call, struct err *err)
{
    struct auth_fresh fresh;
    const struct db_value *row;
    struct key_new key = key_of_body(call);
    key.scopes = SCOPE_OPERATOR | SCOPE_ADMIN_ALL;
    if (!key_insert(call->db, call->settings->peppers, &key, &fresh, err) || !load(call, &key.id.id, &row, err))
        return false;
    json_t *shown = key_show(call, row);
    audit_after(call, json_copy(shown));
    json_object_set_new(shown, "key", json_string(fresh.text));
    return reply_created(call->op, "/v1/operator-keys", json_string_value(json_object_get(shown, "id")), shown);
}

static bool list(struct call *call, struct err *err)
{
    static const struct id everything;
    struct page page;
    return page_read(call, &everything, &page, err) &&
           page_answer(call, &page, "keys", sql_key_list_operators, NULL, 0, key_show, err);
}

static bool get(struct call *call, struct err *err)
{
    struct id key;
    const struct db_value *row;
    return load_of_path(call, &key, &row, err) && reply_json(call->op, 200, key_show(call, row));
}

static bool lock_all(struct call *call, struct err *err)
{
    struct db_rows *rows = db_query(call->db, sql_key_lock_operators, NULL, 0, err);
    while (rows && db_next(rows))
        ;
    return rows && db_rows_end(rows, err);
}

static bool another_remains(struct call *call, const struct id *key, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(key)};
    if (!db_query_one(call->db, sql_key_count_other_operators, parameters, 1, &row, err))
        return false;
    return row[0].integer > 0 ||
           err_set(err, ERR_CONFLICT, "This is the last operator key: make another one, then revoke it with that.");
}

static bool revoke(struct call *call, struct err *err)
{
    struct id key;
    const struct db_value *row;
    if (!lock_all(call, err) || !load_of_path(call, &key, &row, err))
        return false;
    audit_before(call, key_show(call, row));
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&key)};
    if (!another_remains(call, &key, err) || !db_execute(call->db, sql_key_revoke_operator, parameters, 2, NULL, err) ||
        !load(call, &key, &row, err))
        return false;
    audit_after(call, key_show(call, row));
    return reply_empty(call->op);
}

/* --- who am I --- */

static const char *kind_of(const struct principal *principal)
{
    return principal->is_operator ? "operator_key" : principal->kind == CALLER_SIGNER ? "signing_key" : "api_key";
}

static bool self(struct call *call, struct err *err)
{
    const struct principal *principal = &call->principal;
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&principal->key.id)};
    const char *sql = principal->kind == CALLER_SIGNER ? sql_signing_key_self : sql_key_self;
    if (!db_query_one(call->db, sql, parameters, 1, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "The key is gone.");
    char id[ID_PREFIXED_CHARS + 1];
    audit_actor(call, id);
    json_t *environment = json_null();
    if (row[3].kind != DB_NULL)
        environment = json_pack("{s:o, s:o}", "id", show_id(ID_PREFIX_ENVIRONMENT, &principal->environment.id), "name",
                                json_from_slice(row[4].bytes));
    json_t *shown =
        json_pack("{s:s, s:s, s:o, s:o, s:o, s:o}", "kind", kind_of(principal), "id", id, "label",
                  json_from_slice(row[0].bytes), "scopes", admin_scopes_show(principal->scopes, admin_key_scopes),
                  "environment", environment, "created_at", show_time(row[1].integer));
    ending_show(shown, row[2].integer, false, call->op->now_ms);
    return reply_json(call->op, 200, shown);
}

static const struct admin_field fields[] = {
    {"label", field_name, FIELD_REQUIRED},
    {"expires_at", field_expires_at, FIELD_NULLABLE},
};

const struct admin_operation operator_key_create = {
    .operation = ADMIN_OPERATION("operator_key.create", SCOPE_OPERATOR),
    .writes = true,
    ADMIN_FIELDS(fields),
    .tag = {.secret = "key"},
    .handle = create,
};
const struct admin_operation operator_key_list = {
    .operation = ADMIN_OPERATION("operator_key.list", SCOPE_OPERATOR),
    .queries = QUERY_PAGE,
    .handle = list,
};
const struct admin_operation operator_key_get = {
    .operation = ADMIN_OPERATION("operator_key.get", SCOPE_OPERATOR),
    .handle = get,
};
const struct admin_operation operator_key_revoke = {
    .operation = ADMIN_OPERATION("operator_key.revoke", SCOPE_OPERATOR),
    .writes = true,
    .handle = revoke,
};
const struct admin_operation key_self = {
    .operation = ADMIN_OPERATION("key.self", 0),
    .handle = self,
};
