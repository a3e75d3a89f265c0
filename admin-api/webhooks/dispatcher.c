#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "dispatch.h"
#include "obs/log.h"
#include "progress.h"

enum {
    LOOK_MS = 10,      /* between two looks, however often the feed moves */
    WRITE_MS = 50,     /* results are written within */
    MOVED_MS = 1000,   /* places alone */
    WRITE_MOST = 500,  /* results: no waiting for more */
    AWAY_MS = 500,     /* the database: until it is tried again */
    IDLE_MS = 1000,    /* a turn without anything to do, at most */
    STOP_MS = 5000,    /* what is in flight at the end is waited for so long */
    PAGE_EVENTS = 100, /* read at a time */
    FILLS_MOST = 16,   /* pages for lanes of one endpoint in one turn */
    ENDPOINT_EVENTS = 1000,
    ENDPOINT_BYTES = 4 << 20, /* in memory: no more is scanned above either */
    ALL_BYTES = 64 << 20,     /* of all endpoints: above it, event by event */
    NS_PER_MS = 1000000,
};

/* --- lists of endpoints --- */

static void queue_init(struct queue_of_endpoints *queue)
{
    *queue = (struct queue_of_endpoints){.last = &queue->first};
}

static void queue_put(struct queue_of_endpoints *queue, struct endpoint *endpoint)
{
    endpoint->in_round = true;
    endpoint->round_next = NULL;
    *queue->last = endpoint;
    queue->last = &endpoint->round_next;
}

static struct endpoint *queue_take(struct queue_of_endpoints *queue)
{
    struct endpoint *endpoint = queue->first;
    queue->first = endpoint->round_next;
    if (!queue->first)
        queue->last = &queue->first;
    endpoint->in_round = false;
    return endpoint;
}

static void queue_remove(struct queue_of_endpoints *queue, const struct endpoint *endpoint)
{
    struct endpoint **at = &queue->first;
    while (*at && *at != endpoint)
        at = &(*at)->round_next;
    if (!*at)
        return;
    *at = endpoint->round_next;
    if (!*at)
        queue->last = at;
}

void dispatcher_queue(struct dispatcher *dispatcher, struct endpoint *endpoint)
{
    if (!endpoint->in_round)
        queue_put(&dispatcher->round, endpoint);
}

void dispatcher_block(struct dispatcher *dispatcher, struct endpoint *endpoint)
{
    if (!endpoint->in_round)
        queue_put(&dispatcher->blocked, endpoint);
}

void dispatcher_forget(struct dispatcher *dispatcher, struct endpoint *endpoint)
{
    queue_remove(&dispatcher->round, endpoint);
    queue_remove(&dispatcher->blocked, endpoint);
    endpoint->in_round = false;
}

/* Who has waited for longest is first. */
static void unblock(struct dispatcher *dispatcher)
{
    while (dispatcher->blocked.first)
        queue_put(&dispatcher->round, queue_take(&dispatcher->blocked));
}

/* --- time --- */

int64_t dispatcher_now_ms(const struct dispatcher *dispatcher)
{
    return lease_now_ms(&dispatcher->lease, clock_monotonic_ns());
}

static bool has_passed(uint64_t since_ns, int64_t ms)
{
    return clock_monotonic_ns() - since_ns >= (uint64_t)ms * NS_PER_MS;
}

void dispatcher_at(struct dispatcher *dispatcher, struct endpoint *endpoint, int64_t due_ms)
{
    endpoint->due_ms = due_ms;
    if (due_ms != 0 && (dispatcher->timer_ms == 0 || due_ms < dispatcher->timer_ms))
        dispatcher->timer_ms = due_ms;
}

