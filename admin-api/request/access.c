#include "access.h"

#include "access_prove.h"
#include "admin_api_sql.h"
#include "auth/jwt.h"
#include "base/json.h"
#include "scopes.h"

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

static unsigned callers_of(const struct call *call)
{
    const struct admin_operation *operation = (const struct admin_operation *)call->op->operation;
    return operation->callers ? operation->callers : CALLERS_KEYS;
}

static bool refuse_credential(struct call *call, struct err *err)
{
    unsigned callers = callers_of(call);
    if (call->op->authorization.len > 0)
        auth_guard_failed(call->settings->guard, call->op->peer, call->op->now_ms);
    if (err->kind == ERR_UNAUTHORIZED)
        return false;
    return err_set(err, ERR_UNAUTHORIZED,
                   callers & CALLER_SETUP_SESSION ? "A session is needed: exchange a setup link for one."
                   : callers & CALLER_SETUP_LINK  ? "A setup link is needed: Authorization: Bearer sciml_…"
                                                  : "A valid API key is needed: Authorization: Bearer scima_…");
}

/* By what the credential looks like, so that only one kind's lookup runs. */
static access_prove_fn *prover_of(struct slice text, unsigned *callers_out)
{
    static const struct {
        struct slice prefix;
        unsigned callers;
        access_prove_fn *prove;
    } kinds[] = {
        {{"scima_", 6}, CALLER_KEY, access_prove_key},
        {{"scimp_", 6}, CALLER_OPERATOR, access_prove_key},
        {{"sciml_", 6}, CALLER_SETUP_LINK, access_prove_setup_link},
        {{"scims_", 6}, CALLER_SETUP_SESSION, access_prove_setup_session},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        if (slice_starts_with(text, kinds[i].prefix)) {
            *callers_out = kinds[i].callers;
            return kinds[i].prove;
        }
    *callers_out = CALLER_SIGNER;
    return auth_jwt_looks_like(text) ? access_prove_signer : NULL;
}

static bool prove_credential(struct call *call, bool *proved_out, struct err *err)
{
    unsigned callers;
    access_prove_fn *prove = prover_of(auth_credential_text(call->op->authorization), &callers);
    *proved_out = false;
    return !prove || !(callers & callers_of(call)) || prove(call, proved_out, err) || err->kind == ERR_UNAUTHORIZED;
}

bool access_authenticate(struct call *call, struct err *err)
{
    bool proved;
    if (!prove_credential(call, &proved, err))
        return false;
    if (!proved)
        return refuse_credential(call, err);
    auth_guard_proved(call->settings->guard, call->op->authorization);
    call->op->log_credential = call->principal.key.id;
    return true;
}

bool access_touch(struct call *call, const char *sql, const struct id *id, int64_t last_used_ms, struct err *err)
{
    int64_t now_ms = call->op->now_ms;
    if (now_ms - last_used_ms < ACCESS_TOUCH_MS)
        return true;
    struct db_value parameters[] = {db_integer(now_ms), db_id(id), db_integer(now_ms - ACCESS_TOUCH_MS)};
    return db_execute(call->db, sql, parameters, 3, NULL, err) || db_failure(call->db) != DB_LOST;
}

bool access_authorise(const struct call *call, struct err *err)
{
    unsigned needed = call->op->operation->scope;
    if (call->principal.is_operator || (call->principal.scopes & needed) == needed)
        return true;
    if (needed == SCOPE_OPERATOR)
        return err_set(err, ERR_FORBIDDEN, "Only an operator key may do this.");
    bool setup = (needed & SCOPE_SETUP_ALL) != 0;
    return err_set(err, ERR_FORBIDDEN,
                   setup ? "The setup link has not the permission \"%s\"." : "The API key has not the scope \"%s\".",
                   admin_scope_name(needed, setup ? admin_setup_permissions : admin_key_scopes));
}

bool access_holds(struct call *call, bool *holds_out, struct err *err)
{
    bool proved;
    if (!prove_credential(call, &proved, err))
        return false;
    *holds_out = proved && access_authorise(call, err);
    return true;
}

bool access_sees(const struct call *call, const struct environment_id *environment)
{
    return call->principal.is_operator || id_equals(&call->principal.environment.id, &environment->id);
}

bool access_reaches(const struct call *call, const struct organization_id *organization,
                    const struct directory_id *directory)
{
    const struct principal *principal = &call->principal;
    if (!(principal->kind & CALLERS_SETUP))
        return true;
    return id_equals(&principal->organization.id, &organization->id) &&
           (!directory || id_is_zero(&principal->directory.id) || id_equals(&principal->directory.id, &directory->id));
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
        return err_set(err, ERR_BAD_REQUEST, "An operator key must name the environment: ?environment_id=env-…");
    *environment_out = call->principal.environment;
    if (named.len == 0)
        return true;
    struct environment_id environment;
    if (!id_from_prefixed(ID_PREFIX_ENVIRONMENT, named, &environment.id) || !access_sees(call, &environment))
        return err_set(err, ERR_NOT_FOUND, "There is no such environment.");
    *environment_out = environment;
    return environment_exists(call, &environment, err);
}
