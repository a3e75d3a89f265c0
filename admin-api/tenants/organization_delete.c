/* Organizations: deleted for everyone at once, restored as they were, erased when their grace period is over. */
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "grace.h"
#include "organizations.h"
#include "reply.h"
#include "tell.h"

static json_t *describe(const struct organization *organization)
{
    return json_pack("{s:o, s:o}", "display_name", json_from_slice(organization->display_name), "external_id",
                     show_text_or_null(organization->external_id));
}

static json_t *describe_end(const struct organization *organization, int64_t erase_ms)
{
    json_t *description = describe(organization);
    json_object_set_new(description, "erase_at", show_time(erase_ms));
    return description;
}

/* Every connector URL and token is dead with the next request, on every server: those look at the directories. */
static bool mark(struct call *call, const struct organization *organization, int64_t erase_ms, struct err *err)
{
    const struct id *id = &organization->id.id;
    int64_t now_ms = call->op->now_ms;
    struct db_value own[] = {db_integer(now_ms), db_integer(erase_ms), db_id(id)};
    struct db_value directories[] = {db_integer(now_ms), db_integer(erase_ms), db_integer(erase_ms), db_id(id)};
    return db_execute(call->db, sql_organization_delete, own, 3, NULL, err) &&
           db_execute(call->db, sql_organization_delete_directories, directories, 4, NULL, err) &&
           admin_tell(call, "organization.deleted", describe_end(organization, erase_ms), err);
}

/* One that is deleted already: no later than this. */
static bool hasten(struct call *call, const struct organization *organization, int64_t erase_ms, struct err *err)
{
    struct db_value parameters[] = {db_integer(erase_ms), db_id(&organization->id.id)};
    return db_execute(call->db, sql_organization_hasten, parameters, 2, NULL, err) &&
           db_execute(call->db, sql_organization_hasten_directories, parameters, 2, NULL, err);
}

/* One that is deleted is there only for whoever says when it is to be erased. */
static bool load_doomed(struct call *call, struct organization *organization, struct err *err)
{
    if (organization_of_path(call, ORGANIZATION_LOCKED, organization, err))
        return true;
    if (err->kind != ERR_ORGANIZATION_NOT_FOUND || !call->query[QUERY_GRACE_DAYS].data)
        return false;
    *err = ERR_INIT;
    return organization_of_path(call, ORGANIZATION_DELETED, organization, err);
}

static bool delete (struct call *call, struct err *err)
{
    struct organization organization;
    int64_t erase_ms;
    if (!grace_read(call, &erase_ms, err) || !load_doomed(call, &organization, err))
        return false;
    call->audit.detail = json_pack("{s:o}", "erase_at", show_time(erase_ms));
    audit_before(call, organization_show(call, &organization));
    bool deleted =
        organization.deleted_ms ? hasten(call, &organization, erase_ms, err) : mark(call, &organization, erase_ms, err);
    return deleted && reply_empty(call->op);
}

/* ERR_ORGANIZATION_NOT_FOUND, or another answer for one that needs no restoring. */
static bool load_deleted(struct call *call, struct organization *organization, struct err *err)
{
    if (organization_of_path(call, ORGANIZATION_DELETED, organization, err))
        return grace_lasts(call, organization->erase_ms, organization->erasing, err);
    struct err why = ERR_INIT;
    if (err->kind == ERR_ORGANIZATION_NOT_FOUND && organization_of_path(call, ORGANIZATION_SHARED, organization, &why))
        return err_set(err, ERR_NOT_RESTORABLE, "The organization is not deleted.");
    return false;
}

static bool refuse_twin(struct call *call, struct err *err)
{
    if (db_failure(call->db) == DB_DUPLICATE)
        err_set(
            err, ERR_UNIQUENESS,
            "Another organization has its external_id by now: restore it with another one, {\"external_id\": …}, or "
            "with none, {\"external_id\": null}.");
    return false;
}

static bool restore(struct call *call, struct err *err)
{
    struct organization organization;
    if (!load_deleted(call, &organization, err))
        return false;
    struct organization_id id = organization.id;
    audit_before(call, organization_show(call, &organization));
    organization.external_id = call_text(call, "external_id", organization.external_id);
    struct db_value own[] = {db_bytes_or_null(organization.external_id), db_integer(call->op->now_ms), db_id(&id.id)};
    if (!db_execute(call->db, sql_organization_restore, own, 3, NULL, err))
        return refuse_twin(call, err);
    if (!db_execute(call->db, sql_organization_restore_directories, &own[2], 1, NULL, err) ||
        !organization_load(call, &id, ORGANIZATION_LOCKED, &organization, err))
        return false;
    audit_after(call, organization_show(call, &organization));
    return admin_tell(call, "organization.restored", describe(&organization), err) &&
           reply_json(call->op, 200, organization_show(call, &organization));
}

static const struct admin_field restore_fields[] = {{"external_id", field_external_id, FIELD_NULLABLE}};

const struct admin_operation organization_delete = {
    .operation = ADMIN_OPERATION("organization.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .erases = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT) | QUERY_BIT(QUERY_GRACE_DAYS),
    .handle = delete,
};
const struct admin_operation organization_restore = {
    .operation = ADMIN_OPERATION("organization.restore", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    .body_optional = true,
    ADMIN_FIELDS(restore_fields),
    .handle = restore,
};
