/* What came of the tokens that were pushed: the dispatcher's log of deliveries. A stream that is polled has none. */
#include "admin_api_sql.h"
#include "base/json.h"
#include "column.h"
#include "page.h"
#include "reply.h"
#include "stream.h"
#include "streams.h"

enum column { ID, STATE, EVENT, TYPE, ATTEMPTS, STATUS, ERROR, NEXT, CREATED, ENDED };

static json_t *time_of(const struct db_value *column)
{
    return column->kind == DB_NULL ? json_null() : show_time(column->integer);
}

/* Events that the feed had dropped before they were pushed have an id of zeros, and no type. */
static json_t *show_delivery(struct call *call, const struct db_value *row)
{
    (void)call;
    static const char *const states[] = {NULL, "waiting", "retrying", "delivered", "failed"};
    bool is_event = row[TYPE].bytes.len > 0;
    return json_pack("{s:o, s:s, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o}", "id",
                     column_show_id(ID_PREFIX_DELIVERY, &row[ID]), "state", states[row[STATE].integer], "event_id",
                     is_event ? column_show_id(ID_PREFIX_EVENT, &row[EVENT]) : json_null(), "type",
                     show_text_or_null(row[TYPE].bytes), "attempts", (json_int_t)row[ATTEMPTS].integer, "status",
                     column_show_number(&row[STATUS]), "error", show_text_or_null(row[ERROR].bytes), "next_attempt_at",
                     time_of(&row[NEXT]), "created_at", show_time(row[CREATED].integer), "ended_at",
                     time_of(&row[ENDED]));
}

static bool list(struct call *call, struct err *err)
{
    struct stream stream;
    struct page page;
    const struct db_value *row;
    if (!stream_of_path(call, &row, &stream, err) || !page_read(call, &stream.id, &page, err))
        return false;
    struct db_value parameters[] = {db_id(&stream.id)};
    return page_answer(call, &page, "deliveries", sql_stream_delivery_list, parameters, 1, show_delivery, err);
}

const struct admin_operation stream_list_deliveries = {
    .operation = ADMIN_OPERATION("stream.list_deliveries", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE,
    .handle = list,
};
