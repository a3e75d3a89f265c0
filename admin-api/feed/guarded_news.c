/* What the guard has changed about what is shown: of users it is told as they are shown now, with the version that they
 * really have, so that it is newer than all that was told of them; of memberships, whether they are shown, with the
 * version that the group has. It stands behind all other rows of a turn, and whoever reads is where the database was.
 */
#include <stdlib.h>

#include "admin_api_sql.h"
#include "base/json.h"
#include "base/must.h"
#include "diff.h"
#include "feed.h"
#include "guarded_tell.h"
#include "scim/project.h"
#include "store/find.h"
#include "store/held.h"
#include "store/query.h"
#include "store/rules.h"

enum { MOST_BYTES = 32 << 20, MOST_USERS = 100 /* with their documents, in a turn */ };

struct item {             /* a row of guard_news */
    struct pending place; /* directory, organization, environment */
    struct id user, group, operation;
    uint32_t ordinal;
    bool is_membership, was_shown;
};

struct shown_user {
    struct resource_id id;
    bool is_told; /* not only a membership */
    struct view_resource is, held;
    struct store_held hold; /* kinds 0: not held, */
    uint64_t past_version;  /* and how he was before: 0 is not known */
    struct slice past;
    struct tell_why why;   /* he was let go of */
    uint64_t gone_version; /* of the last deletion */
    struct slice gone;
    struct view_refs groups, held_groups;
};

struct shown_membership {
    struct id group, user;
    bool added, is_held;
};

struct news { /* of one directory */
    struct tell *tell;
    const struct pending *like;
    const struct item *items; /* of all directories */
    size_t item_count;
    const struct scim_rules *rules;
    const struct scim_resource_type *user_type, *group_type;
    struct shown_user *users; /* ordered */
    size_t user_count;
    struct shown_membership *memberships;
    size_t membership_count, membership_room;
};

static struct directory_id directory_of(const struct news *news) { return news->like->directory; }

static bool is_of(const struct news *news, const struct item *item)
{
    return id_equals(&item->place.directory.id, &news->like->directory.id);
}

/* --- who it is about --- */

static int compare_users(const void *a, const void *b)
{
    return id_compare(&((const struct shown_user *)a)->id.id, &((const struct shown_user *)b)->id.id);
}

static struct shown_user *find(const struct news *news, const struct id *id)
{
    const struct shown_user wanted = {.id.id = *id};
    return news->user_count ? bsearch(&wanted, news->users, news->user_count, sizeof wanted, compare_users) : NULL;
}

static void name_users(struct news *news)
{
    size_t count = 0;
    struct shown_user *list = arena_array(news->tell->arena, struct shown_user, news->item_count + 1);
    for (size_t i = 0; i < news->item_count; i++)
        if (is_of(news, &news->items[i]))
            list[count++].id.id = news->items[i].user;
    qsort(list, count, sizeof *list, compare_users);
    news->users = list;
    for (size_t i = 0; i < count; i++)
        if (i == 0 || !id_equals(&list[i].id.id, &news->users[news->user_count - 1].id.id))
            news->users[news->user_count++] = list[i];
    for (size_t i = 0; i < news->item_count; i++)
        if (is_of(news, &news->items[i]) && !news->items[i].is_membership)
            find(news, &news->items[i].user)->is_told = true;
}

/* --- what is, and what is shown --- */

static bool load_documents(struct news *news, struct err *err)
{
    struct arena *arena = news->tell->arena;
    struct resource_id *ids = arena_array(arena, struct resource_id, news->user_count);
    struct view_resource *rows = arena_array(arena, struct view_resource, news->user_count);
    size_t count = 0;
    for (size_t i = 0; i < news->user_count; i++)
        if (news->users[i].is_told)
            ids[count++] = news->users[i].id;
    if (!store_rows(news->tell->db, directory_of(news), SCIM_TYPE_USER, ids, count, arena, rows, err))
        return false;
    for (size_t i = 0; i < count; i++)
        find(news, &ids[i].id)->is = rows[i];
    return true;
}

