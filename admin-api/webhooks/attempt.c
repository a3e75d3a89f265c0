/* One event on its way to one endpoint, and what comes of it. */
#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/must.h"
#include "dispatch.h"
#include "obs/log.h"
#include "schedule.h"

enum { ERROR_BYTES = 256, HEADER_TEXT_BYTES = 8192, ATTEMPT_BYTES = 1024 };

struct flight {
    struct flight *next, **before;
    struct dispatcher *dispatcher;
    struct endpoint *endpoint;
    struct lane *lane;
    bool is_probe;
    int64_t began_ms;   /* this machine's clock, as the receiver is told */
    struct buf headers; /* that were sent, as they are shown */
};

static struct flight *flight_new(struct dispatcher *dispatcher, struct endpoint *endpoint, struct lane *lane)
{
    struct flight *flight = calloc(1, sizeof *flight);
    must(flight);
    *flight = (struct flight){.next = dispatcher->flights,
                              .before = &dispatcher->flights,
                              .dispatcher = dispatcher,
                              .endpoint = endpoint,
                              .lane = lane,
                              .is_probe = receiver_is_down(&endpoint->receiver),
                              .began_ms = clock_wall_ms()};
    buf_init(&flight->headers, HEADER_TEXT_BYTES);
    if (flight->next)
        flight->next->before = &flight->next;
    dispatcher->flights = flight;
    return flight;
}

static void release(struct flight *flight)
{
    buf_fini(&flight->headers);
    free(flight);
}

static void flight_free(struct flight *flight)
{
    *flight->before = flight->next;
    if (flight->next)
        flight->next->before = flight->before;
    release(flight);
}

void attempts_free(struct dispatcher *dispatcher)
{
    for (struct flight *flight = dispatcher->flights, *next; flight; flight = next) {
        next = flight->next;
        release(flight);
    }
    dispatcher->flights = NULL;
}

/* --- the log --- */

struct outcome {
    enum webhook_verdict verdict;
    char error[ERROR_BYTES]; /* empty: none */
    int64_t retry_after_ms;
};

/* What receivers and libraries say may be any bytes; a sentence is ASCII. */
static void clean(char *text)
{
    for (; *text; text++)
        if (*text < 0x20 || *text > 0x7e)
            *text = '?';
}

static struct slice show_attempt(struct arena *arena, const struct flight *flight, const struct outbound_result *result,
                                 const struct outcome *outcome)
{
    struct buf text;
    buf_init(&text, ATTEMPT_BYTES);
    buf_printf(&text, "{\"at_ms\":%lld,\"status\":", (long long)flight->began_ms);
    if (result->status)
        buf_printf(&text, "%d", result->status);
    else
        buf_add_str(&text, "null");
    buf_add_str(&text, ",\"error\":");
    if (*outcome->error)
        buf_add_json_string(&text, slice_str(outcome->error));
    else
        buf_add_str(&text, "null");
    buf_printf(&text, ",\"duration_ms\":%lld}", (long long)result->duration_ms);
    struct slice kept = arena_slice(arena, buf_slice(&text));
    buf_fini(&text);
    return kept;
}

static enum delivery_kind kind_of(const struct lane *lane)
{
    static const enum delivery_kind kinds[] = {
        [LANE_DIRECTORY] = DELIVERY_LIVE, [LANE_REPLAY] = DELIVERY_REPLAY, [LANE_PING] = DELIVERY_PING};
    return kinds[lane->kind];
}

static struct slice keep(struct arena *arena, struct slice text)
{
    return text.len ? arena_slice(arena, text) : SLICE_EMPTY;
}

/* The row of the lane's first event; its state and next_ms are the caller's. */
static struct delivery *record(const struct flight *flight, const struct outbound_result *result,
                               const struct outcome *outcome)
{
    const struct lane *lane = flight->lane;
    const struct feed_event *event = &lane->first->event;
    struct delivery_log *log = &flight->dispatcher->log;
    struct delivery *delivery = delivery_add(log);
    *delivery = (struct delivery){
        .endpoint = flight->endpoint->row.id,
        .id = lane->delivery,
        .event = event->id,
        .kind = kind_of(lane),
        .place = event->place,
        .type = feed_type_names[event->type],
        .organization = event->organization,
        .directory = event->directory,
        .attempts = lane->attempts,
        .attempt = show_attempt(&log->arena, flight, result, outcome),
        .error = keep(&log->arena, slice_str(outcome->error)),
        .status = result->status,
        .request_headers = keep(&log->arena, buf_slice(&flight->headers)),
        .response_headers = keep(&log->arena, result->headers),
        .response_body = keep(&log->arena, result->body),
        .created_ms = dispatcher_now_ms(flight->dispatcher),
    };
    if (lane->kind == LANE_REPLAY && !id_equals(&lane->id, &lane->delivery))
        delivery->replay = lane->id;
    return delivery;
}

