#include "endpoint.h"

#include <stdio.h>
#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/must.h"
#include "orders.h"

enum { LANES_AT_ONCE = 500 };

static const char expired_text[] = "The feed had dropped these events before they could be sent. Take a snapshot of "
                                   "each organization to be in step again.";
static const char gone_text[] = "The event is not there any more: its directory was erased, or the endpoint does not "
                                "ask for its type any more.";

/* --- loading --- */

static int64_t number_of(const struct db_value *column) { return column->kind == DB_NULL ? 0 : column->integer; }

static struct slice text_of(struct endpoint *endpoint, const struct db_value *column)
{
    return column->kind == DB_NULL ? SLICE_EMPTY : arena_slice(&endpoint->texts, column->bytes);
}

static bool read_types(const struct db_value *column, uint64_t *types_out)
{
    struct err ignored = ERR_INIT;
    *types_out = FEED_ALL_TYPES;
    return column->kind == DB_NULL || feed_types_parse(column->bytes, types_out, &ignored);
}

static void read_row(struct endpoint *endpoint, const struct db_value *row)
{
    struct webhook_endpoint *to = &endpoint->row;
    db_id_out(&row[0], &to->environment.id);
    to->kind = (enum webhook_kind)row[1].integer;
    to->url = text_of(endpoint, &row[2]);
    if (!read_types(&row[3], &to->types))
        to->types = 0; /* of a newer version, every one of them */
    to->secret = text_of(endpoint, &row[4]);
    to->previous_secret = text_of(endpoint, &row[5]);
    to->previous_until_ms = number_of(&row[6]);
    endpoint->state = (enum endpoint_state)row[7].integer;
    to->revision = (uint32_t)row[8].integer;
    endpoint->envelope = webhook_envelope_of(to->kind);
}

static void read_progress(struct endpoint *endpoint, const struct db_value *row)
{
    struct receiver *receiver = &endpoint->receiver;
    endpoint->scanned = (struct feed_place){(uint64_t)row[9].integer, (uint32_t)row[10].integer};
    receiver->failures = (unsigned)row[11].integer;
    receiver->next_ms = row[12].integer;
    receiver->failing_since_ms = number_of(&row[13]);
    receiver->success_ms = number_of(&row[14]);
    receiver->failure_ms = number_of(&row[15]);
    if (row[16].kind != DB_NULL)
        snprintf(receiver->failure, sizeof receiver->failure, "%.*s", (int)row[16].bytes.len, row[16].bytes.data);
    endpoint->expired_events = (uint64_t)row[17].integer;
    endpoint->expired_ms = number_of(&row[18]);
    endpoint->orders = (uint32_t)row[20].integer;
    endpoint->end = (uint64_t)row[21].integer;
}

/* What the API has changed since it was last read: whatever was waited for may be mended. */
static void begin_anew(struct endpoint *endpoint)
{
    endpoint->receiver.failures = 0;
    endpoint->receiver.next_ms = endpoint->receiver.failing_since_ms = 0;
    endpoint->is_dirty = true;
}

static bool read_all(struct endpoint *endpoint, const struct db_value *row, unsigned window)
{
    read_row(endpoint, row);
    read_progress(endpoint, row);
    bool was_changed = endpoint->row.revision != (uint32_t)row[19].integer;
    if (was_changed)
        begin_anew(endpoint);
    endpoint->receiver.most = window;
    endpoint->receiver.window = receiver_is_down(&endpoint->receiver) ? 1 : window;
    return was_changed;
}

static void restore_lane(struct lanes *lanes, const struct db_value *row, bool is_new_start)
{
    struct id id;
    enum lane_kind kind = (enum lane_kind)row[0].integer;
    db_id_out(&row[1], &id);
    if (lane_find(lanes, kind, &id))
        return;
    struct lane *lane =
        lane_add(lanes, kind, &id, (struct feed_place){(uint64_t)row[2].integer, (uint32_t)row[3].integer});
    lane->is_kept = true;
    lane->until = (struct feed_place){(uint64_t)number_of(&row[4]), (uint32_t)number_of(&row[5])};
    if (row[6].kind != DB_NULL)
        db_id_out(&row[6], &lane->delivery);
    lane->attempts = (unsigned)row[7].integer;
    lane->failures = is_new_start ? 0 : (unsigned)row[8].integer;
    if (!is_new_start && row[9].integer > 0)
        lane_wait(lanes, lane, row[9].integer);
}

/* Those behind (kind, *last), LANES_AT_ONCE at most. */
static bool read_lane_page(const struct endpoint_source *source, struct endpoint *endpoint, bool is_new_start,
                           int64_t *kind, struct id *last, size_t *count_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&endpoint->row.id), db_integer(*kind), db_id(last),
                                          db_integer(LANES_AT_ONCE)};
    struct db_rows *rows = db_query(source->db, sql_webhook_lanes, parameters, 4, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        restore_lane(&endpoint->lanes, row, is_new_start);
        *kind = row[0].integer;
        db_id_out(&row[1], last);
        ++*count_out;
    }
    return rows && db_rows_end(rows, err);
}

