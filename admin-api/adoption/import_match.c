/* Linking imported vendor users to those users of the directory who are there already. What comes later is linked when
 * it is written (server/store/view_vendor_users.c). */
#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/must.h"
#include "vendor_import.h"

enum { LINK_WIDTH = 6 };

struct waiting { /* a chunk of vendor users that are not linked */
    struct store_vendor_row rows[IMPORT_CHUNK];
    struct id ids[IMPORT_CHUNK];
    int64_t numbers[IMPORT_CHUNK]; /* rows of the file */
    struct store_vendor_found found[IMPORT_CHUNK];
    size_t count;
};

static struct slice key_of(const struct store_vendor_row *row, enum vendor_match how)
{
    return how == VENDOR_BY_EMAIL ? row->email_key : row->user_name_key;
}

static bool match(struct import *import, enum vendor_match how, struct waiting *waiting, struct err *err)
{
    return waiting->count == 0 ||
           store_vendor_match(import->run->db, import->run->directory, &import->rules->policy, how, !import->dry,
                              waiting->rows, waiting->count, &import->arena, waiting->found, err);
}

static struct store_vendor_found conflict(enum vendor_conflict why)
{
    return (struct store_vendor_found){.state = VENDOR_CONFLICT, .conflict = why};
}

/* Two of them may have found the same user: the first one gets it. */
static void part(struct waiting *waiting)
{
    struct import_seen *taken = import_seen_new();
    for (size_t i = 0; i < waiting->count; i++) {
        struct store_vendor_found *found = &waiting->found[i];
        struct slice resource = slice_of((const char *)found->resource.id.bytes, ID_BYTES);
        if (found->state == VENDOR_MATCHED && import_seen_add(taken, resource, (int64_t)i + 1) != (int64_t)i + 1)
            *found = conflict(VENDOR_TAKEN);
    }
    import_seen_free(taken);
}

static void count_found(struct import *import, enum vendor_match how, const struct waiting *waiting)
{
    for (size_t i = 0; i < waiting->count; i++) {
        const struct store_vendor_found *found = &waiting->found[i];
        if (found->state == VENDOR_MATCHED)
            import->counts[how == VENDOR_BY_EMAIL ? COUNT_MATCHED_EMAILS : COUNT_MATCHED_NAMES]++;
        else if (found->state == VENDOR_CONFLICT)
            import_list_conflict(import, waiting->numbers[i], how, found->conflict, key_of(&waiting->rows[i], how),
                                 waiting->rows[i].vendor_user_id);
    }
}

/* --- those of the table --- */

static struct slice text_of(struct arena *arena, const struct db_value *value)
{
    return value->kind == DB_BYTES ? arena_slice(arena, value->bytes) : SLICE_EMPTY;
}

static bool load_waiting(struct import *import, const struct id *after, struct waiting *waiting, struct err *err)
{
    struct db_value parameters[] = {db_id(&import->run->directory.id), db_id(&import->run->id), db_id(after),
                                    db_integer(IMPORT_CHUNK)};
    struct db_rows *rows = db_query(import->run->db, sql_import_waiting, parameters, 4, err);
    const struct db_value *row;
    waiting->count = 0;
    while (rows && (row = db_next(rows))) {
        size_t at = waiting->count++;
        db_id_out(&row[0], &waiting->ids[at]);
        waiting->rows[at] = (struct store_vendor_row){
            .vendor_user_id = text_of(&import->arena, &row[1]),
            .user_name_key = text_of(&import->arena, &row[2]),
            .email_key = text_of(&import->arena, &row[3]),
            .previous_external = text_of(&import->arena, &row[4]),
        };
        waiting->numbers[at] = row[5].integer;
    }
    return rows && db_rows_end(rows, err);
}

static size_t fill_links(const struct import *import, enum vendor_match how, const struct waiting *waiting,
                         struct db_value *values)
{
    size_t count = 0;
    for (size_t i = 0; i < waiting->count; i++) {
        if (waiting->found[i].state != VENDOR_MATCHED)
            continue;
        const struct db_value row[LINK_WIDTH] = {db_id(&waiting->found[i].resource.id),
                                                 db_integer(how),
                                                 db_integer(import->now_ms),
                                                 db_integer(import->now_ms),
                                                 db_id(&import->run->directory.id),
                                                 db_id(&waiting->ids[i])};
        memcpy(&values[LINK_WIDTH * count++], row, sizeof row);
    }
    return count;
}

/* And those of earlier imports who have the same: this import's own come by themselves. */
static bool save_conflicts(const struct import *import, enum vendor_match how, const struct waiting *waiting,
                           struct db_value *values, struct err *err)
{
    struct db *db = import->run->db;
    const char *shared = how == VENDOR_BY_EMAIL ? sql_import_doubt_email : sql_import_doubt_user_name;
    size_t count = 0, shared_count = 0;
    for (size_t i = 0; i < waiting->count; i++) {
        if (waiting->found[i].state != VENDOR_CONFLICT)
            continue;
        const struct db_value row[] = {db_integer(waiting->found[i].conflict), db_id(&import->run->directory.id),
                                       db_id(&waiting->ids[i])};
        memcpy(&values[3 * count++], row, sizeof row);
    }
    if (count > 0 && !db_execute_bulk(db, sql_import_doubt, values, 3, count, NULL, err))
        return false;
    for (size_t i = 0; i < waiting->count; i++) {
        if (waiting->found[i].state != VENDOR_CONFLICT || waiting->found[i].conflict != VENDOR_SHARED)
            continue;
        const struct db_value row[] = {db_id(&import->run->directory.id), db_bytes(key_of(&waiting->rows[i], how)),
                                       db_id(&import->run->id)};
        memcpy(&values[3 * shared_count++], row, sizeof row);
    }
    return shared_count == 0 || db_execute_bulk(db, shared, values, 3, shared_count, NULL, err);
}

