#include "progress.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/must.h"
#include "column.h"
#include "store/event.h"

enum { PROGRESS_COLUMNS = 14, LANE_COLUMNS = 11, END_COLUMNS = 3 };

struct rows {
    struct db_value *values;
    size_t columns, count, capacity;
};

static struct db_value *add_row(struct rows *rows)
{
    if (rows->count == rows->capacity) {
        rows->capacity = rows->capacity ? 2 * rows->capacity : 32;
        rows->values = realloc(rows->values, rows->capacity * rows->columns * sizeof *rows->values);
        must(rows->values);
    }
    return rows->values + rows->columns * rows->count++;
}

struct writing {
    struct db *db;
    const struct id *holder;
    struct endpoint *endpoints;
    struct delivery_log *log;
    int64_t now_ms;
    struct rows progress, lanes, ends;
};

static struct db_value number_or_null(int64_t number) { return number ? db_integer(number) : db_null(); }

static void add_progress(struct writing *writing, const struct endpoint *endpoint)
{
    const struct receiver *receiver = &endpoint->receiver;
    const struct db_value row[PROGRESS_COLUMNS] = {
        db_integer((int64_t)endpoint->scanned.sequence),
        db_integer(endpoint->scanned.part),
        db_integer(receiver->failures),
        db_integer(receiver->next_ms),
        number_or_null(receiver->failing_since_ms),
        number_or_null(receiver->success_ms),
        number_or_null(receiver->failure_ms),
        db_bytes_or_null(slice_str(receiver->failure)),
        db_integer((int64_t)endpoint->expired_events),
        number_or_null(endpoint->expired_ms),
        db_integer(endpoint->row.revision + (endpoint->disable_for ? 1 : 0)),
        db_id(&endpoint->row.id),
        db_integer((int64_t)endpoint->fence),
        db_id(writing->holder),
    };
    memcpy(add_row(&writing->progress), row, sizeof row);
}

static void add_lane(struct writing *writing, const struct endpoint *endpoint, const struct lane *lane)
{
    struct feed_place place = lane_place(lane);
    bool has_end = lane->kind == LANE_REPLAY;
    const struct db_value row[LANE_COLUMNS] = {
        db_id(&endpoint->row.id),
        db_integer(lane->kind),
        db_id(&lane->id),
        db_integer((int64_t)place.sequence),
        db_integer(place.part),
        has_end ? db_integer((int64_t)lane->until.sequence) : db_null(),
        has_end ? db_integer(lane->until.part) : db_null(),
        column_id(&lane->delivery),
        db_integer(lane->attempts),
        db_integer(lane->failures),
        db_integer(lane->next_ms),
    };
    memcpy(add_row(&writing->lanes), row, sizeof row);
}

static void add_end(struct writing *writing, const struct endpoint *endpoint, const struct lane *lane)
{
    const struct db_value row[END_COLUMNS] = {db_id(&endpoint->row.id), db_integer(lane->kind), db_id(&lane->id)};
    memcpy(add_row(&writing->ends), row, sizeof row);
}

static void gather(struct writing *writing)
{
    for (struct endpoint *endpoint = writing->endpoints; endpoint; endpoint = endpoint->next) {
        if (endpoint->is_lost || !endpoint_is_dirty(endpoint))
            continue;
        add_progress(writing, endpoint);
        for (struct lane *lane = endpoint->lanes.dirty; lane; lane = lane->dirty_next) {
            if (!lane_is_done(lane))
                add_lane(writing, endpoint, lane);
            else if (lane->is_kept)
                add_end(writing, endpoint, lane);
        }
    }
}

static bool write_rows(struct db *db, const char *sql, const struct rows *rows, uint64_t *affected_out, struct err *err)
{
    *affected_out = 0;
    return rows->count == 0 || db_execute_bulk(db, sql, rows->values, rows->columns, rows->count, affected_out, err);
}

/* --- disabling --- */

static const struct {
    const char *type, *name, *prefix;
} disabled_events[] = {
    [WEBHOOK_STANDARD] = {"webhook.disabled", "webhook_id", ID_PREFIX_WEBHOOK},
    [WEBHOOK_SET_PUSH] = {"stream.disabled", "stream_id", ID_PREFIX_STREAM},
};

