#include "admin_api_sql.h"
#include "base/must.h"
#include "housekeeping.h"
#include "rewind.h"
#include "scim/document.h"
#include "store/query.h"

enum { SLACK_MS = 10000 }; /* the time in an operation's id is another reading of the clock than that of its change */

/* The columns of rewind_states. */
enum { STATE_ID, STATE_FIRST, STATE_FIRST_KIND, STATE_LAST, STATE_LAST_KIND, STATE_BORN, STATE_KIND, STATE_DOCUMENT };

static struct id first_operation(const struct rewind_at *at) { return housekeeping_first_id(at->ms - SLACK_MS); }

bool rewind_count(struct db *db, const struct rewind_at *at, uint16_t type, int64_t *count_out, struct err *err)
{
    struct id first = first_operation(at);
    const struct db_value parameters[] = {db_id(&at->directory.id), db_integer(type), db_id(&first)}, *row;
    if (!db_query_one(db, sql_rewind_count, parameters, 3, &row, err))
        return false;
    *count_out = row[0].integer;
    return true;
}

/* Where the page ends. */
static bool find_end(struct db *db, const struct rewind_at *at, uint16_t type, struct resource_id after, size_t most,
                     struct rewind_page *page, bool *any_out, struct err *err)
{
    struct id first = first_operation(at);
    const struct db_value parameters[] = {db_id(&at->directory.id), db_integer(type), db_id(&after.id), db_id(&first),
                                          db_integer((int64_t)most)};
    struct db_rows *rows = db_query(db, sql_rewind_changed, parameters, 5, err);
    const struct db_value *row;
    size_t count = 0;
    if (!rows)
        return false;
    for (; (row = db_next(rows)); count++)
        db_id_out(&row[0], &page->last.id);
    page->has_more = count == most;
    *any_out = count > 0;
    return db_rows_end(rows, err);
}

static json_t *parse(const struct db_value *text)
{
    json_t *document = text->kind == DB_NULL ? NULL : json_loadb(text->bytes.data, text->bytes.len, 0, NULL);
    must(document || text->kind == DB_NULL);
    return document;
}

static void take_state(struct rewind_page *page, const struct history_of *of, const struct db_value *row)
{
    struct resource_id id;
    db_id_out(&row[STATE_ID], &id.id);
    if (page->count && id_equals(&page->list[page->count - 1].of.id.id, &id.id))
        return;
    must(page->count < REWIND_PAGE);
    struct rewind_state *state = &page->list[page->count++];
    *state = (struct rewind_state){.of = *of,
                                   .was = row[STATE_FIRST_KIND].integer != HISTORY_CREATED,
                                   .first = (uint64_t)row[STATE_FIRST].integer,
                                   .last = (uint64_t)row[STATE_LAST].integer};
    state->of.id = id;
    if (row[STATE_LAST_KIND].integer == HISTORY_DELETED && row[STATE_BORN].kind != DB_NULL)
        state->born_ms = row[STATE_BORN].integer;
    if (state->was)
        state->document = parse(&row[STATE_DOCUMENT]);
}

static bool load_states(struct db *db, const struct rewind_at *at, uint16_t type, struct resource_id after,
                        struct rewind_page *page, struct err *err)
{
    struct id first = first_operation(at);
    const struct db_value directory = db_id(&at->directory.id), code = db_integer(type);
    const struct db_value parameters[] = {directory,        code,
                                          db_id(&after.id), db_id(&page->last.id),
                                          db_id(&first),    db_integer(at->ms),
                                          directory,        code,
                                          directory,        code,
                                          directory,        code,
                                          directory,        code};
    const struct history_of of = {.directory = at->directory, .type = type};
    struct db_rows *rows = db_query(db, sql_rewind_states, parameters, sizeof parameters / sizeof parameters[0], err);
    const struct db_value *row;
    if (!rows)
        return false;
    while ((row = db_next(rows)))
        take_state(page, &of, row);
    return db_rows_end(rows, err);
}

static bool load_current(struct db *db, struct rewind_page *page, struct err *err)
{
    struct resource_id ids[REWIND_PAGE];
    struct view_resource rows[REWIND_PAGE];
    struct arena arena;
    if (page->count == 0)
        return true;
    for (size_t i = 0; i < page->count; i++)
        ids[i] = page->list[i].of.id;
    arena_init(&arena);
    const struct history_of *of = &page->list[0].of;
    bool loaded = store_rows(db, of->directory, of->type, ids, page->count, &arena, rows, err);
    for (size_t i = 0; loaded && i < page->count; i++) {
        page->list[i].is = rows[i].version > 0;
        if (page->list[i].is)
            page->list[i].current = scim_document_load(rows[i].stored);
    }
    arena_fini(&arena);
    return loaded;
}

/* Its members alone have changed since, as far as rows go back: then it looks as the next row says, or as it does now.
 */
static bool find_document(struct db *db, struct rewind_state *state, struct err *err)
{
    const struct history_of *of = &state->of;
    const struct db_value parameters[] = {db_id(&of->directory.id), db_integer(of->type), db_id(&of->id.id),
                                          db_integer((int64_t)state->first)};
    const struct db_value *row;
    if (!state->was || state->document)
        return true;
    if (!db_query_one(db, sql_rewind_next_document, parameters, 4, &row, err))
        return false;
    state->document = row ? parse(&row[0]) : json_incref(state->current);
    return true;
}

bool rewind_load(struct db *db, const struct rewind_at *at, uint16_t type, struct resource_id after, size_t most,
                 struct rewind_page *page_out, struct err *err)
{
    bool any;
    *page_out = (struct rewind_page){.count = 0};
    must(most <= REWIND_PAGE);
    if (!find_end(db, at, type, after, most, page_out, &any, err))
        return false;
    bool good = !any || (load_states(db, at, type, after, page_out, err) && load_current(db, page_out, err));
    for (size_t i = 0; good && i < page_out->count; i++)
        good = find_document(db, &page_out->list[i], err);
    if (!good)
        rewind_drop(page_out);
    return good;
}

void rewind_drop(struct rewind_page *page)
{
    for (size_t i = 0; i < page->count; i++) {
        json_decref(page->list[i].document);
        json_decref(page->list[i].current);
    }
    page->count = 0;
}
