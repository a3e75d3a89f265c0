/* Groups in groups, outside a view: what is above many groups, and who is below one. */
#include <pthread.h>
#include <stdlib.h>

#include "base/must.h"
#include "query_private.h"
#include "store_sql.h"

enum { LIST_SIZES = 3 };
static const size_t list_sizes[LIST_SIZES] = {1, 16, QUERY_MOST_ABOVE};

static struct {
    pthread_once_t once;
    char above[LIST_SIZES][QUERY_STATEMENT_BYTES], by_ids[QUERY_STATEMENT_BYTES];
} composed = {.once = PTHREAD_ONCE_INIT};

static void compose(void)
{
    for (size_t i = 0; i < LIST_SIZES; i++)
        query_compose(sql_query_groups_above, list_sizes[i], composed.above[i]);
    query_compose(sql_query_by_ids, QUERY_MOST_ABOVE, composed.by_ids);
}

bool query_nests_groups(struct db *db, struct directory_id directory, bool *nests_out, struct err *err)
{
    const struct db_value id = db_id(&directory.id), *row;
    *nests_out = false;
    if (!db_query_one(db, sql_query_nests_groups, &id, 1, &row, err))
        return false;
    *nests_out = row && row[0].integer;
    return true;
}

bool query_groups_above(struct db *db, struct directory_id directory, const struct id *const *groups, size_t count,
                        query_values_fn *visit, void *context, struct err *err)
{
    struct db_value parameters[4 + QUERY_MOST_ABOVE];
    size_t class = 0, used = 0;
    must(count > 0 && count <= QUERY_MOST_ABOVE);
    pthread_once(&composed.once, compose);
    while (list_sizes[class] < count)
        class ++;
    parameters[used++] = db_id(&directory.id);
    for (size_t i = 0; i < list_sizes[class]; i++) /* the last one again: not a row more */
        parameters[used++] = db_id(groups[i < count ? i : count - 1]);
    for (size_t i = 0; i < 3; i++)
        parameters[used++] = db_id(&directory.id);
    return query_each(db, composed.above[class], parameters, used, visit, context, err);
}

/* --- a graph of groups, in an arena --- */

struct node {
    struct id id;
    bool is_loaded;
    size_t walk; /* the last one that came here */
    struct scim_group_ref *above;
    size_t count, capacity;
};

struct graph { /* open addressing */
    struct arena *arena;
    struct node **slots;
    size_t capacity, count, walks;
};

static void graph_grow(struct graph *graph);

static struct node **slot_of(const struct graph *graph, const struct id *id)
{
    uint64_t hash;
    memcpy(&hash, id->bytes + ID_BYTES - sizeof(hash), sizeof(hash)); /* the random bytes of a UUIDv7 */
    size_t at = (size_t)(hash * 0x9E3779B97F4A7C15u >> 16) & (graph->capacity - 1);
    while (graph->slots[at] && !id_equals(&graph->slots[at]->id, id))
        at = (at + 1) & (graph->capacity - 1);
    return &graph->slots[at];
}

static struct node *node_of(struct graph *graph, const struct id *id)
{
    if (graph->count * 2 >= graph->capacity)
        graph_grow(graph);
    struct node **slot = slot_of(graph, id);
    if (!*slot) {
        *slot = arena_new(graph->arena, struct node);
        (*slot)->id = *id;
        graph->count++;
    }
    return *slot;
}

static void graph_grow(struct graph *graph)
{
    struct node **old = graph->slots;
    size_t old_capacity = graph->capacity;
    graph->capacity = old_capacity ? old_capacity * 4 : 64;
    graph->slots = arena_array(graph->arena, struct node *, graph->capacity);
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i])
            *slot_of(graph, &old[i]->id) = old[i];
}

static void add_above(struct graph *graph, struct node *node, struct scim_group_ref ref)
{
    if (node->count == node->capacity) {
        size_t capacity = node->capacity ? node->capacity * 2 : 4;
        struct scim_group_ref *list = arena_array(graph->arena, struct scim_group_ref, capacity);
        if (node->count)
            memcpy(list, node->above, node->count * sizeof(*list));
        node->above = list;
        node->capacity = capacity;
    }
    node->above[node->count++] = ref;
}

