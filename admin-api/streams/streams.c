#include "streams.h"

#include <sodium.h>

#include "access.h"
#include "admin_api_sql.h"
#include "audit.h"
#include "base/json.h"
#include "event_keys.h"
#include "page.h"
#include "problem.h"
#include "reply.h"
#include "sequencer.h"
#include "stream.h"
#include "stream_body.h"
#include "stream_push.h"
#include "webhook.h"

/* --- where it begins --- */

/* Behind everything; or with a walk over all that is there, before what is numbered next. What was committed before the
 * request has its number: see settle. */
static bool find_beginning(struct call *call, const struct environment_id *environment, struct stream_place *place_out,
                           struct err *err)
{
    struct feed_ends ends;
    bool announces = json_is_true(call_member(call, "announce"));
    if (!feed_ends_of(call->db, *environment, &ends, err))
        return false;
    place_out->feed =
        announces ? (struct feed_place){ends.last, STREAM_PART_OF_ALL} : (struct feed_place){ends.last + 1, 0};
    return true;
}

/* --- checks --- */

static bool has_room(struct call *call, const struct environment_id *environment, struct err *err)
{
    const struct db_value parameters[] = {db_id(&environment->id)}, *row;
    if (!db_query_one(call->db, sql_environment_lock, parameters, 1, &row, err) ||
        !db_query_one(call->db, sql_stream_count, parameters, 1, &row, err))
        return false;
    return row[0].integer < STREAMS_MOST ||
           err_set(err, ERR_CONFLICT, "An environment has at most %d event streams: delete one that nobody needs.",
                   STREAMS_MOST);
}

/* What only one way of delivery has. */
static bool fits_delivery(struct call *call, enum stream_delivery delivery, struct err *err)
{
    static const struct {
        const char *name, *pointer;
        enum stream_delivery delivery;
        const char *why;
    } parts[] = {
        {"url", "#/url", STREAM_PUSH, "is for streams that are pushed: this one is polled"},
        {"bearer_token", "#/bearer_token", STREAM_PUSH, "is for streams that are pushed: this one is polled"},
        {"state", "#/state", STREAM_PUSH, "is for streams that are pushed: who does not want this one does not poll"},
        {"announce", "#/announce", STREAM_POLL,
         "is for streams that are polled: to a receiver that is pushed to, give a snapshot"},
    };
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        if (call_has(call, parts[i].name) && delivery != parts[i].delivery)
            return problem_invalid(call->op, parts[i].pointer, parts[i].why, err);
    return true;
}

static bool has_url(struct call *call, enum stream_delivery delivery, struct err *err)
{
    return delivery != STREAM_PUSH || call_has(call, "url") ||
           problem_invalid(call->op, "#/url", "is required: where the tokens are pushed to", err);
}

/* The token is a secret between us and the receiver that it was given for: whoever may change the stream is not to have
 * it sent to himself. */
static bool keeps_token(struct call *call, const struct stream *stream, struct slice url, struct err *err)
{
    bool is_elsewhere = url.len > 0 && !slice_equals(url, stream->url);
    return !is_elsewhere || !stream->has_token || call_has(call, "bearer_token") ||
           problem_invalid(call->op, "#/bearer_token",
                           "is required with another url, or null: the token of the one before is not sent there", err);
}

/* --- writing --- */

static struct db_value organizations_of(const struct call *call)
{
    const json_t *list = call_member(call, "organization_ids");
    char *text = json_array_size(list) > 0 ? json_dumps(list, JSON_COMPACT) : NULL;
    if (!text)
        return db_null();
    struct slice copy = arena_slice(&call->op->arena, slice_str(text));
    free(text);
    return db_bytes(copy);
}

