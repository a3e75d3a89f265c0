/* The audit log as vendors and operators read it: listed, exported, verified. */
#include "audit_log.h"

#include <sodium.h>

#include "access.h"
#include "admin_api_sql.h"
#include "audit_chain.h"
#include "audit_verify.h"
#include "base/json.h"
#include "column.h"
#include "instant.h"
#include "page.h"
#include "reply.h"

enum { VERIFIED_AT_ONCE = 10000, FILTERS = 15 };

/* The environment's chain; an operator who names none means the operators' own, and may name one that is gone. */
static bool chain_of_caller(struct call *call, struct id *chain_out, struct err *err)
{
    struct environment_id environment;
    struct slice named = call->query[QUERY_ENVIRONMENT];
    *chain_out = (struct id){{0}};
    if (call->principal.is_operator)
        return !named.data || id_from_prefixed(ID_PREFIX_ENVIRONMENT, named, chain_out) ||
               err_set(err, ERR_NOT_FOUND, "There is no such environment.");
    if (!access_environment(call, &environment, err))
        return false;
    *chain_out = environment.id;
    return true;
}

/* --- what is asked for --- */

struct filter {
    struct id organization, directory;
    int64_t since_ms, until_ms;
    bool newest;
};

static bool read_id(struct slice text, const char *name, const char *prefix, struct id *id_out, struct err *err)
{
    return !text.data || id_from_prefixed(prefix, text, id_out) ||
           err_set(err, ERR_BAD_REQUEST, "%s must be an id that begins with \"%s\".", name, prefix);
}

static bool read_order(struct slice text, bool *newest_out, struct err *err)
{
    *newest_out = slice_equals(text, SLICE_LITERAL("newest"));
    return !text.data || *newest_out || slice_equals(text, SLICE_LITERAL("oldest")) ||
           err_set(err, ERR_BAD_REQUEST, "order must be oldest or newest: which record comes first.");
}

static bool read_filter(const struct call *call, struct filter *filter, struct err *err)
{
    const struct slice *query = call->query;
    *filter = (struct filter){.since_ms = -1, .until_ms = -1};
    return read_id(query[QUERY_ORGANIZATION], "organization_id", ID_PREFIX_ORGANIZATION, &filter->organization, err) &&
           read_id(query[QUERY_DIRECTORY], "directory_id", ID_PREFIX_DIRECTORY, &filter->directory, err) &&
           admin_instant_query(query[QUERY_SINCE], "since", &filter->since_ms, err) &&
           admin_instant_query(query[QUERY_UNTIL], "until", &filter->until_ms, err) &&
           read_order(query[QUERY_ORDER], &filter->newest, err);
}

/* The index that leaves the least to look through. */
static const char *statement_of(const struct call *call, const struct filter *filter)
{
    static const char *const statements[4][2] = {
        {sql_audit_list, sql_audit_list_newest},
        {sql_audit_list_of_organization, sql_audit_list_newest_of_organization},
        {sql_audit_list_of_directory, sql_audit_list_newest_of_directory},
        {sql_audit_list_of_actor, sql_audit_list_newest_of_actor},
    };
    int by = !id_is_zero(&filter->directory)      ? 2
             : !id_is_zero(&filter->organization) ? 1
             : call->query[QUERY_ACTOR].data      ? 3
                                                  : 0;
    return statements[by][filter->newest];
}

static size_t put_twice(struct db_value *parameters, size_t count, struct db_value value)
{
    parameters[count] = parameters[count + 1] = value;
    return count + 2;
}

/* --- pages: a cursor holds the position of the last record shown --- */

static uint64_t position_of(const struct id *id)
{
    uint64_t position = 0;
    for (size_t i = 8; i < ID_BYTES; i++)
        position = position << 8 | id->bytes[i];
    return position;
}

static struct id id_of(uint64_t position)
{
    struct id id = {{0}};
    for (size_t i = 0; i < 8; i++)
        id.bytes[ID_BYTES - 1 - i] = (uint8_t)(position >> 8 * i);
    return id;
}

static struct db_rows *query_page(struct call *call, const struct id *chain, const struct filter *filter,
                                  const struct page *page, struct err *err)
{
    struct db_value parameters[FILTERS] = {db_id(chain)};
    size_t count = 1;
    count = put_twice(parameters, count, column_id(&filter->organization));
    count = put_twice(parameters, count, column_id(&filter->directory));
    count = put_twice(parameters, count, column_text(call->query[QUERY_ACTOR]));
    count = put_twice(parameters, count, column_text(call->query[QUERY_ACTION]));
    count = put_twice(parameters, count, column_time(filter->since_ms));
    count = put_twice(parameters, count, column_time(filter->until_ms));
    uint64_t after = position_of(&page->after);
    parameters[count++] = db_integer(filter->newest && after == 0 ? INT64_MAX : (int64_t)after);
    parameters[count++] = db_integer((int64_t)page->limit + 1);
    return db_query(call->db, statement_of(call, filter), parameters, count, err);
}

static void add_hash(struct buf *out, const char *name, const struct audit_hash *hash)
{
    char hex[2 * AUDIT_HASH_BYTES + 1];
    sodium_bin2hex(hex, sizeof hex, hash->bytes, AUDIT_HASH_BYTES);
    buf_printf(out, "\"%s\":\"%s\"", name, hex);
}