static void ring(struct dispatcher *dispatcher)
{
    int64_t now_ms = dispatcher_now_ms(dispatcher);
    if (dispatcher->timer_ms == 0 || now_ms < dispatcher->timer_ms)
        return;
    dispatcher->timer_ms = 0;
    for (struct endpoint *endpoint = dispatcher->held; endpoint; endpoint = endpoint->next) {
        if (endpoint->due_ms == 0)
            continue;
        if (endpoint->due_ms <= now_ms)
            dispatcher_queue(dispatcher, endpoint);
        else
            dispatcher_at(dispatcher, endpoint, endpoint->due_ms);
    }
}

/* --- writing --- */

static bool has_results(const struct dispatcher *dispatcher)
{
    return dispatcher->log.count > 0 || dispatcher->log.closing_count > 0;
}

/* What the database will not have in its log must not stop everybody's webhooks: how far they are is written without.
 */
static bool write_progress(struct dispatcher *dispatcher, bool *fenced_out, struct err *err)
{
    int64_t now_ms = dispatcher_now_ms(dispatcher);
    const struct id *self = &dispatcher->lease.self;
    if (progress_write(dispatcher->db, self, dispatcher->held, &dispatcher->log, now_ms, fenced_out, err))
        return true;
    if (db_failure(dispatcher->db) != DB_BROKEN || !has_results(dispatcher))
        return false;
    log_event(LOG_ERROR, "webhooks", "deliveries are not in the log", LOG_TEXT("cause", err->detail),
              LOG_NUMBER("deliveries", dispatcher->log.count));
    delivery_log_clear(&dispatcher->log);
    *err = ERR_INIT;
    return progress_write(dispatcher->db, self, dispatcher->held, &dispatcher->log, now_ms, fenced_out, err);
}

/* Another process has taken something over, or somebody has deleted it: the look drops it, and the rest is written. */
static bool write_unfenced(struct dispatcher *dispatcher, struct err *err)
{
    bool is_fenced = true;
    for (int i = 0; is_fenced && i < 3; i++)
        if (!write_progress(dispatcher, &is_fenced, err) || (is_fenced && !held_look(dispatcher, err)))
            return false;
    return true;
}

bool dispatcher_flush(struct dispatcher *dispatcher, struct err *err)
{
    bool is_dirty = has_results(dispatcher);
    for (const struct endpoint *endpoint = dispatcher->held; endpoint && !is_dirty; endpoint = endpoint->next)
        is_dirty = endpoint_is_dirty(endpoint);
    if (is_dirty && !write_unfenced(dispatcher, err))
        return false;
    dispatcher->results_ns = dispatcher->moved_ns = 0;
    return true;
}

static bool flush_is_due(const struct dispatcher *dispatcher)
{
    return (dispatcher->results_ns != 0 && has_passed(dispatcher->results_ns, WRITE_MS)) ||
           (dispatcher->moved_ns != 0 && has_passed(dispatcher->moved_ns, MOVED_MS)) ||
           dispatcher->log.count >= WRITE_MOST;
}

void dispatcher_landed(struct dispatcher *dispatcher, struct endpoint *endpoint)
{
    unblock(dispatcher);
    if (endpoint->is_lost)
        return;
    if (dispatcher->results_ns == 0)
        dispatcher->results_ns = clock_monotonic_ns();
    dispatcher->is_untidy = dispatcher->is_untidy || endpoint->disable_for;
    dispatcher_queue(dispatcher, endpoint);
}

static void note_move(struct dispatcher *dispatcher, const struct endpoint *endpoint)
{
    if (dispatcher->moved_ns == 0 && endpoint_is_dirty(endpoint))
        dispatcher->moved_ns = clock_monotonic_ns();
}

/* --- one endpoint's turn --- */

struct endpoint_source dispatcher_source(struct dispatcher *dispatcher)
{
    return (struct endpoint_source){
        .db = dispatcher->db,
        .reader = dispatcher->reader,
        .peppers = dispatcher->settings.peppers,
        .arena = &dispatcher->page,
        .log = &dispatcher->log,
        .now_ms = dispatcher_now_ms(dispatcher),
    };
}

