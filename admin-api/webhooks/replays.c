/* Sending once more, and for a try. */
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "deliveries.h"
#include "feed_cursor.h"
#include "instant.h"
#include "orders.h"
#include "problem.h"
#include "reply.h"

enum { REPLAYS_MOST = 10 /* under way, of a webhook */ };

static bool reply_accepted(struct call *call, const char *location, json_t *shown)
{
    op_header(call->op, "location", slice_str(location));
    return reply_json(call->op, 202, shown);
}

/* 202 with the delivery, which the dispatcher goes on with. */
static bool reply_delivery(struct call *call, const struct webhook *webhook, const struct id *delivery, struct err *err)
{
    char webhook_text[ID_PREFIXED_CHARS + 1], delivery_text[ID_PREFIXED_CHARS + 1];
    const struct db_value *row;
    if (!delivery_load(call, webhook, delivery, &row, err))
        return false;
    id_to_prefixed(ID_PREFIX_WEBHOOK, &webhook->id, webhook_text);
    id_to_prefixed(ID_PREFIX_DELIVERY, delivery, delivery_text);
    call->audit.detail = json_pack("{s:s, s:s}", "id", webhook_text, "delivery_id", delivery_text);
    return reply_accepted(call,
                          arena_printf(call_arena(call), "/v1/webhooks/%s/deliveries/%s", webhook_text, delivery_text),
                          delivery_show(call, row));
}

static bool ping(struct call *call, struct err *err)
{
    struct webhook webhook;
    const struct db_value *row;
    const struct id *delivery = &call->op->fresh_id.id, event = id_new();
    return webhook_of_path(call, &row, &webhook, err) &&
           webhook_order_ping(call->db, &webhook.id, delivery, &event, call->op->now_ms, err) &&
           reply_delivery(call, &webhook, delivery, err);
}

/* The webhook's row is held. */
static bool has_room(struct call *call, const struct webhook *webhook, struct err *err)
{
    const struct db_value parameters[] = {db_id(&webhook->id)}, *row;
    if (!db_query_one(call->db, sql_webhook_replays_under_way, parameters, 1, &row, err))
        return false;
    return row[0].integer < REPLAYS_MOST ||
           err_set(err, ERR_CONFLICT, "%d replays of this webhook are under way: wait for one to end.", REPLAYS_MOST);
}

static bool can_be_replayed(struct call *call, const struct webhook *webhook, int64_t kind, struct feed_place place,
                            struct err *err)
{
    struct feed_ends ends;
    if (kind == LOGGED_PING)
        return err_set(err, ERR_CONFLICT, "A ping is not replayed: send another one.");
    if (kind == LOGGED_EXPIRED)
        return err_set(err, ERR_CONFLICT, "These events are not in the feed any more: take a snapshot instead.");
    if (!feed_ends_of(call->db, webhook->environment, &ends, err))
        return false;
    return place.sequence > ends.purged ||
           err_set(err, ERR_CONFLICT, "The event is not in the feed any more: take a snapshot instead.");
}

static bool replay_delivery(struct call *call, struct err *err)
{
    struct webhook webhook;
    struct id earlier;
    const struct db_value *row;
    const struct id *delivery = &call->op->fresh_id.id;
    if (!webhook_of_path(call, &row, &webhook, err) || !delivery_of_path(call, &webhook, &row, &earlier, err))
        return false;
    int64_t kind = row[LOGGED_KIND].integer;
    struct feed_place place = {(uint64_t)row[LOGGED_SEQUENCE].integer, (uint32_t)row[LOGGED_PART].integer};
    const struct db_value parameters[] = {db_id(delivery), db_integer(call->op->now_ms), db_id(&webhook.id),
                                          db_id(&earlier)};
    return can_be_replayed(call, &webhook, kind, place, err) && has_room(call, &webhook, err) &&
           db_execute(call->db, sql_webhook_delivery_again, parameters, 4, NULL, err) &&
           webhook_order_replay_one(call->db, &webhook.id, delivery, place, err) &&
           reply_delivery(call, &webhook, delivery, err);
}

/* --- a range --- */

static bool numbered_at(struct call *call, const struct webhook *webhook, uint64_t sequence, int64_t *ms_out,
                        struct err *err)
{
    const struct db_value parameters[] = {db_id(&webhook->environment.id), db_integer((int64_t)sequence)}, *row;
    if (!db_query_one(call->db, sql_webhook_feed_time, parameters, 2, &row, err))
        return false;
    *ms_out = row ? row[0].integer : 0; /* dropped a moment ago */
    return true;
}

/* The first number that was given at this time or later: numbers and times rise together. */
static bool place_at(struct call *call, const struct webhook *webhook, const struct feed_ends *ends, int64_t at_ms,
                     struct feed_place *place_out, struct err *err)
{
    uint64_t low = ends->purged + 1, high = ends->last + 1;
    while (low < high) {
        uint64_t middle = low + (high - low) / 2;
        int64_t numbered_ms;
        if (!numbered_at(call, webhook, middle, &numbered_ms, err))
            return false;
        if (numbered_ms < at_ms)
            low = middle + 1;
        else
            high = middle;
    }
    *place_out = (struct feed_place){low, 0};
    return true;
}

