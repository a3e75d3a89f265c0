/* People who were deleted and come back. A new resource has a new id, as RFC 7643 section 3.1 wants it; that it is the
 * same person is told by the identity provider's own id, and where one of the two has none, by what users are told
 * apart by. */
#include "store/find.h"
#include "store_sql.h"
#include "view_people.h"

struct departed {
    struct departed *next;
    struct id resource, person;
    struct slice unique_key, external_key;
    int64_t departed_ms;
    bool taken;
};

struct following { /* of one directory */
    struct view *view;
    struct directory_id directory;
    struct departed *departed;
    struct people_rows returned, forgotten;
};

struct flag_search {
    enum view_people_flag flag;
    struct view_flagged *found;
};

bool view_is_flagged(const struct view_flagged *flagged, struct directory_id directory)
{
    for (size_t i = 0; i < flagged->count; i++)
        if (id_equals(&flagged->list[i].id, &directory.id))
            return true;
    return false;
}

static void flag_directory(struct view_flagged *flagged, struct directory_id directory)
{
    if (flagged->count < VIEW_MOST_FLAGGED && !view_is_flagged(flagged, directory))
        flagged->list[flagged->count++] = directory;
}

static void visit_token(const struct view_token *token, void *context)
{
    struct flag_search *search = context;
    if (search->flag == VIEW_HAS_DEPARTED ? token->has_departed : token->has_vendor_users)
        flag_directory(search->found, token->directory);
}

void view_find_flagged(struct view *view, enum view_people_flag flag, struct view_flagged *flagged_out)
{
    struct flag_search search = {flag, flagged_out};
    flagged_out->count = 0;
    view_each_token(view, visit_token, &search);
}

static void add_departed(struct people_rows *rows, const struct known *known)
{
    PEOPLE_ROW(rows, db_id(&known->key.directory.id), db_id(&known->key.id), db_id(&known->key.directory.id),
               db_id(&known->key.id), db_id(&known->key.id), db_bytes_or_null(known->keys_before->unique_key),
               db_bytes_or_null(known->keys_before->external_key), db_integer(known->row->modified_ms));
}

/* The first departure of a directory: from now on its tokens say so. A new revision, so that whoever has read the token
 * at the same moment reads it again. */
static bool say_so(struct db *db, const struct view_flagged *news, struct err *err)
{
    for (size_t i = 0; i < news->count; i++) {
        const struct db_value directory = db_id(&news->list[i].id);
        if (!db_execute(db, sql_people_has_departed, &directory, 1, NULL, err))
            return false;
    }
    return true;
}

static bool note_departures(struct view *view, struct db *db, struct view_flagged *flagged, struct err *err)
{
    struct people_rows rows = {.view = view, .width = 8};
    struct view_flagged news = {.count = 0};
    for (const struct known *known = view->staged_resources; known; known = known->next_staged) {
        if (!view_is_user(known) || !view_was_deleted(known) || !known->keys_before)
            continue;
        add_departed(&rows, known);
        if (!view_is_flagged(flagged, known->key.directory))
            flag_directory(&news, known->key.directory);
    }
    for (size_t i = 0; i < news.count; i++)
        flag_directory(flagged, news.list[i]);
    return people_run(db, sql_people_depart, &rows, NULL, err) && say_so(db, &news, err);
}

static void take_row(const struct db_value *row, void *context)
{
    struct following *of = context;
    struct departed *departed = arena_new(&of->view->arena, struct departed);
    *departed = (struct departed){
        .next = of->departed,
        .unique_key = arena_slice(&of->view->arena, row[2].kind == DB_BYTES ? row[2].bytes : SLICE_EMPTY),
        .external_key = arena_slice(&of->view->arena, row[3].kind == DB_BYTES ? row[3].bytes : SLICE_EMPTY),
        .departed_ms = row[4].integer,
    };
    db_id_out(&row[0], &departed->resource);
    db_id_out(&row[1], &departed->person);
    of->departed = departed;
}

