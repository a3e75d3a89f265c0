#include "access.h"

#include "admin_api_sql.h"
#include "base/json.h"
#include "base/must.h"

enum { TOUCH_AFTER_MS = 60000 };

struct key_row {
    struct environment_id environment;
    uint8_t hash[AUTH_HASH_BYTES];
    unsigned pepper_version, scopes;
    bool is_operator, live;
    int64_t last_used_ms;
};

static bool load_key(struct call *call, const struct id *id, struct key_row *key_out, bool *found_out, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(id)};
    if (!db_query_one(call->db, sql_key_load, parameters, 1, &row, err))
        return false;
    *found_out = row != NULL;
    if (!row)
        return true;
    *key_out = (struct key_row){.is_operator = row[0].kind == DB_NULL,
                                .pepper_version = (unsigned)row[2].integer,
                                .scopes = (unsigned)row[3].integer,
                                .live = row[4].integer != 0,
                                .last_used_ms = row[5].integer};
    if (!key_out->is_operator)
        db_id_out(&row[0], &key_out->environment.id);
    must(row[1].bytes.len == AUTH_HASH_BYTES);
    memcpy(key_out->hash, row[1].bytes.data, AUTH_HASH_BYTES);
    return true;
}

/* Says when a key was last used, to the minute. That it cannot be written is no reason to refuse. */
static bool touch_key(struct call *call, const struct key_row *key, struct err *err)
{
    int64_t now_ms = call->op->now_ms;
    if (now_ms - key->last_used_ms < TOUCH_AFTER_MS)
        return true;
    struct db_value parameters[] = {db_integer(now_ms), db_id(&call->principal.key.id),
                                    db_integer(now_ms - TOUCH_AFTER_MS)};
    return db_execute(call->db, sql_key_touch, parameters, 3, NULL, err) || db_failure(call->db) != DB_LOST;
}

static bool parse_credential(struct slice header, struct auth_credential *credential_out)
{
    return auth_credential_parse(header, AUTH_API_KEY, credential_out) ||
           auth_credential_parse(header, AUTH_OPERATOR_KEY, credential_out);
}

bool access_admit(struct op *op)
{
    const struct admin_settings *settings = op->service->context;
    if (!settings->guard)
        return true;
    op->job.party = auth_guard_party(settings->guard, op->authorization, op->peer);
    if (auth_guard_admits(settings->guard, op->authorization, op->peer, op->now_ms, &op->retry_after_s))
        return true;
    return err_set(&op->err, ERR_THROTTLED, "Too many wrong keys came from this address, try again later.");
}

static bool refuse_credential(struct call *call, struct err *err)
{
    if (call->op->authorization.len > 0)
        auth_guard_failed(call->settings->guard, call->op->peer, call->op->now_ms);
    return err_set(err, ERR_UNAUTHORIZED, "A valid API key is needed: Authorization: Bearer scima_…");
}

bool access_authenticate(struct call *call, struct err *err)
{
    struct auth_credential credential;
    if (!parse_credential(call->op->authorization, &credential))
        return refuse_credential(call, err);

    struct key_row key = {.scopes = 0};
    bool found;
    if (!load_key(call, &credential.id, &key, &found, err)) {
        auth_credential_wipe(&credential);
        return false;
    }
    bool proved =
        auth_credential_verify(call->settings->peppers, &credential, found ? key.hash : NULL, key.pepper_version);
    bool same_kind = key.is_operator == (credential.kind == AUTH_OPERATOR_KEY);
    call->principal = (struct principal){
        .key = {credential.id}, .is_operator = key.is_operator, .environment = key.environment, .scopes = key.scopes};
    auth_credential_wipe(&credential);
    if (!proved || !same_kind || !key.live)
        return refuse_credential(call, err);
    auth_guard_proved(call->settings->guard, call->op->authorization);
    call->op->log_credential = call->principal.key.id;
    return touch_key(call, &key, err);
}

bool access_authorise(const struct call *call, struct err *err)
{
    unsigned needed = call->op->operation->scope;
    if (call->principal.is_operator || (call->principal.scopes & needed) == needed)
        return true;
    if (needed == SCOPE_OPERATOR)
        return err_set(err, ERR_FORBIDDEN, "Only an operator key may do this.");
    return err_set(err, ERR_FORBIDDEN, "The API key has not the scope \"%s\".",
                   needed == SCOPE_ADMIN_READ     ? "read"
                   : needed == SCOPE_ADMIN_MANAGE ? "manage"
                                                  : "tokens");
}

bool access_sees(const struct call *call, const struct environment_id *environment)
{
    return call->principal.is_operator || id_equals(&call->principal.environment.id, &environment->id);
}

static bool environment_exists(struct call *call, const struct environment_id *environment, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&environment->id)};
    if (!db_query_one(call->db, sql_environment_load, parameters, 1, &row, err))
        return false;
    return row || err_set(err, ERR_NOT_FOUND, "There is no such environment.");
}

bool access_environment(struct call *call, struct environment_id *environment_out, struct err *err)
{
    struct slice named = call_text(call, "environment_id", call->query[QUERY_ENVIRONMENT]);
    if (named.len == 0 && call->principal.is_operator)
        return err_set(err, ERR_BAD_REQUEST, "An operator key must name the environment: ?environment=env-…");
    *environment_out = call->principal.environment;
    if (named.len == 0)
        return true;
    struct environment_id environment;
    if (!id_from_prefixed(ID_PREFIX_ENVIRONMENT, named, &environment.id) || !access_sees(call, &environment))
        return err_set(err, ERR_NOT_FOUND, "There is no such environment.");
    *environment_out = environment;
    return environment_exists(call, &environment, err);
}
