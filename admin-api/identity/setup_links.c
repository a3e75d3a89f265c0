#include "setup_links.h"

#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "directories.h"
#include "organizations.h"
#include "page.h"
#include "problem.h"
#include "reply.h"
#include "scopes.h"

static const char *state_of(const struct call *call, const struct db_value *row)
{
    int64_t now_ms = call->op->now_ms;
    bool used = row[7].kind != DB_NULL, revoked = row[8].kind != DB_NULL;
    bool over = used && (row[11].kind != DB_NULL || row[10].integer <= now_ms ||
                         row[9].integer <= now_ms - (int64_t)SETUP_SESSION_IDLE_S * 1000);
    return revoked ? "revoked" : used ? over ? "ended" : "in_use" : row[6].integer <= now_ms ? "expired" : "waiting";
}

static json_t *show_link(struct call *call, const struct db_value *row)
{
    struct id id, directory = {{0}};
    db_id_out(&row[0], &id);
    if (row[2].kind != DB_NULL)
        db_id_out(&row[2], &directory);
    return json_pack("{s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
                     show_id(ID_PREFIX_SETUP_LINK, &id), "label", json_from_slice(row[1].bytes), "state",
                     state_of(call, row), "directory_id",
                     id_is_zero(&directory) ? json_null() : show_id(ID_PREFIX_DIRECTORY, &directory), "permissions",
                     admin_scopes_show((unsigned)row[3].integer, admin_setup_permissions), "created_by",
                     json_from_slice(row[4].bytes), "created_at", show_time(row[5].integer), "expires_at",
                     show_time(row[6].integer), "used_at", show_time_or_null(row[7].integer), "revoked_at",
                     show_time_or_null(row[8].integer), "last_used_at", show_time_or_null(row[9].integer));
}

static bool load(struct call *call, const struct organization_id *organization, const struct id *link,
                 const struct db_value **row_out, struct err *err)
{
    struct db_value parameters[] = {db_id(&organization->id), db_id(link)};
    if (!db_query_one(call->db, sql_setup_link_load, parameters, 2, row_out, err))
        return false;
    return *row_out || err_set(err, ERR_NOT_FOUND, "The organization has no such setup link.");
}

/* --- making one --- */

struct link_new {
    struct id id;
    struct directory_id directory; /* zero: all of the organization */
    unsigned permissions;
    int64_t expires_ms;
};

/* Nobody gives away more than they have. */
static bool check_permissions(struct call *call, unsigned permissions, struct err *err)
{
    bool has_tokens = call->principal.is_operator || (call->principal.scopes & SCOPE_ADMIN_TOKENS);
    return has_tokens || !(permissions & SCOPE_SETUP_TOKENS) ||
           err_set(err, ERR_FORBIDDEN,
                   "A setup link with the permission \"rotate_token\" needs a key with the scope \"tokens\".");
}

static bool read_directory(struct call *call, const struct organization *organization, struct directory_id *id_out,
                           struct err *err)
{
    struct slice named = call_text(call, "directory_id", SLICE_EMPTY);
    struct directory directory;
    struct err ignored = ERR_INIT;
    *id_out = (struct directory_id){{{0}}};
    if (named.len == 0)
        return true;
    (void)id_from_prefixed(ID_PREFIX_DIRECTORY, named, &id_out->id);
    bool found = directory_load(call, id_out, DIRECTORY_SHARED, &directory, &ignored);
    if (!found && err_status(ignored.kind) != 404) {
        *err = ignored;
        return false;
    }
    if (found && id_equals(&directory.organization.id, &organization->id.id))
        return true;
    return problem_invalid(call->op, "#/directory_id", "names no directory of this organization", err);
}

static bool read_link(struct call *call, const struct organization *organization, struct link_new *link,
                      struct err *err)
{
    const json_t *seconds = call_member(call, "expires_in_seconds");
    *link =
        (struct link_new){.id = call->op->fresh_id.id, .permissions = SCOPE_SETUP_ALL & ~(unsigned)SCOPE_SETUP_DOMAINS};
    link->expires_ms =
        call->op->now_ms + (seconds ? json_integer_value(seconds) : (json_int_t)SETUP_LINK_DEFAULT_S) * 1000;
    if (call_has(call, "permissions"))
        (void)admin_scopes_parse(call_member(call, "permissions"), admin_setup_permissions, &link->permissions);
    return check_permissions(call, link->permissions, err) && read_directory(call, organization, &link->directory, err);
}

