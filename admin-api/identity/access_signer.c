/* JWTs, signed with a key that the environment has registered. */
#include <sodium.h>

#include "access.h"
#include "access_prove.h"
#include "admin_api_sql.h"
#include "auth/jwt.h"
#include "scopes.h"

enum { JTI_HASH_BYTES = 32 };

struct signer_row { /* text in the request's arena */
    struct environment_id environment;
    enum auth_algorithm algorithm;
    struct slice public_key;
    unsigned scopes;
    bool live;
    int64_t last_used_ms;
};

static bool load(struct call *call, const struct id *id, struct signer_row *signer, bool *found_out, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(id)};
    if (!db_query_one(call->db, sql_signing_key_load, parameters, 1, &row, err))
        return false;
    *found_out = row != NULL;
    if (!row)
        return true;
    *signer = (struct signer_row){
        .algorithm = (enum auth_algorithm)row[1].integer,
        .public_key = arena_slice(call_arena(call), row[2].bytes),
        .scopes = (unsigned)row[3].integer,
        .live = row[4].integer != 0,
        .last_used_ms = row[5].integer,
    };
    db_id_out(&row[0], &signer->environment.id);
    return true;
}

static bool is_issuer(const struct auth_jwt *jwt, const struct environment_id *environment)
{
    struct id id;
    return id_from_prefixed(ID_PREFIX_ENVIRONMENT, jwt->issuer, &id) && id_equals(&id, &environment->id);
}

static struct principal principal_of(const struct auth_jwt *jwt, const struct id *id, const struct signer_row *signer)
{
    unsigned asked = jwt->scope.data ? admin_scopes_of_text(jwt->scope, admin_key_scopes) : SCOPE_ADMIN_ALL;
    return (struct principal){
        .kind = CALLER_SIGNER,
        .key = {*id},
        .environment = signer->environment,
        .scopes = signer->scopes & asked,
        .jti = jwt->id,
        .expires_ms = (jwt->expires_s + AUTH_JWT_SKEW_S) * 1000,
    };
}

/* The signature comes last: it costs a thousand times what the rest does. */
bool access_prove_signer(struct call *call, bool *proved_out, struct err *err)
{
    struct auth_jwt jwt;
    struct signer_row signer;
    struct id id;
    bool found = false;
    struct slice text = auth_credential_text(call->op->authorization);
    if (!auth_jwt_parse(text, call_arena(call), &jwt, err) ||
        !auth_jwt_check(&jwt, slice_str(call->settings->admin_url), call->op->now_ms, err))
        return false;
    if (id_from_prefixed(ID_PREFIX_SIGNING_KEY, jwt.key, &id) && !load(call, &id, &signer, &found, err))
        return false;
    *proved_out = found && signer.live && is_issuer(&jwt, &signer.environment) &&
                  auth_jwt_verify(&jwt, signer.algorithm, signer.public_key);
    if (!*proved_out)
        return true;
    call->principal = principal_of(&jwt, &id, &signer);
    return access_touch(call, sql_signing_key_touch, &id, signer.last_used_ms, err);
}

bool access_spend(struct call *call, struct err *err)
{
    const struct principal *principal = &call->principal;
    uint8_t hash[JTI_HASH_BYTES];
    if (!principal->jti.data)
        return true;
    crypto_generichash(hash, sizeof hash, (const uint8_t *)principal->jti.data, principal->jti.len, NULL, 0);
    struct db_value parameters[] = {db_id(&principal->key.id), db_bytes(slice_of((const char *)hash, sizeof hash)),
                                    db_integer(principal->expires_ms)};
    if (db_execute(call->db, sql_signing_use_insert, parameters, 3, NULL, err))
        return true;
    if (db_failure(call->db) == DB_DUPLICATE)
        err_set(err, ERR_UNAUTHORIZED, "The JWT's jti was used up by another change: sign a new one for each.");
    return false;
}
