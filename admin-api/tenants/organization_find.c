/* From a path segment to an organization, and from that to JSON. */
#include "access.h"
#include "admin_api_sql.h"
#include "base/json.h"
#include "organizations.h"
#include "reply.h"

static bool no_such_organization(struct err *err)
{
    return err_set(err, ERR_ORGANIZATION_NOT_FOUND, "There is no such organization.");
}

struct organization organization_of_row(struct call *call, const struct db_value *row)
{
    struct arena *arena = call_arena(call);
    struct organization organization = {
        .external_id = arena_slice(arena, row[3].bytes),
        .display_name = arena_slice(arena, row[4].bytes),
        .domains = arena_slice(arena, row[5].bytes),
        .created_ms = row[6].integer,
        .updated_ms = row[7].integer,
        .deleted_ms = row[8].integer,
        .erase_ms = row[9].integer,
        .erasing = row[10].integer != 0,
    };
    db_id_out(&row[0], &organization.id.id);
    db_id_out(&row[1], &organization.environment.id);
    if (row[2].kind != DB_NULL) /* of one that is being erased it may be gone */
        db_id_out(&row[2], &organization.primary.id);
    return organization;
}

/* Only what the caller may know of is locked: others wait for no stranger, and no stranger learns by waiting. */
static bool check_owner(struct call *call, const struct organization_id *id, struct err *err)
{
    const struct db_value *row;
    struct environment_id environment;
    struct db_value parameters[] = {db_id(&id->id)};
    if (!db_query_one(call->db, sql_organization_owner, parameters, 1, &row, err))
        return false;
    if (row)
        db_id_out(&row[0], &environment.id);
    return (row && access_sees(call, &environment) && access_reaches(call, id, NULL)) || no_such_organization(err);
}

bool organization_load(struct call *call, const struct organization_id *id, enum organization_lock lock,
                       struct organization *organization, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&id->id)};
    const char *const sql[] = {[ORGANIZATION_SHARED] = sql_organization_load,
                               [ORGANIZATION_LOCKED] = sql_organization_load_locked,
                               [ORGANIZATION_DELETED] = sql_organization_load_deleted};
    if (lock == ORGANIZATION_SHARED && call->locks)
        lock = ORGANIZATION_LOCKED;
    if (lock != ORGANIZATION_SHARED && !check_owner(call, id, err))
        return false;
    if (!db_query_one(call->db, sql[lock], parameters, 1, &row, err))
        return false;
    if (!row)
        return no_such_organization(err);
    *organization = organization_of_row(call, row);
    if (!access_sees(call, &organization->environment) || !access_reaches(call, &organization->id, NULL))
        return no_such_organization(err);
    call->audit.environment = organization->environment;
    call->audit.organization = organization->id;
    call->op->log_organization = organization->id;
    return true;
}

static bool find_external(struct call *call, enum organization_lock lock, struct slice external_id,
                          struct organization_id *id_out, struct err *err)
{
    struct environment_id environment;
    const struct db_value *row;
    if (!access_environment(call, &environment, err))
        return false;
    struct db_value parameters[] = {db_id(&environment.id), db_bytes(external_id)};
    const char *sql =
        lock == ORGANIZATION_DELETED ? sql_organization_of_deleted_external_id : sql_organization_of_external_id;
    if (!db_query_one(call->db, sql, parameters, 2, &row, err))
        return false;
    if (!row)
        return no_such_organization(err);
    db_id_out(&row[0], &id_out->id);
    return true;
}

bool organization_of_path(struct call *call, enum organization_lock lock, struct organization *organization,
                          struct err *err)
{
    struct slice segment = call->op->parameters[0], prefix = SLICE_LITERAL("external_id:");
    struct organization_id id;
    if (slice_starts_with(segment, prefix)) {
        if (!find_external(call, lock, slice_skip(segment, prefix.len), &id, err))
            return false;
    } else if (!id_from_prefixed(ID_PREFIX_ORGANIZATION, segment, &id.id)) {
        return no_such_organization(err);
    }
    return organization_load(call, &id, lock, organization, err);
}

const char *organization_connector_url(struct call *call, const struct organization_id *id)
{
    char text[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_ORGANIZATION, &id->id, text);
    return arena_printf(call_arena(call), "%s/orgs/%s/scim/v2", call->settings->public_url, text);
}

json_t *organization_show(struct call *call, const struct organization *organization)
{
    json_t *domains = json_loadb(organization->domains.data, organization->domains.len, 0, NULL);
    json_t *primary =
        id_is_zero(&organization->primary.id) ? json_null() : show_id(ID_PREFIX_DIRECTORY, &organization->primary.id);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o}", "id",
                     show_id(ID_PREFIX_ORGANIZATION, &organization->id.id), "environment_id",
                     show_id(ID_PREFIX_ENVIRONMENT, &organization->environment.id), "external_id",
                     show_text_or_null(organization->external_id), "display_name",
                     json_from_slice(organization->display_name), "domains", domains ? domains : json_array(), "state",
                     organization->deleted_ms ? "deleting" : "active", "connector_url",
                     organization_connector_url(call, &organization->id), "primary_directory_id", primary, "created_at",
                     show_time(organization->created_ms), "updated_at", show_time(organization->updated_ms),
                     "deleted_at", show_time_or_null(organization->deleted_ms), "erase_at",
                     show_time_or_null(organization->erase_ms));
}