/* --- what is above --- */

struct loading {
    struct graph *graph;
    struct node *last; /* whose rows come */
    bool skips;        /* it came with an earlier list */
};

static bool take_edge(const struct db_value *row, void *context)
{
    struct loading *loading = context;
    struct id group;
    db_id_out(&row[0], &group);
    if (!loading->last || !id_equals(&loading->last->id, &group)) {
        loading->last = node_of(loading->graph, &group);
        loading->skips = loading->last->is_loaded;
        loading->last->is_loaded = true;
    }
    if (loading->skips || row[1].kind == DB_NULL)
        return true;
    struct scim_group_ref ref = {.type = SCIM_TYPE_GROUP, .indirect = true};
    db_id_out(&row[1], &ref.id.id);
    if (row[2].kind == DB_BYTES)
        ref.display = arena_slice(loading->graph->arena, row[2].bytes);
    add_above(loading->graph, loading->last, ref);
    return true;
}

static bool load_above(struct db *db, struct directory_id directory, struct graph *graph, const struct id **groups,
                       size_t *count, struct err *err)
{
    struct loading loading = {.graph = graph};
    size_t asked = *count;
    *count = 0;
    if (asked == 0)
        return true;
    if (!query_groups_above(db, directory, groups, asked, take_edge, &loading, err))
        return false;
    for (size_t i = 0; i < asked; i++) /* those without a row have nothing above them */
        node_of(graph, groups[i])->is_loaded = true;
    return true;
}

/* Everything above the groups of all lists, each group once. */
static bool load_all(struct db *db, struct directory_id directory, struct graph *graph, const struct view_refs *lists,
                     size_t count, struct err *err)
{
    const struct id *wanted[QUERY_MOST_ABOVE];
    size_t wanted_count = 0;
    graph->walks++;
    for (size_t i = 0; i < count; i++) {
        for (size_t k = 0; k < lists[i].count; k++) {
            struct node *node = node_of(graph, &lists[i].list[k].id.id);
            if (node->is_loaded || node->walk == graph->walks)
                continue;
            node->walk = graph->walks;
            wanted[wanted_count++] = &node->id;
            if (wanted_count == QUERY_MOST_ABOVE && !load_above(db, directory, graph, wanted, &wanted_count, err))
                return false;
        }
    }
    return load_above(db, directory, graph, wanted, &wanted_count, err);
}

static void reach(struct graph *graph, struct node *found, struct scim_group_ref ref)
{
    struct node *node = node_of(graph, &ref.id.id);
    if (node->walk == graph->walks)
        return;
    node->walk = graph->walks;
    add_above(graph, found, ref);
}

static int compare_refs(const void *a, const void *b)
{
    return id_compare(&((const struct scim_group_ref *)a)->id.id, &((const struct scim_group_ref *)b)->id.id);
}

static struct view_refs walk_up(struct graph *graph, struct view_refs direct)
{
    struct node found = {0};
    graph->walks++;
    for (size_t i = 0; i < direct.count; i++)
        reach(graph, &found, direct.list[i]);
    for (size_t at = 0; at < found.count; at++) {
        const struct node *node = node_of(graph, &found.above[at].id.id);
        for (size_t i = 0; i < node->count; i++)
            reach(graph, &found, node->above[i]);
    }
    if (found.count > 1)
        qsort(found.above, found.count, sizeof(*found.above), compare_refs);
    return (struct view_refs){found.above, found.count};
}

bool query_add_indirect(struct db *db, struct directory_id directory, struct view_refs *lists, size_t count,
                        struct arena *arena, struct err *err)
{
    struct graph graph = {.arena = arena};
    graph_grow(&graph);
    if (!load_all(db, directory, &graph, lists, count, err))
        return false;
    for (size_t i = 0; i < count; i++)
        if (lists[i].count > 0)
            lists[i] = walk_up(&graph, lists[i]);
    return true;
}

/* --- who is below --- */

