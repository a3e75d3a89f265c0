/* API keys and operator keys. */
#include "access_prove.h"
#include "admin_api_sql.h"
#include "base/must.h"

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

static bool parse_credential(struct slice header, struct auth_credential *credential_out)
{
    return auth_credential_parse(header, AUTH_API_KEY, credential_out) ||
           auth_credential_parse(header, AUTH_OPERATOR_KEY, credential_out);
}

static bool load_claimed(struct call *call, struct auth_credential *credential, struct key_row *key, bool *proved_out,
                         struct err *err)
{
    bool found;
    if (!load_key(call, &credential->id, key, &found, err))
        return false;
    bool proved =
        auth_credential_verify(call->settings->peppers, credential, found ? key->hash : NULL, key->pepper_version);
    bool same_kind = key->is_operator == (credential->kind == AUTH_OPERATOR_KEY);
    *proved_out = proved && same_kind && key->live;
    return true;
}

bool access_prove_key(struct call *call, bool *proved_out, struct err *err)
{
    struct auth_credential credential;
    struct key_row key = {.scopes = 0};
    if (!parse_credential(call->op->authorization, &credential))
        return true;
    bool loaded = load_claimed(call, &credential, &key, proved_out, err);
    call->principal = (struct principal){
        .kind = key.is_operator ? CALLER_OPERATOR : CALLER_KEY,
        .key = {credential.id},
        .is_operator = key.is_operator,
        .environment = key.environment,
        .scopes = key.scopes,
    };
    auth_credential_wipe(&credential);
    if (!loaded || !*proved_out)
        return loaded;
    return access_touch(call, sql_key_touch, &call->principal.key.id, key.last_used_ms, err);
}