/* --- what it means --- */

static void judge(const struct flight *flight, const struct outbound_result *result, struct outcome *outcome)
{
    struct slice retry_after = outbound_header(result, SLICE_LITERAL("retry-after"));
    *outcome = (struct outcome){.verdict = WEBHOOK_AGAIN};
    if (result->end != OUTBOUND_ANSWERED)
        snprintf(outcome->error, sizeof outcome->error, "%s", result->error);
    else
        outcome->verdict = flight->endpoint->envelope->judge(result, outcome->error);
    if (outcome->verdict == WEBHOOK_DELIVERED)
        *outcome->error = '\0';
    else if (!*outcome->error)
        snprintf(outcome->error, sizeof outcome->error, "The receiver answered %d.", result->status);
    clean(outcome->error);
    if (!schedule_retry_after(retry_after, clock_wall_ms(), &outcome->retry_after_ms))
        outcome->retry_after_ms = 0;
}

static void observe(const struct dispatcher *dispatcher, const struct lane *lane)
{
    int64_t took_ms = clock_wall_ms() - lane->first->event.happened_ms;
    if (lane->kind == LANE_DIRECTORY && lane->attempts == 1 && took_ms >= 0)
        metric_observe_ns(dispatcher->metrics.seconds, (uint64_t)took_ms * 1000000);
}

static void succeed(const struct flight *flight, struct delivery *delivery)
{
    struct dispatcher *dispatcher = flight->dispatcher;
    struct endpoint *endpoint = flight->endpoint;
    delivery->state = DELIVERY_DONE;
    delivery->ended_ms = delivery->created_ms;
    metric_add(dispatcher->metrics.delivered, 1);
    observe(dispatcher, flight->lane);
    lane_pop(&endpoint->lanes, flight->lane);
    if (receiver_succeed(&endpoint->receiver, dispatcher_now_ms(dispatcher)))
        (void)lanes_wake(&endpoint->lanes, INT64_MAX); /* it is back: all that lags goes at once */
}

static void give_up(const struct flight *flight, struct delivery *delivery)
{
    delivery->state = DELIVERY_FAILED;
    delivery->ended_ms = delivery->created_ms;
    metric_add(flight->dispatcher->metrics.failed, 1);
    lane_pop(&flight->endpoint->lanes, flight->lane);
}

/* Not before then, by the event's own schedule. */
static int64_t next_try_ms(const struct flight *flight, bool is_early, const struct outcome *outcome, uint64_t chance)
{
    const struct lane *lane = flight->lane;
    const struct dispatcher *dispatcher = flight->dispatcher;
    int64_t now_ms = dispatcher_now_ms(dispatcher), asked_ms = now_ms + outcome->retry_after_ms;
    int64_t due_ms =
        is_early ? lane->next_ms : now_ms + schedule_delay_ms(lane->failures, chance, dispatcher->settings.haste);
    return due_ms > asked_ms ? due_ms : asked_ms;
}

static void try_again(const struct flight *flight, struct delivery *delivery, int64_t next_ms)
{
    delivery->state = DELIVERY_AGAIN;
    delivery->next_ms = next_ms;
    metric_add(flight->dispatcher->metrics.again, 1);
    lane_wait(&flight->endpoint->lanes, flight->lane, next_ms);
}

static uint64_t any_number(void)
{
    struct id id = id_new();
    uint64_t number;
    memcpy(&number, id.bytes + ID_BYTES - sizeof number, sizeof number);
    return number;
}

/* Of the endpoint, beside the event's own fate. */
static void note_failure(const struct flight *flight, const struct outcome *outcome, unsigned event_failures,
                         uint64_t chance)
{
    struct endpoint *endpoint = flight->endpoint;
    int64_t now_ms = dispatcher_now_ms(flight->dispatcher);
    unsigned haste = flight->dispatcher->settings.haste;
    const struct receiver_failure failure = {
        .text = outcome->error,
        .asks_for_a_break = outcome->verdict == WEBHOOK_SLOWER,
        .is_probe = flight->is_probe,
        .retry_after_ms = outcome->retry_after_ms,
        .event_failures = event_failures,
    };
    (void)receiver_fail(&endpoint->receiver, &failure, now_ms, chance, haste);
    if (receiver_is_down(&endpoint->receiver))
        lanes_forget(&endpoint->lanes);
    if (outcome->verdict == WEBHOOK_GONE)
        endpoint->disable_for = "The receiver answered 410: it asks to be left alone.";
    else if (receiver_is_over(&endpoint->receiver, &failure, now_ms, haste))
        endpoint->disable_for = "Nothing but failures came of it for days.";
}