static bool raise_disabled(const struct writing *writing, const struct endpoint *endpoint, struct err *err)
{
    char id[ID_PREFIXED_CHARS + 1];
    enum webhook_kind kind = endpoint->row.kind;
    id_to_prefixed(disabled_events[kind].prefix, &endpoint->row.id, id);
    json_t *data = json_pack("{s:s, s:s%, s:s}", disabled_events[kind].name, id, "url", endpoint->row.url.data,
                             endpoint->row.url.len, "reason", endpoint->disable_for);
    const struct event_new event = {
        .type = disabled_events[kind].type,
        .environment = endpoint->row.environment,
        .data = data,
        .now_ms = writing->now_ms,
    };
    bool raised = store_event_raise(writing->db, &event, err);
    json_decref(data);
    return raised;
}

/* Unless somebody has changed its state meanwhile. */
static bool disable(const struct writing *writing, const struct endpoint *endpoint, struct err *err)
{
    uint64_t disabled;
    const struct db_value parameters[] = {db_bytes(slice_str(endpoint->disable_for)), db_integer(writing->now_ms),
                                          db_integer(writing->now_ms), db_id(&endpoint->row.id)};
    return db_execute(writing->db, sql_webhook_disable, parameters, 4, &disabled, err) &&
           (disabled == 0 || raise_disabled(writing, endpoint, err));
}

static bool disable_all(const struct writing *writing, struct err *err)
{
    for (const struct endpoint *endpoint = writing->endpoints; endpoint; endpoint = endpoint->next)
        if (!endpoint->is_lost && endpoint->disable_for && !disable(writing, endpoint, err))
            return false;
    return true;
}

/* --- all of it --- */

static bool run(struct writing *writing, bool *fenced_out, struct err *err)
{
    uint64_t written, ignored;
    if (!write_rows(writing->db, sql_webhook_progress_write, &writing->progress, &written, err))
        return false;
    *fenced_out = written < writing->progress.count;
    return *fenced_out || (write_rows(writing->db, sql_webhook_lane_write, &writing->lanes, &ignored, err) &&
                           write_rows(writing->db, sql_webhook_lane_end, &writing->ends, &ignored, err) &&
                           delivery_log_write(writing->db, writing->log, writing->now_ms, err) &&
                           disable_all(writing, err) && db_commit(writing->db, err));
}

static void clean_lanes(struct lanes *lanes)
{
    for (struct lane *lane = lanes->dirty, *next; lane; lane = next) {
        next = lane->dirty_next;
        lane->is_dirty = false;
        lane->is_kept = !lane_is_done(lane);
        if (lane->list == LANE_IDLE && lane_is_done(lane))
            lane_remove(lanes, lane);
    }
    lanes->dirty = NULL;
}

static void clean(struct writing *writing)
{
    for (struct endpoint *endpoint = writing->endpoints; endpoint; endpoint = endpoint->next) {
        if (endpoint->is_lost)
            continue;
        clean_lanes(&endpoint->lanes);
        endpoint->is_stale = endpoint->is_stale || endpoint->disable_for;
        endpoint->is_dirty = false;
        endpoint->disable_for = NULL;
    }
    delivery_log_clear(writing->log);
}

bool progress_write(struct db *db, const struct id *holder, struct endpoint *endpoints, struct delivery_log *log,
                    int64_t now_ms, bool *fenced_out, struct err *err)
{
    struct writing writing = {
        .db = db,
        .holder = holder,
        .endpoints = endpoints,
        .log = log,
        .now_ms = now_ms,
        .progress = {.columns = PROGRESS_COLUMNS},
        .lanes = {.columns = LANE_COLUMNS},
        .ends = {.columns = END_COLUMNS},
    };
    gather(&writing);
    *fenced_out = false;
    bool good = db_begin(db, err) && run(&writing, fenced_out, err);
    if (!good || *fenced_out)
        db_rollback(db);
    else
        clean(&writing);
    free(writing.progress.values);
    free(writing.lanes.values);
    free(writing.ends.values);
    return good;
}
