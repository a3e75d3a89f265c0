#include "deliveries.h"

#include "admin_api_sql.h"
#include "base/json.h"
#include "column.h"
#include "feed.h"
#include "instant.h"
#include "orders.h"
#include "page.h"
#include "reply.h"

enum { TYPES_TEXT_BYTES = 4096, SHOWN_TEXT_BYTES = 65536 };

static const char *const kind_names[] = {
    [LOGGED_EVENT] = "event", [LOGGED_REPLAY] = "replay", [LOGGED_PING] = "ping", [LOGGED_EXPIRED] = "expired"};
static const char *const state_names[] = {NULL, "waiting", "retrying", "delivered", "failed"};
enum { STATES = sizeof state_names / sizeof state_names[0] };

/* --- showing --- */

static json_t *show_column_time(const struct db_value *column)
{
    return column->kind == DB_NULL ? json_null() : show_time(column->integer);
}

json_t *delivery_show(struct call *call, const struct db_value *row)
{
    (void)call;
    bool is_event = row[LOGGED_KIND].integer != LOGGED_EXPIRED;
    return json_pack("{s:o, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "id",
                     column_show_id(ID_PREFIX_DELIVERY, &row[LOGGED_ID]), "webhook_id",
                     column_show_id(ID_PREFIX_WEBHOOK, &row[LOGGED_ENDPOINT]), "kind",
                     kind_names[row[LOGGED_KIND].integer], "state", state_names[row[LOGGED_STATE].integer], "event_id",
                     is_event ? column_show_id(ID_PREFIX_EVENT, &row[LOGGED_EVENT_ID]) : json_null(), "type",
                     show_text_or_null(row[LOGGED_TYPE].bytes), "organization_id",
                     column_show_id(ID_PREFIX_ORGANIZATION, &row[LOGGED_ORGANIZATION]), "directory_id",
                     column_show_id(ID_PREFIX_DIRECTORY, &row[LOGGED_DIRECTORY]), "replay_id",
                     column_show_id(ID_PREFIX_REPLAY, &row[LOGGED_REPLAY_ID]), "attempts",
                     (json_int_t)row[LOGGED_ATTEMPTS].integer, "status", column_show_number(&row[LOGGED_STATUS]),
                     "error", show_text_or_null(row[LOGGED_ERROR].bytes), "next_attempt_at",
                     show_column_time(&row[LOGGED_NEXT]), "created_at", show_time(row[LOGGED_CREATED].integer),
                     "ended_at", show_column_time(&row[LOGGED_ENDED]));
}

/* Whatever bytes a receiver sends: those that are no UTF-8 as U+FFFD each, but for a character that was cut. */
static json_t *show_bytes(struct slice bytes)
{
    if (bytes.len == 0)
        return json_string("");
    for (size_t cut = 0; cut <= 3 && cut <= bytes.len; cut++) {
        json_t *text = json_stringn(bytes.data, bytes.len - cut);
        if (text)
            return text;
    }
    struct buf text;
    buf_init(&text, SHOWN_TEXT_BYTES);
    for (size_t i = 0; i < bytes.len; i++) {
        if ((unsigned char)bytes.data[i] < 0x80)
            buf_add_char(&text, bytes.data[i]);
        else
            buf_add_str(&text, "\xef\xbf\xbd");
    }
    json_t *shown = json_from_slice(buf_slice(&text));
    buf_fini(&text);
    return shown;
}

/* A list of "name: value". */
static json_t *show_headers(const struct db_value *column)
{
    json_t *list = json_array();
    struct slice rest = column->kind == DB_NULL ? SLICE_EMPTY : column->bytes;
    while (rest.len > 0) {
        const char *end = memchr(rest.data, '\n', rest.len);
        struct slice line = slice_of(rest.data, end ? (size_t)(end - rest.data) : rest.len);
        rest = slice_skip(rest, end ? line.len + 1 : line.len);
        if (line.len > 0 && line.data[line.len - 1] == '\r')
            line.len--;
        if (line.len > 0)
            json_array_append_new(list, show_bytes(line));
    }
    return list;
}

static json_t *show_attempts(const struct db_value *column)
{
    json_t *shown = json_array(), *attempt;
    size_t i;
    struct buf text;
    buf_init(&text, column->bytes.len + 2);
    buf_add_char(&text, '[');
    buf_add(&text, column->bytes);
    buf_add_char(&text, ']');
    json_scoped *list = json_loadb(text.data, text.len, 0, NULL);
    json_array_foreach (list, i, attempt) {
        const json_t *status = json_object_get(attempt, "status"), *error = json_object_get(attempt, "error");
        json_array_append_new(shown,
                              json_pack("{s:o, s:O?, s:O?, s:I}", "at",
                                        show_time(json_integer_value(json_object_get(attempt, "at_ms"))), "status",
                                        json_is_integer(status) && json_integer_value(status) ? status : NULL, "error",
                                        json_string_length(error) ? error : NULL, "duration_ms",
                                        json_integer_value(json_object_get(attempt, "duration_ms"))));
    }
    buf_fini(&text);
    return shown;
}

