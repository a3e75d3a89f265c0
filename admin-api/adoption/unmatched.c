/* Users of a directory whom none of the vendor's own users is. */
#include "admin_api_sql.h"
#include "reading.h"
#include "scim/schema.h"
#include "store/query.h"
#include "vendor_users.h"

enum { LOOKED_AT = 20000 }; /* the limit of the statements */

struct list {
    struct reading reading;
    struct page page;
    struct resource_id *ids;
    size_t count;
};

static bool find(struct list *list, struct err *err)
{
    struct call *call = list->reading.call;
    struct db_value parameters[] = {db_id(&list->reading.directory.id), db_id(&list->page.after),
                                    db_id(&list->reading.directory.id), db_integer((int64_t)list->page.limit + 1)};
    struct db_rows *rows = db_query(call->db, sql_user_unmatched, parameters, 4, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows))) {
        if (list->count == list->page.limit) {
            list->page.has_more = true;
            continue;
        }
        db_id_out(&row[0], &list->ids[list->count++].id);
        list->page.last = list->ids[list->count - 1].id;
    }
    return rows && db_rows_end(rows, err);
}

/* A short page goes on behind the last user that was looked at. */
static bool find_end(struct list *list, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(&list->reading.directory.id), db_id(&list->page.after)};
    if (!db_query_one(list->reading.call->db, sql_user_unmatched_end, parameters, 2, &row, err))
        return false;
    if (row && row[1].integer == LOOKED_AT) {
        list->page.has_more = true;
        db_id_out(&row[0], &list->page.last);
    }
    return true;
}

static bool load(struct list *list, struct people *people, struct err *err)
{
    struct call *call = list->reading.call;
    struct view_resource *rows = arena_array(call_arena(call), struct view_resource, list->count + 1);
    if (list->count > 0 && !store_rows(call->db, list->reading.directory, SCIM_TYPE_USER, list->ids, list->count,
                                       call_arena(call), rows, err))
        return false;
    for (size_t i = 0; i < list->count; i++)
        if (rows[i].type)
            reading_keep(&list->reading, people, &rows[i]);
    return reading_dress(&list->reading, SCIM_TYPE_USER, people, err);
}

static bool answer(struct list *list, struct err *err)
{
    struct call *call = list->reading.call;
    if (!page_read(call, &list->reading.directory.id, &list->page, err))
        return false;
    struct people people = reading_room(&list->reading, list->page.limit);
    list->ids = arena_array(call_arena(call), struct resource_id, list->page.limit);
    if (!find(list, err) || (!list->page.has_more && !find_end(list, err)) || !load(list, &people, err))
        return false;
    return reading_answer_page(&list->reading, "users", &people, page_next(call, &list->page));
}

static bool list_unmatched(struct call *call, struct err *err)
{
    struct list list = {.count = 0};
    bool good = reading_begin(call, READING_DIRECTORY, &list.reading, err) && answer(&list, err);
    reading_end(&list.reading);
    return good;
}

const struct admin_operation user_list_unmatched = {
    .operation = ADMIN_OPERATION("directory_user.list_unmatched", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_VIEW),
    .handle = list_unmatched,
};