static bool read_lanes(const struct endpoint_source *source, struct endpoint *endpoint, int64_t above_kind,
                       bool is_new_start, struct err *err)
{
    struct id last = {{0}};
    int64_t kind = above_kind;
    size_t count = LANES_AT_ONCE;
    if (above_kind > 0)
        memset(last.bytes, 0xff, sizeof last.bytes);
    while (count == LANES_AT_ONCE)
        if (!read_lane_page(source, endpoint, is_new_start, &kind, &last, &count, err))
            return false;
    return true;
}

bool endpoint_read_orders(const struct endpoint_source *source, struct endpoint *endpoint, struct err *err)
{
    return read_lanes(source, endpoint, LANE_DIRECTORY, false, err);
}

static struct endpoint *make(const struct id *id, uint64_t fence)
{
    struct endpoint *endpoint = calloc(1, sizeof *endpoint);
    must(endpoint);
    endpoint->row.id = *id;
    endpoint->fence = fence;
    arena_init(&endpoint->texts);
    lanes_init(&endpoint->lanes);
    return endpoint;
}

void endpoint_free(struct endpoint *endpoint)
{
    if (endpoint->is_open)
        endpoint->envelope->close(endpoint->opened);
    lanes_fini(&endpoint->lanes);
    arena_fini(&endpoint->texts);
    free(endpoint);
}

bool endpoint_load(const struct endpoint_source *source, const struct id *id, uint64_t fence, unsigned window,
                   struct endpoint **endpoint_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(id), db_integer((int64_t)fence)}, *row;
    *endpoint_out = NULL;
    if (!db_query_one(source->db, sql_webhook_load, parameters, 2, &row, err))
        return false;
    if (!row)
        return true;
    struct endpoint *endpoint = make(id, fence);
    bool is_new_start = read_all(endpoint, row, window);
    if (!read_lanes(source, endpoint, 0, is_new_start, err)) {
        endpoint_free(endpoint);
        return false;
    }
    *endpoint_out = endpoint;
    return true;
}

bool endpoint_open(const struct endpoint_source *source, struct endpoint *endpoint, struct err *err)
{
    if (!endpoint->is_open)
        endpoint->is_open = endpoint->envelope && endpoint->envelope->open(&endpoint->row, source->peppers, source->db,
                                                                           &endpoint->opened, err);
    return endpoint->is_open;
}

/* --- what the feed has dropped --- */

static void tell_expired(const struct endpoint_source *source, const struct endpoint *endpoint, const struct lane *lane,
                         struct feed_place from, uint64_t until)
{
    struct delivery *delivery = delivery_add(source->log);
    *delivery = (struct delivery){
        .endpoint = endpoint->row.id,
        .id = id_new(),
        .kind = DELIVERY_EXPIRED,
        .state = DELIVERY_FAILED,
        .place = from,
        .until = until,
        .type = "",
        .attempt = SLICE_LITERAL(""),
        .error = SLICE_LITERAL(expired_text),
        .created_ms = source->now_ms,
        .ended_ms = source->now_ms,
    };
    if (lane && lane->kind == LANE_DIRECTORY)
        delivery->directory = (struct directory_id){lane->id};
    if (lane && lane->kind == LANE_REPLAY)
        delivery->replay = lane->id;
}

/* Where there is something again. */
static bool skip_expired(const struct endpoint_source *source, struct endpoint *endpoint, const struct lane *lane,
                         struct feed_place *place, struct err *err)
{
    struct feed_ends ends;
    if (!feed_ends_of(source->db, endpoint->row.environment, &ends, err))
        return false;
    tell_expired(source, endpoint, lane, *place, ends.purged + 1);
    if (ends.purged >= place->sequence)
        endpoint->expired_events += ends.purged - place->sequence + 1;
    endpoint->expired_ms = source->now_ms;
    endpoint->is_dirty = true;
    *place = (struct feed_place){ends.purged + 1, 0};
    return true;
}

/* --- reading --- */

bool endpoint_scan(const struct endpoint_source *source, struct endpoint *endpoint, size_t limit, bool *more_out,
                   struct err *err)
{
    const struct feed_query query = {
        .environment = endpoint->row.environment,
        .from = endpoint->scanned,
        .types = endpoint->row.types,
        .limit = limit,
    };
    struct feed_page page;
    *more_out = true;
    arena_reset(source->arena);
    if (!feed_read(source->reader, source->db, &query, source->arena, &page, err)) {
        bool is_expired = err->kind == ERR_EXPIRED_CURSOR;
        *err = is_expired ? ERR_INIT : *err;
        return is_expired && skip_expired(source, endpoint, NULL, &endpoint->scanned, err);
    }
    for (size_t i = 0; i < page.count; i++)
        lanes_take(&endpoint->lanes, &page.list[i]);
    endpoint->is_dirty = endpoint->is_dirty || feed_place_compare(page.next, endpoint->scanned) != 0;
    endpoint->scanned = page.next;
    *more_out = !page.at_end;
    return true;
}

