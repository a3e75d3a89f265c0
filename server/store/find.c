#include "store/find.h"

#include <stdlib.h>

#include "base/buf.h"
#include "base/must.h"

enum { MOST_BYTES = 65536 };

static const size_t sizes[STORE_FIND_SIZES] = {1, 8, 32, 128, STORE_FIND_LONGEST};
static pthread_mutex_t composing = PTHREAD_MUTEX_INITIALIZER;

void store_keys_add(struct store_keys *keys, struct arena *arena, struct slice key)
{
    if (key.len == 0)
        return;
    if (keys->count == keys->capacity) {
        size_t capacity = keys->capacity ? keys->capacity * 2 : 32;
        struct slice *list = arena_array(arena, struct slice, capacity);
        if (keys->count)
            memcpy(list, keys->list, keys->count * sizeof(*list));
        keys->list = list;
        keys->capacity = capacity;
    }
    keys->list[keys->count++] = key;
}

static char *compose(const char *sql, size_t count)
{
    struct buf text;
    buf_init(&text, MOST_BYTES);
    for (const char *mark; (mark = strstr(sql, "?*")); sql = mark + 2) {
        buf_add(&text, slice_of(sql, (size_t)(mark - sql)));
        for (size_t i = 0; i < count; i++)
            buf_add_str(&text, i ? ", ?" : "?");
    }
    buf_add_str(&text, sql);
    buf_add_char(&text, '\0');
    must(!text.overflowed);
    return text.data; /* a statement's text lives as long as the process */
}

static const char *text_for(struct store_find_query *query, size_t class)
{
    pthread_mutex_lock(&composing);
    if (!query->text[class])
        query->text[class] = compose(query->sql, sizes[class]);
    const char *text = query->text[class];
    pthread_mutex_unlock(&composing);
    return text;
}

static size_t length_from(const struct store_keys *keys, size_t from)
{
    return keys->count > from ? keys->count - from : 0;
}

static size_t class_for(const struct store_find_query *query, const struct store_keys *lists, size_t from)
{
    size_t longest = 0, class = 0;
    for (size_t i = 0; i < query->lists; i++)
        if (length_from(&lists[i], from) > longest)
            longest = length_from(&lists[i], from);
    while (class + 1 < STORE_FIND_SIZES && sizes[class] < longest)
        class ++;
    return class;
}

/* An arm's keys, filled up with its last one. An empty list is all NULL, which nothing equals. */
static void fill_arm(const struct store_keys *keys, size_t from, size_t size, struct db_value *values)
{
    size_t count = length_from(keys, from);
    for (size_t i = 0; i < size; i++)
        values[i] = count ? db_bytes(keys->list[from + (i < count ? i : count - 1)]) : db_null();
}

static bool ask(struct db *db, struct store_find_query *query, const struct directory_id *directory,
                const struct store_keys *lists, size_t from, store_find_fn *visit, void *context, struct err *err)
{
    size_t class = class_for(query, lists, from), arm = 1 + sizes[class];
    struct db_value *values = calloc(query->lists * arm, sizeof(*values));
    must(values);
    for (size_t i = 0; i < query->lists; i++) {
        values[i * arm] = db_id(&directory->id);
        fill_arm(&lists[i], from, sizes[class], &values[i * arm + 1]);
    }
    struct db_rows *rows = db_query(db, text_for(query, class), values, query->lists * arm, err);
    free(values);
    const struct db_value *row;
    while (rows && (row = db_next(rows)))
        visit(row, context);
    return rows && db_rows_end(rows, err);
}

bool store_find(struct db *db, struct store_find_query *query, struct directory_id directory,
                const struct store_keys *lists, store_find_fn *visit, void *context, struct err *err)
{
    size_t longest = 0;
    must(query->lists <= STORE_FIND_LISTS);
    for (size_t i = 0; i < query->lists; i++)
        longest = lists[i].count > longest ? lists[i].count : longest;
    for (size_t from = 0; from < longest; from += STORE_FIND_LONGEST)
        if (!ask(db, query, &directory, lists, from, visit, context, err))
            return false;
    return true;
}
