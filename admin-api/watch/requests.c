/* The log of SCIM requests, as the vendor reads it. */
#include "requests.h"
#include "column.h"

#include "admin_api_sql.h"
#include "advice.h"
#include "base/json.h"
#include "base/num.h"
#include "directories.h"
#include "instant.h"
#include "page.h"
#include "reply.h"
#include "scim/policy.h"

enum { PROVED = 1, LEFT = 2, MOST_STATUS = 599, FILTERS = 13, HOUR_MS = 3600000 };

struct filter {
    struct id first, last; /* both included */
    int64_t from_ms, to_ms;
    int status_from, status_to;
    struct id resource, token; /* zero: any */
    bool oldest;
};

/* --- what is asked for --- */

static bool read_status(struct slice text, struct filter *filter, struct err *err)
{
    uint64_t number;
    if (!text.data)
        return true;
    if (text.len == 3 && text.data[0] >= '1' && text.data[0] <= '5' &&
        slice_equals_ascii_nocase(slice_skip(text, 1), SLICE_LITERAL("xx"))) {
        filter->status_from = (text.data[0] - '0') * 100;
        filter->status_to = filter->status_from + 99;
        return true;
    }
    if (!num_parse_uint(text, 100, MOST_STATUS, &number))
        return err_set(err, ERR_BAD_REQUEST, "status must be a status such as 409, or a class such as 4xx.");
    filter->status_from = filter->status_to = (int)number;
    return true;
}

static bool read_failed(struct slice text, struct filter *filter, struct err *err)
{
    bool failed = slice_equals(text, SLICE_LITERAL("true"));
    if (!text.data)
        return true;
    if (!failed && !slice_equals(text, SLICE_LITERAL("false")))
        return err_set(err, ERR_BAD_REQUEST, "failed must be true or false.");
    if (failed && filter->status_from < 400)
        filter->status_from = 400;
    if (!failed && filter->status_to > 399)
        filter->status_to = 399;
    return true;
}

static bool read_order(struct slice text, bool *oldest_out, struct err *err)
{
    *oldest_out = slice_equals(text, SLICE_LITERAL("oldest"));
    return !text.data || *oldest_out || slice_equals(text, SLICE_LITERAL("newest")) ||
           err_set(err, ERR_BAD_REQUEST, "order must be oldest or newest: which request comes first.");
}

static bool read_ids(const struct call *call, struct filter *filter, struct err *err)
{
    struct slice request = call->query[QUERY_REQUEST_ID], resource = call->query[QUERY_RESOURCE_ID];
    struct slice token = call->query[QUERY_TOKEN_ID];
    if (request.data && !id_from_uuid(request, true, &filter->first))
        return err_set(err, ERR_BAD_REQUEST, "request_id must be a request's id, as X-Request-Id has it.");
    if (request.data)
        filter->last = filter->first;
    if (resource.data && !id_from_uuid(resource, true, &filter->resource))
        return err_set(err, ERR_BAD_REQUEST, "resource_id must be the id of a user, a group or another resource.");
    return !token.data || id_from_prefixed(ID_PREFIX_TOKEN, token, &filter->token) ||
           err_set(err, ERR_BAD_REQUEST, "token_id must be an id that begins with \"tok-\".");
}

static bool read_filter(const struct call *call, struct filter *filter, struct err *err)
{
    const struct slice *query = call->query;
    *filter = (struct filter){.status_to = MOST_STATUS, .to_ms = call->op->now_ms};
    memset(filter->last.bytes, 0xff, sizeof filter->last.bytes);
    if (!admin_instant_query(query[QUERY_SINCE], "since", &filter->from_ms, err) ||
        !admin_instant_query(query[QUERY_UNTIL], "until", &filter->to_ms, err))
        return false;
    if (query[QUERY_SINCE].data)
        filter->first = housekeeping_first_id(filter->from_ms);
    if (query[QUERY_UNTIL].data)
        filter->last = housekeeping_first_id(filter->to_ms);
    return read_status(query[QUERY_STATUS], filter, err) && read_failed(query[QUERY_FAILED], filter, err) &&
           read_order(query[QUERY_ORDER], &filter->oldest, err) && read_ids(call, filter, err);
}

