#include "store/deleted.h"

#include <pthread.h>

#include "base/must.h"
#include "query_private.h"
#include "row.h"
#include "store_sql.h"

enum { LIST = 100 }; /* ids that one statement asks for; a shorter list is filled up with its last id */

static struct {
    pthread_once_t once;
    char rows[QUERY_STATEMENT_BYTES], groups[QUERY_STATEMENT_BYTES];
} composed = {.once = PTHREAD_ONCE_INIT};

static void compose(void)
{
    query_compose(sql_deleted_rows, LIST, composed.rows);
    query_compose(sql_deleted_groups_of, LIST, composed.groups);
}

bool store_deleted_after(struct db *db, struct directory_id directory, uint16_t type, struct resource_id after,
                         uint64_t limit, store_row_fn *visit, void *context, struct err *err)
{
    must(limit <= INT64_MAX);
    const struct db_value parameters[] = {db_id(&directory.id), db_integer(type), db_id(&after.id),
                                          db_integer((int64_t)limit)};
    return query_each_row(db, sql_deleted_after, parameters, 4, visit, context, err);
}

struct wanted {
    const struct resource_id *ids;
    size_t count;
    struct arena *arena;
    struct view_resource *rows;
    struct view_refs *refs;
    size_t capacity; /* of the list that is growing */
};

static size_t place_of(const struct wanted *wanted, const struct db_value *value)
{
    struct id id;
    db_id_out(value, &id);
    size_t i = 0;
    while (i < wanted->count && !id_equals(&wanted->ids[i].id, &id))
        i++;
    must(i < wanted->count);
    return i;
}

static bool keep_row(const struct db_value *values, void *context)
{
    struct wanted *wanted = context;
    row_read(values, wanted->arena, &wanted->rows[place_of(wanted, &values[ROW_ID])]);
    return true;
}

/* Rows of one member come one behind the other. */
static bool keep_group(const struct db_value *values, void *context)
{
    struct wanted *wanted = context;
    struct view_refs *refs = &wanted->refs[place_of(wanted, &values[0])];
    struct scim_group_ref ref = {.type = SCIM_TYPE_GROUP};
    db_id_out(&values[1], &ref.id.id);
    if (values[2].kind == DB_BYTES)
        ref.display = arena_slice(wanted->arena, values[2].bytes);
    if (refs->count == 0)
        wanted->capacity = 0;
    if (refs->count == wanted->capacity) {
        wanted->capacity = wanted->capacity ? wanted->capacity * 2 : 4;
        struct scim_group_ref *list = arena_array(wanted->arena, struct scim_group_ref, wanted->capacity);
        if (refs->count)
            memcpy(list, refs->list, refs->count * sizeof(*list));
        refs->list = list;
    }
    ((struct scim_group_ref *)(uintptr_t)refs->list)[refs->count++] = ref;
    return true;
}

/* In front of the ids stand the directory and, unless it is 0, the type. */
static bool ask(struct db *db, const char *sql, struct directory_id directory, uint16_t type, struct wanted *wanted,
                query_values_fn *visit, struct err *err)
{
    struct db_value parameters[2 + LIST] = {db_id(&directory.id), db_integer(type)};
    size_t first = type ? 2 : 1;
    for (size_t i = 0; i < LIST; i++)
        parameters[first + i] = db_id(&wanted->ids[i < wanted->count ? i : wanted->count - 1].id);
    return query_each(db, sql, parameters, first + LIST, visit, wanted, err);
}

static size_t taken(size_t left) { return left < LIST ? left : LIST; }

bool store_deleted_rows(struct db *db, struct directory_id directory, uint16_t type, const struct resource_id *ids,
                        size_t count, struct arena *arena, struct view_resource *rows_out, struct err *err)
{
    pthread_once(&composed.once, compose);
    memset(rows_out, 0, count * sizeof(*rows_out));
    for (size_t i = 0; i < count; i += LIST) {
        struct wanted wanted = {.ids = ids + i, .count = taken(count - i), .arena = arena, .rows = rows_out + i};
        if (!ask(db, composed.rows, directory, type, &wanted, keep_row, err))
            return false;
    }
    return true;
}

bool store_deleted_groups_of(struct db *db, struct directory_id directory, const struct resource_id *ids, size_t count,
                             struct arena *arena, struct view_refs *refs_out, struct err *err)
{
    pthread_once(&composed.once, compose);
    memset(refs_out, 0, count * sizeof(*refs_out));
    for (size_t i = 0; i < count; i += LIST) {
        struct wanted wanted = {.ids = ids + i, .count = taken(count - i), .arena = arena, .refs = refs_out + i};
        if (!ask(db, composed.groups, directory, 0, &wanted, keep_group, err))
            return false;
    }
    return true;
}
