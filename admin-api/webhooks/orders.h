/* What the API asks of the dispatcher: in the caller's transaction, done soon after its commit, by whichever process
 * sends to that endpoint. */
#ifndef ADMIN_WEBHOOKS_ORDERS_H
#define ADMIN_WEBHOOKS_ORDERS_H

#include "feed.h"
#include "store/db.h"

/* webhook_endpoint.state: never renumber. The API makes an endpoint the first two, the dispatcher disables it. */
enum endpoint_state { ENDPOINT_ACTIVE = 1, ENDPOINT_PAUSED, ENDPOINT_DISABLED };

/* A new endpoint (its row of webhook_endpoint is there) hears of what is numbered from now on. */
MUST_CHECK bool webhook_order_begin(struct db *db, const struct environment_id *environment, const struct id *endpoint,
                                    struct err *err);
/* Something of its row has changed: url, types, secrets, state. A new `failing` run begins: when it was down, it is
 * tried at once. */
MUST_CHECK bool webhook_order_look(struct db *db, const struct id *endpoint, struct err *err);
/* Deletes what is kept of it, but for the log of deliveries, which housekeeping drops. The row of webhook_endpoint is
 * the caller's. */
MUST_CHECK bool webhook_order_end(struct db *db, const struct id *endpoint, struct err *err);

/* An event that stands in no feed (webhook.ping), sent whatever the endpoint's state, once. The delivery's id is the
 * caller's; so is the event's. */
MUST_CHECK bool webhook_order_ping(struct db *db, const struct id *endpoint, const struct id *delivery,
                                   const struct id *event, int64_t now_ms, struct err *err);
/* {"id":"evt-…","type":"webhook.ping", …}: as it is sent, and shown again. */
struct slice webhook_ping_render(struct arena *arena, const struct environment_id *environment,
                                 const struct id *endpoint, const struct id *event, int64_t created_ms);

/* Events of [from, until) once more, under their ids, in order, beside what goes on as it happens; those that the
 * endpoint's types name. Each makes a delivery with `replay_id` as it is sent. Runs while the endpoint is active. */
MUST_CHECK bool webhook_order_replay(struct db *db, const struct id *endpoint, const struct id *replay,
                                     struct feed_place from, struct feed_place until, struct err *err);
/* One event whose delivery is there already (kind 2, waiting), so that its id can be told. */
MUST_CHECK bool webhook_order_replay_one(struct db *db, const struct id *endpoint, const struct id *delivery,
                                         struct feed_place place, struct err *err);

#endif
