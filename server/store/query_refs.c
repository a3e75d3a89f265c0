/* Memberships: the groups of many members at once, and the members of one group however large. */
#include <pthread.h>
#include <stdlib.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/must.h"
#include "query_private.h"
#include "store/query.h"
#include "store_sql.h"

enum { LIST_SIZES = 4, LONGEST_LIST = 128, MEMBER_CHUNK = 1000 };

/* A list is filled up to the next size with its last id, so that four statements serve every number of ids. */
static const size_t list_sizes[LIST_SIZES] = {1, 8, 32, LONGEST_LIST};

static struct {
    pthread_once_t once;
    char text[LIST_SIZES][QUERY_STATEMENT_BYTES];
} groups_of = {.once = PTHREAD_ONCE_INIT};

void query_compose(const char *sql, size_t parameters, char out[QUERY_STATEMENT_BYTES])
{
    const char *mark = strstr(sql, "?*");
    must(mark);
    struct buf text;
    buf_init(&text, QUERY_STATEMENT_BYTES);
    buf_add(&text, slice_of(sql, (size_t)(mark - sql)));
    for (size_t i = 0; i < parameters; i++)
        buf_add_str(&text, i ? ", ?" : "?");
    buf_add_str(&text, mark + 2);
    buf_add_char(&text, '\0');
    must(!text.overflowed);
    memcpy(out, text.data, text.len);
    buf_fini(&text);
}

static void compose_all(void)
{
    for (size_t i = 0; i < LIST_SIZES; i++)
        query_compose(sql_query_groups_of, list_sizes[i], groups_of.text[i]);
}

/* What is being collected: rows come sorted by member, as the members are asked for. */
struct collector {
    const struct resource_id *ids; /* the caller's, */
    const size_t *order;           /* their places sorted by id, */
    size_t count, at;              /* and the place in `order` of the member whose rows come */
    struct arena *arena;
    struct view_refs *refs;
    size_t capacity; /* of the list of the member at `at` */
};

static int compare_ids(const void *a, const void *b, void *ids)
{
    const struct resource_id *list = ids;
    return id_compare(&list[*(const size_t *)a].id, &list[*(const size_t *)b].id);
}

static void add_ref(struct collector *collector, struct scim_group_ref ref)
{
    struct view_refs *refs = &collector->refs[collector->order[collector->at]];
    if (refs->count == collector->capacity) {
        collector->capacity = collector->capacity ? collector->capacity * 2 : 4;
        struct scim_group_ref *list = arena_array(collector->arena, struct scim_group_ref, collector->capacity);
        if (refs->count)
            memcpy(list, refs->list, refs->count * sizeof(*list));
        refs->list = list;
    }
    /* The list is this function's own until the last row has come. */
    ((struct scim_group_ref *)(uintptr_t)refs->list)[refs->count++] = ref;
}

static bool collect(const struct db_value *values, void *context)
{
    struct collector *collector = context;
    struct resource_id member;
    db_id_out(&values[0], &member.id);
    while (!id_equals(&collector->ids[collector->order[collector->at]].id, &member.id)) {
        collector->at++;
        collector->capacity = 0;
        must(collector->at < collector->count);
    }
    struct scim_group_ref ref = {.type = (uint16_t)values[2].integer};
    db_id_out(&values[1], &ref.id.id);
    if (values[3].kind == DB_BYTES)
        ref.display = arena_slice(collector->arena, values[3].bytes);
    add_ref(collector, ref);
    return true;
}

static size_t size_for(size_t count)
{
    size_t index = 0;
    while (index + 1 < LIST_SIZES && list_sizes[index] < count)
        index++;
    return index;
}

