#include "updates.h"

#include "auth/seal.h"
#include "base/must.h"
#include "crowd.h"
#include "instant.h"
#include "store/deleted.h"
#include "store/updates.h"

/* Operations are in the order in which they began, and one may be committed after a later one was read: whoever goes on
 * from the beginning of a walk goes back by more than any operation takes. */
enum { OVERLAP_MS = 60000, HOUR_MS = 3600000, MOST_CURSOR = 512 };

static const char purpose[] = "updates";

struct walk { /* what a cursor holds: bytes that mean something to this executable alone */
    int64_t began_ms;
    struct updates_place place;
    struct resource_id after; /* of everybody: in the order of ids */
    bool everybody;
};

static struct slice bytes_of(const struct walk *walk) { return slice_of((const char *)walk, sizeof *walk); }

/* A cursor belongs to its list, its directory and the moment that was asked for. */
static struct slice bound_to(const struct reading *reading)
{
    const struct call *call = reading->call;
    char id[ID_UUID_CHARS + 1];
    id_to_uuid(&reading->directory.id, id);
    struct slice since = call->query[QUERY_UPDATED_SINCE];
    return slice_str(arena_printf(call_arena(reading->call), "%s %s %.*s", call->op->operation->name, id,
                                  (int)since.len, since.data));
}

static const char *make_cursor(const struct reading *reading, const struct walk *walk)
{
    struct buf text;
    buf_init(&text, MOST_CURSOR);
    auth_sealed_make(reading->call->settings->peppers, purpose, bound_to(reading), bytes_of(walk), &text);
    must(!text.overflowed);
    const char *cursor = arena_copy(call_arena(reading->call), buf_slice(&text));
    buf_fini(&text);
    return cursor;
}

static bool open_cursor(const struct reading *reading, struct walk *walk, struct err *err)
{
    const struct call *call = reading->call;
    struct buf opened;
    buf_init(&opened, MOST_CURSOR);
    bool good =
        auth_sealed_open(call->settings->peppers, purpose, bound_to(reading), call->query[QUERY_CURSOR], &opened) &&
        opened.len == sizeof *walk;
    if (good)
        memcpy(walk, opened.data, sizeof *walk);
    buf_fini(&opened);
    return good || err_set(err, ERR_INVALID_CURSOR, "The cursor is not one of this list: begin again without it.");
}

static bool begin(const struct reading *reading, struct walk *walk, struct err *err)
{
    const struct call *call = reading->call;
    int64_t since_ms, now_ms = call->op->now_ms;
    if (call->query[QUERY_CURSOR].data)
        return open_cursor(reading, walk, err);
    if (!admin_instant_parse(call->query[QUERY_UPDATED_SINCE], &since_ms) || since_ms > now_ms + HOUR_MS)
        return err_set(err, ERR_BAD_REQUEST, "updated_since must be a time of the past as RFC 3339 spells it.");
    memset(walk, 0, sizeof *walk); /* what lies between the members is sealed with them */
    walk->began_ms = now_ms;
    walk->place = updates_place_at(since_ms);
    walk->everybody = since_ms < now_ms - call->settings->history_ms + HOUR_MS;
    return true;
}

/* Those that were met, as they are now, or as they were last. */
static bool load(struct reading *reading, const struct updates *updates, struct people *people, struct err *err)
{
    struct arena *arena = call_arena(reading->call);
    struct db *db = reading->call->db;
    struct view_resource *rows = arena_array(arena, struct view_resource, updates->count + 1),
                         *gone = arena_array(arena, struct view_resource, updates->count + 1);
    struct resource_id *missing = arena_array(arena, struct resource_id, updates->count + 1);
    size_t missing_count = 0, at = 0;
    if (!store_rows(db, reading->directory, updates->type, updates->ids, updates->count, arena, rows, err))
        return false;
    for (size_t i = 0; i < updates->count; i++)
        if (id_is_zero(&rows[i].id.id))
            missing[missing_count++] = updates->ids[i];
    if (missing_count > 0 &&
        !store_deleted_rows(db, reading->directory, updates->type, missing, missing_count, arena, gone, err))
        return false;
    for (size_t i = 0; i < updates->count; i++) {
        bool is_deleted = id_is_zero(&rows[i].id.id);
        const struct view_resource *row = is_deleted ? &gone[at++] : &rows[i];
        if (!id_is_zero(&row->id.id))
            people->list[people->count++] = (struct person){.row = row, .is_deleted = is_deleted};
    }
    return true;
}

static bool find_changed(struct reading *reading, uint16_t type, struct walk *walk, struct people *people,
                         bool *more_out, struct err *err)
{
    struct arena *arena = call_arena(reading->call);
    struct updates updates = {.db = reading->call->db,
                              .directory = reading->directory,
                              .type = type,
                              .arena = arena,
                              .place = walk->place,
                              .ids = arena_array(arena, struct resource_id, people->room),
                              .most = people->room};
    if (!store_updates(&updates, err))
        return false;
    walk->place = updates.place;
    *more_out = !updates.at_end;
    return load(reading, &updates, people, err);
}

static bool find_everybody(struct reading *reading, uint16_t type, struct walk *walk, struct people *people,
                           bool *more_out, struct err *err)
{
    struct crowd crowd = {.reading = reading, .type = type, .with_deleted = true, .after = walk->after};
    if (!crowd_find(&crowd, people, err))
        return false;
    *more_out = crowd.has_more;
    walk->after = crowd.last;
    return true;
}

bool updates_answer(struct reading *reading, uint16_t type, struct err *err)
{
    struct walk walk;
    uint64_t limit;
    bool more = false;
    if (!page_read_limit(reading->call, &limit, err) || !begin(reading, &walk, err))
        return false;
    struct people people = reading_room(reading, limit);
    if (!(walk.everybody ? find_everybody : find_changed)(reading, type, &walk, &people, &more, err) ||
        !reading_dress(reading, type, &people, err))
        return false;
    reading->next_since_ms = walk.began_ms - OVERLAP_MS;
    const char *next = more ? make_cursor(reading, &walk) : NULL;
    page_link(reading->call, next);
    return reading_answer_page(reading, type == SCIM_TYPE_USER ? "users" : "groups", &people, next);
}
