#include "store/held.h"

#include "base/must.h"
#include "query_private.h"
#include "row.h"
#include "store/find.h"
#include "store_sql.h"

enum { HELD_KINDS = ROW_COLUMN_COUNT, HELD_SINCE };

bool store_guarded(struct db *db, struct directory_id directory, int64_t *since_ms_out, struct err *err)
{
    const struct db_value parameter = db_id(&directory.id), *row;
    if (!db_query_one(db, sql_held_state, &parameter, 1, &row, err))
        return false;
    *since_ms_out = row ? row[0].integer : 0;
    return true;
}

static struct store_held held_of(const struct db_value *values)
{
    return (struct store_held){.kinds = (unsigned)values[HELD_KINDS].integer, .since_ms = values[HELD_SINCE].integer};
}

struct visitor {
    store_held_fn *visit;
    void *context;
};

static bool visit_row(const struct db_value *values, void *context)
{
    const struct visitor *visitor = context;
    struct view_resource row;
    struct store_held held = held_of(values);
    row_borrow(values, &row);
    return visitor->visit(&row, &held, visitor->context);
}

bool store_held_after(struct db *db, struct directory_id directory, struct resource_id after, struct resource_id until,
                      uint64_t limit, store_held_fn *visit, void *context, struct err *err)
{
    must(limit <= INT64_MAX);
    const struct db_value parameters[] = {db_id(&directory.id), db_id(&after.id), db_id(&until.id),
                                          db_integer((int64_t)limit)};
    struct visitor visitor = {visit, context};
    return query_each(db, sql_held_after, parameters, 4, visit_row, &visitor, err);
}

struct wanted {
    const struct resource_id *ids;
    size_t count;
    struct arena *arena;
    struct view_resource *rows;
    struct store_held *held;
    struct view_refs *refs;
    size_t capacity;
};

/* NULL: it was not asked for. Few are held: no search tree is made for them. */
static const struct resource_id *find(const struct wanted *wanted, const struct db_value *value)
{
    struct id id;
    db_id_out(value, &id);
    for (size_t i = 0; i < wanted->count; i++)
        if (id_equals(&wanted->ids[i].id, &id))
            return &wanted->ids[i];
    return NULL;
}

static void keep_row(const struct db_value *values, void *context)
{
    struct wanted *wanted = context;
    const struct resource_id *at = find(wanted, &values[ROW_ID]);
    if (!at)
        return;
    row_read(values, wanted->arena, &wanted->rows[at - wanted->ids]);
    wanted->held[at - wanted->ids] = held_of(values);
}

static void keep_group(const struct db_value *values, void *context)
{
    struct wanted *wanted = context;
    const struct resource_id *at = find(wanted, &values[0]);
    if (!at)
        return;
    struct view_refs *refs = &wanted->refs[at - wanted->ids];
    struct scim_group_ref *list = arena_array(wanted->arena, struct scim_group_ref, refs->count + 1);
    if (refs->count)
        memcpy(list, refs->list, refs->count * sizeof(*list));
    struct scim_group_ref *ref = &list[refs->count++];
    ref->type = SCIM_TYPE_GROUP;
    ref->indirect = values[2].integer != 0;
    db_id_out(&values[1], &ref->id.id);
    if (values[3].kind == DB_BYTES)
        ref->display = arena_slice(wanted->arena, values[3].bytes);
    refs->list = list;
}

static struct store_keys keys_of(const struct resource_id *ids, size_t count, struct arena *arena)
{
    struct store_keys keys = {NULL, 0, 0};
    for (size_t i = 0; i < count; i++)
        store_keys_add(&keys, arena, slice_of((const char *)ids[i].id.bytes, ID_BYTES));
    return keys;
}

bool store_held_rows(struct db *db, struct directory_id directory, const struct resource_id *ids, size_t count,
                     struct arena *arena, struct view_resource *rows_out, struct store_held *held_out, struct err *err)
{
    static struct store_find_query query = {.sql = sql_held_rows, .lists = 1};
    struct wanted wanted = {.ids = ids, .count = count, .arena = arena, .rows = rows_out, .held = held_out};
    struct store_keys keys = keys_of(ids, count, arena);
    memset(rows_out, 0, count * sizeof(*rows_out));
    memset(held_out, 0, count * sizeof(*held_out));
    return store_find(db, &query, directory, &keys, keep_row, &wanted, err);
}

bool store_held_groups_of(struct db *db, struct directory_id directory, const struct resource_id *ids, size_t count,
                          struct arena *arena, struct view_refs *refs_out, struct err *err)
{
    static struct store_find_query query = {.sql = sql_held_groups_of, .lists = 1};
    struct wanted wanted = {.ids = ids, .count = count, .arena = arena, .refs = refs_out};
    struct store_keys keys = keys_of(ids, count, arena);
    memset(refs_out, 0, count * sizeof(*refs_out));
    return store_find(db, &query, directory, &keys, keep_group, &wanted, err);
}