static bool insert(struct call *call, const struct stream *stream, struct err *err)
{
    uint8_t place[STREAM_PLACE_BYTES];
    stream_place_write(&stream->place, place);
    const struct db_value parameters[] = {
        db_id(&stream->id),
        db_id(&stream->environment.id),
        db_bytes(stream->label),
        db_integer(stream->delivery),
        db_bytes(stream->set.audience),
        db_bytes(slice_str(stream->set.issuer)),
        db_integer(stream->set.format),
        db_integer(stream->algorithm),
        db_integer(stream->set.events),
        organizations_of(call),
        db_bytes(slice_of((const char *)stream->set.salt, STREAM_SALT_BYTES)),
        db_bytes(slice_of((const char *)place, STREAM_PLACE_BYTES)),
        db_integer(call->op->now_ms),
        db_integer(call->op->now_ms),
    };
    return db_execute(call->db, sql_stream_insert, parameters, 14, NULL, err);
}

static struct stream fresh_stream(struct call *call, const struct environment_id *environment)
{
    char id[ID_PREFIXED_CHARS + 1];
    struct stream stream = {
        .id = call->op->fresh_id.id,
        .environment = *environment,
        .delivery =
            slice_equals(call_text(call, "delivery", SLICE_EMPTY), SLICE_LITERAL("push")) ? STREAM_PUSH : STREAM_POLL,
        .algorithm = AUTH_ES256,
        .set = {.issuer = event_issuer(call->settings->admin_url, environment, call_arena(call)),
                .format = SET_FULL,
                .events = SET_EVERYTHING},
    };
    id_to_prefixed(ID_PREFIX_STREAM, &stream.id, id);
    stream.set.audience = slice_str(arena_printf(call_arena(call), "%s/v1/streams/%s", call->settings->admin_url, id));
    randombytes_buf(stream.set.salt, STREAM_SALT_BYTES);
    return stream;
}

static bool begin(struct call *call, struct stream *stream, struct slice url, struct err *err)
{
    return stream_body_read(call, stream, err) && find_beginning(call, &stream->environment, &stream->place, err) &&
           insert(call, stream, err) && (stream->delivery != STREAM_PUSH || stream_push_begin(call, stream, url, err));
}

/* Before anything is locked: it may take a moment. */
static void settle(struct call *call) { sequencer_settle(call->settings->sequencer); }

static bool create(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct slice url = SLICE_EMPTY;
    const struct db_value *row;
    settle(call);
    if (!access_environment(call, &environment, err))
        return false;
    struct stream stream = fresh_stream(call, &environment);
    call->audit.environment = environment;
    if (!fits_delivery(call, stream.delivery, err) || !has_url(call, stream.delivery, err) ||
        !webhook_url_of_body(call, &url, err) || !has_room(call, &environment, err) ||
        !begin(call, &stream, url, err) || !stream_load(call, &environment, &stream.id, &row, &stream, err))
        return false;
    json_t *shown = stream_show(call, row);
    audit_after(call, json_copy(shown));
    return reply_created(call->op, "/v1/streams", json_string_value(json_object_get(shown, "id")), shown);
}

static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    if (!access_environment(call, &environment, err) || !page_read(call, &environment.id, &page, err))
        return false;
    call->audit.environment = environment;
    struct db_value parameters[] = {db_id(&environment.id)};
    return page_answer(call, &page, "streams", sql_stream_list, parameters, 1, stream_show, err);
}

static bool get(struct call *call, struct err *err)
{
    struct stream stream;
    const struct db_value *row;
    return stream_of_path(call, &row, &stream, err) && reply_json(call->op, 200, stream_show(call, row));
}

/* "announce": begins anew, with a walk over what is there; false: behind everything. */
static bool begin_again(struct call *call, const struct stream *stream, struct err *err)
{
    struct stream_place place = {.type = 0};
    uint8_t bytes[STREAM_PLACE_BYTES];
    if (!call_has(call, "announce"))
        return true;
    if (!find_beginning(call, &stream->environment, &place, err))
        return false;
    stream_place_write(&place, bytes);
    const struct db_value parameters[] = {db_bytes(slice_of((const char *)bytes, sizeof bytes)), db_null(),
                                          db_id(&stream->environment.id), db_id(&stream->id)};
    const struct db_value id = db_id(&stream->id);
    return db_execute(call->db, sql_stream_move, parameters, 4, NULL, err) &&
           db_execute(call->db, sql_stream_acks_forget_all, &id, 1, NULL, err);
}

