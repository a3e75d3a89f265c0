/* Resources by a list of ids. */
#include <pthread.h>

#include "query_private.h"
#include "row.h"
#include "store_sql.h"

enum { SIZES = 3, LONGEST = 100 };

/* A list is filled up to the next size with its last id. */
static const size_t sizes[SIZES] = {1, 16, LONGEST};

static struct {
    pthread_once_t once;
    char text[SIZES][QUERY_STATEMENT_BYTES];
} statements = {.once = PTHREAD_ONCE_INIT};

static void compose(void)
{
    for (size_t i = 0; i < SIZES; i++)
        query_compose(sql_order_rows, sizes[i], statements.text[i]);
}

struct wanted {
    const struct resource_id *ids;
    size_t count;
    struct arena *arena;
    struct view_resource *rows;
};

static bool keep(const struct db_value *values, void *context)
{
    const struct wanted *wanted = context;
    struct resource_id id;
    db_id_out(&values[ROW_ID], &id.id);
    for (size_t i = 0; i < wanted->count; i++)
        if (id_equals(&wanted->ids[i].id, &id.id))
            row_read(values, wanted->arena, &wanted->rows[i]);
    return true;
}

static bool load(struct db *db, struct directory_id directory, uint16_t type, struct wanted *wanted, struct err *err)
{
    struct db_value parameters[2 + LONGEST] = {db_id(&directory.id), db_integer(type)};
    size_t size = 0;
    while (sizes[size] < wanted->count)
        size++;
    for (size_t i = 0; i < sizes[size]; i++)
        parameters[2 + i] = db_id(&wanted->ids[i < wanted->count ? i : wanted->count - 1].id);
    return query_each(db, statements.text[size], parameters, 2 + sizes[size], keep, wanted, err);
}

bool store_rows(struct db *db, struct directory_id directory, uint16_t type, const struct resource_id *ids,
                size_t count, struct arena *arena, struct view_resource *rows_out, struct err *err)
{
    pthread_once(&statements.once, compose);
    memset(rows_out, 0, count * sizeof(*rows_out));
    for (size_t first = 0; first < count; first += LONGEST) {
        size_t taken = count - first < LONGEST ? count - first : LONGEST;
        struct wanted wanted = {.ids = ids + first, .count = taken, .arena = arena, .rows = rows_out + first};
        if (!load(db, directory, type, &wanted, err))
            return false;
    }
    return true;
}