/* --- how one is shown --- */

void request_show_error(const struct request_error *error, json_t *object)
{
    enum err_kind problem = advice_problem(error->problem);
    struct advice_case what = {error->status, problem, error->operation, error->detail, error->idp};
    struct arena arena;
    struct advice advice;
    arena_init(&arena);
    (void)advice_find(&what, &arena, &advice);
    const char *scim_type = problem == ERR_NONE ? NULL : err_scim_type(problem);
    json_object_set_new(object, "problem", show_text_or_null(error->problem));
    json_object_set_new(object, "scim_type", scim_type ? json_string(scim_type) : json_null());
    json_object_set_new(object, "detail", show_text_or_null(error->detail));
    json_object_set_new(object, "explanation", advice.explanation ? json_string(advice.explanation) : json_null());
    json_object_set_new(object, "action", advice.action ? json_string(advice.action) : json_null());
    arena_fini(&arena);
}

static json_t *show(const struct db_value *row, struct slice idp)
{
    json_t *shown =
        json_pack("{s:o, s:o, s:f, s:o, s:o, s:o, s:I, s:b, s:b, s:o, s:o, s:o, s:o}", "id", column_show_uuid(&row[0]),
                  "received_at", show_time(row[1].integer), "duration_ms", (double)row[2].integer / 1000, "method",
                  json_from_slice(row[5].bytes), "path", json_from_slice(row[7].bytes), "operation",
                  show_text_or_null(row[6].bytes), "status", (json_int_t)row[3].integer, "proved",
                  (int)(row[4].integer & PROVED), "client_left", (int)(row[4].integer & LEFT), "token_id",
                  column_show_id(ID_PREFIX_TOKEN, &row[10]), "resource_id", column_show_uuid(&row[11]), "peer",
                  json_from_slice(row[12].bytes), "user_agent", show_text_or_null(row[13].bytes));
    struct request_error error = {(int)row[3].integer, row[8].bytes, row[6].bytes, row[9].bytes, idp};
    request_show_error(&error, shown);
    return shown;
}

static json_t *show_body(struct slice text, int64_t bytes, bool cut, bool unreadable)
{
    if (bytes == 0)
        return json_null();
    return json_pack("{s:o, s:I, s:b, s:b}", "text", json_from_slice(text), "bytes", (json_int_t)bytes, "truncated",
                     cut, "malformed", unreadable);
}

static json_t *show_bodies(const struct db_value *row)
{
    json_t *operations = row[6].kind == DB_NULL ? NULL : json_loadb(row[6].bytes.data, row[6].bytes.len, 0, NULL);
    int64_t flags = row[1].integer;
    return json_pack("{s:s, s:o, s:o, s:o}", "mode", row[0].integer == SCIM_LOG_FULL ? "full" : "redacted", "request",
                     show_body(row[2].bytes, row[4].integer, flags & 1, flags & 2), "response",
                     show_body(row[3].bytes, row[5].integer, flags & 4, flags & 8), "operations",
                     operations ? operations : json_null());
}

/* --- operations --- */

static size_t put_twice(struct db_value *parameters, size_t count, struct db_value value)
{
    parameters[count] = parameters[count + 1] = value;
    return count + 2;
}

