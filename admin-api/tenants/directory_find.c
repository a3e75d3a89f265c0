/* From an id to a directory, and from that to JSON. */
#include "access.h"
#include "admin_api_sql.h"
#include "base/json.h"
#include "directories.h"
#include "reply.h"

bool directory_refuse_unknown(struct err *err)
{
    return err_set(err, ERR_DIRECTORY_NOT_FOUND, "There is no such directory.");
}

static struct directory read_row(struct call *call, const struct db_value *row)
{
    struct arena *arena = call_arena(call);
    struct directory directory = {
        .is_primary = row[3].integer != 0,
        .state = (enum directory_state)row[4].integer,
        .name = arena_slice(arena, row[5].bytes),
        .idp = arena_slice(arena, row[6].bytes),
        .policy = arena_slice(arena, row[7].bytes),
        .created_ms = row[8].integer,
        .updated_ms = row[9].integer,
        .users = row[10].integer,
        .groups = row[11].integer,
        .deleted_ms = row[12].integer,
        .erase_ms = row[13].integer,
        .erasing = row[14].integer != 0,
        .with_organization = row[15].integer != 0,
        .health = health_read(&row[16], arena),
        .guarded_ms = row[33].integer,
    };
    db_id_out(&row[0], &directory.id.id);
    db_id_out(&row[1], &directory.organization.id);
    db_id_out(&row[2], &directory.environment.id);
    return directory;
}

static bool look_up(struct call *call, const struct directory_id *id, struct directory *directory, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&id->id)};
    if (!db_query_one(call->db, sql_directory_load, parameters, 1, &row, err))
        return false;
    if (!row)
        return directory_refuse_unknown(err);
    *directory = read_row(call, row);
    return (access_sees(call, &directory->environment) &&
            access_reaches(call, &directory->organization, &directory->id)) ||
           directory_refuse_unknown(err);
}

/* Only what the caller may know of is locked: others wait for no stranger, and no stranger learns by waiting. */
static bool lock_and_look_up(struct call *call, const struct directory_id *id, struct directory *directory,
                             struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&id->id)};
    return look_up(call, id, directory, err) && db_query_one(call->db, sql_directory_lock, parameters, 1, &row, err) &&
           look_up(call, id, directory, err);
}

static bool load(struct call *call, const struct directory_id *id, enum directory_lock lock, bool deleted,
                 struct directory *directory, struct err *err)
{
    bool locked = lock == DIRECTORY_LOCKED || call->locks;
    if (!(locked ? lock_and_look_up : look_up)(call, id, directory, err))
        return false;
    if (deleted != (directory->state == DIRECTORY_DELETING))
        return directory_refuse_unknown(err);
    call->audit.environment = directory->environment;
    call->audit.organization = directory->organization;
    call->audit.directory = directory->id;
    call->op->log_organization = directory->organization;
    call->op->log_directory = directory->id;
    return true;
}

bool directory_load(struct call *call, const struct directory_id *id, enum directory_lock lock,
                    struct directory *directory, struct err *err)
{
    return load(call, id, lock, false, directory, err);
}

bool directory_load_deleted(struct call *call, const struct directory_id *id, enum directory_lock lock,
                            struct directory *directory, struct err *err)
{
    return load(call, id, lock, true, directory, err);
}

bool directory_of_path(struct call *call, enum directory_lock lock, struct directory *directory, struct err *err)
{
    struct directory_id id;
    if (!id_from_prefixed(ID_PREFIX_DIRECTORY, call->op->parameters[0], &id.id))
        return directory_refuse_unknown(err);
    return directory_load(call, &id, lock, directory, err);
}

json_t *directory_show_row(struct call *call, const struct db_value *row)
{
    struct directory directory = read_row(call, row);
    return directory_show(&directory);
}

static const char *state_name(enum directory_state state)
{
    return state == DIRECTORY_ACTIVE ? "active" : state == DIRECTORY_PAUSED ? "paused" : "deleting";
}

json_t *directory_show(const struct directory *directory)
{
    json_t *policy = json_loadb(directory->policy.data, directory->policy.len, 0, NULL);
    int64_t cadence_s = directory->health.set_cadence_s;
    json_t *cadence = cadence_s ? json_integer(cadence_s) : json_null();
    return json_pack("{s:o, s:o, s:o, s:o, s:b, s:s, s:o, s:o, s:{s:I, s:I}, s:o, s:o, s:o, s:o, s:o, s:o}", "id",
                     show_id(ID_PREFIX_DIRECTORY, &directory->id.id), "organization_id",
                     show_id(ID_PREFIX_ORGANIZATION, &directory->organization.id), "name",
                     json_from_slice(directory->name), "idp", json_from_slice(directory->idp), "primary",
                     directory->is_primary, "state", state_name(directory->state), "guarded_at",
                     show_time_or_null(directory->guarded_ms), "policy", policy ? policy : json_object(), "counts",
                     "users", (json_int_t)directory->users, "groups", (json_int_t)directory->groups, "created_at",
                     show_time(directory->created_ms), "updated_at", show_time(directory->updated_ms), "deleted_at",
                     show_time_or_null(directory->deleted_ms), "erase_at", show_time_or_null(directory->erase_ms),
                     "expected_cadence_seconds", cadence, "health",
                     health_show(&directory->health, directory->idp, directory->state == DIRECTORY_PAUSED));
}