static bool load_holds(struct news *news, struct err *err)
{
    struct arena *arena = news->tell->arena;
    struct db *db = news->tell->db;
    size_t count = news->user_count;
    struct resource_id *ids = arena_array(arena, struct resource_id, count);
    struct view_resource *held = arena_array(arena, struct view_resource, count);
    struct store_held *holds = arena_array(arena, struct store_held, count);
    struct view_refs *groups = arena_array(arena, struct view_refs, count);
    struct view_refs *held_groups = arena_array(arena, struct view_refs, count);
    for (size_t i = 0; i < count; i++)
        ids[i] = news->users[i].id;
    if (!store_groups_of(db, directory_of(news), SCIM_TYPE_USER, ids, count, arena, groups, err) ||
        !store_held_rows(db, directory_of(news), ids, count, arena, held, holds, err) ||
        !store_held_groups_of(db, directory_of(news), ids, count, arena, held_groups, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        struct shown_user *user = &news->users[i];
        user->held = held[i];
        user->hold = holds[i];
        user->groups = groups[i];
        user->held_groups = held_groups[i];
    }
    return true;
}

static void keep_deletion(const struct db_value *row, void *context)
{
    struct news *news = context;
    struct id id;
    db_id_out(&row[0], &id);
    struct shown_user *user = find(news, &id);
    if (!user || (uint64_t)row[1].integer <= user->gone_version)
        return;
    user->gone_version = (uint64_t)row[1].integer;
    user->gone = row[2].kind == DB_NULL ? SLICE_EMPTY : arena_slice(news->tell->arena, row[2].bytes);
}

static bool load_deletions(struct news *news, struct err *err)
{
    static struct store_find_query query = {.sql = sql_guarded_deletions, .lists = 1};
    struct store_keys keys = {NULL, 0, 0};
    for (size_t i = 0; i < news->user_count; i++)
        if (news->users[i].is_told && news->users[i].is.version == 0)
            store_keys_add(&keys, news->tell->arena, slice_of((const char *)news->users[i].id.id.bytes, ID_BYTES));
    return store_find(news->tell->db, &query, directory_of(news), &keys, keep_deletion, news, err);
}

static bool load_marks(struct news *news, const struct item *first, const struct item *last, struct err *err)
{
    const struct directory_id directory = directory_of(news);
    const struct db_value parameters[] = {db_id(&directory.id), db_id(&first->operation), db_integer(first->ordinal),
                                          db_integer(last->ordinal)};
    struct db_rows *rows = db_query(news->tell->db, sql_guarded_marks, parameters, 4, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows))) {
        struct id id;
        db_id_out(&row[0], &id);
        struct shown_user *user = find(news, &id);
        if (!user || row[2].kind == DB_NULL)
            continue;
        user->past_version = (uint64_t)row[1].integer;
        user->past = arena_slice(news->tell->arena, row[2].bytes);
        user->why = tell_why_of(&row[3]);
    }
    return rows && db_rows_end(rows, err);
}

static bool load_past(struct news *news, struct err *err)
{
    for (size_t i = 0; i < news->item_count;) {
        const struct item *first = &news->items[i], *last = first;
        for (i++; i < news->item_count && id_equals(&news->items[i].operation, &first->operation); i++)
            last = &news->items[i];
        if (is_of(news, first) && !first->is_membership && !load_marks(news, first, last, err))
            return false;
    }
    return true;
}

/* That somebody is held is nobody's doing. */
static struct tell_why why_of(const struct shown_user *user)
{
    static const struct tell_why guard;
    return user->hold.kinds ? guard : user->why;
}

/* --- users --- */

static json_t *open_document(const struct news *news, json_t *document)
{
    if (document && news->user_type->has_hidden)
        scim_projection_apply(NULL, news->user_type, document);
    return document;
}

static json_t *open_stored(const struct news *news, const struct view_resource *row)
{
    return row->version ? open_document(news, scim_document_load(row->stored)) : NULL;
}