static bool is_served(const struct endpoint *endpoint)
{
    return !endpoint->is_leaving && !endpoint->is_stale && !endpoint->disable_for && endpoint->envelope;
}

static bool has_lanes(const struct endpoint *endpoint)
{
    return endpoint->lanes.lists[LANE_READY] || endpoint->lanes.lists[LANE_WAITING] ||
           endpoint->lanes.lists[LANE_FLYING];
}

/* Down, nothing more is read than one needs to have something to probe with. */
static bool may_scan(const struct dispatcher *dispatcher, const struct endpoint *endpoint)
{
    return !receiver_is_down(&endpoint->receiver) ||
           (!has_lanes(endpoint) && dispatcher_now_ms(dispatcher) >= endpoint->receiver.next_ms);
}

static bool wants_more(const struct dispatcher *dispatcher, const struct endpoint *endpoint)
{
    const struct lanes *lanes = &endpoint->lanes;
    return endpoint->state == ENDPOINT_ACTIVE && may_scan(dispatcher, endpoint) && endpoint_has_unscanned(endpoint) &&
           lanes->events < ENDPOINT_EVENTS && lanes->bytes < ENDPOINT_BYTES &&
           (dispatcher->bytes < ALL_BYTES || lanes->events == 0);
}

static size_t page_size(const struct dispatcher *dispatcher) { return dispatcher->bytes < ALL_BYTES ? PAGE_EVENTS : 1; }

static bool scan(struct dispatcher *dispatcher, struct endpoint *endpoint, bool *more_out, struct err *err)
{
    *more_out = false;
    if (!wants_more(dispatcher, endpoint))
        return true;
    const struct endpoint_source source = dispatcher_source(dispatcher);
    if (!endpoint_scan(&source, endpoint, page_size(dispatcher), more_out, err))
        return false;
    note_move(dispatcher, endpoint);
    *more_out = *more_out && wants_more(dispatcher, endpoint);
    return true;
}

/* Pings go whatever the state; all else when the endpoint is active, and as fast as it bears. NULL: nothing now. */
static struct lane *pick(const struct dispatcher *dispatcher, const struct endpoint *endpoint)
{
    struct lane *ping = lanes_next(&endpoint->lanes, true);
    if (ping || endpoint->state != ENDPOINT_ACTIVE ||
        !receiver_may_send(&endpoint->receiver, endpoint->in_flight, dispatcher_now_ms(dispatcher)))
        return ping;
    return receiver_is_down(&endpoint->receiver) ? lanes_probe(&endpoint->lanes) : lanes_next(&endpoint->lanes, false);
}

/* Half of all is left to other environments; above that half nobody has more than one. */
static bool has_room(const struct dispatcher *dispatcher, const struct endpoint *endpoint)
{
    unsigned most = dispatcher->settings.in_flight, half = (most + 1) / 2, own = 0;
    if (dispatcher->in_flight < half)
        return true;
    if (dispatcher->in_flight >= most || endpoint->in_flight > 0)
        return false;
    for (const struct endpoint *other = dispatcher->held; other; other = other->next)
        if (id_equals(&other->row.environment.id, &endpoint->row.environment.id))
            own += other->in_flight;
    return own < half;
}

static bool fill(struct dispatcher *dispatcher, struct endpoint *endpoint, struct lane *lane, struct err *err)
{
    const struct endpoint_source source = dispatcher_source(dispatcher);
    if (!endpoint_fill(&source, endpoint, lane, page_size(dispatcher), err))
        return false;
    note_move(dispatcher, endpoint);
    if (!lane->first && !lane_is_done(lane))
        lane_ready(&endpoint->lanes, lane); /* there was nothing in what was looked at: others first */
    return true;
}

