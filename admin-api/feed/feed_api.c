#include "feed_api.h"

#include "accept.h"
#include "access.h"
#include "base/num.h"
#include "feed_answer.h"
#include "feed_cursor.h"
#include "hub.h"
#include "obs/metrics.h"
#include "page.h"
#include "problem.h"
#include "query.h"
#include "sequencer.h"

enum { MOST_WAIT_S = 60, STREAM_MS = 3600000, PIECE_EVENTS = 250, PIECE_BYTES = 2 << 20 };

/* --- what is asked for --- */

static bool read_id(const struct call *call, enum admin_query query, const char *prefix, struct id *id_out,
                    struct err *err)
{
    struct slice text = call->query[query];
    *id_out = (struct id){{0}};
    return !text.data || id_from_prefixed(prefix, text, id_out) ||
           err_set(err, ERR_BAD_REQUEST, "%s must be an id that begins with \"%s\".", admin_query_names[query], prefix);
}

/* Events outlive what they are about, so one that is gone can be asked for, too. */
static bool read_filters(const struct call *call, struct feed_query *query, struct err *err)
{
    struct slice types = call->query[QUERY_TYPES];
    query->types = FEED_ALL_TYPES;
    return (!types.data || feed_types_parse(types, &query->types, err)) &&
           read_id(call, QUERY_ORGANIZATION, ID_PREFIX_ORGANIZATION, &query->organization.id, err) &&
           read_id(call, QUERY_DIRECTORY, ID_PREFIX_DIRECTORY, &query->directory.id, err);
}

static bool read_wait(const struct call *call, uint64_t *seconds_out, struct err *err)
{
    struct slice text = call->query[QUERY_WAIT];
    *seconds_out = 0;
    return !text.data || num_parse_uint(text, 0, MOST_WAIT_S, seconds_out) ||
           err_set(err, ERR_BAD_REQUEST, "wait must be a whole number of seconds from 0 to %d.", MOST_WAIT_S);
}

static bool refuse_for_stream(const struct call *call, struct err *err)
{
    enum admin_query given = call->query[QUERY_WAIT].data ? QUERY_WAIT : QUERY_LIMIT;
    return !call->query[given].data ||
           err_set(err, ERR_BAD_REQUEST, "%s is for pages: a stream goes on until one of us ends it.",
                   admin_query_names[given]);
}

static bool read_size(const struct call *call, struct hub_visit *visit, struct err *err)
{
    uint64_t limit, seconds;
    if (visit->kind->streams) {
        visit->query.limit = PIECE_EVENTS;
        visit->query.most_bytes = PIECE_BYTES; /* thousands may wait for their clients to take one */
        visit->longest_ms = STREAM_MS;
        return refuse_for_stream(call, err);
    }
    if (!page_read_limit(call, &limit, err) || !read_wait(call, &seconds, err))
        return false;
    visit->query.limit = (size_t)limit;
    visit->longest_ms = (int64_t)seconds * 1000;
    return true;
}

/* --- where it begins --- */

/* Without a cursor: at the oldest that is kept. "now": behind all that was committed before. */
static bool find_end(struct call *call, bool at_end, struct feed_query *query, struct err *err)
{
    struct feed_ends ends;
    if (at_end)
        sequencer_settle(call->settings->sequencer);
    if (!feed_ends_of(call->db, query->environment, &ends, err))
        return false;
    query->from = (struct feed_place){.sequence = (at_end ? ends.last : ends.purged) + 1};
    return true;
}

static bool find_place(struct call *call, struct hub_visit *visit, struct err *err)
{
    struct feed_query *query = &visit->query;
    struct slice cursor = call->query[QUERY_CURSOR];
    if (visit->kind->streams && call->op->last_event_id.len > 0) /* a stream that goes on */
        cursor = call->op->last_event_id;
    bool at_end = slice_equals(cursor, SLICE_LITERAL("now"));
    if (!cursor.data || at_end)
        return find_end(call, at_end, query, err);
    return feed_cursor_read(call->settings->peppers, query->environment, cursor, &query->from, err);
}

