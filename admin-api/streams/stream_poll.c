/* A receiver's poll (RFC 8936). */
#include <sodium.h>
#include <time.h>

#include "base/json.h"
#include "hub.h"
#include "obs/metrics.h"
#include "polling.h"
#include "problem.h"
#include "reply.h"
#include "sequencer.h"
#include "streams.h"

enum { MOST_TRIES = 5, ACKS_MOST = 10000, ERRORS_MOST = 1000, PAUSE_NS = 2000000, LONGEST_MS = 30000 };

/* --- the body --- */

static const char *check_most(const json_t *value, const struct field_context *context)
{
    (void)context;
    bool good = json_is_integer(value) && json_integer_value(value) >= 0;
    return good ? NULL : "must be a whole number, 0 or more; 0 only acknowledges";
}

static const char *check_ack(const json_t *value, const struct field_context *context)
{
    (void)context;
    bool good = json_is_array(value) && json_array_size(value) <= ACKS_MOST;
    for (size_t i = 0; good && i < json_array_size(value); i++)
        good = json_is_string(json_array_get(value, i));
    return good ? NULL : "must be an array of at most 10000 jti";
}

static const char *check_errors(const json_t *value, const struct field_context *context)
{
    const char *jti;
    json_t *told;
    if (!json_is_object(value) || json_object_size(value) > ERRORS_MOST)
        return "must be an object of at most 1000 members, which are called as a jti each";
    json_object_foreach ((json_t *)(uintptr_t)value, jti, told) {
        const json_t *description = json_object_get(told, "description");
        if (!json_is_string(json_object_get(told, "err")) || (description && !json_is_string(description)))
            return arena_printf(context->arena,
                                "must have objects with the texts \"err\" and \"description\"; that of %.100s is none",
                                jti);
    }
    return NULL;
}

static size_t most_of(const struct call *call, enum auth_algorithm algorithm)
{
    const json_t *value = call_member(call, "maxEvents");
    json_int_t wanted = value ? json_integer_value(value) : POLL_DEFAULT;
    json_int_t most = algorithm == AUTH_RS256 ? POLL_MOST_RSA : POLL_MOST;
    return (size_t)(wanted < most ? wanted : most);
}

/* --- one try, in a transaction --- */

static bool open_signer(struct polling *polling, struct err *err)
{
    const struct call *call = polling->call;
    if (polling->most == 0)
        return true;
    if (!event_signers_open(call->db, call->settings->peppers, &polling->stream.environment, polling->stream.algorithm,
                            call->op->now_ms, &polling->signers, err))
        return false;
    polling->signer = event_signers_at(polling->signers, call->op->now_ms);
    return true;
}

static bool run(struct polling *polling, struct err *err)
{
    const struct db_value *row;
    struct stream *stream = &polling->stream;
    struct call *call = polling->call;
    if (!db_begin(call->db, err) || !stream_hold(call, stream, err) ||
        !stream_load(call, &stream->environment, &stream->id, &row, stream, err))
        return false;
    polling->place = stream->place;
    return polling_take_acks(polling, err) && open_signer(polling, err) && polling_read(polling, err) &&
           polling_save(polling, err) && db_commit(call->db, err);
}

static void clear(struct polling *polling)
{
    event_signers_close(polling->signers);
    json_decref(polling->sets);
    polling->signers = NULL;
    polling->sets = NULL;
}

static bool poll_once(struct polling *polling, struct err *err)
{
    clear(polling);
    polling->sets = json_object();
    polling->count = polling->bytes = 0;
    polling->is_full = false;
    polling->most = most_of(polling->call, polling->stream.algorithm);
    bool done = run(polling, err);
    if (!done)
        db_rollback(polling->call->db);
    return done;
}

static bool poll_with_retries(struct polling *polling, struct err *err)
{
    for (int try = 1;; try++) {
        *err = ERR_INIT;
        if (poll_once(polling, err))
            return true;
        if (db_failure(polling->call->db) != DB_RETRY || try == MOST_TRIES)
            return false;
        nanosleep(&(struct timespec){.tv_nsec = (long)PAUSE_NS * try}, NULL);
    }
}

/* --- the operation --- */

static bool refuse_pushed(const struct stream *stream, struct err *err)
{
    return stream->delivery == STREAM_POLL ||
           err_set(err, ERR_CONFLICT, "This event stream is pushed: make another one to poll.");
}

static bool answer(struct call *call, json_t *sets, bool more)
{
    return reply_json(call->op, 200, json_pack("{s:O, s:b}", "sets", sets, "moreAvailable", more));
}

/* Something has come, or the time is over. Nothing is signed on the hub's thread, which has others to serve: whoever
 * waited asks again, and is told so. */
static void on_news(struct hub_visit *visit, const struct feed_page *page)
{
    json_scoped *none = json_object();
    (void)answer(&visit->call, none, page->count > 0);
}

static const struct hub_kind waiting = {.name = "set_poll", .answer = on_news};

static void park(struct polling *polling)
{
    struct call *call = polling->call;
    struct hub_visit *visit = arena_new(call_arena(call), struct hub_visit);
    *visit = (struct hub_visit){.kind = &waiting, .longest_ms = LONGEST_MS};
    visit->query = polling_query(polling);
    visit->query.limit = 1;
    hub_park(call, visit);
}

static void count(const struct polling *polling)
{
    metric_add(metric_series(METRIC_FEED_EVENTS, waiting.name, NULL), (int64_t)polling->count);
}

static bool waits(const struct polling *polling)
{
    return polling->count == 0 && !polling->is_full && !json_is_true(call_member(polling->call, "returnImmediately"));
}

static bool poll(struct call *call, struct err *err)
{
    struct polling polling = {.call = call};
    const struct db_value *row;
    call_state(call->op)->parked = NULL; /* it may be run again */
    if (!stream_of_path(call, &row, &polling.stream, err) || !refuse_pushed(&polling.stream, err))
        return false;
    sequencer_settle(call->settings->sequencer);
    bool good = poll_with_retries(&polling, err);
    if (good)
        count(&polling);
    if (good && polling.most > 0 && waits(&polling))
        park(&polling);
    else if (good)
        (void)answer(call, polling.sets, polling.is_full);
    clear(&polling);
    return good;
}

static const struct admin_field fields[] = {
    {"maxEvents", check_most, 0},
    {"returnImmediately", field_flag, 0},
    {"ack", check_ack, 0},
    {"setErrs", check_errors, 0},
};

const struct admin_operation stream_poll = {
    .operation = {.name = "stream.poll", .lane = OP_QUERY, .scope = SCOPE_ADMIN_READ, .start = hub_run},
    .body_optional = true,
    ADMIN_FIELDS(fields),
    .handle = poll,
};