static bool fill_ping(const struct endpoint_source *source, struct endpoint *endpoint, struct lane *lane,
                      struct err *err)
{
    const struct db_value parameters[] = {db_id(&endpoint->row.id), db_id(&lane->id)}, *row;
    if (!db_query_one(source->db, sql_webhook_ping_load, parameters, 2, &row, err))
        return false;
    struct feed_event event = {.type = feed_type_find(SLICE_LITERAL("webhook.ping"))};
    if (row) {
        db_id_out(&row[0], &event.id);
        event.happened_ms = row[1].integer;
        event.json = webhook_ping_render(source->arena, &endpoint->row.environment, &endpoint->row.id, &event.id,
                                         event.happened_ms);
    }
    lane_fill(&endpoint->lanes, lane, &event, row ? 1 : 0, (struct feed_place){0}, true);
    return true;
}

static struct feed_place end_of(const struct endpoint *endpoint, const struct lane *lane)
{
    return lane->kind == LANE_REPLAY ? lane->until : endpoint->scanned;
}

/* A replay of one is of that one, whatever the endpoint asks for by now. */
static uint64_t types_of(const struct endpoint *endpoint, const struct lane *lane)
{
    bool is_of_one = lane->kind == LANE_REPLAY && id_equals(&lane->delivery, &lane->id);
    return is_of_one ? FEED_ALL_TYPES : endpoint->row.types;
}

static struct feed_query query_of(const struct endpoint *endpoint, const struct lane *lane, size_t limit)
{
    struct feed_place end = end_of(endpoint, lane);
    struct feed_query query = {
        .environment = endpoint->row.environment,
        .from = lane->loaded,
        .until = end.part > 0 ? end.sequence : end.sequence - 1,
        .types = types_of(endpoint, lane),
        .limit = limit,
    };
    if (lane->kind == LANE_DIRECTORY) {
        query.directory = (struct directory_id){lane->id};
        query.without_directory = id_is_zero(&lane->id);
    }
    return query;
}

/* Events of the page that lie before the lane's end: a number may be in the middle of it. */
static size_t count_before(const struct feed_page *page, struct feed_place end)
{
    size_t count = page->count;
    while (count > 0 && feed_place_compare(page->list[count - 1].place, end) >= 0)
        count--;
    return count;
}

static bool fill_from_feed(const struct endpoint_source *source, struct endpoint *endpoint, struct lane *lane,
                           size_t limit, struct err *err)
{
    struct feed_place end = end_of(endpoint, lane);
    if (feed_place_compare(lane->loaded, end) >= 0) {
        lane_fill(&endpoint->lanes, lane, NULL, 0, end, true);
        return true;
    }
    const struct feed_query query = query_of(endpoint, lane, limit);
    struct feed_page page;
    if (!feed_read(source->reader, source->db, &query, source->arena, &page, err)) {
        struct feed_place place = lane->loaded;
        bool is_expired = err->kind == ERR_EXPIRED_CURSOR;
        *err = is_expired ? ERR_INIT : *err;
        if (!is_expired || !skip_expired(source, endpoint, lane, &place, err))
            return false;
        lane_fill(&endpoint->lanes, lane, NULL, 0, place, false);
        return true;
    }
    bool at_end = page.at_end || feed_place_compare(page.next, end) >= 0;
    lane_fill(&endpoint->lanes, lane, page.list, count_before(&page, end), at_end ? end : page.next, at_end);
    return true;
}

/* The event that was tried is what comes first again, or it is gone. */
static void check_delivery(const struct endpoint_source *source, const struct endpoint *endpoint, struct lane *lane,
                           struct feed_place tried)
{
    bool is_there = lane->first && feed_place_compare(lane->first->event.place, tried) == 0;
    if (id_is_zero(&lane->delivery) || is_there || lane->kind == LANE_PING)
        return;
    delivery_close(source->log, &endpoint->row.id, &lane->delivery, gone_text);
    lane->delivery = (struct id){{0}};
    lane->attempts = lane->failures = 0;
}

bool endpoint_fill(const struct endpoint_source *source, struct endpoint *endpoint, struct lane *lane, size_t limit,
                   struct err *err)
{
    struct feed_place tried = lane->loaded;
    arena_reset(source->arena);
    if (lane->kind == LANE_PING)
        return fill_ping(source, endpoint, lane, err);
    if (!fill_from_feed(source, endpoint, lane, limit, err))
        return false;
    check_delivery(source, endpoint, lane, tried);
    return true;
}
