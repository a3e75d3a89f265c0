/* Resources that are found by their place in a list or by a plan, and single rows outside a view. */
#include "store/query.h"

#include "base/must.h"
#include "query_private.h"
#include "row.h"
#include "rules_cache.h"
#include "store_sql.h"

bool query_each(struct db *db, const char *sql, const struct db_value *parameters, size_t count, query_values_fn *visit,
                void *context, struct err *err)
{
    struct db_rows *rows = db_query(db, sql, parameters, count, err);
    if (!rows)
        return false;
    const struct db_value *values;
    while ((values = db_next(rows)) != NULL && visit(values, context))
        continue;
    return db_rows_end(rows, err);
}

struct visitor {
    store_row_fn *visit;
    void *context;
};

static bool visit_row(const struct db_value *values, void *context)
{
    const struct visitor *visitor = context;
    struct view_resource row;
    row_borrow(values, &row);
    return visitor->visit(&row, visitor->context);
}

bool query_each_row(struct db *db, const char *sql, const struct db_value *parameters, size_t count,
                    store_row_fn *visit, void *context, struct err *err)
{
    struct visitor visitor = {visit, context};
    return query_each(db, sql, parameters, count, visit_row, &visitor, err);
}

static struct db_value number(uint64_t n) { return db_integer(n > INT64_MAX ? INT64_MAX : (int64_t)n); }

static void read_token(const struct db_value *row, struct view_token *token_out)
{
    db_id_out(&row[0], &token_out->organization.id);
    token_out->state = (enum view_directory_state)row[1].integer;
    token_out->revision = (uint32_t)row[2].integer;
    must(row[3].bytes.len == sizeof(token_out->hash));
    memcpy(token_out->hash, row[3].bytes.data, sizeof(token_out->hash));
    token_out->pepper_version = (unsigned)row[4].integer;
    token_out->scopes = (unsigned)row[5].integer;
    token_out->live = row[6].integer != 0;
    token_out->last_used_ms = row[7].integer;
    token_out->nests_groups = row[8].integer != 0;
    token_out->has_user = row[9].kind != DB_NULL;
    if (token_out->has_user)
        db_id_out(&row[9], &token_out->user.id);
}

bool store_token_load(struct db *db, struct directory_id directory, struct token_id token, struct view_token *row_out,
                      bool *found_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&directory.id), db_id(&token.id)}, *row;
    *found_out = false;
    if (!db_query_one(db, sql_query_token, parameters, 2, &row, err))
        return false;
    *row_out = (struct view_token){.id = token, .directory = directory};
    *found_out = row != NULL;
    if (!row)
        return true;
    read_token(row, row_out);
    return rules_of_directory(db, directory, row_out->revision, &row_out->rules, err);
}

bool store_count(struct db *db, struct directory_id directory, uint16_t type, uint64_t *count_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&directory.id), db_integer(type)}, *row;
    if (!db_query_one(db, sql_query_count, parameters, 2, &row, err))
        return false;
    *count_out = row && row[0].integer > 0 ? (uint64_t)row[0].integer : 0;
    return true;
}

bool store_page(struct db *db, struct directory_id directory, uint16_t type, uint64_t offset, uint64_t limit,
                store_row_fn *visit, void *context, struct err *err)
{
    const struct db_value parameters[] = {
        db_id(&directory.id), db_integer(type), number(limit), number(offset), db_id(&directory.id), db_integer(type),
    };
    return query_each_row(db, sql_query_page, parameters, 6, visit, context, err);
}

bool store_page_after(struct db *db, struct directory_id directory, uint16_t type, struct resource_id after,
                      uint64_t limit, store_row_fn *visit, void *context, struct err *err)
{
    const struct db_value parameters[] = {db_id(&directory.id), db_integer(type), db_id(&after.id), number(limit)};
    return query_each_row(db, sql_query_page_after, parameters, 4, visit, context, err);
}

bool store_page_before(struct db *db, struct directory_id directory, uint16_t type, struct resource_id before,
                       uint64_t limit, store_row_fn *visit, void *context, struct err *err)
{
    const struct db_value parameters[] = {db_id(&directory.id), db_integer(type), db_id(&before.id), number(limit)};
    return query_each_row(db, sql_query_page_before, parameters, 4, visit, context, err);
}

bool store_resource(struct db *db, struct directory_id directory, uint16_t type, struct resource_id id,
                    struct arena *arena, const struct view_resource **row_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&directory.id), db_integer(type), db_id(&id.id)}, *row;
    *row_out = NULL;
    if (!db_query_one(db, sql_query_resource, parameters, 3, &row, err))
        return false;
    if (row) {
        struct view_resource *copy = arena_new(arena, struct view_resource);
        row_read(row, arena, copy);
        *row_out = copy;
    }
    return true;
}

