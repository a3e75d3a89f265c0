/* What the holder of a setup link may do: exchange it for a session, and with that, a few things in one organization.
 */
#include "setup_sessions.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "directories.h"
#include "organizations.h"
#include "reply.h"
#include "requests.h"
#include "scopes.h"
#include "setup_links.h"
#include "tokens.h"

static bool load_organization(struct call *call, struct organization *organization, struct err *err)
{
    call->audit.directory = call->principal.directory;
    return organization_load(call, &call->principal.organization, ORGANIZATION_SHARED, organization, err);
}

/* --- what is shown --- */

static json_t *show_directory(const struct db_value *row)
{
    struct id id;
    db_id_out(&row[0], &id);
    return json_pack("{s:o, s:o, s:o, s:s, s:b}", "id", show_id(ID_PREFIX_DIRECTORY, &id), "name",
                     json_from_slice(row[1].bytes), "idp", json_from_slice(row[2].bytes), "state",
                     row[3].integer == DIRECTORY_PAUSED ? "paused" : "active", "primary", row[4].integer != 0);
}

/* *directories_out: a new reference. */
static bool load_directories(struct call *call, json_t **directories_out, struct err *err)
{
    const struct principal *principal = &call->principal;
    bool one = !id_is_zero(&principal->directory.id);
    struct db_value only = one ? db_id(&principal->directory.id) : db_null();
    struct db_value parameters[] = {db_id(&principal->organization.id), only, only};
    struct db_rows *rows = db_query(call->db, sql_setup_directories, parameters, 3, err);
    const struct db_value *row;
    *directories_out = json_array();
    while (rows && (row = db_next(rows)))
        json_array_append_new(*directories_out, show_directory(row));
    return rows && db_rows_end(rows, err);
}

static json_t *show_connector_url(struct call *call, const struct organization *organization)
{
    if (!(call->principal.scopes & SCOPE_SETUP_CONNECTION))
        return json_null();
    return json_string(organization_connector_url(call, &organization->id));
}

/* NULL on failure; else a new reference. */
static json_t *show_session(struct call *call, const struct organization *organization, struct err *err)
{
    const struct principal *principal = &call->principal;
    json_t *directories, *domains = json_loadb(organization->domains.data, organization->domains.len, 0, NULL);
    bool loaded = load_directories(call, &directories, err);
    json_t *shown = json_pack(
        "{s:o, s:{s:o, s:o, s:o}, s:o, s:o, s:o, s:o}", "id", show_id(ID_PREFIX_SETUP_SESSION, &principal->session),
        "organization", "id", show_id(ID_PREFIX_ORGANIZATION, &organization->id.id), "display_name",
        json_from_slice(organization->display_name), "domains", domains ? domains : json_array(), "directories",
        directories, "connector_url", show_connector_url(call, organization), "permissions",
        admin_scopes_show(principal->scopes, admin_setup_permissions), "expires_at", show_time(principal->expires_ms));
    if (loaded)
        return shown;
    json_decref(shown);
    return NULL;
}

static bool answer_session(struct call *call, struct err *err)
{
    struct organization organization;
    if (!load_organization(call, &organization, err))
        return false;
    json_t *shown = show_session(call, &organization, err);
    return shown && reply_json(call->op, 200, shown);
}

/* --- the exchange --- */

/* The link was proved, so its holder may know why it is of no use. */
static bool explain(struct call *call, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&call->principal.key.id)};
    if (!db_query_one(call->db, sql_setup_link_why, parameters, 1, &row, err))
        return false;
    const char *why = !row || row[1].integer ? "was withdrawn" : row[0].integer ? "was used already" : "has expired";
    return err_set(err, ERR_SETUP_LINK_SPENT, "The setup link %s: ask for another one.", why);
}

static bool use_link(struct call *call, struct err *err)
{
    uint64_t used = 0;
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&call->principal.key.id)};
    if (!db_execute(call->db, sql_setup_link_use, parameters, 2, &used, err))
        return false;
    return used == 1 || explain(call, err);
}

static bool insert_session(struct call *call, struct auth_fresh *fresh_out, struct err *err)
{
    static const struct directory_id none;
    struct principal *principal = &call->principal;
    principal->session = call->op->fresh_id.id;
    principal->expires_ms = call->op->now_ms + (int64_t)SETUP_SESSION_S * 1000;
    auth_credential_make(call->settings->peppers, AUTH_SETUP_SESSION, none, principal->session, fresh_out);
    struct db_value parameters[] = {
        db_id(&principal->session),
        db_id(&principal->key.id),
        db_bytes(slice_of((const char *)fresh_out->hash, AUTH_HASH_BYTES)),
        db_integer(fresh_out->pepper_version),
        db_integer(call->op->now_ms),
        db_integer(principal->expires_ms),
        db_integer(call->op->now_ms),
    };
    return db_execute(call->db, sql_setup_session_insert, parameters, 7, NULL, err);
}

static bool exchange(struct call *call, struct err *err)
{
    struct organization organization;
    struct auth_fresh fresh;
    if (!load_organization(call, &organization, err) || !use_link(call, err) || !insert_session(call, &fresh, err))
        return false;
    json_t *shown = show_session(call, &organization, err);
    if (!shown)
        return false;
    call->audit.detail =
        json_pack("{s:O, s:O}", "id", json_object_get(shown, "id"), "expires_at", json_object_get(shown, "expires_at"));
    json_object_set_new(shown, "session", json_string(fresh.text));
    return reply_created(call->op, "/v1/setup", "session", shown);
}