/* One end of the range: a time, or a cursor of the feed; as it was when the body has neither. */
static bool read_end(struct call *call, const struct webhook *webhook, const struct feed_ends *ends, const char *name,
                     struct feed_place *place, struct err *err)
{
    const char *cursor_name = arena_printf(call_arena(call), "%s_cursor", name);
    struct slice time = call_text(call, name, SLICE_EMPTY), cursor = call_text(call, cursor_name, SLICE_EMPTY);
    int64_t at_ms = 0;
    if (time.data && cursor.data)
        return problem_invalid(call->op, arena_printf(call_arena(call), "#/%s", name),
                               arena_printf(call_arena(call), "must not be there beside %s", cursor_name), err);
    if (cursor.data)
        return feed_cursor_read(call->settings->peppers, webhook->environment, cursor, place, err);
    return !time.data || !admin_instant_parse(time, &at_ms) || place_at(call, webhook, ends, at_ms, place, err);
}

/* Two times between which nothing was numbered are the same place, so they are compared as they stand. */
static bool is_backwards(const struct call *call)
{
    int64_t from_ms, to_ms;
    return admin_instant_parse(call_text(call, "from", SLICE_EMPTY), &from_ms) &&
           admin_instant_parse(call_text(call, "to", SLICE_EMPTY), &to_ms) && to_ms < from_ms;
}

static bool read_range(struct call *call, const struct webhook *webhook, struct feed_place *from_out,
                       struct feed_place *until_out, struct err *err)
{
    struct feed_ends ends;
    if (!call_has(call, "from") && !call_has(call, "from_cursor"))
        return problem_invalid(call->op, "#/from", "is required, or from_cursor: one of the two", err);
    if (!feed_ends_of(call->db, webhook->environment, &ends, err))
        return false;
    *until_out = (struct feed_place){ends.last + 1, 0};
    if (!read_end(call, webhook, &ends, "from", from_out, err) || !read_end(call, webhook, &ends, "to", until_out, err))
        return false;
    if (from_out->sequence <= ends.purged)
        return err_set(err, ERR_EXPIRED_CURSOR,
                       "The feed does not reach so far back any more: take a snapshot of each organization instead.");
    return (feed_place_compare(*from_out, *until_out) <= 0 && !is_backwards(call)) ||
           problem_invalid(call->op, call_has(call, "to") ? "#/to" : "#/to_cursor", "must not be before the beginning",
                           err);
}

static json_t *show_replay(struct call *call, const struct webhook *webhook, const struct id *replay,
                           struct feed_place from, struct feed_place until)
{
    char from_text[CURSOR_TEXT_BYTES], until_text[CURSOR_TEXT_BYTES];
    feed_cursor_write(call->settings->peppers, webhook->environment, from, from_text);
    feed_cursor_write(call->settings->peppers, webhook->environment, until, until_text);
    return json_pack("{s:o, s:o, s:s, s:s}", "id", show_id(ID_PREFIX_REPLAY, replay), "webhook_id",
                     show_id(ID_PREFIX_WEBHOOK, &webhook->id), "from_cursor", from_text, "to_cursor", until_text);
}

static bool replay(struct call *call, struct err *err)
{
    struct webhook webhook;
    struct feed_place from = {1, 0}, until = {1, 0};
    const struct db_value *row;
    const struct id *id = &call->op->fresh_id.id;
    char text[ID_PREFIXED_CHARS + 1], webhook_text[ID_PREFIXED_CHARS + 1];
    if (!webhook_of_path(call, &row, &webhook, err) || !read_range(call, &webhook, &from, &until, err) ||
        !has_room(call, &webhook, err) || !webhook_order_replay(call->db, &webhook.id, id, from, until, err))
        return false;
    json_t *shown = show_replay(call, &webhook, id, from, until);
    call->audit.detail =
        json_pack("{s:O, s:O}", "id", json_object_get(shown, "webhook_id"), "replay_id", json_object_get(shown, "id"));
    id_to_prefixed(ID_PREFIX_REPLAY, id, text);
    id_to_prefixed(ID_PREFIX_WEBHOOK, &webhook.id, webhook_text);
    return reply_accepted(
        call, arena_printf(call_arena(call), "/v1/webhooks/%s/deliveries?replay_id=%s", webhook_text, text), shown);
}

/* --- what bodies may hold --- */

static const char *field_time(const json_t *value, const struct field_context *context)
{
    int64_t at_ms;
    (void)context;
    return json_is_string(value) && admin_instant_parse(json_slice(value), &at_ms)
               ? NULL
               : "must be a time such as \"2027-01-31T12:00:00Z\"";
}

static const char *field_cursor(const json_t *value, const struct field_context *context)
{
    (void)context;
    return json_string_length(value) ? NULL : "must be a cursor of the feed, a string";
}

static const struct admin_field replay_fields[] = {
    {"from", field_time, 0},
    {"from_cursor", field_cursor, 0},
    {"to", field_time, 0},
    {"to_cursor", field_cursor, 0},
};

const struct admin_operation webhook_ping = {
    .operation = ADMIN_OPERATION("webhook.ping", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .handle = ping,
};
const struct admin_operation webhook_delivery_replay = {
    .operation = ADMIN_OPERATION("webhook_delivery.replay", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .handle = replay_delivery,
};
const struct admin_operation webhook_replay = {
    .operation = ADMIN_OPERATION("webhook.replay", SCOPE_ADMIN_MANAGE),
    .writes = true,
    ADMIN_FIELDS(replay_fields),
    .handle = replay,
};