/* As many as it bears. more_out: there is something to read for it yet. */
static bool send_what_is_ready(struct dispatcher *dispatcher, struct endpoint *endpoint, bool *more_out,
                               struct err *err)
{
    struct lane *lane;
    int fills = 0;
    while ((lane = pick(dispatcher, endpoint))) {
        if (!has_room(dispatcher, endpoint)) {
            dispatcher_block(dispatcher, endpoint);
            return true;
        }
        if (lane->first) {
            attempt_start(dispatcher, endpoint, lane);
            continue;
        }
        *more_out = fills++ == FILLS_MOST;
        if (*more_out)
            return true;
        if (!fill(dispatcher, endpoint, lane, err))
            return false;
    }
    return true;
}

static void set_alarm(struct dispatcher *dispatcher, struct endpoint *endpoint, int64_t lanes_due_ms)
{
    bool is_down = receiver_is_down(&endpoint->receiver);
    bool has_any = has_lanes(endpoint) || endpoint_has_unscanned(endpoint);
    int64_t due_ms = is_down ? endpoint->receiver.next_ms : lanes_due_ms;
    bool waits = endpoint->state == ENDPOINT_ACTIVE && (!is_down || (has_any && endpoint->in_flight == 0));
    dispatcher_at(dispatcher, endpoint, waits ? due_ms : 0);
}

static bool has_something(const struct endpoint *endpoint)
{
    const struct lanes *lanes = &endpoint->lanes;
    return lanes->pings > 0 ||
           (endpoint->state == ENDPOINT_ACTIVE &&
            (lanes->lists[LANE_READY] || lanes->lists[LANE_WAITING] || endpoint_has_unscanned(endpoint)));
}

/* Keys that cannot be had fail the attempt, where the vendor sees it; a database that is away fails nothing. */
static bool open_envelope(struct dispatcher *dispatcher, struct endpoint *endpoint, struct err *err)
{
    const struct endpoint_source source = dispatcher_source(dispatcher);
    bool is_away = !endpoint_open(&source, endpoint, err) && err->kind == ERR_UNAVAILABLE;
    *err = is_away ? *err : ERR_INIT;
    return !is_away;
}

static bool serve(struct dispatcher *dispatcher, struct endpoint *endpoint, struct err *err)
{
    bool more_to_scan, more_to_fill = false;
    if (!is_served(endpoint) || !has_something(endpoint))
        return true;
    if (!open_envelope(dispatcher, endpoint, err))
        return false;
    int64_t lanes_due_ms = lanes_wake(&endpoint->lanes, dispatcher_now_ms(dispatcher));
    if (!scan(dispatcher, endpoint, &more_to_scan, err) ||
        !send_what_is_ready(dispatcher, endpoint, &more_to_fill, err))
        return false;
    set_alarm(dispatcher, endpoint, lanes_due_ms);
    if (more_to_scan || more_to_fill)
        dispatcher_queue(dispatcher, endpoint);
    return true;
}

/* Each of those in the round once; who joins meanwhile comes in the next. */
static bool serve_round(struct dispatcher *dispatcher, struct err *err)
{
    struct queue_of_endpoints round = dispatcher->round;
    if (!round.first)
        return true;
    queue_init(&dispatcher->round);
    while (round.first) {
        struct endpoint *endpoint = queue_take(&round);
        if (!serve(dispatcher, endpoint, err)) {
            dispatcher_queue(dispatcher, endpoint);
            while (round.first)
                queue_put(&dispatcher->round, queue_take(&round));
            return false;
        }
    }
    return true;
}

/* --- turns --- */

/* Whatever is not written by now, is soon. */
static bool renew(struct dispatcher *dispatcher, struct err *err)
{
    if (!held_renew(dispatcher, err))
        return false;
    for (const struct endpoint *endpoint = dispatcher->held; endpoint; endpoint = endpoint->next)
        note_move(dispatcher, endpoint);
    return true;
}

