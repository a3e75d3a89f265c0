/* Directories: deleted for everyone at once, restored as they were, erased when their grace period is over. */
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "directories.h"
#include "grace.h"
#include "organizations.h"
#include "reply.h"
#include "tell.h"

/* The successor of a primary that is to go; nothing to do for other directories. */
static bool appoint_successor(struct call *call, const struct directory *directory, struct organization *organization,
                              struct err *err)
{
    struct slice named = call->query[QUERY_SUCCESSOR];
    struct directory_id successor;
    bool found = false;
    if (!id_equals(&organization->primary.id, &directory->id.id))
        return true;
    if (!named.data)
        return err_set(err, ERR_SUCCESSOR_REQUIRED,
                       "This is the primary directory of its organization: name its successor, ?successor=dir-…");
    bool is_id = id_from_prefixed(ID_PREFIX_DIRECTORY, named, &successor.id);
    if (is_id && !id_equals(&successor.id, &directory->id.id) &&
        !organization_promote(call, organization, &successor, &found, err))
        return false;
    return found || err_set(err, ERR_SUCCESSOR_REQUIRED, "The successor is no other directory of this organization.");
}

static json_t *describe_end(const struct directory *directory, int64_t erase_ms)
{
    return json_pack("{s:o, s:o}", "name", json_from_slice(directory->name), "erase_at", show_time(erase_ms));
}

static bool mark(struct call *call, const struct directory *directory, struct organization *organization,
                 int64_t erase_ms, struct err *err)
{
    if (!appoint_successor(call, directory, organization, err))
        return false;
    call->audit.directory = directory->id;
    call->audit.detail =
        json_pack("{s:o, s:o}", "primary_directory_id", show_id(ID_PREFIX_DIRECTORY, &organization->primary.id),
                  "erase_at", show_time(erase_ms));
    audit_before(call, directory_show(directory));
    audit_after(call, NULL);
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_integer(erase_ms), db_id(&directory->id.id)};
    return db_execute(call->db, sql_directory_delete, parameters, 3, NULL, err) &&
           admin_tell(call, "directory.deleted", describe_end(directory, erase_ms), err);
}

/* One that is deleted already: no later than this. It is there only for whoever says when. */
static bool hasten(struct call *call, const struct directory_id *id, int64_t erase_ms, struct err *err)
{
    struct directory directory;
    if (!call->query[QUERY_GRACE_DAYS].data)
        return directory_refuse_unknown(err);
    if (!directory_load_deleted(call, id, DIRECTORY_LOCKED, &directory, err))
        return false;
    call->audit.detail = json_pack("{s:o}", "erase_at", show_time(erase_ms));
    audit_before(call, directory_show(&directory));
    struct db_value parameters[] = {db_integer(erase_ms), db_id(&id->id)};
    return db_execute(call->db, sql_directory_hasten, parameters, 2, NULL, err) && reply_empty(call->op);
}

/* The organization is locked first, always in this order, so that its primary cannot change meanwhile. */
static bool delete (struct call *call, struct err *err)
{
    struct directory directory;
    struct organization organization;
    struct directory_id id;
    int64_t erase_ms;
    if (!grace_read(call, &erase_ms, err))
        return false;
    if (!id_from_prefixed(ID_PREFIX_DIRECTORY, call->op->parameters[0], &id.id))
        return directory_refuse_unknown(err);
    if (!directory_load(call, &id, DIRECTORY_SHARED, &directory, err)) {
        if (err->kind != ERR_DIRECTORY_NOT_FOUND)
            return false;
        *err = ERR_INIT;
        return hasten(call, &id, erase_ms, err);
    }
    return organization_load(call, &directory.organization, ORGANIZATION_LOCKED, &organization, err) &&
           directory_load(call, &id, DIRECTORY_LOCKED, &directory, err) &&
           mark(call, &directory, &organization, erase_ms, err) && reply_empty(call->op);
}

static bool find_deleted(struct call *call, struct directory *directory, struct err *err)
{
    struct directory_id id;
    if (!id_from_prefixed(ID_PREFIX_DIRECTORY, call->op->parameters[0], &id.id))
        return directory_refuse_unknown(err);
    if (directory_load_deleted(call, &id, DIRECTORY_SHARED, directory, err))
        return true;
    struct err why = ERR_INIT;
    if (err->kind == ERR_DIRECTORY_NOT_FOUND && directory_load(call, &id, DIRECTORY_SHARED, directory, &why))
        return err_set(err, ERR_NOT_RESTORABLE, "The directory is not deleted.");
    return false;
}

static bool lock_organization(struct call *call, const struct directory *directory, struct err *err)
{
    struct organization organization;
    if (organization_load(call, &directory->organization, ORGANIZATION_LOCKED, &organization, err))
        return true;
    if (err->kind == ERR_ORGANIZATION_NOT_FOUND)
        return err_set(err, ERR_NOT_RESTORABLE, "Its organization is deleted: restore that first.");
    return false;
}

static bool restore(struct call *call, struct err *err)
{
    struct directory directory = {.erase_ms = 0};
    if (!find_deleted(call, &directory, err) || !lock_organization(call, &directory, err) ||
        !directory_load_deleted(call, &directory.id, DIRECTORY_LOCKED, &directory, err) ||
        !grace_lasts(call, directory.erase_ms, directory.erasing, err))
        return false;
    audit_before(call, directory_show(&directory));
    struct db_value parameters[] = {db_integer(call->op->now_ms), db_id(&directory.id.id)};
    if (!db_execute(call->db, sql_directory_restore, parameters, 2, NULL, err) ||
        !directory_load(call, &directory.id, DIRECTORY_SHARED, &directory, err))
        return false;
    audit_after(call, directory_show(&directory));
    return admin_tell(call, "directory.restored", json_pack("{s:o}", "name", json_from_slice(directory.name)), err) &&
           reply_json(call->op, 200, directory_show(&directory));
}

const struct admin_operation directory_delete = {
    .operation = ADMIN_OPERATION("directory.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .erases = true,
    .queries = QUERY_BIT(QUERY_SUCCESSOR) | QUERY_BIT(QUERY_GRACE_DAYS),
    .handle = delete,
};
const struct admin_operation directory_restore = {
    .operation = ADMIN_OPERATION("directory.restore", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .handle = restore,
};
