/* Organizations: the vendor's customers. */
#include "organizations.h"

#include "access.h"
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "directories.h"
#include "problem.h"
#include "reply.h"
#include "tell.h"

bool organization_refuse_twin(struct call *call, struct err *err)
{
    if (db_failure(call->db) == DB_DUPLICATE)
        err_set(err, ERR_UNIQUENESS, "Another organization of this environment has this external_id.");
    return false;
}

static bool get(struct call *call, struct err *err)
{
    struct organization organization;
    return organization_of_path(call, ORGANIZATION_SHARED, &organization, err) &&
           reply_json(call->op, 200, organization_show(call, &organization));
}

static bool update(struct call *call, struct err *err)
{
    struct organization organization;
    if (!organization_of_path(call, ORGANIZATION_LOCKED, &organization, err))
        return false;
    audit_before(call, organization_show(call, &organization));
    organization.display_name = call_text(call, "display_name", organization.display_name);
    organization.external_id = call_text(call, "external_id", organization.external_id);
    struct slice domains = organization.domains;
    organization.domains = organization_domains(call, domains);
    organization.updated_ms = call->op->now_ms;
    struct db_value parameters[] = {
        db_bytes_or_null(organization.external_id), db_bytes(organization.display_name), db_bytes(organization.domains),
        db_integer(organization.updated_ms),        db_id(&organization.id.id),
    };
    audit_after(call, organization_show(call, &organization));
    if (!db_execute(call->db, sql_organization_update, parameters, 5, NULL, err))
        return organization_refuse_twin(call, err);
    if (!slice_equals(domains, organization.domains) &&
        (!organization_index_domains(call, &organization, err) ||
         !db_execute(call->db, sql_organization_revise_directories, &parameters[4], 1, NULL, err)))
        return false;
    return reply_json(call->op, 200, organization_show(call, &organization));
}

/* One UPDATE: there is never a moment without a primary, nor one with two. */
static bool set_primary(struct call *call, struct err *err)
{
    struct organization organization;
    struct directory_id wanted;
    bool found;
    (void)id_from_prefixed(ID_PREFIX_DIRECTORY, call_text(call, "directory_id", SLICE_EMPTY), &wanted.id);
    if (!organization_of_path(call, ORGANIZATION_LOCKED, &organization, err) ||
        !organization_promote(call, &organization, &wanted, &found, err))
        return false;
    if (!found)
        return problem_invalid(call->op, "#/directory_id", "names no directory of this organization", err);
    return reply_json(call->op, 200, organization_show(call, &organization));
}

bool organization_promote(struct call *call, struct organization *organization, const struct directory_id *directory,
                          bool *found_out, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&directory->id), db_id(&organization->id.id)};
    if (!db_query_one(call->db, sql_primary_candidate, parameters, 2, &row, err))
        return false;
    *found_out = row != NULL;
    if (!row)
        return true;
    if (id_equals(&directory->id, &organization->primary.id))
        return true;
    call->audit.directory = *directory;
    json_t *change = json_pack("{s:o, s:o}", "directory_id", show_id(ID_PREFIX_DIRECTORY, &directory->id),
                               "previous_directory_id", show_id(ID_PREFIX_DIRECTORY, &organization->primary.id));
    audit_before(call, organization_show(call, organization));
    organization->primary = *directory;
    audit_after(call, organization_show(call, organization));
    return admin_tell(call, "directory.primary_changed", change, err) &&
           db_execute(call->db, sql_primary_update, parameters, 2, NULL, err);
}

static const struct admin_field update_fields[] = {
    {"display_name", field_display_name, 0},
    {"external_id", field_external_id, FIELD_NULLABLE},
    {"domains", field_domains, 0},
};
static const struct admin_field primary_fields[] = {{"directory_id", field_directory_id, FIELD_REQUIRED}};

const struct admin_operation organization_get = {
    .operation = ADMIN_OPERATION("organization.get", SCOPE_ADMIN_READ),
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = get,
};
const struct admin_operation organization_update = {
    .operation = ADMIN_OPERATION("organization.update", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    ADMIN_FIELDS(update_fields),
    .handle = update,
};
const struct admin_operation organization_set_primary = {
    .operation = ADMIN_OPERATION("organization.set_primary", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    ADMIN_FIELDS(primary_fields),
    .shown_by = &organization_get,
    .handle = set_primary,
};
