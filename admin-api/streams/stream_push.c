#include "stream_push.h"

#include "admin_api_sql.h"
#include "base/json.h"
#include "orders.h"
#include "secret.h"
#include "webhook.h"

enum { BOX_BYTES = 512, TYPES_BYTES = 4000 };

/* Names of the types that may become its events, as webhook_endpoint keeps them. */
static struct slice types_of(const struct call *call, const struct stream *stream)
{
    uint64_t types = set_types_of(stream->set.events & ~(unsigned)SET_OF_THE_FEED);
    struct buf text;
    buf_init(&text, TYPES_BYTES);
    for (int i = 0; i < FEED_TYPES; i++)
        if (types >> i & 1) {
            buf_add_str(&text, text.len ? "," : "");
            buf_add_str(&text, feed_type_names[i]);
        }
    struct slice copy = arena_slice(&call->op->arena, buf_slice(&text));
    buf_fini(&text);
    return copy;
}

static struct db_value token_of(struct call *call, const struct stream *stream)
{
    struct slice token = call_text(call, "bearer_token", SLICE_EMPTY);
    struct buf box;
    if (token.len == 0)
        return db_null();
    buf_init(&box, BOX_BYTES);
    webhook_secret_seal(call->settings->peppers, &stream->environment, &stream->id, token, &box);
    struct slice copy = arena_slice(call_arena(call), buf_slice(&box));
    buf_fini(&box);
    return db_bytes(copy);
}

bool stream_push_begin(struct call *call, const struct stream *stream, struct slice url, struct err *err)
{
    const struct db_value now = db_integer(call->op->now_ms);
    const struct db_value parameters[] = {
        db_id(&stream->id),
        db_id(&stream->environment.id),
        db_bytes(url),
        db_bytes(types_of(call, stream)),
        token_of(call, stream),
        now,
        now,
        now,
    };
    return db_execute(call->db, sql_stream_endpoint_insert, parameters, 8, NULL, err) &&
           webhook_order_begin(call->db, &stream->environment, &stream->id, err);
}

/* What the body leaves out stays. */
static bool set_token(struct call *call, const struct stream *stream, struct err *err)
{
    const struct db_value parameters[] = {token_of(call, stream), db_id(&stream->environment.id), db_id(&stream->id)};
    return !call_has(call, "bearer_token") ||
           db_execute(call->db, sql_stream_endpoint_set_token, parameters, 3, NULL, err);
}

static bool set_state(struct call *call, const struct stream *stream, struct err *err)
{
    struct slice state = call_text(call, "state", SLICE_EMPTY);
    const struct db_value parameters[] = {
        db_integer(slice_equals(state, SLICE_LITERAL("paused")) ? ENDPOINT_PAUSED : ENDPOINT_ACTIVE),
        db_integer(call->op->now_ms), db_id(&stream->environment.id), db_id(&stream->id)};
    return state.len == 0 || db_execute(call->db, sql_stream_endpoint_set_state, parameters, 4, NULL, err);
}

bool stream_push_change(struct call *call, const struct stream *stream, struct slice url, struct err *err)
{
    const struct db_value parameters[] = {db_bytes_or_null(url), db_bytes(types_of(call, stream)),
                                          db_integer(call->op->now_ms), db_id(&stream->environment.id),
                                          db_id(&stream->id)};
    return set_token(call, stream, err) && set_state(call, stream, err) &&
           db_execute(call->db, sql_stream_endpoint_update, parameters, 5, NULL, err) &&
           webhook_order_look(call->db, &stream->id, err);
}

bool stream_push_end(struct call *call, const struct stream *stream, struct err *err)
{
    const struct db_value parameters[] = {db_id(&stream->environment.id), db_id(&stream->id)};
    return webhook_order_end(call->db, &stream->id, err) &&
           db_execute(call->db, sql_stream_endpoint_delete, parameters, 2, NULL, err);
}
