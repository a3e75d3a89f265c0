/* Setup links and their sessions: what a customer's IT admin holds. */
#include "access_prove.h"
#include "admin_api_sql.h"
#include "base/must.h"
#include "setup_links.h"

enum { IDLE_MS = SETUP_SESSION_IDLE_S * 1000 };

/* The columns that links and sessions have in common. */
static bool verify(struct call *call, struct auth_credential *credential, const struct db_value *row)
{
    bool known = row && row[0].bytes.len == AUTH_HASH_BYTES;
    return auth_credential_verify(call->settings->peppers, credential,
                                  known ? (const uint8_t *)row[0].bytes.data : NULL,
                                  row ? (unsigned)row[1].integer : 0);
}

static struct principal principal_of(enum admin_caller kind, const struct db_value *row)
{
    struct principal principal = {.kind = kind, .scopes = (unsigned)row[5].integer};
    db_id_out(&row[2], &principal.environment.id);
    db_id_out(&row[3], &principal.organization.id);
    if (row[4].kind != DB_NULL)
        db_id_out(&row[4], &principal.directory.id);
    return principal;
}

/* One that was used, withdrawn or has expired is proved, too: whoever holds it is told which (setup_sessions.c). */
bool access_prove_setup_link(struct call *call, bool *proved_out, struct err *err)
{
    struct auth_credential credential;
    const struct db_value *row;
    if (!auth_credential_parse(call->op->authorization, AUTH_SETUP_LINK, &credential))
        return true;
    struct db_value parameters[] = {db_id(&credential.id)};
    bool loaded = db_query_one(call->db, sql_setup_link_prove, parameters, 1, &row, err);
    *proved_out = loaded && verify(call, &credential, row);
    if (*proved_out) {
        call->principal = principal_of(CALLER_SETUP_LINK, row);
        call->principal.key.id = credential.id;
    }
    auth_credential_wipe(&credential);
    return loaded;
}

bool access_prove_setup_session(struct call *call, bool *proved_out, struct err *err)
{
    struct auth_credential credential;
    const struct db_value *row;
    int64_t last_used_ms = 0;
    if (!auth_credential_parse(call->op->authorization, AUTH_SETUP_SESSION, &credential))
        return true;
    struct db_value parameters[] = {db_integer(IDLE_MS), db_id(&credential.id)};
    bool loaded = db_query_one(call->db, sql_setup_session_prove, parameters, 2, &row, err);
    *proved_out = loaded && verify(call, &credential, row) && row[7].integer != 0;
    if (*proved_out) {
        call->principal = principal_of(CALLER_SETUP_SESSION, row);
        call->principal.session = credential.id;
        call->principal.expires_ms = row[9].integer;
        db_id_out(&row[6], &call->principal.key.id);
        last_used_ms = row[8].integer;
    }
    auth_credential_wipe(&credential);
    if (!loaded || !*proved_out)
        return loaded;
    return access_touch(call, sql_setup_session_touch, &call->principal.session, last_used_ms, err);
}