static bool save(struct call *call, const struct stream *stream, struct slice url, struct err *err)
{
    const char *issuer = event_issuer(call->settings->admin_url, &stream->environment, call_arena(call));
    const struct db_value parameters[] = {
        db_bytes(stream->label),        db_bytes(stream->set.audience), db_bytes(slice_str(issuer)),
        db_integer(stream->set.format), db_integer(stream->algorithm),  db_integer(stream->set.events),
        db_integer(call->op->now_ms),   db_id(&stream->environment.id), db_id(&stream->id),
    };
    return db_execute(call->db, sql_stream_update, parameters, 9, NULL, err) && begin_again(call, stream, err) &&
           (stream->delivery != STREAM_PUSH || stream_push_change(call, stream, url, err));
}

static bool update(struct call *call, struct err *err)
{
    struct stream stream;
    struct slice url = SLICE_EMPTY;
    const struct db_value *row;
    if (call_has(call, "announce"))
        settle(call);
    if (!webhook_url_of_body(call, &url, err) || !stream_of_path(call, &row, &stream, err))
        return false;
    audit_before(call, stream_show(call, row));
    if (!fits_delivery(call, stream.delivery, err) || !keeps_token(call, &stream, url, err) ||
        !stream_body_read(call, &stream, err) || !save(call, &stream, url, err) ||
        !stream_load(call, &stream.environment, &stream.id, &row, &stream, err))
        return false;
    audit_after(call, stream_show(call, row));
    return reply_json(call->op, 200, stream_show(call, row));
}

static bool delete (struct call *call, struct err *err)
{
    struct stream stream;
    const struct db_value *row;
    if (!stream_of_path(call, &row, &stream, err))
        return false;
    audit_before(call, stream_show(call, row));
    const struct db_value parameters[] = {db_id(&stream.environment.id), db_id(&stream.id)};
    return (stream.delivery != STREAM_PUSH || stream_push_end(call, &stream, err)) &&
           db_execute(call->db, sql_stream_delete, parameters, 2, NULL, err) && reply_empty(call->op);
}

/* --- what receivers have told --- */

static json_t *show_error(struct call *call, const struct db_value *row)
{
    (void)call;
    struct id id;
    db_id_out(&row[0], &id);
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "id", show_id(ID_PREFIX_STREAM_ERROR, &id), "jti",
                     json_from_slice(row[1].bytes), "err", json_from_slice(row[2].bytes), "description",
                     json_from_slice(row[3].bytes), "created_at", show_time(row[4].integer));
}

static bool list_errors(struct call *call, struct err *err)
{
    struct stream stream;
    struct page page;
    const struct db_value *row;
    if (!stream_of_path(call, &row, &stream, err) || !page_read(call, &stream.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&stream.id)};
    return page_answer(call, &page, "errors", sql_stream_error_list, parameters, 1, show_error, err);
}

const struct admin_operation stream_create = {
    .operation = ADMIN_OPERATION("stream.create", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .queries = QUERY_BIT(QUERY_ENVIRONMENT),
    .fields = stream_fields_create,
    .field_count = STREAM_FIELDS_CREATE,
    .handle = create,
};
const struct admin_operation stream_list = {
    .operation = ADMIN_OPERATION("stream.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
const struct admin_operation stream_get = {
    .operation = ADMIN_OPERATION("stream.get", SCOPE_ADMIN_READ),
    .handle = get,
};
const struct admin_operation stream_update = {
    .operation = ADMIN_OPERATION("stream.update", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .fields = stream_fields_update,
    .field_count = STREAM_FIELDS_UPDATE,
    .handle = update,
};
const struct admin_operation stream_delete = {
    .operation = ADMIN_OPERATION("stream.delete", SCOPE_ADMIN_MANAGE),
    .writes = true,
    .handle = delete,
};
const struct admin_operation stream_list_errors = {
    .operation = ADMIN_OPERATION("stream.list_errors", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE,
    .handle = list_errors,
};