static bool take_nested(const struct db_value *row, void *context)
{
    struct graph *graph = context;
    struct id group;
    struct scim_group_ref member = {.type = SCIM_TYPE_GROUP};
    db_id_out(&row[0], &member.id.id);
    db_id_out(&row[1], &group);
    add_above(graph, node_of(graph, &group), member); /* turned over: what is in the group */
    return true;
}

struct id_list {
    struct arena *arena;
    struct resource_id *list;
    size_t count, capacity;
};

static bool take_id(const struct db_value *row, void *context)
{
    struct id_list *ids = context;
    if (ids->count == ids->capacity) {
        size_t capacity = ids->capacity ? ids->capacity * 2 : 256;
        struct resource_id *list = arena_take(ids->arena, capacity * sizeof(*list));
        if (ids->count)
            memcpy(list, ids->list, ids->count * sizeof(*list));
        ids->list = list;
        ids->capacity = capacity;
    }
    db_id_out(&row[0], &ids->list[ids->count++].id);
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    return id_compare(&((const struct resource_id *)a)->id, &((const struct resource_id *)b)->id);
}

/* Sorted, without doubles, and no more than the limit. */
static void put_in_order(struct id_list *ids, uint64_t limit)
{
    size_t kept = 0;
    if (ids->count > 1)
        qsort(ids->list, ids->count, sizeof(*ids->list), compare_ids);
    for (size_t i = 0; i < ids->count; i++)
        if (kept == 0 || !id_equals(&ids->list[kept - 1].id, &ids->list[i].id))
            ids->list[kept++] = ids->list[i];
    ids->count = kept < limit ? kept : (size_t)limit;
}

/* The first ids behind `after` of every group below: the first of them all are among these. */
static bool collect_ids(struct db *db, const struct query_in_groups *asked, struct view_refs groups,
                        struct id_list *ids, struct err *err)
{
    const int64_t limit = asked->limit > INT64_MAX ? INT64_MAX : (int64_t)asked->limit;
    for (size_t i = 0; i < groups.count; i++) {
        const struct db_value parameters[] = {db_id(&asked->directory.id), db_integer(asked->type),
                                              db_id(&groups.list[i].id.id), db_id(&asked->after.id), db_integer(limit)};
        if (!query_each(db, sql_query_ids_by_group, parameters, 5, take_id, ids, err))
            return false;
    }
    put_in_order(ids, asked->limit);
    return true;
}

struct visitor {
    store_row_fn *visit;
    void *context;
    bool stopped;
};

static bool visit_row(const struct view_resource *row, void *context)
{
    struct visitor *visitor = context;
    visitor->stopped = !visitor->visit(row, visitor->context);
    return !visitor->stopped;
}

static bool visit_ids(struct db *db, const struct query_in_groups *asked, const struct id_list *ids,
                      struct visitor *visitor, struct err *err)
{
    for (size_t first = 0; first < ids->count && !visitor->stopped; first += QUERY_MOST_ABOVE) {
        struct db_value parameters[2 + QUERY_MOST_ABOVE] = {db_id(&asked->directory.id), db_integer(asked->type)};
        for (size_t i = 0; i < QUERY_MOST_ABOVE; i++)
            parameters[2 + i] = db_id(&ids->list[first + i < ids->count ? first + i : ids->count - 1].id);
        if (!query_each_row(db, composed.by_ids, parameters, 2 + QUERY_MOST_ABOVE, visit_row, visitor, err))
            return false;
    }
    return true;
}

bool query_in_groups(struct db *db, const struct query_in_groups *asked, store_row_fn *visit, void *context,
                     struct err *err)
{
    struct arena arena;
    arena_init(&arena);
    pthread_once(&composed.once, compose);
    struct graph graph = {.arena = &arena};
    graph_grow(&graph);
    struct scim_group_ref top = {.id = asked->group};
    struct id_list ids = {.arena = &arena};
    struct visitor visitor = {.visit = visit, .context = context};
    const struct db_value directory = db_id(&asked->directory.id);
    bool good = query_each(db, sql_query_nested_groups, &directory, 1, take_nested, &graph, err) &&
                collect_ids(db, asked, walk_up(&graph, (struct view_refs){&top, 1}), &ids, err) &&
                visit_ids(db, asked, &ids, &visitor, err);
    arena_fini(&arena);
    return good;
}