static bool save(const struct import *import, enum vendor_match how, const struct waiting *waiting, struct err *err)
{
    struct db_value *values = calloc((size_t)LINK_WIDTH * IMPORT_CHUNK, sizeof *values);
    must(values);
    size_t links = fill_links(import, how, waiting, values);
    bool good =
        (links == 0 || db_execute_bulk(import->run->db, sql_import_link, values, LINK_WIDTH, links, NULL, err)) &&
        save_conflicts(import, how, waiting, values, err);
    free(values);
    return good;
}

static bool read_after(const struct import *import, struct id *after_out)
{
    const char *text = json_string_value(json_object_get(import->run->checkpoint, "after"));
    *after_out = (struct id){{0}};
    return text && id_from_uuid(slice_str(text), true, after_out);
}

static json_t *place_of(const struct id *id)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(id, text);
    return json_pack("{s:s}", "after", text);
}

/* One chunk in the open transaction. */
static bool match_chunk(struct import *import, enum vendor_match how, bool *more_out, bool *go_on_out, struct err *err)
{
    struct id after;
    struct waiting *waiting = arena_new(&import->arena, struct waiting);
    read_after(import, &after);
    if (!load_waiting(import, &after, waiting, err) || !match(import, how, waiting, err))
        return false;
    *more_out = waiting->count > 0;
    *go_on_out = true;
    if (waiting->count == 0)
        return true;
    part(waiting);
    count_found(import, how, waiting);
    return save(import, how, waiting, err) && import_flush_problems(import, err) &&
           import_keep(import, place_of(&waiting->ids[waiting->count - 1]), go_on_out, err);
}

struct table_pass {
    enum vendor_match how;
    bool more, go_on;
};

static bool run_table_chunk(struct import *import, void *context, struct err *err)
{
    struct table_pass *pass = context;
    return match_chunk(import, pass->how, &pass->more, &pass->go_on, err);
}

bool import_match_all(struct import *import, enum vendor_match how, bool *go_on_out, struct err *err)
{
    struct table_pass pass = {.how = how, .more = true, .go_on = true};
    bool patient = true; /* false: told to stop while it waited */
    while (pass.more && pass.go_on && patient) {
        if (!import_transact_patiently(import, run_table_chunk, &pass, &patient, err))
            return false;
        arena_reset(&import->arena);
    }
    *go_on_out = pass.go_on && patient;
    return true;
}

/* --- those of the file, without writing --- */

static bool waits(const struct import *import, const struct import_item *item)
{
    int64_t number = item->row.number;
    int64_t decided = import_seen_first(import->decided, slice_of((const char *)&number, sizeof number));
    bool written = item->action == ACTION_CREATE || item->action == ACTION_REPLACE;
    return written && !item->linked && (!decided || decided == (int64_t)import->how);
}

static void decide(struct import *import, int64_t number)
{
    import_seen_add(import->decided, slice_of((const char *)&number, sizeof number), (int64_t)import->how);
}

/* What the rows of the file do to one another, of which the table knows nothing yet. */
static void add_file(struct import *import, enum vendor_match how, struct waiting *waiting)
{
    const struct import_seen *seen = how == VENDOR_BY_EMAIL ? import->emails : import->user_names;
    for (size_t i = 0; i < waiting->count; i++) {
        struct store_vendor_found *found = &waiting->found[i];
        struct slice key = key_of(&waiting->rows[i], how);
        struct slice resource = slice_of((const char *)found->resource.id.bytes, ID_BYTES);
        if (key.len > 0 && import_seen_twice(seen, key))
            *found = conflict(VENDOR_SHARED);
        else if (found->state == VENDOR_MATCHED &&
                 import_seen_add(import->taken, resource, waiting->numbers[i]) != waiting->numbers[i])
            *found = conflict(VENDOR_TAKEN);
        if (found->state != VENDOR_UNMATCHED)
            decide(import, waiting->numbers[i]);
    }
}

bool import_try_chunk(struct import *import, struct err *err)
{
    struct waiting *waiting = arena_new(&import->arena, struct waiting);
    if (!import_plan(import, false, err))
        return false;
    for (size_t i = 0; i < import->count; i++) {
        const struct import_item *item = &import->items[i];
        if (!waits(import, item))
            continue;
        waiting->numbers[waiting->count] = item->row.number;
        waiting->rows[waiting->count++] = (struct store_vendor_row){
            .vendor_user_id = item->row.values[IMPORT_ID],
            .user_name_key = item->row.user_name_key,
            .email_key = item->row.email_key,
            .previous_external = item->previous_external,
        };
    }
    if (!match(import, import->how, waiting, err))
        return false;
    add_file(import, import->how, waiting);
    count_found(import, import->how, waiting);
    return true;
}
