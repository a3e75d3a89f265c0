/* Rows of an import become vendor users. */
#include <stdio.h>
#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/must.h"
#include "store/find.h"
#include "vendor_import.h"

enum { INSERT_WIDTH = 12, UPDATE_WIDTH = 10 };

/* --- deciding --- */

static struct slice text_of(struct arena *arena, const struct db_value *value)
{
    return value->kind == DB_BYTES ? arena_slice(arena, value->bytes) : SLICE_EMPTY;
}

static bool is_same(const struct db_value *value, struct slice text)
{
    return slice_equals(value->kind == DB_BYTES ? value->bytes : SLICE_EMPTY, text);
}

static void take_stored(const struct db_value *row, void *context)
{
    struct import *import = context;
    for (size_t i = 0; i < import->count; i++) {
        struct import_item *item = &import->items[i];
        if (!slice_equals(item->row.values[IMPORT_ID], row[0].bytes))
            continue;
        bool same = is_same(&row[3], item->row.values[IMPORT_USER_NAME]) &&
                    is_same(&row[4], item->row.values[IMPORT_EMAIL]) &&
                    is_same(&row[5], item->row.values[IMPORT_DISPLAY_NAME]);
        db_id_out(&row[1], &item->id);
        item->stored = true;
        item->linked = row[2].kind != DB_NULL;
        item->previous_external = text_of(&import->arena, &row[6]);
        item->action = same ? ACTION_LEAVE : import->replaces ? ACTION_REPLACE : ACTION_SKIP;
    }
}

static bool is_repeated(const struct import *import, const struct import_item *item)
{
    return import_seen_first(import->ids, item->row.values[IMPORT_ID]) != item->row.number;
}

static void list_skipped(struct import *import, const struct import_item *item)
{
    char detail[80];
    struct import_problem problem = {item->row.number, import_column_names[IMPORT_ID], detail};
    if (is_repeated(import, item))
        snprintf(detail, sizeof detail, "Row %lld has the same: this row is left out",
                 (long long)import_seen_first(import->ids, item->row.values[IMPORT_ID]));
    else
        snprintf(detail, sizeof detail, "It is stored with other values, which stay: see on_conflict");
    import_list_problem(import, PROBLEM_CONFLICT, &problem, item->row.values[IMPORT_ID]);
}

static void count_item(struct import *import, const struct import_item *item)
{
    static const enum import_count of_action[] = {
        [ACTION_CREATE] = COUNT_CREATED,
        [ACTION_REPLACE] = COUNT_REPLACED,
        [ACTION_LEAVE] = COUNT_UNCHANGED,
        [ACTION_SKIP] = COUNT_SKIPPED,
    };
    import->counts[of_action[item->action]]++;
    bool written = item->action == ACTION_CREATE || item->action == ACTION_REPLACE;
    import->counts[COUNT_TO_MATCH] += written && !item->linked;
    if (item->action == ACTION_SKIP)
        list_skipped(import, item);
}

bool import_plan(struct import *import, bool lists, struct err *err)
{
    static struct store_find_query query = {.sql = sql_import_stored, .lists = 1};
    struct store_keys keys = {NULL, 0, 0};
    for (size_t i = 0; i < import->count; i++) {
        struct import_item *item = &import->items[i];
        item->action = ACTION_CREATE;
        item->stored = item->linked = false;
        store_keys_add(&keys, &import->arena, item->row.values[IMPORT_ID]);
    }
    if (!store_find(import->run->db, &query, import->run->directory, &keys, take_stored, import, err))
        return false;
    for (size_t i = 0; i < import->count; i++) {
        if (is_repeated(import, &import->items[i]))
            import->items[i].action = ACTION_SKIP;
        if (lists)
            count_item(import, &import->items[i]);
    }
    return true;
}

/* --- writing --- */

static void fill_insert(const struct import *import, struct import_item *item, struct db_value *values)
{
    item->id = id_new();
    const struct db_value row[INSERT_WIDTH] = {
        db_id(&import->run->directory.id),
        db_id(&item->id),
        db_bytes(item->row.values[IMPORT_ID]),
        db_bytes_or_null(item->row.values[IMPORT_USER_NAME]),
        db_bytes_or_null(item->row.values[IMPORT_EMAIL]),
        db_bytes_or_null(item->row.values[IMPORT_DISPLAY_NAME]),
        db_bytes_or_null(item->row.user_name_key),
        db_bytes_or_null(item->row.email_key),
        db_id(&import->run->id),
        db_integer(item->row.number),
        db_integer(import->now_ms),
        db_integer(import->now_ms),
    };
    memcpy(values, row, sizeof row);
}

static void fill_update(const struct import *import, const struct import_item *item, struct db_value *values)
{
    const struct db_value row[UPDATE_WIDTH] = {
        db_bytes_or_null(item->row.values[IMPORT_USER_NAME]),
        db_bytes_or_null(item->row.values[IMPORT_EMAIL]),
        db_bytes_or_null(item->row.values[IMPORT_DISPLAY_NAME]),
        db_bytes_or_null(item->row.user_name_key),
        db_bytes_or_null(item->row.email_key),
        db_id(&import->run->id),
        db_integer(item->row.number),
        db_integer(import->now_ms),
        db_id(&import->run->directory.id),
        db_id(&item->id),
    };
    memcpy(values, row, sizeof row);
}

static bool write_items(struct import *import, enum import_action action, struct err *err)
{
    bool inserts = action == ACTION_CREATE;
    size_t width = inserts ? INSERT_WIDTH : UPDATE_WIDTH, rows = 0;
    struct db_value *values = calloc(IMPORT_CHUNK * width, sizeof *values);
    must(values);
    for (size_t i = 0; i < import->count; i++) {
        if (import->items[i].action != action)
            continue;
        struct db_value *row = &values[width * rows++];
        if (inserts)
            fill_insert(import, &import->items[i], row);
        else
            fill_update(import, &import->items[i], row);
    }
    bool good = rows == 0 || db_execute_bulk(import->run->db, inserts ? sql_import_insert : sql_import_replace, values,
                                             width, rows, NULL, err);
    free(values);
    return good;
}

bool import_write_chunk(struct import *import, struct err *err)
{
    if (!import_plan(import, true, err))
        return false;
    return import->dry || (write_items(import, ACTION_CREATE, err) && write_items(import, ACTION_REPLACE, err));
}
