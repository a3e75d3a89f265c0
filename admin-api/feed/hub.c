#include "hub.h"

#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "hub_private.h"
#include "obs/log.h"
#include "problem.h"

enum { BEAT_MS = 15000, AWAY_MS = 500, RETRY_S = 5 };

int64_t hub_now_ms(void) { return (int64_t)(clock_monotonic_ns() / 1000000); }

/* --- rooms --- */

static unsigned list_of(const struct environment_id *environment)
{
    return environment->id.bytes[ID_BYTES - 1] % HUB_ROOM_LISTS;
}

static struct desk *desk_of(struct hub *hub, const struct environment_id *environment)
{
    return &hub->desks[environment->id.bytes[ID_BYTES - 2] % HUB_DESKS];
}

struct room *room_find(struct desk *desk, const struct environment_id *environment)
{
    struct room *room = desk->rooms[list_of(environment)];
    while (room && !id_equals(&room->environment.id, &environment->id))
        room = room->next;
    return room;
}

struct room *room_next(const struct desk *desk, const struct room *room)
{
    if (room && room->next)
        return room->next;
    unsigned list = room ? list_of(&room->environment) + 1 : 0;
    while (list < HUB_ROOM_LISTS && !desk->rooms[list])
        list++;
    return list < HUB_ROOM_LISTS ? desk->rooms[list] : NULL;
}

static struct room *room_open(struct desk *desk, const struct environment_id *environment)
{
    struct room *room = room_find(desk, environment);
    if (room)
        return room;
    room = calloc(1, sizeof *room);
    must(room);
    *room = (struct room){.desk = desk, .environment = *environment, .next = desk->rooms[list_of(environment)]};
    desk->rooms[list_of(environment)] = room;
    return room;
}

static void room_close(struct room *room)
{
    struct room **at = &room->desk->rooms[list_of(&room->environment)];
    while (*at != room)
        at = &(*at)->next;
    *at = room->next;
    free(room);
}

/* --- waiters --- */

/* With the mutex. */
static void stir(struct desk *desk)
{
    desk->stirred = true;
    pthread_cond_signal(&desk->changed);
}

static void count_waiters(const struct waiter *waiter, int by)
{
    metric_add(metric_series(METRIC_FEED_LISTENERS, waiter->visit->kind->name, NULL), by);
}

static void on_proceed(struct op *op, bool wanted)
{
    struct waiter *waiter = call_state(op)->parked;
    struct desk *desk = waiter->room->desk;
    pthread_mutex_lock(&desk->mutex);
    waiter->turn = wanted ? TURN_OURS : TURN_OVER;
    desk->attention |= !wanted || desk->closing || hub_now_ms() >= waiter->proved_ms + HUB_PROVE_MS;
    stir(desk);
    pthread_mutex_unlock(&desk->mutex);
}

void desk_send_piece(struct desk *desk, struct waiter *waiter)
{
    pthread_mutex_lock(&desk->mutex);
    waiter->turn = TURN_CLIENTS;
    waiter->beat_ms = hub_now_ms() + BEAT_MS;
    pthread_mutex_unlock(&desk->mutex);
    waiter->op->reply.more = true;
    op_send_piece(waiter->op);
}

/* With the mutex. */
static void unlink_waiter(struct desk *desk, struct waiter *waiter)
{
    struct room *room = waiter->room;
    if (waiter->previous)
        waiter->previous->next = waiter->next;
    else
        room->waiters = waiter->next;
    if (waiter->next)
        waiter->next->previous = waiter->previous;
    desk->count--;
    if (--room->count == 0)
        room_close(room);
}

void desk_finish(struct desk *desk, struct waiter *waiter)
{
    struct op *op = waiter->op;
    bool is_ours = waiter->turn != TURN_CLIENTS; /* else the loops are gone, and the op with them */
    if (is_ours)
        count_waiters(waiter, -1);
    pthread_mutex_lock(&desk->mutex);
    unlink_waiter(desk, waiter);
    pthread_mutex_unlock(&desk->mutex);
    atomic_fetch_sub(&desk->hub->count, 1);
    free(waiter);
    if (is_ours)
        op_finish(op);
}

/* --- the door --- */

static bool has_room(struct hub *hub, struct op *op, const struct room *room, struct err *err)
{
    if (atomic_load(&hub->count) >= hub->most)
        return err_set(err, ERR_BUSY, "Too many requests wait for events here, try again later.");
    if (!room || room->count < (hub->most + 1) / 2)
        return true;
    op->retry_after_s = RETRY_S;
    return err_set(err, ERR_THROTTLED, "%u requests of this environment wait for events already: let some of them end.",
                   room->count);
}

static struct waiter *waiter_new(struct op *op, struct hub_visit *visit)
{
    struct waiter *waiter = calloc(1, sizeof *waiter);
    int64_t now_ms = hub_now_ms();
    must(waiter);
    *waiter = (struct waiter){.op = op,
                              .visit = visit,
                              .turn = visit->kind->streams ? TURN_CLIENTS : TURN_OURS,
                              .ends_ms = now_ms + visit->longest_ms,
                              .beat_ms = now_ms + BEAT_MS,
                              .proved_ms = now_ms};
    call_state(op)->parked = waiter;
    op->proceed = on_proceed;
    return waiter;
}

static void link_waiter(struct desk *desk, struct waiter *waiter)
{
    struct room *room = room_open(desk, &waiter->visit->query.environment);
    waiter->room = room;
    waiter->next = room->waiters;
    if (waiter->next)
        waiter->next->previous = waiter;
    room->waiters = waiter;
    room->count++;
    room->moved = true;
    desk->count++;
    desk->attention |= desk->closing || waiter->ends_ms < desk->next_tick_ms;
    stir(desk);
}

