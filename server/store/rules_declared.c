/* Undeclared attributes that new rules declare are no longer undeclared. */
#include "base/must.h"
#include "rules_cache.h"
#include "scim/path.h"
#include "store_sql.h"

enum { MOST_PATHS = 1000 }; /* of a directory, see undeclared.c */

struct remembered {
    uint16_t type;
    struct slice path;
};

struct forgetting {
    struct db *db;
    struct directory_id directory;
    const struct scim_rules *rules;
    struct arena arena;
    struct remembered *list;
    size_t count;
};

static bool is_declared(struct forgetting *forgetting, const struct remembered *one)
{
    const struct scim_resource_type *type = scim_rules_type(forgetting->rules, one->type);
    struct scim_path path;
    struct err ignored = ERR_INIT;
    if (!type || !scim_path_parse(one->path, type, &forgetting->arena, ERR_INVALID_PATH, &path, &ignored))
        return false;
    return path.attribute && (path.sub || path.sub_name.len == 0);
}

static bool load(struct forgetting *forgetting, struct err *err)
{
    const struct db_value parameters[] = {db_id(&forgetting->directory.id), db_integer(MOST_PATHS)}, *row;
    struct db_rows *rows = db_query(forgetting->db, sql_undeclared_list, parameters, 2, err);
    if (!rows)
        return false;
    forgetting->list = arena_array(&forgetting->arena, struct remembered, MOST_PATHS);
    while ((row = db_next(rows)) != NULL) {
        must(forgetting->count < MOST_PATHS);
        forgetting->list[forgetting->count++] =
            (struct remembered){(uint16_t)row[0].integer, arena_slice(&forgetting->arena, row[1].bytes)};
    }
    return db_rows_end(rows, err);
}

static bool forget(const struct forgetting *forgetting, const struct remembered *one, struct err *err)
{
    const struct db_value parameters[] = {db_id(&forgetting->directory.id), db_integer(one->type), db_bytes(one->path)};
    return db_execute(forgetting->db, sql_undeclared_delete, parameters, 3, NULL, err);
}

bool rules_forget_declared(struct db *db, struct directory_id directory, const struct scim_rules *rules,
                           struct err *err)
{
    struct forgetting forgetting = {.db = db, .directory = directory, .rules = rules};
    arena_init(&forgetting.arena);
    bool good = load(&forgetting, err);
    for (size_t i = 0; good && i < forgetting.count; i++)
        if (is_declared(&forgetting, &forgetting.list[i]))
            good = forget(&forgetting, &forgetting.list[i], err);
    arena_fini(&forgetting.arena);
    return good;
}
