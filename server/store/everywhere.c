#include "store/everywhere.h"

#include "base/must.h"
#include "query_private.h"
#include "row.h"
#include "store_sql.h"

enum { COLUMN_ORGANIZATION, COLUMN_DIRECTORY, COLUMN_PRIMARY, COLUMN_EXTERNAL_ID, COLUMN_ROW };

struct visitor {
    store_everywhere_fn *visit;
    void *context;
};

static struct everywhere_row row_of(const struct db_value *values)
{
    struct everywhere_row row = {.is_primary = values[COLUMN_PRIMARY].integer != 0,
                                 .external_id = values[COLUMN_EXTERNAL_ID].bytes};
    db_id_out(&values[COLUMN_ORGANIZATION], &row.organization.id);
    db_id_out(&values[COLUMN_DIRECTORY], &row.directory.id);
    return row;
}

static bool visit_row(const struct db_value *values, void *context)
{
    const struct visitor *visitor = context;
    struct everywhere_row row = row_of(values);
    row_borrow(values + COLUMN_ROW, &row.resource);
    return visitor->visit(&row, visitor->context);
}

bool store_everywhere(struct db *db, const struct everywhere *where, const struct scim_plan *plan,
                      store_everywhere_fn *visit, void *context, struct err *err)
{
    struct visitor visitor = {visit, context};
    struct db_value parameters[6] = {db_id(&where->environment.id), db_id(&where->after.id),
                                     db_integer((int64_t)where->organizations)};
    size_t count = 3;
    bool by_value = plan->kind == SCIM_PLAN_ATTRIBUTE;
    must(by_value || plan->kind == SCIM_PLAN_UNIQUE || plan->kind == SCIM_PLAN_EXTERNAL);
    if (by_value)
        parameters[count++] = db_integer(plan->code);
    parameters[count++] = db_bytes(plan->key);
    parameters[count++] = db_integer((int64_t)where->most);
    const char *sql = by_value                         ? sql_everywhere_by_value
                      : plan->kind == SCIM_PLAN_UNIQUE ? sql_everywhere_by_unique
                                                       : sql_everywhere_by_external;
    return query_each(db, sql, parameters, count, visit_row, &visitor, err);
}

static bool visit_guarded(const struct db_value *values, void *context)
{
    const struct visitor *visitor = context;
    struct everywhere_row row = row_of(values);
    return visitor->visit(&row, visitor->context);
}

bool store_everywhere_guarded(struct db *db, const struct everywhere *where, store_everywhere_fn *visit, void *context,
                              struct err *err)
{
    struct visitor visitor = {visit, context};
    const struct db_value parameters[] = {db_id(&where->environment.id), db_id(&where->after.id),
                                          db_integer((int64_t)where->organizations), db_integer((int64_t)where->most)};
    return query_each(db, sql_everywhere_guarded, parameters, 4, visit_guarded, &visitor, err);
}

bool store_everywhere_last(struct db *db, const struct everywhere *where, struct organization_id *last_out,
                           bool *more_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&where->environment.id), db_id(&where->after.id),
                                          db_integer((int64_t)where->organizations - 1)};
    const struct db_value *row;
    if (!db_query_one(db, sql_everywhere_last, parameters, 3, &row, err))
        return false;
    *more_out = row != NULL; /* perhaps none: then the next page is empty and the last */
    if (row)
        db_id_out(&row[0], &last_out->id);
    return true;
}