bool hub_enter(struct hub *hub, struct op *op, struct hub_visit *visit, struct err *err)
{
    struct desk *desk = desk_of(hub, &visit->query.environment);
    bool streams = visit->kind->streams;
    pthread_mutex_lock(&desk->mutex);
    bool enters = has_room(hub, op, room_find(desk, &visit->query.environment), err);
    if (enters) {
        struct waiter *waiter = waiter_new(op, visit);
        count_waiters(waiter, 1);
        atomic_fetch_add(&hub->count, 1);
        op->reply.more = op->endless = streams;
        link_waiter(desk, waiter);
    }
    pthread_mutex_unlock(&desk->mutex);
    if (enters && streams)
        op_send_piece(op);
    return enters;
}

enum job_run hub_run(struct op *op, struct db *db, struct err *err)
{
    const struct admin_settings *settings = op->service->context;
    if (!admin_run(op, db, err))
        return JOB_FAILED;
    const struct call_state *state = op->state;
    struct hub_visit *visit = state ? state->parked : NULL;
    if (!visit || op->is_head || op->err.kind != ERR_NONE)
        return JOB_RAN;
    return hub_enter(settings->hub, op, visit, &op->err) ? JOB_PARKED : JOB_RAN;
}

/* Without the connection and the body, which are gone by then. */
void hub_park(const struct call *call, struct hub_visit *visit)
{
    visit->call = *call;
    visit->call.db = NULL;
    visit->call.body = NULL;
    call_state(call->op)->parked = visit;
}

/* --- the thread --- */

bool desk_connect(struct desk *desk)
{
    struct err err = ERR_INIT;
    if (desk->db || hub_now_ms() < desk->next_try_ms)
        return desk->db != NULL;
    desk->db = db_open(&desk->hub->database, &err);
    if (!desk->db)
        desk_disconnect(desk, &err);
    return desk->db != NULL;
}

void desk_disconnect(struct desk *desk, const struct err *err)
{
    log_event(LOG_WARN, "admin", "who waits for events gets none", LOG_TEXT("cause", err->detail));
    db_close(desk->db);
    desk->db = NULL;
    desk->next_try_ms = hub_now_ms() + AWAY_MS;
}

static void on_numbered(void *context)
{
    struct desk *desk = context;
    pthread_mutex_lock(&desk->mutex);
    desk->woken = true;
    if (desk->count > 0)
        stir(desk);
    pthread_mutex_unlock(&desk->mutex);
}

/* false: all is over. */
static bool wait_for_work(struct desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    int64_t until_ms = desk->count > 0 ? desk->next_tick_ms : hub_now_ms() + 60000;
    const struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};
    while (!desk->stirred && hub_now_ms() < until_ms)
        pthread_cond_timedwait(&desk->changed, &desk->mutex, &until);
    desk->stirred = false;
    bool go_on = !desk->stopping || desk->count > 0;
    pthread_mutex_unlock(&desk->mutex);
    return go_on;
}

static bool is_tick_due(struct desk *desk)
{
    pthread_mutex_lock(&desk->mutex);
    bool due = desk->attention || hub_now_ms() >= desk->next_tick_ms;
    desk->attention = false;
    pthread_mutex_unlock(&desk->mutex);
    return due;
}

static void *run(void *argument)
{
    struct desk *desk = argument;
    bool any;
    do {
        do {
            any = false;
            if (is_tick_due(desk))
                desk_tick(desk, hub_now_ms());
        } while (desk_look(desk) && desk_serve(desk, &any) && any);
    } while (wait_for_work(desk));
    db_close(desk->db);
    return NULL;
}

/* --- life --- */

static void desk_start(struct desk *desk, struct hub *hub)
{
    pthread_condattr_t attributes;
    desk->hub = hub;
    desk->reader = feed_reader_new();
    arena_init(&desk->shadow.arena);
    pthread_mutex_init(&desk->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&desk->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    desk->listener = (struct feed_listener){.wake = on_numbered, .context = desk};
    must(pthread_create(&desk->thread, NULL, run, desk) == 0);
    sequencer_listen(hub->sequencer, &desk->listener);
}

struct hub *hub_start(const struct db_settings *database, struct sequencer *sequencer, unsigned most)
{
    struct hub *hub = calloc(1, sizeof *hub);
    must(hub);
    hub->database = *database;
    hub->sequencer = sequencer;
    hub->most = most;
    for (int i = 0; i < HUB_DESKS; i++)
        desk_start(&hub->desks[i], hub);
    return hub;
}

static void desk_close(struct desk *desk, bool stops)
{
    pthread_mutex_lock(&desk->mutex);
    desk->closing = desk->attention = true;
    desk->stopping = stops;
    stir(desk);
    pthread_mutex_unlock(&desk->mutex);
}

void hub_close(struct hub *hub)
{
    for (int i = 0; hub && i < HUB_DESKS; i++)
        desk_close(&hub->desks[i], false);
}

static void desk_stop(struct desk *desk)
{
    sequencer_ignore(desk->hub->sequencer, &desk->listener);
    desk_close(desk, true);
    pthread_join(desk->thread, NULL);
    feed_reader_free(desk->reader);
    arena_fini(&desk->shadow.arena);
    pthread_cond_destroy(&desk->changed);
    pthread_mutex_destroy(&desk->mutex);
}

void hub_stop(struct hub *hub)
{
    for (int i = 0; hub && i < HUB_DESKS; i++)
        desk_stop(&hub->desks[i]);
    free(hub);
}