static bool look(struct dispatcher *dispatcher, struct err *err)
{
    if (dispatcher->lease.renewed_ns == 0 || has_passed(dispatcher->lease.renewed_ns, LEASE_RENEW_MS))
        return renew(dispatcher, err);
    if (!atomic_load(&dispatcher->woken) || !has_passed(dispatcher->looked_ns, LOOK_MS))
        return true;
    atomic_store(&dispatcher->woken, false);
    if (!lease_look(dispatcher->db, &dispatcher->lease, err))
        return false;
    dispatcher->looked_ns = clock_monotonic_ns();
    bool is_nobodys = !dispatcher->held && !dispatcher->lease.has_taken;
    return is_nobodys || held_look(dispatcher, err);
}

static bool turn(struct dispatcher *dispatcher, struct err *err)
{
    if (!dispatcher->db)
        dispatcher->db = db_open(&dispatcher->settings.database, err);
    if (!dispatcher->db || !look(dispatcher, err))
        return false;
    ring(dispatcher);
    if (flush_is_due(dispatcher) && !dispatcher_flush(dispatcher, err))
        return false;
    if (dispatcher->is_untidy && !held_tidy(dispatcher, err))
        return false;
    return !lease_is_good(&dispatcher->lease, clock_monotonic_ns()) || serve_round(dispatcher, err);
}

static int least(int64_t a, int64_t b) { return (int)(a < b ? a : b); }

static int64_t left_ms(uint64_t since_ns, int64_t ms)
{
    int64_t passed_ms = (int64_t)((clock_monotonic_ns() - since_ns) / NS_PER_MS);
    return passed_ms < ms ? ms - passed_ms : 0;
}

/* Until something is due that nobody wakes it for. */
static int wait_ms(const struct dispatcher *dispatcher)
{
    int wait = IDLE_MS;
    if (dispatcher->round.first)
        return 0;
    if (atomic_load(&dispatcher->woken))
        wait = least(wait, left_ms(dispatcher->looked_ns, LOOK_MS));
    if (dispatcher->results_ns != 0)
        wait = least(wait, left_ms(dispatcher->results_ns, WRITE_MS));
    if (dispatcher->moved_ns != 0)
        wait = least(wait, left_ms(dispatcher->moved_ns, MOVED_MS));
    wait = least(wait, left_ms(dispatcher->lease.renewed_ns, LEASE_RENEW_MS));
    int64_t alarm_ms = dispatcher->timer_ms - dispatcher_now_ms(dispatcher);
    if (dispatcher->timer_ms != 0)
        wait = least(wait, alarm_ms > 0 ? alarm_ms : 0);
    return wait;
}

/* What has ended meanwhile is written when the database is back. Returns how long it is left alone. */
static int put_off(struct dispatcher *dispatcher, const struct err *err)
{
    if (dispatcher->db && db_failure(dispatcher->db) == DB_RETRY) {
        db_rollback(dispatcher->db);
        return LOOK_MS;
    }
    log_event(LOG_WARN, "webhooks", "webhooks stand still", LOG_TEXT("cause", err->detail));
    db_close(dispatcher->db);
    dispatcher->db = NULL;
    return AWAY_MS;
}

/* What comes in meanwhile is taken in, but nothing is begun. */
static void pause(struct dispatcher *dispatcher, int ms)
{
    uint64_t since_ns = clock_monotonic_ns();
    while (!has_passed(since_ns, ms) && !atomic_load(&dispatcher->stopping))
        outbound_turn(dispatcher->outbound, (int)left_ms(since_ns, ms));
}

static void step(struct dispatcher *dispatcher)
{
    struct err err = ERR_INIT;
    if (!turn(dispatcher, &err)) {
        pause(dispatcher, put_off(dispatcher, &err));
        return;
    }
    outbound_turn(dispatcher->outbound, wait_ms(dispatcher));
    metric_set(dispatcher->metrics.in_flight, dispatcher->in_flight);
}

/* --- begin and end --- */