static bool is_same(struct slice a, struct slice b) { return a.len > 0 && slice_equals(a, b); }

/* 2: by the provider's own id; 1: by name, which may be another person's now where both have ids that differ; 0: no. */
static int likeness(const struct departed *departed, const struct scim_row_keys *keys)
{
    if (is_same(departed->external_key, keys->external_key))
        return 2;
    bool told_apart = departed->external_key.len > 0 && keys->external_key.len > 0;
    return !told_apart && is_same(departed->unique_key, keys->unique_key);
}

/* The one that is most alike, of those the last. */
static struct departed *find_same(const struct following *of, const struct scim_row_keys *keys)
{
    struct departed *best = NULL;
    int best_likeness = 0;
    for (struct departed *departed = of->departed; departed; departed = departed->next) {
        int alike = departed->taken ? 0 : likeness(departed, keys);
        bool better = alike > best_likeness ||
                      (alike > 0 && alike == best_likeness && best && departed->departed_ms > best->departed_ms);
        if (better) {
            best = departed;
            best_likeness = alike;
        }
    }
    return best;
}

static bool is_newcomer(const struct following *of, const struct known *known)
{
    return view_is_user(known) && view_was_created(known) && known->keys_after &&
           id_equals(&known->key.directory.id, &of->directory.id);
}

static void welcome(struct following *of, const struct known *known)
{
    struct departed *same = find_same(of, known->keys_after);
    if (!same)
        return;
    same->taken = true;
    PEOPLE_ROW(&of->forgotten, db_id(&of->directory.id), db_id(&same->resource));
    if (id_equals(&same->resource, &known->key.id)) /* restored, under its own id */
        return;
    PEOPLE_ROW(&of->returned, db_id(&of->directory.id), db_id(&known->key.id), db_id(&same->person));
    PEOPLE_ROW(&of->returned, db_id(&of->directory.id), db_id(&same->resource), db_id(&same->person));
}

/* Who has come back has not departed: the next one with the same name is somebody else. Two at once cannot both be. */
static bool save(struct following *of, struct db *db, struct err *err)
{
    uint64_t forgotten;
    return people_run(db, sql_people_return, &of->returned, NULL, err) &&
           people_run(db, sql_people_forget, &of->forgotten, &forgotten, err) &&
           (forgotten == of->forgotten.count ||
            err_set(err, ERR_CONFLICT, "The resource was changed by someone else meanwhile"));
}

static bool follow(struct view *view, struct db *db, struct directory_id directory, struct err *err)
{
    static struct store_find_query query = {.sql = sql_people_find_departed, .lists = 2};
    struct following of = {
        .view = view,
        .directory = directory,
        .returned = {.view = view, .width = 3},
        .forgotten = {.view = view, .width = 2},
    };
    struct store_keys lists[2] = {{NULL, 0, 0}, {NULL, 0, 0}};
    for (const struct known *known = view->staged_resources; known; known = known->next_staged) {
        if (!is_newcomer(&of, known))
            continue;
        store_keys_add(&lists[0], &view->arena, known->keys_after->external_key);
        store_keys_add(&lists[1], &view->arena, known->keys_after->unique_key);
    }
    if (!store_find(db, &query, directory, lists, take_row, &of, err))
        return false;
    for (const struct known *known = view->staged_resources; of.departed && known; known = known->next_staged)
        if (is_newcomer(&of, known))
            welcome(&of, known);
    return save(&of, db, err);
}

bool view_follow_people(struct view *view, struct db *db, struct err *err)
{
    struct view_flagged flagged;
    view_find_flagged(view, VIEW_HAS_DEPARTED, &flagged);
    if (!note_departures(view, db, &flagged, err))
        return false;
    for (size_t i = 0; i < flagged.count; i++)
        if (!follow(view, db, flagged.list[i], err))
            return false;
    return true;
}