static struct db_rows *query_page(struct call *call, const struct directory *directory, const struct filter *filter,
                                  const struct page *page, struct err *err)
{
    struct id behind = page->after;
    if (!filter->oldest && id_is_zero(&behind))
        memset(behind.bytes, 0xff, sizeof behind.bytes);
    struct db_value parameters[FILTERS + 2] = {db_id(&directory->id.id), db_id(&filter->first), db_id(&filter->last),
                                               db_integer(filter->status_from), db_integer(filter->status_to)};
    size_t count = 5;
    count = put_twice(parameters, count, column_text(call->query[QUERY_METHOD]));
    count = put_twice(parameters, count, column_text(call->query[QUERY_OPERATION]));
    count = put_twice(parameters, count, column_id(&filter->resource));
    count = put_twice(parameters, count, column_id(&filter->token));
    parameters[count++] = db_id(&behind);
    parameters[count++] = db_integer((int64_t)page->limit + 1);
    return db_query(call->db, filter->oldest ? sql_request_list_oldest : sql_request_list_newest, parameters, count,
                    err);
}

static bool collect(struct db_rows *rows, struct slice idp, struct page *page, json_t *list, struct err *err)
{
    const struct db_value *row;
    while ((row = db_next(rows))) {
        if (json_array_size(list) == page->limit) {
            page->has_more = true;
            continue;
        }
        db_id_out(&row[0], &page->last);
        json_array_append_new(list, show(row, idp));
    }
    return db_rows_end(rows, err);
}

/* How many requests of the time that is asked for are not in the log, so that nobody takes it for complete. */
static bool count_skipped(struct call *call, const struct directory *directory, const struct filter *filter,
                          int64_t *skipped_out, struct err *err)
{
    struct db_value parameters[] = {db_id(&directory->id.id), db_integer(filter->from_ms / HOUR_MS),
                                    db_integer(filter->to_ms / HOUR_MS)};
    const struct db_value *row;
    if (!db_query_one(call->db, sql_request_skipped, parameters, 3, &row, err))
        return false;
    *skipped_out = row ? row[0].integer : 0;
    return true;
}

static bool list(struct call *call, struct err *err)
{
    struct directory directory;
    struct filter filter;
    struct page page;
    int64_t skipped;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err) || !read_filter(call, &filter, err) ||
        !page_read(call, &directory.id.id, &page, err) || !count_skipped(call, &directory, &filter, &skipped, err))
        return false;
    struct db_rows *rows = query_page(call, &directory, &filter, &page, err);
    json_t *requests = json_array();
    if (!rows || !collect(rows, directory.idp, &page, requests, err)) {
        json_decref(requests);
        return false;
    }
    const char *next = page_next(call, &page);
    return reply_json(
        call->op, 200,
        json_pack("{s:o, s:I, s:s?}", "requests", requests, "skipped", (json_int_t)skipped, "next_cursor", next));
}

static bool get(struct call *call, struct err *err)
{
    struct directory directory;
    struct id id;
    const struct db_value *row = NULL;
    if (!directory_of_path(call, DIRECTORY_SHARED, &directory, err))
        return false;
    struct db_value parameters[] = {db_id(&directory.id.id), db_id(&id)};
    if (id_from_uuid(call->op->parameters[1], true, &id) &&
        !db_query_one(call->db, sql_request_load, parameters, 2, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_NOT_FOUND, "There is no such request in the log.");
    json_t *shown = show(row, directory.idp);
    json_object_set_new(shown, "bodies", row[14].kind == DB_NULL ? json_null() : show_bodies(&row[14]));
    return reply_json(call->op, 200, shown);
}

const struct admin_operation request_list = {
    .operation = ADMIN_OPERATION("request.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_SINCE) | QUERY_BIT(QUERY_UNTIL) | QUERY_BIT(QUERY_STATUS) |
               QUERY_BIT(QUERY_FAILED) | QUERY_BIT(QUERY_METHOD) | QUERY_BIT(QUERY_OPERATION) |
               QUERY_BIT(QUERY_REQUEST_ID) | QUERY_BIT(QUERY_RESOURCE_ID) | QUERY_BIT(QUERY_TOKEN_ID) |
               QUERY_BIT(QUERY_ORDER),
    .handle = list,
};
const struct admin_operation request_get = {
    .operation = ADMIN_OPERATION("request.get", SCOPE_ADMIN_READ),
    .handle = get,
};
