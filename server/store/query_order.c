/* Walks along an order that an index holds: resources with a key, by key and id, then those without one, by id; or the
 * other way. A walk goes on behind any place without reading what is in front of it. */
#include "base/must.h"
#include "query_private.h"
#include "store_sql.h"

struct walk {
    struct db *db;
    struct directory_id directory;
    uint16_t type;
    const struct scim_sort *sort;
    const struct scim_place *from;
    bool backward;
    uint64_t skip, limit, seen;
    store_place_fn *visit;
    void *context;
    bool stopped;
    struct err *err;
};

/* One direction and the other. */
struct statement {
    const char *sql[2];
};

static const char *const count_statements[] = {
    [SCIM_SORT_UNIQUE] = sql_order_count_unique,
    [SCIM_SORT_EXTERNAL] = sql_order_count_external,
    [SCIM_SORT_ATTRIBUTE] = sql_order_count_value,
};
static const struct statement same_key[] = {
    [SCIM_SORT_EXTERNAL] = {{sql_order_external_same, sql_order_external_same_back}},
    [SCIM_SORT_ATTRIBUTE] = {{sql_order_value_same, sql_order_value_same_back}},
};
static const struct statement other_keys[] = {
    [SCIM_SORT_UNIQUE] = {{sql_order_unique, sql_order_unique_back}},
    [SCIM_SORT_EXTERNAL] = {{sql_order_external, sql_order_external_back}},
    [SCIM_SORT_ATTRIBUTE] = {{sql_order_value, sql_order_value_back}},
};
static const struct statement without_key[] = {
    [SCIM_SORT_ABSENT] = {{sql_order_id, sql_order_id_back}},
    [SCIM_SORT_UNIQUE] = {{sql_order_without_unique, sql_order_without_unique_back}},
    [SCIM_SORT_EXTERNAL] = {{sql_order_without_external, sql_order_without_external_back}},
    [SCIM_SORT_ATTRIBUTE] = {{sql_order_without_value, sql_order_without_value_back}},
};
static const struct statement by_id = {{sql_order_id, sql_order_id_back}};

static const struct resource_id first_id,
    last_id = {{.bytes = {255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}}};

struct parameters {
    struct db_value list[10];
    size_t count;
};

static void add(struct parameters *parameters, struct db_value value) { parameters->list[parameters->count++] = value; }

static void add_number(struct parameters *parameters, uint64_t number)
{
    add(parameters, db_integer(number > INT64_MAX ? INT64_MAX : (int64_t)number));
}

/* Whose resources; of the side index, which attribute's values. */
static void add_scope(struct parameters *parameters, const struct walk *walk, bool side_index)
{
    add(parameters, db_id(&walk->directory.id));
    add(parameters, db_integer(walk->type));
    if (side_index)
        add(parameters, db_integer(walk->sort->code));
}

static bool in_side_index(const struct walk *walk) { return walk->sort->way == SCIM_SORT_ATTRIBUTE; }

struct visit {
    struct walk *walk;
    enum scim_place_kind kind;
};

static bool visit_place(const struct db_value *values, void *context)
{
    const struct visit *visit = context;
    struct walk *walk = visit->walk;
    struct scim_place place = {.kind = visit->kind};
    if (values[0].kind == DB_BYTES)
        place.key = values[0].bytes;
    db_id_out(&values[1], &place.id.id);
    walk->seen++;
    walk->stopped = !walk->visit(&place, walk->context);
    return !walk->stopped;
}

static bool run(struct walk *walk, enum scim_place_kind kind, const struct statement *statement,
                const struct parameters *parameters)
{
    struct visit visit = {walk, kind};
    return query_each(walk->db, statement->sql[walk->backward], parameters->list, parameters->count, visit_place,
                      &visit, walk->err);
}

static bool is_full(const struct walk *walk) { return walk->stopped || walk->seen >= walk->limit; }

static uint64_t left(const struct walk *walk) { return walk->limit - walk->seen; }

static struct resource_id edge_id(const struct walk *walk) { return walk->backward ? last_id : first_id; }

static bool walk_ids(struct walk *walk)
{
    struct parameters parameters = {0};
    struct resource_id from = walk->from->kind == SCIM_PLACE_EDGE ? edge_id(walk) : walk->from->id;
    add_scope(&parameters, walk, false);
    add(&parameters, db_id(&from.id));
    add_number(&parameters, left(walk));
    add_number(&parameters, walk->skip);
    return run(walk, SCIM_PLACE_VALUED, &by_id, &parameters);
}

/* The others of the key that the walk comes from. */
static bool walk_same_key(struct walk *walk)
{
    struct parameters parameters = {0};
    add_scope(&parameters, walk, in_side_index(walk));
    add(&parameters, db_bytes(walk->from->key));
    add(&parameters, db_id(&walk->from->id.id));
    add_number(&parameters, left(walk));
    return run(walk, SCIM_PLACE_VALUED, &same_key[walk->sort->way], &parameters);
}