static json_t *open_text(const struct news *news, struct slice text)
{
    return text.len ? open_document(news, json_loadb(text.data, text.len, 0, NULL)) : NULL;
}

static bool is_active(const json_t *document)
{
    const json_t *active = json_object_get(document, "active");
    return !active || json_is_true(active);
}

static void tell_user(struct news *news, const struct shown_user *user, const char *type, const json_t *before,
                      const json_t *after, uint64_t version, bool is_held)
{
    struct buf data;
    buf_init(&data, MOST_BYTES);
    buf_add_str(&data, "{\"user\":");
    json_render(after, &data);
    buf_printf(&data, ",\"version\":%llu,\"changes\":", (unsigned long long)version);
    json_scoped *changes = before && strcmp(type, "user.deleted") != 0
                               ? diff_documents(before, after, news->rules, news->user_type, news->tell->arena)
                               : json_array();
    json_render(changes, &data);
    buf_printf(&data, ",\"guard\":\"%s\"}", is_held ? "held" : "released");
    must(!data.overflowed);
    const struct history_of about = {directory_of(news), SCIM_TYPE_USER, user->id};
    tell_event(news->tell, news->like, type, &about, buf_slice(&data));
    buf_fini(&data);
}

static const char *type_of(const json_t *before, const json_t *after)
{
    if (!before)
        return "user.restored";
    if (is_active(before) == is_active(after))
        return "user.updated";
    return is_active(after) ? "user.activated" : "user.deactivated";
}

/* He is shown as before he left. */
static void tell_held(struct news *news, const struct shown_user *user)
{
    json_scoped *before = open_stored(news, &user->is), *after = open_stored(news, &user->held);
    uint64_t version = user->is.version ? user->is.version : user->gone_version;
    if (version == user->held.version) /* nothing has happened to him but to his groups */
        return;
    tell_user(news, user, type_of(before, after), before, after, version ? version : user->held.version + 1, true);
}

static void tell_released(struct news *news, const struct shown_user *user)
{
    json_scoped *before = open_text(news, user->past), *after = open_stored(news, &user->is);
    json_scoped *gone = after ? NULL : open_text(news, user->gone.len ? user->gone : user->past);
    if (after && user->is.version != user->past_version)
        tell_user(news, user, type_of(before ? before : after, after), before, after, user->is.version, false);
    if (gone)
        tell_user(news, user, "user.deleted", before, gone,
                  user->gone_version ? user->gone_version : user->past_version + 1, false);
}

static void tell_users(struct news *news)
{
    for (size_t i = 0; i < news->user_count; i++) {
        const struct shown_user *user = &news->users[i];
        news->tell->why = why_of(user);
        if (user->is_told)
            (user->hold.kinds ? tell_held : tell_released)(news, user);
    }
}

/* --- memberships --- */

static bool is_in(const struct view_refs *groups, const struct id *group)
{
    for (size_t i = 0; i < groups->count; i++)
        if (!groups->list[i].indirect && id_equals(&groups->list[i].id.id, group))
            return true;
    return false;
}

static void add(struct news *news, const struct shown_user *user, const struct id *group, bool added)
{
    news->memberships = tell_grow(news->tell->arena, news->memberships, news->membership_count, &news->membership_room,
                                  sizeof *news->memberships);
    news->memberships[news->membership_count++] = (struct shown_membership){
        .group = *group, .user = user->id.id, .added = added, .is_held = user->hold.kinds != 0};
}

/* Those of `these` that are not among `those`. */
static void add_difference(struct news *news, const struct shown_user *user, const struct view_refs *these,
                           const struct view_refs *those, bool added)
{
    for (size_t i = 0; i < these->count; i++)
        if (!these->list[i].indirect && !is_in(those, &these->list[i].id.id))
            add(news, user, &these->list[i].id.id, added);
}

