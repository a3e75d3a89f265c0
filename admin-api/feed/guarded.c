#include "guarded.h"

#include <stdlib.h>

#include "admin_api_sql.h"
#include "feed.h"
#include "guarded_tell.h"
#include "history_read.h"
#include "store/find.h"
#include "store/query.h"
#include "store/rules.h"

struct fact { /* of a change that is about to be numbered */
    struct id operation;
    uint32_t ordinal;
    uint64_t version;
    struct slice members;
    struct tell_why why;
};
struct held {
    struct id user;
    uint64_t version; /* that is shown */
};
struct membership {
    struct id group, user;
};

/* One directory's rows. Lists are sorted, so that they can be searched. */
struct sifting {
    struct tell *tell;
    struct directory_id directory;
    const struct scim_resource_type *group_type;
    struct fact *facts;
    struct held *held;
    struct membership *groups; /* where the held are shown */
    size_t fact_count, held_count, group_count;
    size_t fact_room, held_room, group_room;
    bool *news_out;
};

/* --- what is known of the rows --- */

static int compare_facts(const void *a, const void *b)
{
    const struct fact *left = a, *right = b;
    int order = id_compare(&left->operation, &right->operation);
    return order ? order : (left->ordinal > right->ordinal) - (left->ordinal < right->ordinal);
}

static int compare_held(const void *a, const void *b)
{
    return id_compare(&((const struct held *)a)->user, &((const struct held *)b)->user);
}

static int compare_memberships(const void *a, const void *b)
{
    const struct membership *left = a, *right = b;
    int order = id_compare(&left->group, &right->group);
    return order ? order : id_compare(&left->user, &right->user);
}

static void sort(void *list, size_t count, size_t size, int (*compare)(const void *, const void *))
{
    if (count > 1)
        qsort(list, count, size, compare);
}

static void add_key(struct store_keys *keys, struct arena *arena, const struct id *id)
{
    store_keys_add(keys, arena, slice_of((const char *)id->bytes, ID_BYTES));
}

static void keep_fact(const struct db_value *row, void *context)
{
    struct sifting *sifting = context;
    sifting->facts = tell_grow(sifting->tell->arena, sifting->facts, sifting->fact_count, &sifting->fact_room,
                               sizeof *sifting->facts);
    struct fact *fact = &sifting->facts[sifting->fact_count++];
    db_id_out(&row[0], &fact->operation);
    fact->ordinal = (uint32_t)row[1].integer;
    fact->version = (uint64_t)row[2].integer;
    fact->why = tell_why_of(&row[4]);
    fact->why.operation = fact->operation;
    fact->members = row[3].kind == DB_NULL ? SLICE_EMPTY : arena_slice(sifting->tell->arena, row[3].bytes);
}

static void keep_held(const struct db_value *row, void *context)
{
    struct sifting *sifting = context;
    sifting->held =
        tell_grow(sifting->tell->arena, sifting->held, sifting->held_count, &sifting->held_room, sizeof *sifting->held);
    struct held *held = &sifting->held[sifting->held_count++];
    db_id_out(&row[0], &held->user);
    held->version = (uint64_t)row[1].integer;
}

static void keep_group(const struct db_value *row, void *context)
{
    struct sifting *sifting = context;
    sifting->groups = tell_grow(sifting->tell->arena, sifting->groups, sifting->group_count, &sifting->group_room,
                                sizeof *sifting->groups);
    struct membership *membership = &sifting->groups[sifting->group_count++];
    db_id_out(&row[0], &membership->group);
    db_id_out(&row[1], &membership->user);
}

static const struct fact *find_fact(const struct sifting *sifting, const struct pending *pending)
{
    const struct fact wanted = {.operation = pending->operation, .ordinal = pending->ordinal};
    return sifting->fact_count ? bsearch(&wanted, sifting->facts, sifting->fact_count, sizeof wanted, compare_facts)
                               : NULL;
}

static const struct held *find_held(const struct sifting *sifting, const struct id *user)
{
    const struct held wanted = {.user = *user};
    return sifting->held_count ? bsearch(&wanted, sifting->held, sifting->held_count, sizeof wanted, compare_held)
                               : NULL;
}

static bool is_shown_in(const struct sifting *sifting, const struct id *group, const struct id *user)
{
    const struct membership wanted = {*group, *user};
    return sifting->group_count &&
           bsearch(&wanted, sifting->groups, sifting->group_count, sizeof wanted, compare_memberships);
}

