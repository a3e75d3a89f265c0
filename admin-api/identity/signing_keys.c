/* Signing keys: public keys of an environment, for JWTs instead of API keys. */
#include "signing_keys.h"

#include <sodium.h>

#include "admin_api_sql.h"
#include "audit.h"
#include "auth/public_key.h"
#include "base/json.h"
#include "ending.h"
#include "environments.h"
#include "instant.h"
#include "page.h"
#include "problem.h"
#include "reply.h"
#include "scopes.h"

static const char *const algorithm_names[] = {[AUTH_ES256] = "ES256", [AUTH_RS256] = "RS256"};

static json_t *show_warning(const struct db_value *row)
{
    bool weak = row[2].integer == AUTH_RS256 && row[3].integer < AUTH_RSA_GOOD_BITS;
    return weak ? json_string("RSA keys should have 3072 bits or more; better yet, use ES256.") : json_null();
}

static json_t *show_fingerprint(struct slice fingerprint)
{
    char hex[2 * AUTH_FINGERPRINT_BYTES + 1] = "";
    if (fingerprint.len == AUTH_FINGERPRINT_BYTES)
        sodium_bin2hex(hex, sizeof hex, (const unsigned char *)fingerprint.data, fingerprint.len);
    return json_string(hex);
}

static json_t *show_signing_key(struct call *call, const struct db_value *row)
{
    struct id id;
    db_id_out(&row[0], &id);
    json_t *shown = json_pack(
        "{s:o, s:o, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id", show_id(ID_PREFIX_SIGNING_KEY, &id), "label",
        json_from_slice(row[1].bytes), "algorithm", algorithm_names[row[2].integer], "bits", (json_int_t)row[3].integer,
        "fingerprint", show_fingerprint(row[4].bytes), "scopes",
        admin_scopes_show((unsigned)row[5].integer, admin_key_scopes), "created_at", show_time(row[6].integer),
        "revoked_at", show_time_or_null(row[8].integer), "last_used_at", show_time_or_null(row[9].integer),
        "public_key", json_from_slice(row[10].bytes), "warning", show_warning(row));
    ending_show(shown, row[7].integer, row[8].kind != DB_NULL, call->op->now_ms);
    return shown;
}

static bool load(struct call *call, const struct environment_id *environment, const struct id *key,
                 const struct db_value **row_out, struct err *err)
{
    struct db_value parameters[] = {db_id(&environment->id), db_id(key)};
    if (!db_query_one(call->db, sql_signing_key_of_environment, parameters, 2, row_out, err))
        return false;
    return *row_out || err_set(err, ERR_NOT_FOUND, "The environment has no such signing key.");
}

/* --- registering --- */

static bool read_public_key(struct call *call, struct auth_public_key *key, struct err *err)
{
    const json_t *pem = call_member(call, "public_key"), *jwk = call_member(call, "jwk");
    struct err cause = ERR_INIT;
    if (!pem == !jwk)
        return problem_invalid(call->op, "#/public_key", "is required, or jwk: one of the two", err);
    bool read = pem ? auth_public_key_of_pem(json_slice(pem), call_arena(call), key, &cause)
                    : auth_public_key_of_jwk(jwk, call_arena(call), key, &cause);
    return read || problem_invalid(call->op, pem ? "#/public_key" : "#/jwk",
                                   arena_printf(call_arena(call), "%s", cause.detail), err);
}

