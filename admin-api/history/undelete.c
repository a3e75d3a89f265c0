#include "undelete.h"

#include "admin_api_sql.h"
#include "base/json.h"
#include "regroup.h"
#include "store/query.h"

struct others { /* in the arena */
    struct resource_id *groups, *managed;
    size_t group_count, managed_count, capacity;
};

static bool names(struct slice entries, const struct resource_id *member)
{
    bool added;
    struct resource_id named;
    while (history_next_member(&entries, &added, &named))
        if (!added && id_equals(&named.id, &member->id))
            return true;
    return false;
}

static void grow(struct others *others, struct arena *arena)
{
    size_t capacity = others->capacity ? others->capacity * 4 : 16;
    struct resource_id *lists = arena_array(arena, struct resource_id, capacity * 2);
    if (others->group_count)
        memcpy(lists, others->groups, others->group_count * sizeof *lists);
    if (others->managed_count)
        memcpy(lists + capacity, others->managed, others->managed_count * sizeof *lists);
    *others = (struct others){lists, lists + capacity, others->group_count, others->managed_count, capacity};
}

static void note(const struct undelete *undelete, const struct db_value *row, struct others *others,
                 struct arena *arena)
{
    struct resource_id id;
    db_id_out(&row[1], &id.id);
    if (id_equals(&id.id, &undelete->of.id.id))
        return;
    if (others->group_count == others->capacity || others->managed_count == others->capacity)
        grow(others, arena);
    if (row[2].integer == HISTORY_MEMBERS && names(row[3].bytes, &undelete->of.id))
        others->groups[others->group_count++] = id;
    if (row[2].integer == HISTORY_UPDATED && row[0].integer == SCIM_TYPE_USER)
        others->managed[others->managed_count++] = id;
}

static bool read_operation(struct db *db, const struct undelete *undelete, struct others *others, struct arena *arena,
                           struct err *err)
{
    const struct db_value parameters[] = {db_id(&undelete->deletion.id), db_id(&undelete->of.directory.id)};
    struct db_rows *rows = db_query(db, sql_history_operation, parameters, 2, err);
    const struct db_value *row;
    if (!rows)
        return false;
    while ((row = db_next(rows)))
        note(undelete, row, others, arena);
    return db_rows_end(rows, err);
}

static json_t *name_manager(const struct undelete *undelete)
{
    char id[ID_UUID_CHARS + 1];
    id_to_uuid(&undelete->of.id.id, id);
    return json_pack("{s:[s], s:[{s:s, s:s, s:s}]}", "schemas", "urn:ietf:params:scim:api:messages:2.0:PatchOp",
                     "Operations", "op", "add", "path", SCIM_URN_ENTERPRISE ":manager.value", "value", id);
}

/* Those who still have no manager. */
static bool manage_some(struct db *db, const struct inside *inside, struct undelete *undelete,
                        const struct resource_id *ids, size_t count, struct arena *arena, struct err *err)
{
    struct view_resource *rows = arena_array(arena, struct view_resource, count);
    struct inside_op ops[INSIDE_MOST_JOBS];
    size_t op_count = 0;
    if (!store_rows(db, undelete->of.directory, SCIM_TYPE_USER, ids, count, arena, rows, err))
        return false;
    json_scoped *body = name_manager(undelete);
    for (size_t i = 0; i < count; i++)
        if (rows[i].version && !rows[i].has_manager)
            ops[op_count++] =
                (struct inside_op){.method = "PATCH", .path = inside_path(arena, SCIM_TYPE_USER, ids[i]), .body = body};
    if (op_count > 0 && !inside_run(db, inside, ops, op_count, err))
        return false;
    for (size_t i = 0; i < op_count; i++)
        undelete->managed += ops[i].err.kind == ERR_NONE;
    inside_release(ops, op_count);
    return true;
}

static bool manage_again(struct db *db, const struct inside *inside, struct undelete *undelete,
                         const struct others *others, struct arena *arena, struct err *err)
{
    for (size_t first = 0; first < others->managed_count; first += INSIDE_MOST_JOBS) {
        size_t rest = others->managed_count - first, count = rest < INSIDE_MOST_JOBS ? rest : INSIDE_MOST_JOBS;
        if (!manage_some(db, inside, undelete, others->managed + first, count, arena, err))
            return false;
    }
    return true;
}

bool undelete_others(struct db *db, const struct inside *inside, struct undelete *undelete, struct arena *arena,
                     struct err *err)
{
    struct others others = {.group_count = 0};
    if (!read_operation(db, undelete, &others, arena, err) ||
        !regroup_member(db, inside, undelete->of.id, others.groups, others.group_count, &undelete->groups_gone, err))
        return false;
    undelete->groups = others.group_count - undelete->groups_gone;
    return undelete->of.type != SCIM_TYPE_USER || manage_again(db, inside, undelete, &others, arena, err);
}
