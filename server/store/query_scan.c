/* Looking at every resource of a type, and what such rows leave out. */
#include <pthread.h>

#include "base/must.h"
#include "query_private.h"
#include "store_sql.h"

enum { LIST = 32 }; /* managers that one statement asks for */

bool store_scan(struct db *db, struct directory_id directory, uint16_t type, struct resource_id after, uint64_t limit,
                store_row_fn *visit, void *context, struct err *err)
{
    must(limit <= INT64_MAX);
    const struct db_value parameters[] = {db_id(&directory.id), db_integer(type), db_id(&after.id),
                                          db_integer((int64_t)limit)};
    return query_each_row(db, sql_query_scan, parameters, 4, visit, context, err);
}

static struct {
    pthread_once_t once;
    char text[QUERY_STATEMENT_BYTES];
} managers = {.once = PTHREAD_ONCE_INIT};

static void compose(void) { query_compose(sql_query_managers, LIST, managers.text); }

struct list {
    struct view_resource *rows[LIST]; /* whose managers are asked for */
    size_t count;
    struct arena *arena;
};

static bool know_manager(const struct db_value *values, void *context)
{
    struct list *list = context;
    struct id manager;
    db_id_out(&values[0], &manager);
    struct slice display = SLICE_EMPTY;
    if (values[1].kind == DB_BYTES)
        display = arena_slice(list->arena, values[1].bytes);
    for (size_t i = 0; i < list->count; i++) {
        if (!id_equals(&list->rows[i]->manager_id.id, &manager))
            continue;
        list->rows[i]->manager_known = true;
        list->rows[i]->manager_display = display;
    }
    return true;
}

static bool load_list(struct db *db, struct directory_id directory, struct list *list, struct err *err)
{
    struct db_value parameters[1 + LIST] = {db_id(&directory.id)};
    if (list->count == 0)
        return true;
    for (size_t i = 0; i < LIST; i++)
        parameters[1 + i] = db_id(&list->rows[i < list->count ? i : list->count - 1]->manager_id.id);
    bool good = query_each(db, managers.text, parameters, 1 + LIST, know_manager, list, err);
    list->count = 0;
    return good;
}

bool store_know_managers(struct db *db, struct directory_id directory, struct view_resource *const *rows, size_t count,
                         struct arena *arena, struct err *err)
{
    struct list list = {.arena = arena};
    pthread_once(&managers.once, compose);
    for (size_t i = 0; i < count; i++) {
        if (rows[i]->has_manager && !rows[i]->manager_known)
            list.rows[list.count++] = rows[i];
        if (list.count == LIST && !load_list(db, directory, &list, err))
            return false;
    }
    return load_list(db, directory, &list, err);
}