/* The groups of the members at order[first], order[first + 1], …; returns how many members that were in *taken_out. */
static bool load_list(struct db *db, struct directory_id directory, uint16_t member_type, struct collector *collector,
                      size_t first, size_t *taken_out, struct err *err)
{
    struct db_value parameters[2 + LONGEST_LIST];
    size_t left = collector->count - first, taken = left < LONGEST_LIST ? left : LONGEST_LIST, size = size_for(taken);
    parameters[0] = db_id(&directory.id);
    parameters[1] = db_integer(member_type);
    for (size_t i = 0; i < list_sizes[size]; i++) {
        size_t at = first + (i < taken ? i : taken - 1);
        parameters[2 + i] = db_id(&collector->ids[collector->order[at]].id);
    }
    *taken_out = taken;
    return query_each(db, groups_of.text[size], parameters, 2 + list_sizes[size], collect, collector, err);
}

/* Members that were asked for twice have the same groups twice. */
static void repeat_for_doubles(const struct collector *collector)
{
    for (size_t i = 1; i < collector->count; i++) {
        size_t here = collector->order[i], before = collector->order[i - 1];
        if (id_equals(&collector->ids[here].id, &collector->ids[before].id))
            collector->refs[here] = collector->refs[before];
    }
}

/* Where nobody is in a group, or no group in another, there is nothing to look for. */
static bool add_indirect(struct db *db, struct directory_id directory, struct view_refs *refs, size_t count,
                         struct arena *arena, struct err *err)
{
    size_t direct = 0;
    bool nests;
    for (size_t i = 0; i < count; i++)
        direct += refs[i].count;
    if (direct == 0)
        return true;
    return query_nests_groups(db, directory, &nests, err) &&
           (!nests || query_add_indirect(db, directory, refs, count, arena, err));
}

bool store_groups_of(struct db *db, struct directory_id directory, uint16_t member_type, const struct resource_id *ids,
                     size_t count, struct arena *arena, struct view_refs *refs_out, struct err *err)
{
    if (count == 0)
        return true;
    pthread_once(&groups_of.once, compose_all);
    size_t *order = arena_array(arena, size_t, count);
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
        refs_out[i] = (struct view_refs){0};
    }
    qsort_r(order, count, sizeof(*order), compare_ids, (void *)(uintptr_t)ids);
    struct collector collector = {.ids = ids, .order = order, .count = count, .arena = arena, .refs = refs_out};
    for (size_t first = 0, taken; first < count; first += taken)
        if (!load_list(db, directory, member_type, &collector, first, &taken, err))
            return false;
    repeat_for_doubles(&collector);
    return member_type != SCIM_TYPE_USER || add_indirect(db, directory, refs_out, count, arena, err);
}

struct member_visit {
    store_ref_fn *visit;
    void *context;
    struct resource_id last;
    size_t seen;
    bool stopped;
};

static bool visit_member(const struct db_value *values, void *context)
{
    struct member_visit *of = context;
    struct scim_group_ref ref = {.type = (uint16_t)values[1].integer};
    db_id_out(&values[0], &ref.id.id);
    if (values[2].kind == DB_BYTES)
        ref.display = values[2].bytes;
    of->last = ref.id;
    of->seen++;
    of->stopped = !of->visit(&ref, of->context);
    return !of->stopped;
}

bool store_members_of(struct db *db, struct directory_id directory, struct resource_id group, store_ref_fn *visit,
                      void *context, struct err *err)
{
    struct member_visit of = {.visit = visit, .context = context};
    do {
        of.seen = 0;
        struct resource_id after = of.last;
        const struct db_value parameters[] = {db_id(&directory.id), db_id(&group.id), db_id(&after.id)};
        if (!query_each(db, sql_query_members, parameters, 3, visit_member, &of, err))
            return false;
    } while (of.seen == MEMBER_CHUNK && !of.stopped);
    return true;
}

bool store_is_member(struct db *db, struct directory_id directory, struct resource_id group, struct resource_id member,
                     bool *is_member_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&directory.id), db_id(&group.id), db_id(&member.id)}, *row;
    if (!db_query_one(db, sql_query_is_member, parameters, 3, &row, err))
        return false;
    *is_member_out = row != NULL;
    return true;
}