static void land_all(struct dispatcher *dispatcher)
{
    uint64_t since_ns = clock_monotonic_ns();
    while (dispatcher->in_flight > 0 && !has_passed(since_ns, STOP_MS))
        outbound_turn(dispatcher->outbound, (int)left_ms(since_ns, STOP_MS));
}

static void end(struct dispatcher *dispatcher)
{
    struct err err = ERR_INIT;
    land_all(dispatcher);
    if (dispatcher->db && (!dispatcher_flush(dispatcher, &err) || !lease_end(dispatcher->db, &dispatcher->lease, &err)))
        log_event(LOG_WARN, "webhooks", "leases are left to end by themselves", LOG_TEXT("cause", err.detail));
    outbound_free(dispatcher->outbound);
    attempts_free(dispatcher);
    held_free(dispatcher);
    db_close(dispatcher->db);
    feed_reader_free(dispatcher->reader);
    delivery_log_fini(&dispatcher->log);
    arena_fini(&dispatcher->page);
    arena_fini(&dispatcher->scratch);
}

static void *run(void *argument)
{
    struct dispatcher *dispatcher = argument;
    while (!atomic_load(&dispatcher->stopping))
        step(dispatcher);
    end(dispatcher);
    return NULL;
}

/* On the sequencer's thread. */
static void on_feed_moved(void *context)
{
    struct dispatcher *dispatcher = context;
    atomic_store(&dispatcher->woken, true);
    outbound_wake(dispatcher->outbound);
}

static void find_metrics(struct dispatcher *dispatcher)
{
    dispatcher->metrics.delivered = metric_series(METRIC_WEBHOOK_ATTEMPTS, "delivered", NULL);
    dispatcher->metrics.again = metric_series(METRIC_WEBHOOK_ATTEMPTS, "again", NULL);
    dispatcher->metrics.failed = metric_series(METRIC_WEBHOOK_ATTEMPTS, "failed", NULL);
    dispatcher->metrics.seconds = metric_series(METRIC_WEBHOOK_SECONDS, NULL, NULL);
    dispatcher->metrics.in_flight = metric_series(METRIC_WEBHOOK_IN_FLIGHT, NULL, NULL);
    dispatcher->metrics.held = metric_series(METRIC_WEBHOOK_ENDPOINTS, NULL, NULL);
    dispatcher->metrics.down = metric_series(METRIC_WEBHOOK_DOWN, NULL, NULL);
    dispatcher->metrics.lag = metric_series(METRIC_WEBHOOK_LAG, NULL, NULL);
}

struct dispatcher *dispatcher_start(const struct dispatcher_settings *settings, struct err *err)
{
    struct outbound *outbound = outbound_new(&settings->outbound, err);
    if (!outbound)
        return NULL;
    struct dispatcher *dispatcher = calloc(1, sizeof *dispatcher);
    must(dispatcher);
    dispatcher->settings = *settings;
    dispatcher->outbound = outbound;
    dispatcher->reader = feed_reader_new();
    dispatcher->lease.self = id_new();
    arena_init(&dispatcher->page);
    arena_init(&dispatcher->scratch);
    delivery_log_init(&dispatcher->log);
    queue_init(&dispatcher->round);
    queue_init(&dispatcher->blocked);
    find_metrics(dispatcher);
    dispatcher->listener = (struct feed_listener){.wake = on_feed_moved, .context = dispatcher};
    sequencer_listen(settings->sequencer, &dispatcher->listener);
    must(pthread_create(&dispatcher->thread, NULL, run, dispatcher) == 0);
    return dispatcher;
}

void dispatcher_stop(struct dispatcher *dispatcher)
{
    sequencer_ignore(dispatcher->settings.sequencer, &dispatcher->listener);
    atomic_store(&dispatcher->stopping, true);
    outbound_wake(dispatcher->outbound);
    pthread_join(dispatcher->thread, NULL);
    free(dispatcher);
}
