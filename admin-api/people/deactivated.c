#include "deactivated.h"

#include "admin_api_sql.h"
#include "base/num.h"
#include "reading.h"
#include "scim/schema.h"
#include "store/query.h"

struct list {
    struct reading reading;
    struct page page;
    struct resource_id *ids;
    size_t count;
};

static bool read_days(const struct call *call, uint64_t *days_out, struct err *err)
{
    struct slice text = call->query[QUERY_OLDER_THAN_DAYS];
    *days_out = 0;
    return !text.data || num_parse_uint(text, 0, DEACTIVATED_MOST_DAYS, days_out) ||
           err_set(err, ERR_INVALID_COUNT, "older_than_days must be a whole number from 0 to %d.",
                   DEACTIVATED_MOST_DAYS);
}

struct id deactivated_before(int64_t now_ms, int64_t days)
{
    struct id before;
    int64_t until = now_ms - days * DEACTIVATED_DAY_MS;
    if (days > 0)
        return housekeeping_first_id(until > 0 ? until : 0);
    memset(&before, 0xff, sizeof before); /* whatever the clocks of others say */
    return before;
}

static bool find(struct list *list, uint64_t days, struct err *err)
{
    struct call *call = list->reading.call;
    struct id before = deactivated_before(call->op->now_ms, (int64_t)days);
    struct db_value parameters[] = {db_id(&list->reading.directory.id), db_id(&before), db_id(&list->page.after),
                                    db_integer((int64_t)list->page.limit + 1)};
    struct db_rows *rows = db_query(call->db, sql_deactivated_list, parameters, 4, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows))) {
        if (list->count == list->page.limit) {
            list->page.has_more = true;
            continue;
        }
        db_id_out(&row[0], &list->page.last);
        db_id_out(&row[1], &list->ids[list->count++].id);
    }
    return rows && db_rows_end(rows, err);
}

/* In the order of the list. Who was deleted between the two statements is left out. */
static bool load(struct list *list, struct people *people, struct err *err)
{
    struct call *call = list->reading.call;
    struct view_resource *rows = arena_array(call_arena(call), struct view_resource, list->count);
    if (!store_rows(call->db, list->reading.directory, SCIM_TYPE_USER, list->ids, list->count, call_arena(call), rows,
                    err))
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (rows[i].type)
            reading_keep(&list->reading, people, &rows[i]);
    return reading_dress(&list->reading, SCIM_TYPE_USER, people, err);
}

static bool answer(struct list *list, struct err *err)
{
    struct call *call = list->reading.call;
    uint64_t days;
    if (!read_days(call, &days, err) || !page_read(call, &list->reading.directory.id, &list->page, err))
        return false;
    struct people people = reading_room(&list->reading, list->page.limit);
    list->ids = arena_array(call_arena(call), struct resource_id, list->page.limit);
    if (!find(list, days, err) || (list->count > 0 && !load(list, &people, err)))
        return false;
    return reading_answer_page(&list->reading, "users", &people, page_next(call, &list->page));
}

static bool list_deactivated(struct call *call, struct err *err)
{
    struct list list = {.count = 0};
    bool good = reading_begin(call, READING_DIRECTORY, &list.reading, err) && answer(&list, err);
    reading_end(&list.reading);
    return good;
}

const struct admin_operation user_list_deactivated = {
    .operation = ADMIN_OPERATION("directory_user.list_deactivated", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_VIEW) | QUERY_BIT(QUERY_OLDER_THAN_DAYS),
    .handle = list_deactivated,
};
