/* What came of the tokens that were pushed: the dispatcher's log of deliveries, as webhooks show it. A stream that is
 * polled has none. */
#include "column.h"
#include "deliveries.h"
#include "page.h"
#include "stream.h"
#include "streams.h"

static json_t *show(struct call *call, const struct db_value *row)
{
    json_t *shown = delivery_show(call, row);
    json_object_set_new(shown, "stream_id", column_show_id(ID_PREFIX_STREAM, &row[LOGGED_ENDPOINT]));
    json_object_del(shown, "webhook_id");
    json_object_del(shown, "replay_id");
    return shown;
}

static bool list(struct call *call, struct err *err)
{
    struct stream stream;
    const struct db_value *row;
    return stream_of_path(call, &row, &stream, err) && deliveries_answer(call, &stream.id, show, err);
}

const struct admin_operation stream_list_deliveries = {
    .operation = ADMIN_OPERATION("stream.list_deliveries", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_STATE) | QUERY_BIT(QUERY_TYPES) | QUERY_BIT(QUERY_SINCE),
    .handle = list,
};