static bool is_of(const struct sifting *sifting, const struct pending *pending)
{
    return pending->source == FEED_CHANGE && id_equals(&pending->directory.id, &sifting->directory.id);
}

static bool is_membership(const struct pending *pending)
{
    return pending->type == SCIM_TYPE_GROUP && pending->kind == HISTORY_MEMBERS;
}

static bool load_facts(struct sifting *sifting, const struct guarded_list *rows, struct err *err)
{
    static struct store_find_query query = {.sql = sql_guarded_changes, .lists = 1};
    struct store_keys keys = {NULL, 0, 0};
    const struct id *last = NULL;
    for (size_t i = 0; i < rows->count; i++) {
        const struct pending *pending = &rows->list[i];
        bool matters = is_of(sifting, pending) && (pending->type == SCIM_TYPE_USER || is_membership(pending));
        if (!matters || (last && id_equals(last, &pending->operation)))
            continue;
        last = &pending->operation;
        add_key(&keys, sifting->tell->arena, last);
    }
    if (!store_find(sifting->tell->db, &query, sifting->directory, &keys, keep_fact, sifting, err))
        return false;
    sort(sifting->facts, sifting->fact_count, sizeof *sifting->facts, compare_facts);
    return true;
}

static void add_members(struct sifting *sifting, struct slice entries, struct store_keys *keys)
{
    struct history_entry entry;
    while (history_next_entry(&entries, &entry)) {
        struct id *own = arena_new(sifting->tell->arena, struct id);
        *own = entry.member.id;
        add_key(keys, sifting->tell->arena, own);
    }
}

static bool load_held(struct sifting *sifting, const struct guarded_list *rows, struct err *err)
{
    static struct store_find_query query = {.sql = sql_guarded_held, .lists = 1};
    struct store_keys keys = {NULL, 0, 0};
    for (size_t i = 0; i < rows->count; i++)
        if (is_of(sifting, &rows->list[i]) && rows->list[i].type == SCIM_TYPE_USER)
            add_key(&keys, sifting->tell->arena, &rows->list[i].resource.id);
    for (size_t i = 0; i < sifting->fact_count; i++)
        add_members(sifting, sifting->facts[i].members, &keys);
    if (!store_find(sifting->tell->db, &query, sifting->directory, &keys, keep_held, sifting, err))
        return false;
    sort(sifting->held, sifting->held_count, sizeof *sifting->held, compare_held);
    return true;
}

static bool load_groups(struct sifting *sifting, struct err *err)
{
    static struct store_find_query query = {.sql = sql_guarded_groups, .lists = 1};
    struct store_keys keys = {NULL, 0, 0};
    for (size_t i = 0; i < sifting->held_count; i++)
        add_key(&keys, sifting->tell->arena, &sifting->held[i].user);
    if (!store_find(sifting->tell->db, &query, sifting->directory, &keys, keep_group, sifting, err))
        return false;
    sort(sifting->groups, sifting->group_count, sizeof *sifting->groups, compare_memberships);
    return true;
}

/* --- members --- */

/* What is told of somebody who is held must be what is shown. */
static bool is_shown(const struct sifting *sifting, const struct pending *change, const struct history_entry *entry)
{
    const struct id *member = &entry->member.id;
    return !find_held(sifting, member) || is_shown_in(sifting, &change->resource.id, member) == entry->added;
}

static bool all_shown(const struct sifting *sifting, const struct pending *change, struct slice entries)
{
    struct history_entry entry;
    while (history_next_entry(&entries, &entry))
        if (!is_shown(sifting, change, &entry))
            return false;
    return true;
}

static void tell_shown(struct sifting *sifting, const struct pending *change, const struct fact *fact,
                       struct slice document, bool added)
{
    struct slice entries = fact->members;
    struct tell_member *list = arena_array(sifting->tell->arena, struct tell_member, entries.len / ID_BYTES + 1);
    struct tell_members members = {
        .group = change->resource, .document = document, .version = fact->version, .added = added, .list = list};
    struct history_entry entry;
    while (history_next_entry(&entries, &entry))
        if (entry.added == added && is_shown(sifting, change, &entry))
            list[members.count++] = (struct tell_member){.id = entry.member.id, .is_group = entry.is_group};
    tell_members(sifting->tell, change, &members);
}

static void tell_of_group(struct sifting *sifting, const struct pending *change, const struct fact *fact,
                          const struct view_resource *group, struct arena *arena)
{
    struct slice document = tell_document(arena, sifting->group_type, group->stored);
    sifting->tell->why = fact->why;
    tell_shown(sifting, change, fact, document, true);
    tell_shown(sifting, change, fact, document, false);
}