/* Probes of a receiver that is down come more often than an event's own schedule; only what that has due counts against
 * the event, or it would be given up within hours. */
static bool is_early(const struct flight *flight)
{
    return flight->is_probe && flight->lane->next_ms > dispatcher_now_ms(flight->dispatcher);
}

static void fail(const struct flight *flight, struct delivery *delivery, const struct outcome *outcome)
{
    struct lane *lane = flight->lane;
    bool early = is_early(flight);
    unsigned failures = early ? lane->failures : ++lane->failures;
    uint64_t chance = any_number();
    bool is_ping = lane->kind == LANE_PING;
    if (is_ping || outcome->verdict == WEBHOOK_NEVER || failures >= SCHEDULE_ATTEMPTS)
        give_up(flight, delivery);
    else
        try_again(flight, delivery, next_try_ms(flight, early, outcome, chance));
    if (outcome->verdict == WEBHOOK_GONE || (!is_ping && outcome->verdict != WEBHOOK_NEVER))
        note_failure(flight, outcome, failures, chance);
}

static void settle(const struct flight *flight, const struct outbound_result *result)
{
    struct outcome outcome;
    struct lane *lane = flight->lane;
    judge(flight, result, &outcome);
    lane->attempts++;
    struct delivery *delivery = record(flight, result, &outcome);
    if (outcome.verdict == WEBHOOK_DELIVERED)
        succeed(flight, delivery);
    else
        fail(flight, delivery, &outcome);
    flight->endpoint->is_dirty = true;
}

static void on_done(void *context, const struct outbound_result *result)
{
    struct flight *flight = context;
    struct dispatcher *dispatcher = flight->dispatcher;
    struct endpoint *endpoint = flight->endpoint;
    dispatcher->in_flight--;
    endpoint->in_flight--;
    if (!endpoint->is_lost)
        settle(flight, result);
    dispatcher_landed(dispatcher, endpoint);
    flight_free(flight);
}

/* --- sending --- */

static void show_headers(struct flight *flight, const struct webhook_request *request)
{
    for (size_t i = 0; i < request->header_count; i++) {
        if (i + 1 == request->secret_header)
            continue;
        buf_add(&flight->headers, request->headers[i]);
        buf_add_char(&flight->headers, '\n');
    }
}

static void post(struct flight *flight, const struct webhook_request *request)
{
    struct dispatcher *dispatcher = flight->dispatcher;
    struct outbound_request outbound = {
        .url = flight->endpoint->row.url,
        .header_count = request->header_count,
        .body = request->body,
        .total_ms = dispatcher->settings.timeout_ms,
        .on_done = on_done,
        .context = flight,
    };
    must(request->header_count <= WEBHOOK_HEADERS_MOST);
    memcpy(outbound.headers, request->headers, request->header_count * sizeof request->headers[0]);
    show_headers(flight, request);
    outbound_post(dispatcher->outbound, &outbound);
}

/* Not sent: as if it had failed at once. */
static void refuse(struct flight *flight, const struct err *err)
{
    struct outbound_result result = {.end = OUTBOUND_REFUSED};
    snprintf(result.error, sizeof result.error, "%.190s", err->detail);
    on_done(flight, &result);
}

void attempt_start(struct dispatcher *dispatcher, struct endpoint *endpoint, struct lane *lane)
{
    struct err err = ERR_INIT;
    struct webhook_request request = {0};
    struct flight *flight = flight_new(dispatcher, endpoint, lane);
    arena_reset(&dispatcher->scratch);
    const struct endpoint_source source = dispatcher_source(dispatcher);
    bool good = endpoint_open(&source, endpoint, &err) &&
                endpoint->envelope->wrap(endpoint->opened, &endpoint->row, &lane->first->event, flight->began_ms,
                                         &dispatcher->scratch, &request, &err);
    if (good && request.is_unwanted) {
        flight_free(flight);
        lane_pop(&endpoint->lanes, lane);
        return;
    }
    if (id_is_zero(&lane->delivery))
        lane->delivery = id_new();
    lane_fly(&endpoint->lanes, lane);
    dispatcher->in_flight++;
    endpoint->in_flight++;
    if (good)
        post(flight, &request);
    else
        refuse(flight, &err);
}
