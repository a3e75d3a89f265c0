#include "orders.h"

#include "admin_api_sql.h"
#include "base/buf.h"
#include "base/clock.h"

enum { LANE_REPLAY = 2, LANE_PING = 3 }; /* webhook_lane.kind */

/* Every process looks when the feed has turned. The last statement of an order: the row is held until the commit. */
static bool tell(struct db *db, struct err *err) { return db_execute(db, sql_number_turned, NULL, 0, NULL, err); }

bool webhook_order_begin(struct db *db, const struct environment_id *environment, const struct id *endpoint,
                         struct err *err)
{
    const struct db_value parameters[] = {db_id(endpoint), db_id(&environment->id)};
    return db_execute(db, sql_webhook_progress_begin, parameters, 2, NULL, err) && tell(db, err);
}

bool webhook_order_look(struct db *db, const struct id *endpoint, struct err *err)
{
    const struct db_value parameter = db_id(endpoint);
    return db_execute(db, sql_webhook_endpoint_changed, &parameter, 1, NULL, err) && tell(db, err);
}

bool webhook_order_end(struct db *db, const struct id *endpoint, struct err *err)
{
    const struct db_value parameter = db_id(endpoint);
    return db_execute(db, sql_webhook_progress_end, &parameter, 1, NULL, err) &&
           db_execute(db, sql_webhook_lanes_end, &parameter, 1, NULL, err) && tell(db, err);
}

struct order {
    int kind;
    const struct id *endpoint, *id, *delivery; /* delivery NULL: made as events are sent */
    struct feed_place from, until;
};

static bool give(struct db *db, const struct order *order, struct err *err)
{
    bool has_end = order->kind == LANE_REPLAY;
    const struct db_value parameters[] = {
        db_id(order->endpoint),
        db_integer(order->kind),
        db_id(order->id),
        db_integer((int64_t)order->from.sequence),
        db_integer(order->from.part),
        has_end ? db_integer((int64_t)order->until.sequence) : db_null(),
        has_end ? db_integer(order->until.part) : db_null(),
        order->delivery ? db_id(order->delivery) : db_null(),
    };
    return db_execute(db, sql_webhook_order_lane, parameters, 8, NULL, err) &&
           db_execute(db, sql_webhook_ordered, parameters, 1, NULL, err) && tell(db, err);
}

bool webhook_order_ping(struct db *db, const struct id *endpoint, const struct id *delivery, const struct id *event,
                        int64_t now_ms, struct err *err)
{
    const struct order order = {.kind = LANE_PING, .endpoint = endpoint, .id = delivery, .delivery = delivery};
    const struct db_value parameters[] = {db_id(endpoint), db_id(delivery), db_id(event), db_integer(now_ms)};
    return db_execute(db, sql_webhook_ping_delivery, parameters, 4, NULL, err) && give(db, &order, err);
}

bool webhook_order_replay(struct db *db, const struct id *endpoint, const struct id *replay, struct feed_place from,
                          struct feed_place until, struct err *err)
{
    const struct order order = {.kind = LANE_REPLAY, .endpoint = endpoint, .id = replay, .from = from, .until = until};
    return give(db, &order, err);
}

bool webhook_order_replay_one(struct db *db, const struct id *endpoint, const struct id *delivery,
                              struct feed_place place, struct err *err)
{
    const struct order order = {.kind = LANE_REPLAY,
                                .endpoint = endpoint,
                                .id = delivery,
                                .delivery = delivery,
                                .from = place,
                                .until = {place.sequence, place.part + 1}};
    return give(db, &order, err);
}

struct slice webhook_ping_render(struct arena *arena, const struct environment_id *environment,
                                 const struct id *endpoint, const struct id *event, int64_t created_ms)
{
    char event_text[ID_PREFIXED_CHARS + 1], environment_text[ID_PREFIXED_CHARS + 1],
        endpoint_text[ID_PREFIXED_CHARS + 1];
    char time[CLOCK_TEXT_BYTES];
    id_to_prefixed(ID_PREFIX_EVENT, event, event_text);
    id_to_prefixed(ID_PREFIX_ENVIRONMENT, &environment->id, environment_text);
    id_to_prefixed(ID_PREFIX_WEBHOOK, endpoint, endpoint_text);
    clock_text(created_ms, time);
    return slice_str(
        arena_printf(arena,
                     "{\"id\":\"%s\",\"type\":\"webhook.ping\",\"timestamp\":\"%s\",\"environment_id\":\"%s\","
                     "\"organization_id\":null,\"organization_external_id\":null,\"directory_id\":null,"
                     "\"primary\":null,\"cause\":{\"kind\":\"system\",\"id\":null},\"actor\":null,"
                     "\"data\":{\"webhook_id\":\"%s\"}}",
                     event_text, time, environment_text, endpoint_text));
}