static bool walk_keys(struct walk *walk, uint64_t skip)
{
    char last[SCIM_SORT_KEY_BYTES + 1];
    struct parameters parameters = {0};
    struct slice from = slice_of("", 0);
    if (walk->from->kind == SCIM_PLACE_VALUED) {
        from = walk->from->key;
        if (walk->sort->way != SCIM_SORT_UNIQUE && !walk_same_key(walk))
            return false;
    } else if (walk->backward) {
        memset(last, 0xff, sizeof last);
        from = slice_of(last, sizeof last);
    }
    if (is_full(walk))
        return true;
    add_scope(&parameters, walk, in_side_index(walk));
    add(&parameters, db_bytes(from));
    add_number(&parameters, left(walk));
    add_number(&parameters, skip);
    return run(walk, SCIM_PLACE_VALUED, &other_keys[walk->sort->way], &parameters);
}

static bool walk_without_key(struct walk *walk, uint64_t skip)
{
    struct parameters parameters = {0};
    struct resource_id from = walk->from->kind == SCIM_PLACE_UNVALUED ? walk->from->id : edge_id(walk);
    if (in_side_index(walk))
        add_scope(&parameters, walk, true);
    add_scope(&parameters, walk, false);
    add(&parameters, db_id(&from.id));
    add_number(&parameters, left(walk));
    add_number(&parameters, skip);
    return run(walk, SCIM_PLACE_UNVALUED, &without_key[walk->sort->way], &parameters);
}

static bool count_keys(struct walk *walk, uint64_t *count_out)
{
    struct parameters parameters = {0};
    const struct db_value *row;
    add_scope(&parameters, walk, in_side_index(walk));
    if (!db_query_one(walk->db, count_statements[walk->sort->way], parameters.list, parameters.count, &row, walk->err))
        return false;
    *count_out = row ? (uint64_t)row[0].integer : 0;
    return true;
}

static uint64_t less(uint64_t number, uint64_t by) { return number > by ? number - by : 0; }

/* Of keys in the row, the others stand together in the same index. */
static bool has_index_of_others(const struct walk *walk) { return walk->sort->way != SCIM_SORT_ATTRIBUTE; }

static bool count_others(struct walk *walk, uint64_t *valued_out, uint64_t *others_out)
{
    uint64_t all = 0;
    if (!count_keys(walk, valued_out) || !store_count(walk->db, walk->directory, walk->type, &all, walk->err))
        return false;
    *others_out = less(all, *valued_out);
    return true;
}

/* Those with a key stand first. That there are others is only found out when somebody comes so far, and that there are
 * none by counting, which costs a tenth of looking for them. */
static bool walk_forward(struct walk *walk)
{
    uint64_t valued = 0, others = 0;
    if (walk->from->kind != SCIM_PLACE_UNVALUED && !walk_keys(walk, walk->skip))
        return false;
    if (is_full(walk))
        return true;
    if (has_index_of_others(walk) && (walk->skip == 0 || walk->seen > 0))
        return walk_without_key(walk, 0);
    if (!count_others(walk, &valued, &others))
        return false;
    return others == 0 || walk_without_key(walk, walk->seen ? 0 : less(walk->skip, valued));
}

static bool walk_backward(struct walk *walk)
{
    uint64_t valued = 0, others = 0;
    if (walk->from->kind == SCIM_PLACE_VALUED)
        return walk_keys(walk, 0);
    bool counts = walk->skip > 0 || !has_index_of_others(walk);
    if (counts && !count_others(walk, &valued, &others))
        return false;
    if ((!counts || others > walk->skip) && !walk_without_key(walk, walk->skip))
        return false;
    /* Behind the last of those without a key, keys are walked from their end. */
    static const struct scim_place edge = {.kind = SCIM_PLACE_EDGE};
    walk->from = &edge;
    return is_full(walk) || walk_keys(walk, less(walk->skip, others));
}

static bool walk_absent(struct walk *walk)
{
    return walk->from->kind == SCIM_PLACE_VALUED && walk->backward ? true : walk_without_key(walk, walk->skip);
}

bool store_walk(struct db *db, struct directory_id directory, uint16_t type, const struct scim_sort *sort,
                const struct scim_place *from, bool backward, uint64_t skip, uint64_t limit, store_place_fn *visit,
                void *context, struct err *err)
{
    struct walk walk = {.db = db,
                        .directory = directory,
                        .type = type,
                        .sort = sort,
                        .from = from,
                        .backward = backward,
                        .skip = skip,
                        .limit = limit,
                        .visit = visit,
                        .context = context,
                        .err = err};
    must(sort->way != SCIM_SORT_KEYS && (skip == 0 || from->kind == SCIM_PLACE_EDGE));
    if (limit == 0)
        return true;
    switch (sort->way) {
    case SCIM_SORT_ABSENT:
        return walk_absent(&walk);
    case SCIM_SORT_ID:
        return walk_ids(&walk);
    case SCIM_SORT_UNIQUE:
    case SCIM_SORT_EXTERNAL:
    case SCIM_SORT_ATTRIBUTE:
    case SCIM_SORT_KEYS:
        break;
    }
    return backward ? walk_backward(&walk) : walk_forward(&walk);
}
