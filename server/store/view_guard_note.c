/* What the guard writes: how those who leave were before, and that it has tripped. Whoever writes here holds the
 * directory's row of directory_guard until the commit: departures of a directory are counted one batch after the other,
 * on whatever server. */
#include <jansson.h>

#include "base/must.h"
#include "store/event.h"
#include "store/find.h"
#include "store/query.h"
#include "store_sql.h"
#include "view_guard.h"
#include "view_people.h"

enum { CHUNK = 500, LEAST_FOR_PERCENT = 5 };

/* --- coming back --- */

static bool any_noted(const struct guarding *guarding, struct db *db, bool *any_out, struct err *err)
{
    const struct db_value directory = db_id(&guarding->directory.id), *row;
    if (!db_query_one(db, sql_guard_any, &directory, 1, &row, err))
        return false;
    *any_out = row != NULL;
    return true;
}

/* Row by row: other departures of the directory may be in the hands of other batches. */
struct returns {
    struct people_rows kinds, users;
};

static void add_return(const struct guarding *guarding, struct returns *returns, unsigned kind, const struct id *id)
{
    PEOPLE_ROW(&returns->kinds, db_integer(kind), db_id(&guarding->directory.id), db_id(id));
    PEOPLE_ROW(&returns->users, db_id(&guarding->directory.id), db_id(id));
}

static void collect_returns(const struct guarding *guarding, struct returns *returns)
{
    for (const struct known *known = guarding->view->staged_resources; known; known = known->next_staged) {
        bool is_user = view_is_user(known) && id_equals(&known->key.directory.id, &guarding->directory.id);
        if (!is_user || !known->exists)
            continue;
        if (!known->existed)
            add_return(guarding, returns, DEPARTURE_DELETED, &known->key.id);
        else if (known->keys_before && known->keys_before->inactive && known->keys_after &&
                 !known->keys_after->inactive)
            add_return(guarding, returns, DEPARTURE_DEACTIVATED, &known->key.id);
    }
    for (size_t i = 0; i < guarding->count; i++)
        if (guarding->list[i].joins_group)
            add_return(guarding, returns, DEPARTURE_EMPTIED, &guarding->list[i].id.id);
}

bool guard_note_returns(struct guarding *guarding, struct db *db, struct err *err)
{
    struct returns returns = {.kinds = {.view = guarding->view, .width = 3},
                              .users = {.view = guarding->view, .width = 2}};
    bool any;
    collect_returns(guarding, &returns);
    if (returns.kinds.count == 0)
        return true;
    if (!any_noted(guarding, db, &any, err) || !any)
        return err->kind == ERR_NONE;
    return people_run(db, sql_guard_return, &returns.kinds, NULL, err) &&
           people_run(db, sql_guard_returned, &returns.users, NULL, err);
}

/* --- leaving --- */

static bool read_lock(const struct guarding *guarding, struct db *db, bool *there_out, bool *held_out, struct err *err)
{
    const struct db_value directory = db_id(&guarding->directory.id), *row;
    if (!db_query_one(db, sql_guard_lock, &directory, 1, &row, err))
        return false;
    *there_out = row != NULL;
    *held_out = row && row[0].kind != DB_NULL;
    return true;
}

static bool lock(const struct guarding *guarding, struct db *db, bool *held_out, struct err *err)
{
    const struct db_value directory = db_id(&guarding->directory.id);
    bool there;
    return read_lock(guarding, db, &there, held_out, err) &&
           (there || (db_execute(db, sql_guard_begin, &directory, 1, NULL, err) &&
                      read_lock(guarding, db, &there, held_out, err)));
}

static bool expire(const struct guarding *guarding, struct db *db, struct err *err)
{
    const struct db_value parameters[] = {
        db_id(&guarding->directory.id),
        db_integer(guarding->now_ms - (int64_t)guarding->guard->window_s * 1000),
    };
    return db_execute(db, sql_guard_expire, parameters, 2, NULL, err);
}