/* --- the answer at once --- */

static bool read_page(struct call *call, const struct feed_query *query, struct feed_page *page_out, struct err *err)
{
    struct feed_reader *reader = feed_reader_new();
    bool is_read = feed_read(reader, call->db, query, call_arena(call), page_out, err);
    feed_reader_free(reader);
    return is_read;
}

static void count_events(const char *way, size_t count)
{
    metric_add(metric_series(METRIC_FEED_EVENTS, way, NULL), (int64_t)count);
}

/* Who comes to the end, and does not wait for more, is to find all that was committed before: it gets its number first.
 */
static bool answer_page(struct call *call, const struct hub_visit *visit, struct feed_page *page, struct err *err)
{
    struct feed_query query = visit->query;
    struct feed_answer answer = {.call = call, .environment = query.environment};
    feed_answer_add(&answer, page);
    if (visit->longest_ms == 0 && page->at_end && page->count < query.limit) {
        query.from = page->next;
        query.limit -= page->count;
        sequencer_settle(call->settings->sequencer);
        if (!read_page(call, &query, page, err))
            return false;
        feed_answer_add(&answer, page);
    }
    count_events("page", answer.count);
    return feed_answer_end(&answer, page->next, !page->at_end);
}

/* --- and later --- */

static void answer_poll(struct hub_visit *visit, const struct feed_page *page)
{
    struct feed_answer answer = {.call = &visit->call, .environment = visit->query.environment};
    feed_answer_add(&answer, page);
    count_events(visit->kind->name, page->count);
    (void)feed_answer_end(&answer, page->next, !page->at_end);
}

static void answer_stream(struct hub_visit *visit, const struct feed_page *page)
{
    feed_stream_add(&visit->call, visit->query.environment, page);
    count_events(visit->kind->name, page->count);
}

static const struct hub_kind poll = {.name = "poll", .answer = answer_poll};
static const struct hub_kind stream = {.name = "stream", .streams = true, .answer = answer_stream};

static bool begin_stream(struct call *call, struct hub_visit *visit, const struct feed_page *page)
{
    (void)feed_stream_begin(call);
    answer_stream(visit, page);
    return true;
}

/* --- the operation --- */

static const struct hub_kind *kind_of(const struct call *call)
{
    return accept_prefers(call->op->accept, "text/event-stream", "application/json") ? &stream : &poll;
}

static bool answer(struct call *call, struct hub_visit *visit, struct err *err)
{
    struct feed_page page;
    if (!read_page(call, &visit->query, &page, err))
        return false;
    bool waits = !call->op->is_head && visit->longest_ms > 0 && page.count == 0;
    if (!visit->kind->streams && !waits)
        return answer_page(call, visit, &page, err);
    visit->query.from = page.next;
    hub_park(call, visit);
    return !visit->kind->streams || begin_stream(call, visit, &page);
}

static bool list(struct call *call, struct err *err)
{
    struct hub_visit *visit = arena_new(call_arena(call), struct hub_visit);
    visit->kind = kind_of(call);
    call_state(call->op)->parked = NULL; /* it may be run again */
    return access_environment(call, &visit->query.environment, err) && read_filters(call, &visit->query, err) &&
           read_size(call, visit, err) && find_place(call, visit, err) && answer(call, visit, err);
}

const struct admin_operation event_list = {
    .produces = "application/json text/event-stream",
    .operation = {.name = "event.list", .lane = OP_QUERY, .scope = SCOPE_ADMIN_READ, .start = hub_run},
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_TYPES) | QUERY_BIT(QUERY_ORGANIZATION) | QUERY_BIT(QUERY_DIRECTORY) |
               QUERY_BIT(QUERY_WAIT) | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