static json_t *show_response(const struct db_value *row)
{
    if (row[LOGGED_STATUS].kind == DB_NULL || row[LOGGED_STATUS].integer == 0)
        return json_null();
    return json_pack("{s:I, s:o, s:o}", "status", (json_int_t)row[LOGGED_STATUS].integer, "headers",
                     show_headers(&row[LOGGED_RESPONSE_HEADERS]), "body",
                     row[LOGGED_RESPONSE_BODY].kind == DB_NULL ? json_string("")
                                                               : show_bytes(row[LOGGED_RESPONSE_BODY].bytes));
}

/* --- the body that was sent, which is not kept --- */

struct sent { /* of the row, which is gone when the feed is read */
    int64_t kind, created_ms;
    struct feed_place place;
    struct id event;
};

static struct sent sent_of(const struct db_value *row)
{
    struct sent sent = {.kind = row[LOGGED_KIND].integer,
                        .created_ms = row[LOGGED_CREATED].integer,
                        .place = {(uint64_t)row[LOGGED_SEQUENCE].integer, (uint32_t)row[LOGGED_PART].integer}};
    db_id_out(&row[LOGGED_EVENT_ID], &sent.event);
    return sent;
}

/* An event that was purged or erased since has no body any more: data NULL. */
static bool read_again(struct call *call, const struct webhook *webhook, const struct sent *sent,
                       struct slice *body_out, struct err *err)
{
    struct feed_page page;
    struct feed_query query = {.environment = webhook->environment,
                               .from = sent->place,
                               .until = sent->place.sequence,
                               .types = FEED_ALL_TYPES,
                               .limit = 1};
    struct feed_reader *reader = feed_reader_new();
    bool read = feed_read(reader, call->db, &query, call_arena(call), &page, err);
    feed_reader_free(reader);
    bool is_it = read && page.count == 1 && id_equals(&page.list[0].id, &sent->event);
    *body_out = is_it ? page.list[0].json : SLICE_EMPTY;
    if (!read && err->kind == ERR_EXPIRED_CURSOR)
        *err = ERR_INIT;
    return err->kind == ERR_NONE;
}

static bool body_of(struct call *call, const struct webhook *webhook, const struct sent *sent, struct slice *body_out,
                    struct err *err)
{
    *body_out = SLICE_EMPTY;
    if (sent->kind == LOGGED_EXPIRED)
        return true;
    if (sent->kind != LOGGED_PING)
        return read_again(call, webhook, sent, body_out, err);
    *body_out =
        webhook_ping_render(call_arena(call), &webhook->environment, &webhook->id, &sent->event, sent->created_ms);
    return true;
}

/* --- loading --- */

static bool no_such_delivery(struct err *err)
{
    return err_set(err, ERR_NOT_FOUND, "The webhook has no such delivery in its log.");
}

bool delivery_load(struct call *call, const struct webhook *webhook, const struct id *delivery,
                   const struct db_value **row_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&webhook->id), db_id(delivery)};
    return db_query_one(call->db, sql_webhook_delivery_load, parameters, 2, row_out, err) &&
           (*row_out || no_such_delivery(err));
}

bool delivery_of_path(struct call *call, const struct webhook *webhook, const struct db_value **row_out,
                      struct id *delivery_out, struct err *err)
{
    if (!id_from_prefixed(ID_PREFIX_DELIVERY, call->op->parameters[1], delivery_out))
        return no_such_delivery(err);
    return delivery_load(call, webhook, delivery_out, row_out, err);
}

/* --- operations --- */

static bool get(struct call *call, struct err *err)
{
    struct webhook webhook;
    struct id delivery;
    struct slice body;
    const struct db_value *row;
    if (!webhook_of_path(call, &row, &webhook, err) || !delivery_of_path(call, &webhook, &row, &delivery, err))
        return false;
    const struct sent sent = sent_of(row);
    json_t *shown = delivery_show(call, row), *headers = show_headers(&row[LOGGED_REQUEST_HEADERS]);
    json_object_set_new(shown, "attempt_log", show_attempts(&row[LOGGED_ATTEMPT_LOG]));
    json_object_set_new(shown, "response", show_response(row));
    if (!body_of(call, &webhook, &sent, &body, err)) {
        json_decref(headers);
        json_decref(shown);
        return false;
    }
    json_object_set_new(shown, "request", json_pack("{s:o, s:o}", "headers", headers, "body", show_text_or_null(body)));
    return reply_json(call->op, 200, shown);
}