/* --- with the session --- */

static bool end(struct call *call, struct err *err)
{
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&call->principal.session)};
    call->audit.environment = call->principal.environment;
    call->audit.organization = call->principal.organization;
    call->audit.directory = call->principal.directory;
    call->audit.detail = json_pack("{s:o}", "id", show_id(ID_PREFIX_SETUP_SESSION, &call->principal.session));
    return db_execute(call->db, sql_setup_session_end, parameters, 2, NULL, err) && reply_empty(call->op);
}

/* The vendor's own operation, which shows more than an IT admin needs. */
static bool update_directory(struct call *call, struct err *err)
{
    if (!directory_update.handle(call, err))
        return false;
    reply_clear(call->op);
    return answer_session(call, err);
}

static bool update_organization(struct call *call, struct err *err)
{
    if (!organization_update.handle(call, err))
        return false;
    reply_clear(call->op);
    return answer_session(call, err);
}

static bool create_token(struct call *call, struct err *err) { return token_create.handle(call, err); }
static bool rotate_token(struct call *call, struct err *err) { return token_rotate.handle(call, err); }

static bool list_requests(struct call *call, struct err *err) { return request_list.handle(call, err); }
static bool get_request(struct call *call, struct err *err) { return request_get.handle(call, err); }

static const struct admin_field token_fields[] = {
    {"label", field_name, FIELD_REQUIRED},
    {"expires_at", field_expires_at, FIELD_NULLABLE},
};
static const struct admin_field rotate_fields[] = {
    {"label", field_name, 0},
    {"expires_at", field_expires_at, FIELD_NULLABLE},
    {"overlap_seconds", field_overlap_seconds, 0},
};
static const struct admin_field directory_fields[] = {{"idp", field_idp, FIELD_REQUIRED}};
static const struct admin_field organization_fields[] = {{"domains", field_domains, FIELD_REQUIRED}};

const struct admin_operation setup_session_create = {
    .operation = ADMIN_OPERATION("setup_session.create", 0),
    .callers = CALLER_SETUP_LINK,
    .writes = true,
    .tag = {.secret = "session"},
    .handle = exchange,
};
const struct admin_operation setup_session_get = {
    .operation = ADMIN_OPERATION("setup_session.get", 0),
    .callers = CALLER_SETUP_SESSION,
    .handle = answer_session,
};
const struct admin_operation setup_session_end = {
    .operation = ADMIN_OPERATION("setup_session.end", 0),
    .callers = CALLER_SETUP_SESSION,
    .writes = true,
    .handle = end,
};
const struct admin_operation setup_token_create = {
    .operation = ADMIN_OPERATION("setup_token.create", SCOPE_SETUP_TOKENS),
    .callers = CALLER_SETUP_SESSION,
    .writes = true,
    ADMIN_FIELDS(token_fields),
    .tag = {.secret = "token"},
    .handle = create_token,
};
const struct admin_operation setup_token_rotate = {
    .operation = ADMIN_OPERATION("setup_token.rotate", SCOPE_SETUP_TOKENS),
    .callers = CALLER_SETUP_SESSION,
    .writes = true,
    .body_optional = true,
    ADMIN_FIELDS(rotate_fields),
    .tag = {.secret = "token"},
    .handle = rotate_token,
};
const struct admin_operation setup_directory_update = {
    .operation = ADMIN_OPERATION("setup_directory.update", SCOPE_SETUP_IDP),
    .callers = CALLER_SETUP_SESSION,
    .writes = true,
    ADMIN_FIELDS(directory_fields),
    .shown_by = &setup_session_get,
    .handle = update_directory,
};
const struct admin_operation setup_organization_update = {
    .operation = ADMIN_OPERATION("setup_organization.update", SCOPE_SETUP_DOMAINS),
    .callers = CALLER_SETUP_SESSION,
    .writes = true,
    ADMIN_FIELDS(organization_fields),
    .shown_by = &setup_session_get,
    .handle = update_organization,
};
const struct admin_operation setup_request_list = {
    .operation = ADMIN_OPERATION("setup_request.list", SCOPE_SETUP_LOG),
    .callers = CALLER_SETUP_SESSION,
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_SINCE) | QUERY_BIT(QUERY_UNTIL) | QUERY_BIT(QUERY_STATUS) |
               QUERY_BIT(QUERY_FAILED) | QUERY_BIT(QUERY_METHOD) | QUERY_BIT(QUERY_OPERATION) |
               QUERY_BIT(QUERY_REQUEST_ID) | QUERY_BIT(QUERY_RESOURCE_ID) | QUERY_BIT(QUERY_TOKEN_ID) |
               QUERY_BIT(QUERY_ORDER),
    .handle = list_requests,
};
const struct admin_operation setup_request_get = {
    .operation = ADMIN_OPERATION("setup_request.get", SCOPE_SETUP_LOG),
    .callers = CALLER_SETUP_SESSION,
    .handle = get_request,
};
