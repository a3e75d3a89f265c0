/* Letting go: what is shown of somebody is again what is. */
#include "admin_api_sql.h"
#include "base/json.h"
#include "guards.h"
#include "store/event.h"

enum { AT_A_TIME = 5000 };

static bool lock(struct db *db, const struct guard_letting_go *letting_go, bool *guarded_out, struct err *err)
{
    const struct db_value directory = db_id(&letting_go->directory.id), *row;
    if (!db_query_one(db, sql_guard_lock_admin, &directory, 1, &row, err))
        return false;
    *guarded_out = row && row[0].kind != DB_NULL;
    return true;
}

static bool choose_named(struct db *db, const struct guard_letting_go *letting_go, uint64_t *chosen_out,
                         struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    struct db_value *values = arena_array(&arena, struct db_value, 2 * letting_go->count + 1);
    for (size_t i = 0; i < letting_go->count; i++) {
        values[2 * i] = db_id(&letting_go->directory.id);
        values[2 * i + 1] = db_id(&letting_go->users[i].id);
    }
    *chosen_out = 0;
    bool chosen =
        letting_go->count == 0 || db_execute_bulk(db, sql_guard_choose, values, 2, letting_go->count, chosen_out, err);
    arena_fini(&arena);
    return chosen;
}

static bool choose_some(struct db *db, const struct guard_letting_go *letting_go, uint64_t *chosen_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&letting_go->directory.id), db_integer(AT_A_TIME)};
    return db_execute(db, sql_guard_choose_some, parameters, 2, chosen_out, err);
}

static bool tell(struct db *db, const struct id *operation, const struct db_value *directory, struct err *err)
{
    const struct db_value parameters[] = {db_id(operation), *directory};
    return db_execute(db, sql_guard_tell, parameters, 2, NULL, err) &&
           db_execute(db, sql_guard_tell_groups, directory, 1, NULL, err) &&
           db_execute(db, sql_guard_tell_joined, directory, 1, NULL, err);
}

static bool drop_chosen(struct db *db, const struct guard_letting_go *letting_go, struct err *err)
{
    struct id operation = id_new();
    const struct db_value directory = db_id(&letting_go->directory.id);
    const struct db_value mark[] = {db_id(&operation), db_id(&letting_go->actor), db_integer(letting_go->cause),
                                    directory};
    return db_execute(db, sql_guard_mark, mark, 4, NULL, err) && tell(db, &operation, &directory, err) &&
           db_execute(db, sql_guard_let_go, &directory, 1, NULL, err);
}

static bool drop_named(struct db *db, struct guard_letting_go *letting_go, struct err *err)
{
    return choose_named(db, letting_go, &letting_go->gone, err) && drop_chosen(db, letting_go, err);
}

static bool drop_all(struct db *db, struct guard_letting_go *letting_go, struct err *err)
{
    uint64_t chosen = AT_A_TIME;
    while (chosen == AT_A_TIME) {
        if (!choose_some(db, letting_go, &chosen, err) || !drop_chosen(db, letting_go, err))
            return false;
        letting_go->gone += chosen;
    }
    return true;
}

static bool announce(struct db *db, const struct guard_letting_go *letting_go, struct err *err)
{
    json_scoped *data = json_pack("{s:s}", "how", letting_go->how);
    struct event_new event = {.type = "directory.guard_released",
                              .environment = letting_go->environment,
                              .organization = letting_go->organization,
                              .directory = letting_go->directory,
                              .data = data,
                              .now_ms = letting_go->now_ms,
                              .cause = letting_go->cause};
    return store_event_raise(db, &event, err);
}

static bool open_if_empty(struct db *db, struct guard_letting_go *letting_go, struct err *err)
{
    const struct db_value directory = db_id(&letting_go->directory.id), *row;
    if (!db_query_one(db, sql_guard_any_held, &directory, 1, &row, err))
        return false;
    letting_go->is_open = !row;
    return row || (db_execute(db, sql_guard_open, &directory, 1, NULL, err) && announce(db, letting_go, err));
}

bool guard_let_go(struct db *db, struct guard_letting_go *letting_go, struct err *err)
{
    bool guarded;
    letting_go->gone = 0;
    if (!lock(db, letting_go, &guarded, err))
        return false;
    letting_go->is_open = !guarded;
    return !guarded ||
           ((letting_go->users ? drop_named : drop_all)(db, letting_go, err) && open_if_empty(db, letting_go, err));
}

void guard_read_users(const json_t *list, struct arena *arena, struct resource_id **ids_out, size_t *count_out)
{
    *ids_out = NULL;
    *count_out = 0;
    if (!json_is_array(list))
        return;
    *ids_out = arena_array(arena, struct resource_id, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++)
        *count_out += id_from_uuid(json_slice(json_array_get(list, i)), true, &(*ids_out)[*count_out].id);
}