static void collect_memberships(struct news *news)
{
    for (size_t i = 0; i < news->user_count; i++) {
        const struct shown_user *user = &news->users[i];
        if (!user->is_told || !user->hold.kinds)
            continue;
        add_difference(news, user, &user->groups, &user->held_groups, false);
        add_difference(news, user, &user->held_groups, &user->groups, true);
    }
    for (size_t i = 0; i < news->item_count; i++) {
        const struct item *item = &news->items[i];
        if (!item->is_membership || !is_of(news, item))
            continue;
        const struct shown_user *user = find(news, &item->user);
        bool is_shown = is_in(user->hold.kinds ? &user->held_groups : &user->groups, &item->group);
        if (is_shown != item->was_shown)
            add(news, user, &item->group, is_shown);
    }
}

static int compare_memberships(const void *a, const void *b)
{
    const struct shown_membership *left = a, *right = b;
    if (left->added != right->added)
        return left->added - right->added;
    int order = id_compare(&left->group, &right->group);
    if (order == 0 && left->is_held != right->is_held)
        return left->is_held - right->is_held;
    return order ? order : id_compare(&left->user, &right->user);
}

static bool is_same_event(const struct shown_membership *a, const struct shown_membership *b)
{
    return a->added == b->added && a->is_held == b->is_held && id_equals(&a->group, &b->group);
}

static bool load_groups(struct news *news, struct view_resource **rows_out, size_t *count_out, struct err *err)
{
    struct arena *arena = news->tell->arena;
    struct resource_id *ids = arena_array(arena, struct resource_id, news->membership_count + 1);
    *rows_out = arena_array(arena, struct view_resource, news->membership_count + 1);
    *count_out = 0;
    for (size_t i = 0; i < news->membership_count; i++) {
        bool is_known = false;
        for (size_t k = 0; k < *count_out && !is_known; k++)
            is_known = id_equals(&ids[k].id, &news->memberships[i].group);
        if (!is_known)
            ids[(*count_out)++].id = news->memberships[i].group;
    }
    return store_rows(news->tell->db, directory_of(news), SCIM_TYPE_GROUP, ids, *count_out, arena, *rows_out, err);
}

static const struct view_resource *find_group(const struct view_resource *rows, size_t count, const struct id *id)
{
    for (size_t i = 0; i < count; i++)
        if (rows[i].version && id_equals(&rows[i].id.id, id))
            return &rows[i];
    return NULL; /* it is gone, which was told, and its members with it */
}

/* Those from `first` on that go into the same event. */
static size_t tell_group(struct news *news, const struct view_resource *group, size_t first)
{
    const struct shown_membership *head = &news->memberships[first];
    struct tell_member *list = arena_array(news->tell->arena, struct tell_member, news->membership_count - first);
    struct tell_members members = {
        .group.id = head->group, .added = head->added, .guard = head->is_held ? "held" : "released", .list = list};
    size_t at = first;
    for (; at < news->membership_count && is_same_event(head, &news->memberships[at]); at++)
        if (members.count == 0 || !id_equals(&list[members.count - 1].id, &news->memberships[at].user))
            list[members.count++].id = news->memberships[at].user;
    if (group) {
        news->tell->why = why_of(find(news, &head->user));
        members.document = tell_document(news->tell->arena, news->group_type, group->stored);
        members.version = group->version;
        tell_members(news->tell, news->like, &members);
    }
    return at;
}

/* --- the whole --- */

/* Whoever leaves a group does so before he goes; whoever comes is there first. */
static bool tell_all(struct news *news, struct err *err)
{
    struct view_resource *groups;
    size_t group_count, at = 0;
    collect_memberships(news);
    if (news->membership_count)
        qsort(news->memberships, news->membership_count, sizeof *news->memberships, compare_memberships);
    if (!load_groups(news, &groups, &group_count, err))
        return false;
    while (at < news->membership_count && !news->memberships[at].added)
        at = tell_group(news, find_group(groups, group_count, &news->memberships[at].group), at);
    tell_users(news);
    while (at < news->membership_count)
        at = tell_group(news, find_group(groups, group_count, &news->memberships[at].group), at);
    return true;
}