static struct departing *find(const struct guarding *guarding, const struct id *id)
{
    size_t low = 0, high = guarding->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = id_compare(&guarding->list[middle].id.id, id);
        if (order == 0)
            return &guarding->list[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

struct knowing {
    struct guarding *guarding;
    struct people_rows again;
};

/* Who has left before has left once more: as it was before the first time is what counts. */
static void take_known(const struct db_value *row, void *context)
{
    struct knowing *knowing = context;
    struct id id;
    db_id_out(&row[0], &id);
    struct departing *departing = find(knowing->guarding, &id);
    if (!departing || !departing->kinds)
        return;
    PEOPLE_ROW(&knowing->again, db_integer(departing->kinds), db_id(&knowing->guarding->directory.id),
               db_id(&departing->id.id));
    departing->kinds = 0;
}

static bool note_known(struct guarding *guarding, struct db *db, struct err *err)
{
    static struct store_find_query query = {.sql = sql_guard_known, .lists = 1};
    struct knowing knowing = {.guarding = guarding, .again = {.view = guarding->view, .width = 3}};
    struct store_keys keys = {NULL, 0, 0};
    for (size_t i = 0; i < guarding->count; i++)
        store_keys_add(&keys, &guarding->view->arena, slice_of((const char *)guarding->list[i].id.id.bytes, ID_BYTES));
    return store_find(db, &query, guarding->directory, &keys, take_known, &knowing, err) &&
           people_run(db, sql_guard_again, &knowing.again, NULL, err);
}

static void add_row(const struct guarding *guarding, struct people_rows *rows, const struct departing *departing,
                    const struct view_resource *row, bool held)
{
    PEOPLE_ROW(rows, db_id(&guarding->directory.id), db_id(&departing->id.id), db_integer(departing->kinds),
               db_integer(held), db_integer(guarding->now_ms), db_integer((int64_t)row->version),
               db_integer(row->created_ms), db_integer(row->modified_ms), db_integer(row->stored.open_braces),
               db_bytes_or_null(row->display), row->has_manager ? db_id(&row->manager_id.id) : db_null(),
               db_bytes(row->stored.text));
}

static void add_groups(const struct guarding *guarding, struct people_rows *rows, const struct departing *departing,
                       const struct view_refs *groups)
{
    for (size_t i = 0; i < groups->count; i++)
        PEOPLE_ROW(rows, db_id(&guarding->directory.id), db_id(&groups->list[i].id.id), db_id(&departing->id.id),
                   db_integer(groups->list[i].indirect), db_bytes_or_null(groups->list[i].display));
}

static bool note_chunk(struct guarding *guarding, struct db *db, size_t first, size_t count, bool held, struct err *err)
{
    struct view *view = guarding->view;
    struct resource_id *ids = arena_array(&view->arena, struct resource_id, count);
    struct view_resource *rows = arena_array(&view->arena, struct view_resource, count);
    struct people_rows departed = {.view = view, .width = 12}, groups = {.view = view, .width = 5};
    for (size_t i = 0; i < count; i++)
        ids[i] = guarding->list[first + i].id;
    if (!store_rows(db, guarding->directory, SCIM_TYPE_USER, ids, count, &view->arena, rows, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        const struct departing *departing = &guarding->list[first + i];
        if (!departing->kinds || rows[i].version == 0) /* noted already, or a group in a group */
            continue;
        add_row(guarding, &departed, departing, &rows[i], held);
        add_groups(guarding, &groups, departing, &guarding->groups[first + i]);
    }
    return people_run(db, sql_guard_depart, &departed, NULL, err) &&
           people_run(db, sql_guard_depart_group, &groups, NULL, err);
}

/* --- tripping --- */

static bool exceeds(const struct scim_guard *guard, int64_t departures, int64_t users)
{
    bool many = guard->max_users && departures > (int64_t)guard->max_users;
    bool share =
        guard->max_percent && departures >= LEAST_FOR_PERCENT && departures * 100 > users * (int64_t)guard->max_percent;
    return many || share;
}

static bool raise(const struct guarding *guarding, struct db *db, int64_t departures, int64_t users, struct err *err)
{
    const struct db_value directory = db_id(&guarding->directory.id), *row;
    const struct scim_guard *guard = guarding->guard;
    struct event_new event = {.type = "directory.guarded",
                              .directory = guarding->directory,
                              .now_ms = guarding->now_ms,
                              .cause = VIEW_CAUSE_SCIM};
    if (!db_query_one(db, sql_guard_whose, &directory, 1, &row, err))
        return false;
    if (!row)
        return true;
    db_id_out(&row[0], &event.environment.id);
    db_id_out(&row[1], &event.organization.id);
    json_t *data = json_pack("{s:I, s:I, s:I}", "departures", (json_int_t)departures, "users", (json_int_t)users,
                             "window_seconds", (json_int_t)guard->window_s);
    must(data);
    event.data = data;
    bool raised = store_event_raise(db, &event, err);
    json_decref(data);
    return raised;
}

static bool trip(const struct guarding *guarding, struct db *db, int64_t departures, int64_t users, struct err *err)
{
    const struct db_value directory = db_id(&guarding->directory.id);
    const struct db_value parameters[] = {db_integer(guarding->now_ms), db_integer(departures), db_integer(users),
                                          directory};
    const struct id operation = id_new();
    const struct db_value mark[] = {db_id(&operation), directory};
    return db_execute(db, sql_guard_trip, parameters, 4, NULL, err) &&
           db_execute(db, sql_guard_hold, &directory, 1, NULL, err) &&
           db_execute(db, sql_guard_mark_held, mark, 2, NULL, err) &&
           db_execute(db, sql_guard_tell_held, mark, 2, NULL, err) && raise(guarding, db, departures, users, err);
}

/* The users that the directory had when the window began: those it has, and those whose deletion is in the count but
 * not in the counter any more. */
static bool weigh(const struct guarding *guarding, struct db *db, size_t deleted_now, struct err *err)
{
    const struct db_value parameters[] = {db_id(&guarding->directory.id), db_id(&guarding->directory.id)}, *row;
    if (!db_query_one(db, sql_guard_count, parameters, 2, &row, err))
        return false;
    int64_t departures = row[0].integer, users = row[2].integer + row[1].integer - (int64_t)deleted_now;
    return !exceeds(guarding->guard, departures, users) || trip(guarding, db, departures, users, err);
}

bool guard_note(struct guarding *guarding, struct db *db, struct err *err)
{
    bool held;
    size_t deleted_now = 0;
    for (size_t i = 0; i < guarding->count; i++)
        deleted_now += (guarding->list[i].kinds & DEPARTURE_DELETED) != 0;
    if (!lock(guarding, db, &held, err) || (!held && !expire(guarding, db, err)) || !note_known(guarding, db, err))
        return false;
    for (size_t first = 0; first < guarding->count; first += CHUNK) {
        size_t rest = guarding->count - first;
        if (!note_chunk(guarding, db, first, rest < CHUNK ? rest : CHUNK, held, err))
            return false;
    }
    return held || weigh(guarding, db, deleted_now, err);
}