static bool insert(struct call *call, const struct organization *organization, const struct link_new *link,
                   struct auth_fresh *fresh_out, struct err *err)
{
    static const struct directory_id none;
    char actor[ID_PREFIXED_CHARS + 1];
    audit_actor(call, actor);
    auth_credential_make(call->settings->peppers, AUTH_SETUP_LINK, none, link->id, fresh_out);
    struct db_value parameters[] = {
        db_id(&link->id),
        db_id(&organization->environment.id),
        db_id(&organization->id.id),
        id_is_zero(&link->directory.id) ? db_null() : db_id(&link->directory.id),
        db_bytes(slice_of((const char *)fresh_out->hash, AUTH_HASH_BYTES)),
        db_integer(fresh_out->pepper_version),
        db_integer(link->permissions),
        db_bytes(call_text(call, "label", SLICE_EMPTY)),
        db_bytes(slice_str(actor)),
        db_integer(call->op->now_ms),
        db_integer(link->expires_ms),
    };
    return db_execute(call->db, sql_setup_link_insert, parameters, 11, NULL, err);
}

static bool create(struct call *call, struct err *err)
{
    struct organization organization;
    struct link_new link;
    struct auth_fresh fresh;
    const struct db_value *row;
    if (!organization_of_path(call, ORGANIZATION_SHARED, &organization, err) ||
        !read_link(call, &organization, &link, err) || !insert(call, &organization, &link, &fresh, err) ||
        !load(call, &organization.id, &link.id, &row, err))
        return false;
    call->audit.directory = link.directory;
    json_t *shown = show_link(call, row);
    audit_after(call, json_copy(shown));
    /* Behind "#": browsers do not send that part, so it is in no access log and no Referer on its way. */
    json_object_set_new(
        shown, "url",
        json_string(arena_printf(call_arena(call), "%s/setup#%s", call->settings->admin_url, fresh.text)));
    char id[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_ORGANIZATION, &organization.id.id, id);
    return reply_created(call->op, arena_printf(call_arena(call), "/v1/organizations/%s/setup-links", id),
                         json_string_value(json_object_get(shown, "id")), shown);
}

/* --- the rest --- */

static bool list(struct call *call, struct err *err)
{
    struct organization organization;
    struct page page;
    if (!organization_of_path(call, ORGANIZATION_SHARED, &organization, err) ||
        !page_read(call, &organization.id.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&organization.id.id)};
    return page_answer(call, &page, "setup_links", sql_setup_link_list, parameters, 1, show_link, err);
}

static bool load_of_path(struct call *call, enum organization_lock lock, struct organization *organization,
                         struct id *link_out, const struct db_value **row_out, struct err *err)
{
    if (!organization_of_path(call, lock, organization, err))
        return false;
    if (!id_from_prefixed(ID_PREFIX_SETUP_LINK, call->op->parameters[1], link_out))
        return err_set(err, ERR_NOT_FOUND, "The organization has no such setup link.");
    return load(call, &organization->id, link_out, row_out, err);
}

static bool get(struct call *call, struct err *err)
{
    struct organization organization;
    struct id link;
    const struct db_value *row;
    return load_of_path(call, ORGANIZATION_SHARED, &organization, &link, &row, err) &&
           reply_json(call->op, 200, show_link(call, row));
}

/* Its session is looked up together with it, so that ends, too. */
static bool revoke(struct call *call, struct err *err)
{
    struct organization organization;
    struct id link;
    const struct db_value *row;
    if (!load_of_path(call, ORGANIZATION_LOCKED, &organization, &link, &row, err))
        return false;
    audit_before(call, show_link(call, row));
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&organization.id.id), db_id(&link)};
    if (!db_execute(call->db, sql_setup_link_revoke, parameters, 3, NULL, err) ||
        !load(call, &organization.id, &link, &row, err))
        return false;
    audit_after(call, show_link(call, row));
    return reply_empty(call->op);
}

bool setup_links_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    uint64_t sessions = 0;
    struct db_value parameters[] = {db_integer(before_ms), db_integer((int64_t)most)};
    bool purged = db_execute(db, sql_setup_session_purge, parameters, 2, &sessions, err) &&
                  db_execute(db, sql_setup_link_purge, parameters, 2, purged_out, err);
    *purged_out = *purged_out > sessions ? *purged_out : sessions;
    return purged;
}

static const struct admin_field fields[] = {
    {"label", field_name, FIELD_REQUIRED},
    {"permissions", field_setup_permissions, 0},
    {"directory_id", field_directory_id, FIELD_NULLABLE},
    {"expires_in_seconds", field_setup_expires_in, 0},
};

const struct admin_operation setup_link_create = {
    .operation = ADMIN_OPERATION("setup_link.create", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    ADMIN_FIELDS(fields),
    .tag = {.secret = "url"},
    .handle = create,
};
const struct admin_operation setup_link_list = {
    .operation = ADMIN_OPERATION("setup_link.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
const struct admin_operation setup_link_get = {
    .operation = ADMIN_OPERATION("setup_link.get", SCOPE_ADMIN_READ),
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = get,
};
const struct admin_operation setup_link_revoke = {
    .operation = ADMIN_OPERATION("setup_link.revoke", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = revoke,
};
