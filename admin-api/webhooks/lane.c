#include "lane.h"

#include <stdlib.h>

#include "base/must.h"

/* --- lists --- */

static void take_off(struct lanes *lanes, struct lane *lane)
{
    *lane->before = lane->next;
    if (lane->next)
        lane->next->before = lane->before;
    else
        lanes->ends[lane->list] = lane->before;
}

static void put_on(struct lanes *lanes, struct lane *lane, enum lane_list list)
{
    lane->list = list;
    lane->next = NULL;
    lane->before = lanes->ends[list];
    *lane->before = lane;
    lanes->ends[list] = &lane->next;
}

static void move(struct lanes *lanes, struct lane *lane, enum lane_list list)
{
    take_off(lanes, lane);
    put_on(lanes, lane, list);
}

void lane_mark(struct lanes *lanes, struct lane *lane)
{
    if (lane->is_dirty)
        return;
    lane->is_dirty = true;
    lane->dirty_next = lanes->dirty;
    lanes->dirty = lane;
}

/* --- finding --- */

static struct lane **bucket_of(struct lanes *lanes, const struct id *id)
{
    return &lanes->buckets[id->bytes[ID_BYTES - 1] % LANE_BUCKETS]; /* the random part of an id */
}

struct lane *lane_find(struct lanes *lanes, enum lane_kind kind, const struct id *id)
{
    struct lane *lane = *bucket_of(lanes, id);
    while (lane && (lane->kind != kind || !id_equals(&lane->id, id)))
        lane = lane->in_bucket;
    return lane;
}

static struct lane *add(struct lanes *lanes, enum lane_kind kind, const struct id *id)
{
    struct lane *lane = calloc(1, sizeof *lane), **bucket = bucket_of(lanes, id);
    must(lane);
    lane->kind = kind;
    lane->id = *id;
    lane->last = &lane->first;
    lane->in_bucket = *bucket;
    *bucket = lane;
    put_on(lanes, lane, LANE_IDLE);
    if (kind == LANE_PING)
        lanes->pings++;
    return lane;
}

struct lane *lane_add(struct lanes *lanes, enum lane_kind kind, const struct id *id, struct feed_place from)
{
    struct lane *lane = add(lanes, kind, id);
    lane->is_behind = true;
    lane->loaded = from;
    move(lanes, lane, LANE_READY);
    return lane;
}

void lane_remove(struct lanes *lanes, struct lane *lane)
{
    must(!lane->first && lane->list != LANE_FLYING && !lane->is_dirty);
    struct lane **at = bucket_of(lanes, &lane->id);
    while (*at != lane)
        at = &(*at)->in_bucket;
    *at = lane->in_bucket;
    if (lane->kind == LANE_PING)
        lanes->pings--;
    take_off(lanes, lane);
    free(lane);
}

/* --- events in memory --- */

static void weigh(struct lanes *lanes, struct lane *lane, const struct feed_event *event, bool comes)
{
    size_t weight = sizeof(struct lane_event) + event->json.len;
    size_t *const sums[] = {&lane->bytes, &lanes->bytes, lanes->total};
    for (size_t i = 0; i < 3; i++)
        if (sums[i])
            *sums[i] = comes ? *sums[i] + weight : *sums[i] - weight;
}

static void append(struct lanes *lanes, struct lane *lane, const struct feed_event *event)
{
    struct lane_event *copy = malloc(sizeof *copy + event->json.len);
    must(copy);
    char *json = (char *)(copy + 1);
    memcpy(json, event->json.data, event->json.len);
    copy->event = *event;
    copy->event.json.data = json;
    copy->next = NULL;
    *lane->last = copy;
    lane->last = &copy->next;
    lane->count++;
    lanes->events++;
    weigh(lanes, lane, event, true);
}

static void drop_first(struct lanes *lanes, struct lane *lane)
{
    struct lane_event *first = lane->first;
    lane->first = first->next;
    if (!lane->first)
        lane->last = &lane->first;
    lane->count--;
    lanes->events--;
    weigh(lanes, lane, &first->event, false);
    free(first);
}

static void forget(struct lanes *lanes, struct lane *lane)
{
    if (!lane->first)
        return;
    lane->loaded = lane->first->event.place;
    lane->is_behind = true;
    while (lane->first)
        drop_first(lanes, lane);
}

