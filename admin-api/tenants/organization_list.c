/* GET /v1/organizations: all, or those that are searched for. */
#include "access.h"
#include "admin_api_sql.h"
#include "column.h"
#include "organizations.h"
#include "page.h"

enum { MAX_PATTERN = 2048 };

/* "%" and "_" are LIKE's own. */
static struct db_value pattern_of_prefix(struct call *call, struct slice prefix)
{
    if (!prefix.data)
        return db_null();
    struct buf pattern;
    buf_init(&pattern, MAX_PATTERN);
    for (size_t i = 0; i < prefix.len; i++) {
        char c = prefix.data[i];
        if (c == '%' || c == '_' || c == '\\')
            buf_add_char(&pattern, '\\');
        buf_add_char(&pattern, c);
    }
    buf_add_char(&pattern, '%');
    struct slice copy = arena_slice(call_arena(call), buf_slice(&pattern));
    buf_fini(&pattern);
    return db_bytes(copy);
}

static json_t *show_row(struct call *call, const struct db_value *row)
{
    struct organization organization = organization_of_row(call, row);
    return organization_show(call, &organization);
}

static bool wants_deleted(const struct call *call, bool *deleted_out, struct err *err)
{
    struct slice state = call->query[QUERY_STATE];
    *deleted_out = state.data && slice_equals(state, SLICE_LITERAL("deleting"));
    return !state.data || *deleted_out || slice_equals(state, SLICE_LITERAL("active")) ||
           err_set(err, ERR_BAD_REQUEST, "state must be active or deleting.");
}

/* Each is answered from an index: the vendor's own id, a domain, or the order of creation. */
static bool list(struct call *call, struct err *err)
{
    struct environment_id environment;
    struct page page;
    bool deleted;
    if (!access_environment(call, &environment, err) || !wants_deleted(call, &deleted, err) ||
        !page_read(call, &environment.id, &page, err))
        return false;
    struct db_value own = db_id(&environment.id), external_id = column_text(call->query[QUERY_EXTERNAL_ID]);
    struct db_value domain = column_text(domain_lower(call_arena(call), call->query[QUERY_DOMAIN])),
                    name = pattern_of_prefix(call, call->query[QUERY_NAME]);
    struct db_value all[] = {own, external_id, external_id, domain, domain, name, name};
    struct db_value of_external_id[] = {own, external_id, domain, domain, name, name};
    struct db_value of_domain[] = {own, domain, name, name};
    struct db_value any[] = {own, name, name};
    if (deleted)
        return page_answer(call, &page, "organizations", sql_organization_list_deleted, all, 7, show_row, err);
    if (external_id.kind != DB_NULL)
        return page_answer(call, &page, "organizations", sql_organization_list_of_external_id, of_external_id, 6,
                           show_row, err);
    if (domain.kind != DB_NULL)
        return page_answer(call, &page, "organizations", sql_organization_list_of_domain, of_domain, 4, show_row, err);
    return page_answer(call, &page, "organizations", sql_organization_list, any, 3, show_row, err);
}

const struct admin_operation organization_list = {
    .operation = ADMIN_OPERATION("organization.list", SCOPE_ADMIN_READ),
    .queries = QUERY_PAGE | QUERY_BIT(QUERY_EXTERNAL_ID) | QUERY_BIT(QUERY_NAME) | QUERY_BIT(QUERY_DOMAIN) |
               QUERY_BIT(QUERY_STATE) | QUERY_BIT(QUERY_ENVIRONMENT),
    .handle = list,
};