/* {record…, "hash": …} */
static void add_shown(struct buf *out, const struct audit_sealed *sealed)
{
    audit_record_text(&sealed->record, out);
    if (!out->overflowed)
        out->data[out->len - 1] = ',';
    add_hash(out, "hash", &sealed->hash);
    buf_add_char(out, '}');
}

/* What was hashed stands at the end, byte for byte. */
static void add_line(struct buf *out, const struct audit_sealed *sealed)
{
    buf_add_char(out, '{');
    add_hash(out, "hash", &sealed->hash);
    buf_add_str(out, ",\"record\":");
    audit_record_text(&sealed->record, out);
    buf_add_char(out, '}');
}

typedef void add_record_fn(struct buf *out, const struct audit_sealed *sealed);

static bool add_page(struct call *call, struct page *page, struct db_rows *rows, add_record_fn *add, struct err *err)
{
    struct buf *out = &call->op->reply.body;
    const struct db_value *row;
    for (uint64_t count = 0; (row = db_next(rows)); count++) {
        struct audit_sealed sealed = audit_record_read(row);
        if (count == page->limit) {
            page->has_more = true;
            continue;
        }
        page->last = id_of(sealed.record.position);
        if (count > 0)
            buf_add_char(out, add == add_shown ? ',' : '\n');
        add(out, &sealed);
    }
    return db_rows_end(rows, err);
}

static bool write_page(struct call *call, struct page *page, add_record_fn *add, struct err *err)
{
    struct id chain;
    struct filter filter;
    if (!chain_of_caller(call, &chain, err) || !page_read(call, &chain, page, err) || !read_filter(call, &filter, err))
        return false;
    struct db_rows *rows = query_page(call, &chain, &filter, page, err);
    return rows && add_page(call, page, rows, add, err);
}

static bool list(struct call *call, struct err *err)
{
    struct page page;
    struct buf *out = &call->op->reply.body;
    buf_add_str(out, "{\"records\":[");
    if (!write_page(call, &page, add_shown, err)) {
        buf_clear(out);
        return false;
    }
    const char *next = page_next(call, &page);
    buf_printf(out, next ? "],\"next_cursor\":\"%s\"}" : "],\"next_cursor\":null}", next);
    return reply_body(call->op, 200);
}

/* The cursor is in the Link header: every line is a record. */
static bool export(struct call *call, struct err *err)
{
    struct page page;
    if (!write_page(call, &page, add_line, err)) {
        buf_clear(&call->op->reply.body);
        return false;
    }
    if (call->op->reply.body.len > 0)
        buf_add_char(&call->op->reply.body, '\n');
    (void)page_next(call, &page);
    (void)reply_body(call->op, 200);
    call->op->reply.content_type = "application/x-ndjson";
    return true;
}

/* --- verifying --- */

static json_t *show_hash(const struct audit_hash *hash)
{
    char hex[2 * AUDIT_HASH_BYTES + 1];
    return json_string(sodium_bin2hex(hex, sizeof hex, hash->bytes, AUDIT_HASH_BYTES));
}

static bool check(struct call *call, struct err *err)
{
    struct id chain;
    struct page page;
    struct audit_verdict verdict;
    if (!chain_of_caller(call, &chain, err) || !page_read(call, &chain, &page, err) ||
        !audit_verify(call->db, call->settings->peppers, &chain, position_of(&page.after), VERIFIED_AT_ONCE, &verdict,
                      err))
        return false;
    page.has_more = verdict.intact && verdict.last < verdict.end;
    page.last = id_of(verdict.last);
    const char *next = page_next(call, &page);
    json_t *problem =
        verdict.intact ? json_null()
                       : json_pack("{s:I, s:s}", "position", (json_int_t)verdict.broken_at, "detail", verdict.problem);
    return reply_json(call->op, 200,
                      json_pack("{s:b, s:I, s:I, s:I, s:o, s:o, s:o, s:s?}", "intact", verdict.intact, "first_position",
                                (json_int_t)verdict.first, "last_position", (json_int_t)verdict.last, "end_position",
                                (json_int_t)verdict.end, "previous_hash", show_hash(&verdict.previous), "hash",
                                show_hash(&verdict.hash), "problem", problem, "next_cursor", next));
}

#define LIST_QUERIES                                                                                                   \
    (QUERY_PAGE | QUERY_BIT(QUERY_ENVIRONMENT) | QUERY_BIT(QUERY_ACTOR) | QUERY_BIT(QUERY_ACTION) |                    \
     QUERY_BIT(QUERY_ORGANIZATION) | QUERY_BIT(QUERY_DIRECTORY) | QUERY_BIT(QUERY_SINCE) | QUERY_BIT(QUERY_UNTIL) |    \
     QUERY_BIT(QUERY_ORDER))

const struct admin_operation audit_list = {
    .operation = ADMIN_OPERATION("audit.list", SCOPE_ADMIN_READ),
    .queries = LIST_QUERIES,
    .handle = list,
};
const struct admin_operation audit_export = {
    .produces = "application/x-ndjson",
    .operation = ADMIN_OPERATION("audit.export", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = export,
};
const struct admin_operation audit_check = {
    .operation = ADMIN_OPERATION("audit.verify", SCOPE_ADMIN_READ),
    .queries = QUERY_BIT(QUERY_CURSOR) | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = check,
};