static bool insert(struct call *call, const struct environment_id *environment, const struct auth_public_key *key,
                   struct err *err)
{
    unsigned scopes = SCOPE_ADMIN_ALL;
    int64_t expires_ms = 0;
    struct slice expires_at = call_text(call, "expires_at", SLICE_EMPTY);
    if (call_has(call, "scopes"))
        (void)admin_scopes_parse(call_member(call, "scopes"), admin_key_scopes, &scopes);
    if (expires_at.len)
        (void)admin_instant_parse(expires_at, &expires_ms);
    struct db_value parameters[] = {
        db_id(&call->op->fresh_id.id),
        db_id(&environment->id),
        db_integer(key->algorithm),
        db_integer(key->bits),
        db_bytes(key->pem),
        db_bytes(slice_of((const char *)key->fingerprint, AUTH_FINGERPRINT_BYTES)),
        db_integer(scopes),
        db_bytes(call_text(call, "label", SLICE_EMPTY)),
        db_integer(call->op->now_ms),
        expires_ms ? db_integer(expires_ms) : db_null(),
    };
    if (db_execute(call->db, sql_signing_key_insert, parameters, 10, NULL, err))
        return true;
    if (db_failure(call->db) == DB_DUPLICATE)
        err_set(err, ERR_UNIQUENESS, "The environment has this public key already; one that was revoked stays so.");
    return false;
}

static bool create(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct auth_public_key key = {.bits = 0};
    const struct db_value *row;
    if (!environment_of_path(call, &environment, err) || !read_public_key(call, &key, err) ||
        !insert(call, &environment, &key, err) || !load(call, &environment, &call->op->fresh_id.id, &row, err))
        return false;
    json_t *shown = show_signing_key(call, row);
    audit_after(call, json_copy(shown));
    const char *collection = arena_printf(call_arena(call), "/v1/environments/%.*s/signing-keys",
                                          (int)call->op->parameters[0].len, call->op->parameters[0].data);
    return reply_created(call->op, collection, json_string_value(json_object_get(shown, "id")), shown);
}

/* --- the rest --- */

static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    if (!environment_of_path(call, &environment, err) || !page_read(call, &environment.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&environment.id)};
    return page_answer(call, &page, "signing_keys", sql_signing_key_list, parameters, 1, show_signing_key, err);
}

static bool load_of_path(struct call *call, struct environment_id *environment_out, struct id *key_out,
                         const struct db_value **row_out, struct err *err)
{
    if (!environment_of_path(call, environment_out, err))
        return false;
    if (!id_from_prefixed(ID_PREFIX_SIGNING_KEY, call->op->parameters[1], key_out))
        return err_set(err, ERR_NOT_FOUND, "The environment has no such signing key.");
    return load(call, environment_out, key_out, row_out, err);
}

static bool get(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct id key;
    const struct db_value *row;
    return load_of_path(call, &environment, &key, &row, err) && reply_json(call->op, 200, show_signing_key(call, row));
}

static bool revoke(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct id key;
    const struct db_value *row;
    if (!load_of_path(call, &environment, &key, &row, err))
        return false;
    audit_before(call, show_signing_key(call, row));
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&environment.id), db_id(&key)};
    if (!db_execute(call->db, sql_signing_key_retire, parameters, 3, NULL, err) ||
        !load(call, &environment, &key, &row, err))
        return false;
    audit_after(call, show_signing_key(call, row));
    return reply_empty(call->op);
}

bool signing_uses_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    struct db_value parameters[] = {db_integer(before_ms), db_integer((int64_t)most)};
    return db_execute(db, sql_signing_use_purge, parameters, 2, purged_out, err);
}

static const struct admin_field fields[] = {
    {"label", field_name, FIELD_REQUIRED},
    {"public_key", field_pem, 0},
    {"jwk", field_jwk, 0},
    {"scopes", field_key_scopes, 0},
    {"expires_at", field_expires_at, FIELD_NULLABLE},
};

const struct admin_operation signing_key_create = {
    .operation = ADMIN_OPERATION("signing_key.create", SCOPE_OPERATOR),
    .writes = true,
    ADMIN_FIELDS(fields),
    .handle = create,
};
const struct admin_operation signing_key_list = {
    .operation = ADMIN_OPERATION("signing_key.list", SCOPE_OPERATOR),
    .queries = QUERY_PAGE,
    .handle = list,
};
const struct admin_operation signing_key_get = {
    .operation = ADMIN_OPERATION("signing_key.get", SCOPE_OPERATOR),
    .handle = get,
};
const struct admin_operation signing_key_revoke = {
    .operation = ADMIN_OPERATION("signing_key.revoke", SCOPE_OPERATOR),
    .writes = true,
    .handle = revoke,
};
