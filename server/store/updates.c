#include "store/updates.h"

#include <pthread.h>

#include "base/must.h"
#include "query_private.h"
#include "store_sql.h"

enum { ROWS = 500, MOST_ROWS = 20000, PIECE = 1000, ENTRY = 1 + ID_BYTES, LIST = 100 };
enum { CREATED = 1, UPDATED = 2, DELETED = 3, MEMBERS = 4 };

struct changed { /* one change, as it was read */
    struct operation_id operation;
    uint32_t ordinal;
    uint16_t type;
    int kind;
    struct resource_id resource;
    size_t entries;       /* in its list of members */
    struct slice members; /* the whole list where it is short */
};

struct walk {
    struct updates *updates;
    bool nests;
    struct arena arena; /* of the rows and pieces at hand */
    struct changed *rows;
    size_t row_count;
    uint32_t *buckets; /* of ids that were met: place + 1 */
    size_t bucket_count;
};

struct updates_place updates_place_at(int64_t wall_ms)
{
    struct updates_place place = {.ordinal = 0};
    for (size_t i = 0; i < 6; i++)
        place.operation.id.bytes[i] = (uint8_t)((uint64_t)wall_ms >> (40 - 8 * i));
    return place;
}

static bool is_full(const struct walk *walk) { return walk->updates->count == walk->updates->most; }

/* Ids are random at their end. */
static bool is_new(struct walk *walk, const struct resource_id *id)
{
    size_t at = (size_t)(id->id.bytes[13] | id->id.bytes[14] << 8 | id->id.bytes[15] << 16);
    for (;; at++) {
        uint32_t *bucket = &walk->buckets[at % walk->bucket_count];
        if (*bucket == 0) {
            *bucket = (uint32_t)walk->updates->count + 1;
            return true;
        }
        if (id_equals(&walk->updates->ids[*bucket - 1].id, &id->id))
            return false;
    }
}

static void add(struct walk *walk, struct resource_id id)
{
    if (is_new(walk, &id))
        walk->updates->ids[walk->updates->count++] = id;
}

/* --- the users of a group --- */

struct expansion {
    struct walk *walk;
    uint64_t rows;
    struct resource_id last;
    bool cut;
};

static bool add_user(const struct view_resource *row, void *context)
{
    struct expansion *expansion = context;
    expansion->cut = is_full(expansion->walk);
    if (expansion->cut)
        return false;
    add(expansion->walk, row->id);
    expansion->last = row->id;
    expansion->rows++;
    return true;
}

/* Some of those who are in it, also through groups in it. *done_out: to the end. */
static bool expand(struct walk *walk, struct resource_id group, bool *done_out, struct err *err)
{
    struct updates *updates = walk->updates;
    struct expansion expansion = {.walk = walk, .last = updates->place.below};
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(&group.id, text);
    struct scim_plan plan = {.kind = SCIM_PLAN_IN_GROUP, .text = slice_str(text)};
    uint64_t limit = updates->most - updates->count + 1;
    if (!store_candidates(updates->db, updates->directory, SCIM_TYPE_USER, &plan, updates->place.below, limit, add_user,
                          &expansion, err))
        return false;
    *done_out = !expansion.cut && expansion.rows < limit;
    updates->place.below = expansion.last;
    if (*done_out)
        memset(&updates->place.below, 0, sizeof(updates->place.below));
    return true;
}

static bool expand_all(struct walk *walk, struct resource_id group, bool *done_out, struct err *err)
{
    *done_out = false;
    while (!*done_out && !is_full(walk))
        if (!expand(walk, group, done_out, err))
            return false;
    return true;
}

/* --- lists of members --- */

static struct resource_id member_at(struct slice members, size_t entry)
{
    struct resource_id id;
    memcpy(id.id.bytes, members.data + entry * ENTRY + 1, ID_BYTES);
    return id;
}

static bool read_piece(struct walk *walk, const struct changed *changed, size_t first, struct slice *piece_out,
                       struct err *err)
{
    struct updates *updates = walk->updates;
    const struct db_value parameters[] = {db_integer((int64_t)(first * ENTRY + 1)), db_integer((int64_t)PIECE * ENTRY),
                                          db_id(&updates->directory.id), db_id(&changed->operation.id),
                                          db_integer((int64_t)changed->ordinal)};
    const struct db_value *row;
    if (!db_query_one(updates->db, sql_updates_members, parameters, 5, &row, err))
        return false;
    *piece_out = SLICE_EMPTY;
    if (row)
        *piece_out = arena_slice(&walk->arena, row[0].bytes);
    return true;
}

static struct {
    pthread_once_t once;
    char text[QUERY_STATEMENT_BYTES];
} groups_among = {.once = PTHREAD_ONCE_INIT};

static void compose(void) { query_compose(sql_updates_groups_among, LIST, groups_among.text); }

struct marking {
    struct slice members;
    size_t first, count;
    bool *is_group;
};

static bool mark(const struct db_value *values, void *context)
{
    struct marking *marking = context;
    struct id id;
    db_id_out(&values[0], &id);
    for (size_t i = marking->first; i < marking->first + marking->count; i++) {
        struct resource_id member = member_at(marking->members, i);
        marking->is_group[i] |= id_equals(&member.id, &id);
    }
    return true;
}