void lanes_take(struct lanes *lanes, const struct feed_event *event)
{
    struct lane *lane = lane_find(lanes, LANE_DIRECTORY, &event->directory.id);
    if (!lane)
        lane = add(lanes, LANE_DIRECTORY, &event->directory.id);
    if (lane->is_behind)
        return; /* it comes to it */
    if (lane->count >= LANE_MOST_EVENTS) {
        lane->is_behind = true;
        lane->loaded = event->place;
        return;
    }
    append(lanes, lane, event);
    lane_mark(lanes, lane);
    if (lane->list == LANE_IDLE)
        move(lanes, lane, LANE_READY);
}

void lane_fill(struct lanes *lanes, struct lane *lane, const struct feed_event *events, size_t count,
               struct feed_place next, bool at_end)
{
    must(lane->is_behind);
    for (size_t i = 0; i < count; i++)
        append(lanes, lane, &events[i]);
    lane->loaded = next;
    lane->is_behind = !at_end;
    lane_mark(lanes, lane);
    if (lane_is_done(lane))
        move(lanes, lane, LANE_IDLE);
}

struct feed_place lane_place(const struct lane *lane) { return lane->first ? lane->first->event.place : lane->loaded; }

bool lane_is_done(const struct lane *lane) { return !lane->first && !lane->is_behind; }

/* --- whose turn it is --- */

struct lane *lanes_next(const struct lanes *lanes, bool pings_alone)
{
    struct lane *lane = pings_alone && lanes->pings == 0 ? NULL : lanes->lists[LANE_READY];
    while (lane && pings_alone && lane->kind != LANE_PING)
        lane = lane->next;
    return lane;
}

struct lane *lanes_probe(const struct lanes *lanes)
{
    struct lane *ready = lanes->lists[LANE_READY];
    return ready ? ready : lanes->lists[LANE_WAITING];
}

void lane_fly(struct lanes *lanes, struct lane *lane)
{
    must(lane->first);
    move(lanes, lane, LANE_FLYING);
}

void lane_pop(struct lanes *lanes, struct lane *lane)
{
    drop_first(lanes, lane);
    lane->delivery = (struct id){{0}};
    lane->attempts = lane->failures = 0;
    lane->next_ms = 0;
    lane_mark(lanes, lane);
    move(lanes, lane, lane_is_done(lane) ? LANE_IDLE : LANE_READY);
}

void lane_wait(struct lanes *lanes, struct lane *lane, int64_t next_ms)
{
    forget(lanes, lane);
    lane->next_ms = next_ms;
    if (lanes->due_ms == 0 || next_ms < lanes->due_ms)
        lanes->due_ms = next_ms;
    lane_mark(lanes, lane);
    move(lanes, lane, LANE_WAITING);
}

void lane_ready(struct lanes *lanes, struct lane *lane) { move(lanes, lane, LANE_READY); }

int64_t lanes_wake(struct lanes *lanes, int64_t now_ms)
{
    int64_t first_ms = 0;
    if (lanes->due_ms == 0 || now_ms < lanes->due_ms)
        return lanes->due_ms;
    for (struct lane *lane = lanes->lists[LANE_WAITING], *next; lane; lane = next) {
        next = lane->next;
        if (lane->next_ms <= now_ms) {
            lane->next_ms = 0;
            lane_mark(lanes, lane);
            move(lanes, lane, LANE_READY);
        } else if (first_ms == 0 || lane->next_ms < first_ms) {
            first_ms = lane->next_ms;
        }
    }
    return lanes->due_ms = first_ms;
}

void lanes_forget(struct lanes *lanes)
{
    for (struct lane *lane = lanes->lists[LANE_READY]; lane; lane = lane->next)
        forget(lanes, lane);
}

/* --- begin and end --- */

void lanes_init(struct lanes *lanes)
{
    *lanes = (struct lanes){0};
    for (size_t i = 0; i < LANE_LISTS; i++)
        lanes->ends[i] = &lanes->lists[i];
}

void lanes_fini(struct lanes *lanes)
{
    for (size_t i = 0; i < LANE_LISTS; i++)
        for (struct lane *lane = lanes->lists[i], *next; lane; lane = next) {
            next = lane->next;
            while (lane->first)
                drop_first(lanes, lane);
            free(lane);
        }
}
