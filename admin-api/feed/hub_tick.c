/* What is over, signs of life, and whether credentials still hold. */
#include "access.h"
#include "base/clock.h"
#include "hub_private.h"

enum { TICK_MS = 1000 };

typedef bool is_due_fn(const struct waiter *waiter, int64_t now_ms);

static bool is_over(const struct waiter *waiter, int64_t now_ms)
{
    const struct desk *desk = waiter->room->desk;
    if (waiter->turn == TURN_CLIENTS)
        return desk->stopping;
    return waiter->turn == TURN_OVER || waiter->is_over || desk->closing || now_ms >= waiter->ends_ms ||
           atomic_load(&waiter->op->left);
}

static bool is_silent(const struct waiter *waiter, int64_t now_ms)
{
    return waiter->turn == TURN_OURS && waiter->visit->kind->streams && now_ms >= waiter->beat_ms;
}

static bool is_unproved(const struct waiter *waiter, int64_t now_ms)
{
    return waiter->turn == TURN_OURS && now_ms >= waiter->proved_ms + HUB_PROVE_MS;
}

static struct waiter *choose(struct desk *desk, is_due_fn *is_due, int64_t now_ms)
{
    struct waiter *list = NULL;
    pthread_mutex_lock(&desk->mutex);
    for (struct room *room = room_next(desk, NULL); room; room = room_next(desk, room))
        for (struct waiter *waiter = room->waiters; waiter; waiter = waiter->next)
            if (is_due(waiter, now_ms)) {
                waiter->chosen = list;
                list = waiter;
            }
    pthread_mutex_unlock(&desk->mutex);
    return list;
}

/* --- credentials --- */

/* One look is for all who have sent the same. */
static void note_verdict(struct desk *desk, struct waiter *list, struct slice authorization, int64_t now_ms, bool holds)
{
    pthread_mutex_lock(&desk->mutex);
    for (struct waiter *waiter = list; waiter; waiter = waiter->chosen)
        if (slice_equals(waiter->op->authorization, authorization)) {
            waiter->proved_ms = now_ms;
            waiter->is_over |= !holds;
        }
    pthread_mutex_unlock(&desk->mutex);
}

static bool prove(struct desk *desk, const struct waiter *waiter, bool *holds_out)
{
    struct err err = ERR_INIT;
    struct op *shadow = &desk->shadow;
    struct call call = waiter->visit->call;
    arena_reset(&shadow->arena);
    shadow->operation = waiter->op->operation;
    shadow->service = waiter->op->service;
    shadow->authorization = waiter->op->authorization;
    shadow->now_ms = clock_wall_ms();
    call.op = shadow;
    call.db = desk->db;
    if (access_holds(&call, holds_out, &err))
        return true;
    desk_disconnect(desk, &err);
    return false;
}

/* Who asks with a credential that was revoked, or has ended, is told nothing more. */
static void prove_all(struct desk *desk, int64_t now_ms)
{
    struct waiter *list = choose(desk, is_unproved, now_ms);
    for (struct waiter *waiter = list; waiter; waiter = waiter->chosen) {
        bool holds;
        if (waiter->proved_ms == now_ms)
            continue;
        if (!desk_connect(desk) || !prove(desk, waiter, &holds))
            return;
        note_verdict(desk, waiter, waiter->op->authorization, now_ms, holds);
    }
}

/* --- the rest --- */

static void finish_all(struct desk *desk, int64_t now_ms)
{
    for (struct waiter *waiter = choose(desk, is_over, now_ms), *next; waiter; waiter = next) {
        struct hub_visit *visit = waiter->visit;
        next = waiter->chosen;
        if (waiter->turn == TURN_OURS)
            visit->kind->answer(visit, &(struct feed_page){.next = visit->query.from, .at_end = true});
        desk_finish(desk, waiter);
    }
}

static void beat_all(struct desk *desk, int64_t now_ms)
{
    for (struct waiter *waiter = choose(desk, is_silent, now_ms), *next; waiter; waiter = next) {
        next = waiter->chosen;
        buf_add_str(&waiter->op->reply.body, ":\n\n");
        desk_send_piece(desk, waiter);
    }
}

static void set_next_tick(struct desk *desk, int64_t now_ms)
{
    int64_t next_ms = now_ms + TICK_MS;
    pthread_mutex_lock(&desk->mutex);
    for (struct room *room = room_next(desk, NULL); room; room = room_next(desk, room))
        for (struct waiter *waiter = room->waiters; waiter; waiter = waiter->next)
            if (waiter->turn == TURN_OURS && waiter->ends_ms < next_ms)
                next_ms = waiter->ends_ms;
    desk->next_tick_ms = next_ms;
    pthread_mutex_unlock(&desk->mutex);
}

void desk_tick(struct desk *desk, int64_t now_ms)
{
    prove_all(desk, now_ms);
    finish_all(desk, now_ms);
    beat_all(desk, now_ms);
    set_next_tick(desk, now_ms);
}