static bool tell_directory(struct news *news, struct err *err)
{
    name_users(news);
    if (!store_rules_load(news->tell->db, directory_of(news), &news->rules, err))
        return false;
    const struct scim_rules *rules = news->rules ? news->rules : store_rules_ref(&scim_rules_default);
    news->rules = rules;
    news->user_type = scim_rules_type(rules, SCIM_TYPE_USER);
    news->group_type = scim_rules_type(rules, SCIM_TYPE_GROUP);
    bool told = load_documents(news, err) && load_holds(news, err) && load_deletions(news, err) &&
                load_past(news, err) && tell_all(news, err);
    store_rules_unref(rules);
    return told;
}

static void read_id(const struct db_value *column, struct id *id_out)
{
    if (column->kind != DB_NULL)
        db_id_out(column, id_out);
}

static struct item read_item(const struct db_value *row)
{
    struct item item = {.place = {.is_primary = row[9].integer != 0},
                        .ordinal = (uint32_t)row[6].integer,
                        .is_membership = row[3].kind != DB_NULL,
                        .was_shown = row[4].integer != 0};
    read_id(&row[1], &item.place.directory.id);
    read_id(&row[2], &item.user);
    read_id(&row[3], &item.group);
    read_id(&row[5], &item.operation);
    read_id(&row[7], &item.place.environment.id);
    read_id(&row[8], &item.place.organization.id);
    return item;
}

/* In order, so what is left is told later. */
static bool take(struct tell *tell, struct item *items, size_t *count_out, bool *more_out, struct err *err)
{
    const struct db_value limit = db_integer(GUARDED_MOST_NEWS);
    struct db_value *positions = arena_array(tell->arena, struct db_value, GUARDED_MOST_NEWS);
    struct db_rows *rows = db_query(tell->db, sql_guarded_news, &limit, 1, err);
    const struct db_value *row;
    size_t count = 0, users = 0;
    while (rows && (row = db_next(rows))) {
        if (users == MOST_USERS) {
            *more_out = true;
            continue;
        }
        positions[count] = db_integer(row[0].integer);
        items[count] = read_item(row);
        users += !items[count++].is_membership;
    }
    *more_out |= count == GUARDED_MOST_NEWS;
    *count_out = count;
    return rows && db_rows_end(rows, err) &&
           (count == 0 || db_execute_bulk(tell->db, sql_guarded_news_clear, positions, 1, count, NULL, err));
}

static bool is_first(const struct item *items, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (id_equals(&items[i].place.directory.id, &items[at].place.directory.id))
            return false;
    return true;
}

static bool tell_items(struct tell *tell, const struct item *items, size_t count, struct guarded_list *rows,
                       struct err *err)
{
    for (size_t i = 0; i < rows->count; i++)
        tell_keep(tell, &rows->list[i]);
    for (size_t i = 0; i < count; i++) {
        struct news news = {.tell = tell, .like = &items[i].place, .items = items, .item_count = count};
        bool is_open = !id_is_zero(&items[i].place.environment.id) && is_first(items, i);
        if (is_open && !(tell_directory(&news, err) && tell_write(tell, err)))
            return false;
    }
    *rows = (struct guarded_list){tell->list, tell->count};
    return true;
}

bool guarded_news(struct db *db, struct arena *arena, int64_t now_ms, struct guarded_list *rows, bool *more_out,
                  struct err *err)
{
    struct tell tell = {.db = db, .arena = arena, .now_ms = now_ms};
    struct item *items = arena_array(arena, struct item, GUARDED_MOST_NEWS);
    size_t count;
    *more_out = false;
    if (!take(&tell, items, &count, more_out, err))
        return false;
    if (count == 0)
        return true;
    arena_init(&tell.bodies);
    bool told = tell_items(&tell, items, count, rows, err);
    arena_fini(&tell.bodies);
    return told;
}