struct filter {
    int64_t since_ms, state; /* 0: any */
    struct slice types;      /* names, comma between; data NULL: all */
    struct id replay;        /* zero: any */
};

static bool read_state(struct slice text, struct filter *filter, struct err *err)
{
    for (int64_t state = 1; text.data && state < STATES; state++)
        if (slice_equals(text, slice_str(state_names[state])))
            filter->state = state;
    return !text.data || filter->state ||
           err_set(err, ERR_BAD_REQUEST, "state must be waiting, retrying, delivered or failed.");
}

/* "user.*" is spelled out: the log has whole names. */
static bool read_types(struct call *call, struct filter *filter, struct err *err)
{
    uint64_t types;
    struct slice text = call->query[QUERY_TYPES];
    struct buf names;
    if (!text.data)
        return true;
    if (!feed_types_parse(text, &types, err))
        return false;
    buf_init(&names, TYPES_TEXT_BYTES);
    for (int i = 0; i < FEED_TYPES; i++)
        if (types & UINT64_C(1) << i)
            buf_printf(&names, "%s%s", names.len ? "," : "", feed_type_names[i]);
    filter->types = slice_str(arena_copy(call_arena(call), buf_slice(&names)));
    buf_fini(&names);
    return true;
}

static bool read_filter(struct call *call, struct filter *filter, struct err *err)
{
    struct slice replay = call->query[QUERY_REPLAY];
    *filter = (struct filter){.since_ms = 0};
    if (replay.data && !id_from_prefixed(ID_PREFIX_REPLAY, replay, &filter->replay))
        return err_set(err, ERR_BAD_REQUEST, "replay_id must be an id that begins with \"%s\".", ID_PREFIX_REPLAY);
    return admin_instant_query(call->query[QUERY_SINCE], "since", &filter->since_ms, err) &&
           read_state(call->query[QUERY_STATE], filter, err) && read_types(call, filter, err);
}

static struct db_rows *query_page(struct call *call, const struct id *endpoint, const struct filter *filter,
                                  const struct page *page, struct err *err)
{
    struct id behind = page->after;
    if (id_is_zero(&behind))
        memset(behind.bytes, 0xff, sizeof behind.bytes);
    const struct db_value state = filter->state ? db_integer(filter->state) : db_null(),
                          types = column_text(filter->types), replay = column_id(&filter->replay);
    const struct db_value parameters[] = {
        db_id(endpoint), db_integer(filter->since_ms),        state, state, types, types, replay, replay,
        db_id(&behind),  db_integer((int64_t)page->limit + 1)};
    return db_query(call->db, sql_webhook_delivery_list, parameters, 10, err);
}

static bool collect(struct call *call, struct db_rows *rows, struct page *page, delivery_show_fn *show, json_t *list,
                    struct err *err)
{
    const struct db_value *row;
    while ((row = db_next(rows))) {
        if (json_array_size(list) == page->limit) {
            page->has_more = true;
            continue;
        }
        db_id_out(&row[LOGGED_ID], &page->last);
        json_array_append_new(list, show(call, row));
    }
    return db_rows_end(rows, err);
}

bool deliveries_answer(struct call *call, const struct id *endpoint, delivery_show_fn *show, struct err *err)
{
    struct filter filter;
    struct page page;
    if (!read_filter(call, &filter, err) || !page_read(call, endpoint, &page, err))
        return false;
    struct db_rows *rows = query_page(call, endpoint, &filter, &page, err);
    json_t *deliveries = json_array();
    if (!rows || !collect(call, rows, &page, show, deliveries, err)) {
        json_decref(deliveries);
        return false;
    }
    const char *next = page_next(call, &page);
    return reply_json(call->op, 200, json_pack("{s:o, s:s?}", "deliveries", deliveries, "next_cursor", next));
}

static bool list(struct call *call, struct err *err)
{
    struct webhook webhook;
    const struct db_value *row;
    return webhook_of_path(call, &row, &webhook, err) && deliveries_answer(call, &webhook.id, delivery_show, err);
}

const struct admin_operation webhook_delivery_list = {
    .operation = ADMIN_OPERATION("webhook_delivery.list", SCOPE_ADMIN_READ),
    .queries =
        QUERY_PAGE | QUERY_BIT(QUERY_STATE) | QUERY_BIT(QUERY_TYPES) | QUERY_BIT(QUERY_SINCE) | QUERY_BIT(QUERY_REPLAY),
    .handle = list,
};
const struct admin_operation webhook_delivery_get = {
    .operation = ADMIN_OPERATION("webhook_delivery.get", SCOPE_ADMIN_READ),
    .handle = get,
};
