/* What is new: the ends of feeds, and pages for those who are behind. */
#include "admin_api_sql.h"
#include "hub_private.h"

enum { ENDS = 32 }; /* parameters of feed_ends_some */

/* --- ends --- */

static void mark_all_moved(struct desk *desk)
{
    for (struct room *room = room_next(desk, NULL); room; room = room_next(desk, room))
        room->moved = true;
    desk->woken = false;
}

/* Rooms that have moved, as many as fit; from here on, what moves then moves again. */
static size_t take_moved(struct desk *desk, struct environment_id *list)
{
    size_t count = 0;
    pthread_mutex_lock(&desk->mutex);
    if (desk->woken)
        mark_all_moved(desk);
    for (struct room *room = room_next(desk, NULL); room && count < ENDS; room = room_next(desk, room))
        if (room->moved) {
            room->moved = false;
            list[count++] = room->environment;
        }
    pthread_mutex_unlock(&desk->mutex);
    return count;
}

static void note_end(struct desk *desk, const struct db_value *row)
{
    struct environment_id environment;
    db_id_out(&row[0], &environment.id);
    pthread_mutex_lock(&desk->mutex);
    struct room *room = room_find(desk, &environment);
    if (room)
        room->last = (uint64_t)row[1].integer;
    pthread_mutex_unlock(&desk->mutex);
}

static bool look_at(struct desk *desk, const struct environment_id *list, size_t count, struct err *err)
{
    struct db_value parameters[ENDS];
    for (size_t i = 0; i < ENDS; i++)
        parameters[i] = db_id(&list[i < count ? i : 0].id);
    struct db_rows *rows = db_query(desk->db, sql_feed_ends_some, parameters, ENDS, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows)))
        note_end(desk, row);
    return rows && db_rows_end(rows, err);
}

static void look_again_later(struct desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    desk->woken = true;
    pthread_mutex_unlock(&desk->mutex);
}

bool desk_look(struct desk *desk)
{
    struct environment_id list[ENDS];
    struct err err = ERR_INIT;
    size_t count = ENDS;
    if (!desk_connect(desk))
        return false;
    while (count == ENDS) {
        count = take_moved(desk, list);
        if (count > 0 && !look_at(desk, list, count, &err)) {
            look_again_later(desk);
            desk_disconnect(desk, &err);
            return false;
        }
    }
    return true;
}

/* --- pages --- */

/* A client that takes what it is sent slowly is with its piece when the tick looks at those who are there: it gets no
 * more until it was looked at. */
static bool is_due_for_tick(const struct waiter *waiter, int64_t now_ms)
{
    return now_ms >= waiter->ends_ms || now_ms >= waiter->proved_ms + (int64_t)2 * HUB_PROVE_MS;
}

static bool is_behind(const struct waiter *waiter, int64_t now_ms)
{
    uint64_t last = waiter->room->last;
    return waiter->turn == TURN_OURS && !waiter->is_over && waiter->seen < last &&
           waiter->visit->query.from.sequence <= last && !is_due_for_tick(waiter, now_ms);
}

static bool ask_the_same(const struct feed_query *a, const struct feed_query *b)
{
    return feed_place_compare(a->from, b->from) == 0 && a->types == b->types && a->limit == b->limit &&
           a->most_bytes == b->most_bytes && id_equals(&a->organization.id, &b->organization.id) &&
           id_equals(&a->directory.id, &b->directory.id) && a->without_directory == b->without_directory;
}

/* Who catches up over many pages takes turns with the others. */
static struct waiter *longest_unserved(const struct room *room, int64_t now_ms)
{
    struct waiter *found = NULL;
    for (struct waiter *waiter = room->waiters; waiter; waiter = waiter->next)
        if (is_behind(waiter, now_ms) && (!found || waiter->served < found->served))
            found = waiter;
    return found;
}

/* With the mutex: somebody who is behind, and all who would read the same. */
static struct waiter *choose(const struct room *room)
{
    int64_t now_ms = hub_now_ms();
    struct waiter *first = longest_unserved(room, now_ms), *last = first;
    for (struct waiter *waiter = room->waiters; first && waiter; waiter = waiter->next)
        if (waiter != first && is_behind(waiter, now_ms) && ask_the_same(&first->visit->query, &waiter->visit->query)) {
            last->chosen = waiter;
            last = waiter;
        }
    if (last)
        last->chosen = NULL;
    return first;
}

static void hand(struct desk *desk, struct waiter *waiter, const struct feed_page *page, uint64_t last)
{
    struct hub_visit *visit = waiter->visit;
    visit->query.from = page->next;
    waiter->served = desk->rounds;
    if (page->at_end)
        waiter->seen = last;
    if (page->count == 0)
        return;
    visit->kind->answer(visit, page);
    if (visit->kind->streams)
        desk_send_piece(desk, waiter);
    else
        desk_finish(desk, waiter);
}

/* What cannot be read ends them: asked again, a stream is told why. */
static void fail(struct desk *desk, struct waiter *waiter, const struct err *err)
{
    if (!waiter->visit->kind->streams)
        waiter->op->err = *err;
    desk_finish(desk, waiter);
}

static bool serve_all(struct desk *desk, struct waiter *first, uint64_t last)
{
    struct err err = ERR_INIT;
    struct feed_page page;
    arena_reset(&desk->shadow.arena);
    bool is_read = feed_read(desk->reader, desk->db, &first->visit->query, &desk->shadow.arena, &page, &err);
    if (!is_read && db_failure(desk->db) == DB_LOST) {
        desk_disconnect(desk, &err);
        return false;
    }
    for (struct waiter *waiter = first, *next; waiter; waiter = next) {
        next = waiter->chosen;
        if (is_read)
            hand(desk, waiter, &page, last);
        else
            fail(desk, waiter, &err);
    }
    return true;
}

bool desk_serve(struct desk *desk, bool *any_out)
{
    desk->rounds++;
    pthread_mutex_lock(&desk->mutex);
    for (struct room *room = room_next(desk, NULL), *next; room; room = next) {
        next = room_next(desk, room);
        struct waiter *first = choose(room);
        uint64_t last = room->last;
        if (!first)
            continue;
        *any_out = true;
        pthread_mutex_unlock(&desk->mutex);
        if (!serve_all(desk, first, last))
            return false;
        pthread_mutex_lock(&desk->mutex);
    }
    pthread_mutex_unlock(&desk->mutex);
    return true;
}