/* Of a group that is gone meanwhile its deletion is told. */
static bool tell_some(struct sifting *sifting, const struct pending *change, const struct fact *fact, struct err *err)
{
    struct arena arena;
    struct tell *tell = sifting->tell;
    const struct view_resource *group;
    arena_init(&arena);
    bool good = store_resource(tell->db, sifting->directory, SCIM_TYPE_GROUP, change->resource, &arena, &group, err);
    if (good && group)
        tell_of_group(sifting, change, fact, group, &arena);
    arena_fini(&arena);
    return good && (tell->body_bytes < TELL_MOST_BYTES || tell_write(tell, err));
}

/* --- one row after the other --- */

static bool greet_group(const struct sifting *sifting, const struct pending *creation, struct err *err)
{
    uint64_t held;
    const struct db_value parameters[] = {db_id(&sifting->directory.id), db_id(&creation->resource.id)};
    if (!db_execute(sifting->tell->db, sql_guarded_group_back, parameters, 2, &held, err))
        return false;
    *sifting->news_out |= held > 0;
    return true;
}

static bool sift_row(struct sifting *sifting, const struct pending *pending, struct err *err)
{
    const struct fact *fact = find_fact(sifting, pending);
    if (pending->type == SCIM_TYPE_USER) {
        const struct held *held = find_held(sifting, &pending->resource.id);
        if (!held || !fact || fact->version <= held->version)
            tell_keep(sifting->tell, pending);
        return true;
    }
    if (is_membership(pending) && fact && !all_shown(sifting, pending, fact->members))
        return tell_some(sifting, pending, fact, err);
    tell_keep(sifting->tell, pending);
    return pending->type != SCIM_TYPE_GROUP || pending->kind != HISTORY_CREATED || greet_group(sifting, pending, err);
}

static bool prepare(struct sifting *sifting, const struct guarded_list *rows, const struct scim_rules **rules_out,
                    struct err *err)
{
    if (!load_facts(sifting, rows, err) || !load_held(sifting, rows, err) || !load_groups(sifting, err) ||
        !store_rules_load(sifting->tell->db, sifting->directory, rules_out, err))
        return false;
    sifting->group_type = scim_rules_type(*rules_out ? *rules_out : &scim_rules_default, SCIM_TYPE_GROUP);
    return true;
}

/* The rows of one directory, which stand among those of others: these are kept as they are. */
static bool sift_directory(struct tell *tell, struct directory_id directory, const struct guarded_list *rows,
                           bool *news_out, struct err *err)
{
    struct sifting sifting = {.tell = tell, .directory = directory, .news_out = news_out};
    const struct scim_rules *rules = NULL;
    bool good = prepare(&sifting, rows, &rules, err);
    for (size_t i = 0; good && i < rows->count; i++) {
        if (is_of(&sifting, &rows->list[i]))
            good = sift_row(&sifting, &rows->list[i], err);
        else
            tell_keep(tell, &rows->list[i]);
    }
    store_rules_unref(rules);
    return good;
}

static const struct directory_id *next_guarded(const struct guarded_list *rows, const struct directory_id *done,
                                               size_t done_count)
{
    for (size_t i = 0; i < rows->count; i++) {
        bool open = rows->list[i].is_guarded && rows->list[i].source == FEED_CHANGE;
        for (size_t k = 0; open && k < done_count; k++)
            open = !id_equals(&done[k].id, &rows->list[i].directory.id);
        if (open)
            return &rows->list[i].directory;
    }
    return NULL;
}

bool guarded_sift(struct db *db, struct arena *arena, int64_t now_ms, struct guarded_list *rows, bool *news_out,
                  struct err *err)
{
    const struct directory_id *next;
    struct directory_id *done = NULL;
    size_t count = 0;
    *news_out = false;
    while ((next = next_guarded(rows, done, count))) {
        struct tell tell = {.db = db, .arena = arena, .now_ms = now_ms};
        if (!done)
            done = arena_array(arena, struct directory_id, rows->count + 1);
        done[count++] = *next;
        arena_init(&tell.bodies);
        bool good = sift_directory(&tell, done[count - 1], rows, news_out, err) && tell_write(&tell, err);
        arena_fini(&tell.bodies);
        if (!good)
            return false;
        *rows = (struct guarded_list){tell.list, tell.count};
    }
    return true;
}
