/* Documents that the page's statement has left out: large ones, and those of groups whose members have changed again
 * since. Of the latter the process remembers up to which version they stay the same, so that readers do not look for
 * the same one behind each of a hundred thousand changes. */
#include <pthread.h>
#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/must.h"
#include "feed_row.h"

enum { SLOTS = 256, MOST_BYTES = 32 << 10 };

struct slot {
    struct directory_id directory;
    struct resource_id group;
    uint64_t from, until; /* versions, both included; until 0: the slot is free */
    char *document;
    size_t len;
};

/* A group has one slot that it may be in; the last one that came by has it. */
static struct slot slots[SLOTS];
static pthread_mutex_t slots_mutex = PTHREAD_MUTEX_INITIALIZER;

static struct slot *slot_of(struct resource_id group) { return &slots[group.id.bytes[ID_BYTES - 1] % SLOTS]; }

static bool is_known(const struct slot *slot, const struct feed_row *row)
{
    return id_equals(&slot->group.id, &row->resource.id) && id_equals(&slot->directory.id, &row->directory.id) &&
           slot->from <= row->version && row->version <= slot->until;
}

static bool recall(struct feed_row *row, struct arena *arena)
{
    pthread_mutex_lock(&slots_mutex);
    const struct slot *slot = slot_of(row->resource);
    bool known = is_known(slot, row);
    if (known)
        row->beside = arena_slice(arena, slice_of(slot->document, slot->len));
    pthread_mutex_unlock(&slots_mutex);
    return known;
}

static void remember(const struct feed_row *row, uint64_t until)
{
    if (row->beside.len > MOST_BYTES)
        return;
    pthread_mutex_lock(&slots_mutex);
    struct slot *slot = slot_of(row->resource);
    char *document = realloc(slot->document, row->beside.len + 1);
    must(document);
    memcpy(document, row->beside.data, row->beside.len);
    *slot = (struct slot){.directory = row->directory,
                          .group = row->resource,
                          .from = row->version,
                          .until = until,
                          .document = document,
                          .len = row->beside.len};
    pthread_mutex_unlock(&slots_mutex);
}

static bool find_group(struct db *db, struct feed_row *row, struct arena *arena, struct err *err)
{
    const struct db_value directory = db_id(&row->directory.id), group = db_id(&row->resource.id);
    const struct db_value parameters[] = {directory, group, db_integer((int64_t)row->version), directory, group};
    const struct db_value *found;
    if (recall(row, arena))
        return true;
    if (!db_query_one(db, sql_feed_group, parameters, 5, &found, err))
        return false;
    if (!found || found[1].kind == DB_NULL)
        return true;
    row->beside = arena_slice(arena, found[1].bytes);
    remember(row, (uint64_t)found[0].integer);
    return true;
}

static bool load_before(struct db *db, struct feed_row *row, struct arena *arena, struct err *err)
{
    const struct db_value parameters[] = {db_id(&row->directory.id), db_integer(row->type), db_id(&row->resource.id),
                                          db_integer((int64_t)row->version - 1)};
    const struct db_value *found;
    if (!db_query_one(db, sql_feed_before, parameters, 4, &found, err))
        return false;
    if (found && found[0].kind != DB_NULL)
        row->beside = arena_slice(arena, found[0].bytes);
    return true;
}

static bool load_whole(struct db *db, struct feed_row *row, struct arena *arena, struct err *err)
{
    const struct db_value parameters[] = {db_id(&row->key), db_integer(row->ordinal), db_id(&row->directory.id)};
    const struct db_value *found;
    if (!db_query_one(db, sql_feed_change_whole, parameters, 3, &found, err))
        return false;
    if (found && found[0].kind != DB_NULL)
        row->document = arena_slice(arena, found[0].bytes);
    if (found && found[1].kind != DB_NULL)
        row->members = arena_slice(arena, found[1].bytes);
    return true;
}

static bool complete_change(struct db *db, struct feed_row *row, struct arena *arena, struct err *err)
{
    bool is_whole = row->kind == HISTORY_MEMBERS ? row->members.data : row->document.data;
    if (!is_whole && !load_whole(db, row, arena, err))
        return false;
    if (row->beside.data)
        return true;
    if (row->kind == HISTORY_UPDATED)
        return load_before(db, row, arena, err);
    return row->kind != HISTORY_MEMBERS || find_group(db, row, arena, err);
}

static bool complete_event(struct db *db, struct environment_id environment, struct feed_row *row, struct arena *arena,
                           struct err *err)
{
    const struct db_value parameters[] = {db_id(&row->key), db_id(&environment.id)};
    const struct db_value *found;
    if (row->event_data.data)
        return true;
    if (!db_query_one(db, sql_feed_event_whole, parameters, 2, &found, err))
        return false;
    row->is_there = found != NULL;
    if (found)
        row->event_data = arena_slice(arena, found[0].bytes);
    return true;
}

bool feed_row_complete(struct db *db, struct environment_id environment, struct feed_row *row, struct arena *arena,
                       struct err *err)
{
    if (!row->is_there)
        return true;
    return row->source == FEED_EVENT ? complete_event(db, environment, row, arena, err)
                                     : complete_change(db, row, arena, err);
}