/* Which of the members are groups; those that were deleted are not among them, nor is anybody in them. */
static bool find_groups(struct walk *walk, struct slice members, size_t count, bool *is_group, struct err *err)
{
    pthread_once(&groups_among.once, compose);
    for (size_t first = 0; walk->nests && first < count; first += LIST) {
        struct marking marking = {.members = members, .first = first, .is_group = is_group};
        marking.count = count - first < LIST ? count - first : LIST;
        struct resource_id ids[LIST];
        struct db_value parameters[1 + LIST] = {db_id(&walk->updates->directory.id)};
        for (size_t i = 0; i < LIST; i++) {
            ids[i] = member_at(members, first + (i < marking.count ? i : marking.count - 1));
            parameters[1 + i] = db_id(&ids[i].id);
        }
        if (!query_each(walk->updates->db, groups_among.text, parameters, 1 + LIST, mark, &marking, err))
            return false;
    }
    return true;
}

/* Members from place.entry on; *done_out: to the end of the piece. */
static bool add_members(struct walk *walk, struct slice members, size_t count, bool *done_out, struct err *err)
{
    struct updates *updates = walk->updates;
    bool *is_group = arena_array(&walk->arena, bool, count + 1);
    *done_out = true;
    if (!find_groups(walk, members, count, is_group, err))
        return false;
    for (size_t i = 0; i < count && *done_out; i++) {
        if (is_full(walk)) {
            *done_out = false;
            break;
        }
        if (!is_group[i])
            add(walk, member_at(members, i));
        else if (!expand_all(walk, member_at(members, i), done_out, err))
            return false;
        if (*done_out)
            updates->place.entry++;
    }
    return true;
}

static bool visit_members(struct walk *walk, const struct changed *changed, bool *done_out, struct err *err)
{
    struct updates_place *place = &walk->updates->place;
    *done_out = true;
    while (place->entry < changed->entries && *done_out) {
        size_t left = changed->entries - place->entry, first = place->entry;
        struct slice piece = slice_skip(changed->members, changed->members.len ? first * ENTRY : 0);
        if (!piece.len && !read_piece(walk, changed, first, &piece, err))
            return false;
        size_t count = piece.len / ENTRY < left ? piece.len / ENTRY : left;
        if (count == 0) /* dropped meanwhile */
            break;
        if (!add_members(walk, piece, count, done_out, err))
            return false;
    }
    return true;
}

/* --- changes --- */

/* *done_out: all of it was visited. */
static bool visit(struct walk *walk, const struct changed *changed, bool *done_out, struct err *err)
{
    bool of_group = changed->type == SCIM_TYPE_GROUP;
    *done_out = !is_full(walk);
    if (!*done_out)
        return true;
    if (changed->type == walk->updates->type && changed->kind >= CREATED && changed->kind <= MEMBERS)
        add(walk, changed->resource);
    if (!of_group || walk->updates->type != SCIM_TYPE_USER)
        return true;
    if (changed->kind == UPDATED)
        return expand_all(walk, changed->resource, done_out, err);
    if (changed->kind == MEMBERS || changed->kind == DELETED)
        return visit_members(walk, changed, done_out, err);
    return true;
}

static bool keep(const struct db_value *values, void *context)
{
    struct walk *walk = context;
    struct changed *changed = &walk->rows[walk->row_count++];
    db_id_out(&values[0], &changed->operation.id);
    changed->ordinal = (uint32_t)values[1].integer;
    changed->type = (uint16_t)values[2].integer;
    changed->kind = (int)values[3].integer;
    db_id_out(&values[4], &changed->resource.id);
    changed->entries = (size_t)values[5].integer / ENTRY;
    changed->members = arena_slice(&walk->arena, values[6].bytes);
    return true;
}

static bool read_rows(struct walk *walk, struct err *err)
{
    const struct updates *updates = walk->updates;
    const struct db_value parameters[] = {db_id(&updates->directory.id), db_id(&updates->place.operation.id),
                                          db_id(&updates->place.operation.id),
                                          db_integer((int64_t)updates->place.ordinal), db_integer(ROWS)};
    arena_reset(&walk->arena);
    walk->row_count = 0;
    walk->rows = arena_array(&walk->arena, struct changed, ROWS);
    return query_each(updates->db, sql_updates_after, parameters, 5, keep, walk, err);
}

/* *done_out: all of them were visited. */
static bool visit_rows(struct walk *walk, bool *done_out, struct err *err)
{
    struct updates_place *place = &walk->updates->place;
    *done_out = true;
    for (size_t i = 0; i < walk->row_count && *done_out; i++) {
        const struct changed *changed = &walk->rows[i];
        bool goes_on = id_equals(&place->operation.id, &changed->operation.id) && place->ordinal == changed->ordinal;
        if (!goes_on)
            *place = (struct updates_place){.operation = changed->operation, .ordinal = changed->ordinal};
        if (!visit(walk, changed, done_out, err))
            return false;
        if (*done_out)
            *place = (struct updates_place){.operation = changed->operation, .ordinal = changed->ordinal + 1};
    }
    return true;
}

static bool walk_on(struct walk *walk, struct err *err)
{
    struct updates *updates = walk->updates;
    bool done = true;
    if (!query_nests_groups(updates->db, updates->directory, &walk->nests, err))
        return false;
    for (size_t rows = 0; rows < MOST_ROWS && done && !updates->at_end; rows += ROWS) {
        if (!read_rows(walk, err) || !visit_rows(walk, &done, err))
            return false;
        updates->at_end = done && walk->row_count < ROWS;
    }
    return true;
}

bool store_updates(struct updates *updates, struct err *err)
{
    struct walk walk = {.updates = updates, .bucket_count = updates->most * 2 + 1};
    walk.buckets = arena_array(updates->arena, uint32_t, walk.bucket_count);
    updates->count = 0;
    updates->at_end = false;
    arena_init(&walk.arena);
    bool good = walk_on(&walk, err);
    arena_fini(&walk.arena);
    return good;
}