/* The least key behind all that start with `prefix`, into out (SCIM_KEY_BYTES + 1). */
static struct slice end_of_prefix(struct slice prefix, char *out)
{
    size_t len = prefix.len < SCIM_KEY_BYTES ? prefix.len : SCIM_KEY_BYTES;
    while (len > 0 && (unsigned char)prefix.data[len - 1] == 0xff)
        len--;
    if (len == 0) {
        memset(out, 0xff, SCIM_KEY_BYTES + 1);
        return slice_of(out, SCIM_KEY_BYTES + 1);
    }
    memcpy(out, prefix.data, len);
    out[len - 1] = (char)((unsigned char)out[len - 1] + 1);
    return slice_of(out, len);
}

struct candidates { /* what every kind of plan needs */
    struct db *db;
    struct directory_id directory;
    uint16_t type;
    struct resource_id after;
    uint64_t limit;
    store_row_fn *visit;
    void *context;
};

static bool by_key(const struct candidates *of, const char *sql, struct db_value key, struct err *err)
{
    const struct db_value parameters[] = {db_id(&of->directory.id), db_integer(of->type), key, db_id(&of->after.id),
                                          number(of->limit)};
    return query_each_row(of->db, sql, parameters, 5, of->visit, of->context, err);
}

static bool by_value(const struct candidates *of, const struct scim_plan *plan, struct err *err)
{
    const struct db_value parameters[] = {db_id(&of->directory.id), db_integer(of->type), db_integer(plan->code),
                                          db_bytes(plan->key),      db_id(&of->after.id), number(of->limit)};
    return query_each_row(of->db, sql_query_by_value, parameters, 6, of->visit, of->context, err);
}

static bool by_prefix(const struct candidates *of, const struct scim_plan *plan, struct err *err)
{
    char end[SCIM_KEY_BYTES + 1];
    const struct db_value parameters[] = {
        db_id(&of->directory.id),
        db_integer(of->type),
        db_integer(plan->code),
        db_bytes(plan->key),
        db_bytes(end_of_prefix(plan->key, end)),
        db_id(&of->after.id),
        number(of->limit),
        db_id(&of->directory.id),
        db_integer(of->type),
    };
    return query_each_row(of->db, sql_query_by_value_range, parameters, 9, of->visit, of->context, err);
}

/* An id is compared exactly: one that is written otherwise names nothing. */
static bool by_id(const struct candidates *of, struct slice text, struct err *err)
{
    struct resource_id id;
    if (!id_from_uuid(text, false, &id.id) || id_compare(&id.id, &of->after.id) <= 0)
        return true;
    const struct db_value parameters[] = {db_id(&of->directory.id), db_integer(of->type), db_id(&id.id)};
    return query_each_row(of->db, sql_query_resource, parameters, 3, of->visit, of->context, err);
}

static bool by_reference(const struct candidates *of, const char *sql, struct slice text, struct err *err)
{
    struct id id;
    return !id_from_uuid(text, true, &id) || by_key(of, sql, db_id(&id), err);
}

/* Of a group, and of the groups in it where there are such. */
static bool in_group(const struct candidates *of, struct slice text, struct err *err)
{
    struct query_in_groups asked = {of->directory, of->type, {{{0}}}, of->after, of->limit};
    bool nests = false;
    if (!id_from_uuid(text, true, &asked.group.id))
        return true;
    if (!query_nests_groups(of->db, of->directory, &nests, err))
        return false;
    return nests ? query_in_groups(of->db, &asked, of->visit, of->context, err)
                 : by_key(of, sql_query_by_group, db_id(&asked.group.id), err);
}

bool store_candidates(struct db *db, struct directory_id directory, uint16_t type, const struct scim_plan *plan,
                      struct resource_id after, uint64_t limit, store_row_fn *visit, void *context, struct err *err)
{
    const struct candidates of = {db, directory, type, after, limit, visit, context};
    if (limit == 0)
        return true;
    switch (plan->kind) {
    case SCIM_PLAN_SCAN:
    case SCIM_PLAN_ANY:
        break;
    case SCIM_PLAN_NOTHING:
        return true;
    case SCIM_PLAN_ID:
        return by_id(&of, plan->text, err);
    case SCIM_PLAN_UNIQUE:
        return by_key(&of, sql_query_by_unique_key, db_bytes(plan->key), err);
    case SCIM_PLAN_EXTERNAL:
        return by_key(&of, sql_query_by_external_key, db_bytes(plan->key), err);
    case SCIM_PLAN_ATTRIBUTE:
        return by_value(&of, plan, err);
    case SCIM_PLAN_PREFIX:
        return by_prefix(&of, plan, err);
    case SCIM_PLAN_HAS_MEMBER:
        return by_reference(&of, sql_query_by_member, plan->text, err);
    case SCIM_PLAN_IN_GROUP:
        return in_group(&of, plan->text, err);
    }
    must(!"a plan that one statement can follow");
    return false;
}
