#include "events.h"

#include "access.h"
#include "admin_api_sql.h"
#include "base/json.h"
#include "column.h"
#include "organizations.h"
#include "page.h"
#include "reply.h"

static json_t *show_event(struct call *call, const struct db_value *row)
{
    (void)call;
    struct id id;
    db_id_out(&row[0], &id);
    json_t *data = json_loadb(row[4].bytes.data, row[4].bytes.len, 0, NULL);
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "id", show_id(ID_PREFIX_EVENT, &id), "type",
                     json_from_slice(row[3].bytes), "created_at", show_time(row[5].integer), "organization_id",
                     column_show_id(ID_PREFIX_ORGANIZATION, &row[1]), "directory_id",
                     column_show_id(ID_PREFIX_DIRECTORY, &row[2]), "data", data ? data : json_object());
}

/* ?organization_id=org-…: events outlive what they are about, so one that is gone can be asked for, too. */
static bool read_organization(const struct call *call, struct id *id_out, struct db_value *value_out, struct err *err)
{
    struct slice named = call->query[QUERY_ORGANIZATION];
    *value_out = db_null();
    if (!named.data)
        return true;
    if (!id_from_prefixed(ID_PREFIX_ORGANIZATION, named, id_out))
        return err_set(err, ERR_BAD_REQUEST, "organization must be an id that begins with \"%s\".",
                       ID_PREFIX_ORGANIZATION);
    *value_out = db_id(id_out);
    return true;
}

static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    struct id organization_id;
    struct db_value organization;
    if (!access_environment(call, &environment, err) || !page_read(call, &environment.id, &page, err) ||
        !read_organization(call, &organization_id, &organization, err))
        return false;
    struct slice types = call->query[QUERY_TYPES];
    struct db_value wanted = types.data ? db_bytes(types) : db_null();
    struct db_value parameters[] = {db_id(&environment.id), wanted, wanted, organization, organization};
    return page_answer(call, &page, "events", sql_event_list, parameters, 5, show_event, err);
}

const struct admin_operation event_list = {
    .operation = ADMIN_OPERATION("event.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_TYPES) | QUERY_BIT(QUERY_ORGANIZATION) | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
