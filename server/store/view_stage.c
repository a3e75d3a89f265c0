/* What the jobs of a batch change: at once in what the batch knows, later in the database. */
#include "base/must.h"
#include "store/store.h"
#include "view_internal.h"

static int64_t history_ms = (int64_t)30 * 86400 * 1000;

void store_keep_history(int64_t ms) { __atomic_store_n(&history_ms, ms, __ATOMIC_RELAXED); }

static struct known *resource_of(struct view *view, struct directory_id directory, uint16_t type, struct resource_id id)
{
    struct known_key key = {.kind = KNOWN_RESOURCE, .type = type, .directory = directory, .id = id.id};
    return view_enter(view, &key);
}

static void stage(struct view *view, struct known *known)
{
    if (known->staged)
        return;
    known->staged = true;
    known->version_before = known->row ? known->row->version : 0;
    *view->staged_resources_end = known;
    view->staged_resources_end = &known->next_staged;
}

/* The batch's own knowledge of who holds which key. */
static void hold(struct view *view, struct known *known, struct slice text, struct known *holder)
{
    if (text.len == 0)
        return;
    struct known_key key = {
        .kind = KNOWN_UNIQUE, .type = known->key.type, .directory = known->key.directory, .text = text};
    struct known *unique = view_enter(view, &key);
    unique->holder = holder;
    unique->is_known = unique->staged = true;
}

/* It can be added to a group by the jobs that follow. */
static void hold_member(struct view *view, struct known *holder)
{
    struct known_key key = {.kind = KNOWN_MEMBER, .directory = holder->key.directory, .id = holder->key.id};
    struct known *member = view_enter(view, &key);
    member->holder = holder;
    member->is_known = member->staged = true;
}

static void count(struct view *view, struct directory_id directory, uint16_t type, int64_t delta)
{
    struct staged_count *staged = view->counts;
    while (staged && (staged->type != type || !id_equals(&staged->directory.id, &directory.id)))
        staged = staged->next;
    if (!staged) {
        staged = arena_new(&view->arena, struct staged_count);
        *staged = (struct staged_count){.next = view->counts, .directory = directory, .type = type};
        view->counts = staged;
    }
    staged->delta += delta;
}

static struct slice closed_document(struct view *view, struct scim_stored stored)
{
    char *text = arena_take(&view->arena, stored.text.len + stored.open_braces);
    memcpy(text, stored.text.data, stored.text.len);
    memset(text + stored.text.len, '}', stored.open_braces);
    return slice_of(text, stored.text.len + stored.open_braces);
}

static struct staged_change *record(struct view *view, const struct known *known, enum change_kind kind,
                                    struct view_change *change)
{
    must(!view->looks_ahead);
    struct staged_change *staged = arena_new(&view->arena, struct staged_change);
    *staged = (struct staged_change){
        .operation = change->operation,
        .actor = change->actor,
        .cause = change->cause,
        .is_put = change->is_put,
        .ordinal = change->ordinal++,
        .kind = kind,
        .directory = known->key.directory,
        .type = known->key.type,
        .resource.id = known->key.id,
        .version = known->row->version,
        .now_ms = change->now_ms,
    };
    *view->changes_end = staged;
    view->changes_end = &staged->next;
    view->change_count++;
    return staged;
}

/* Is the row of `change` that made the document so old that it may be dropped before the next one is? Of a group its
 * age is not known: the row's times move with its members. The margin is for clocks and for the time that dropping
 * takes. */
static bool may_be_forgotten(const struct known *known, int64_t now_ms)
{
    enum { MARGIN_MS = 86400 * 1000 };
    int64_t kept_ms = __atomic_load_n(&history_ms, __ATOMIC_RELAXED) - MARGIN_MS;
    return known->key.type == SCIM_TYPE_GROUP || known->row->modified_ms < now_ms - kept_ms;
}

static void record_before(struct view *view, const struct known *known, struct view_change *change)
{
    if (!may_be_forgotten(known, change->now_ms))
        return;
    struct staged_change *before = record(view, known, CHANGE_BEFORE, change);
    before->document = closed_document(view, known->row->stored);
    before->now_ms = known->row->modified_ms;
}

static void apply_keys(struct view_resource *row, const struct scim_row_keys *keys)
{
    row->unique_key = keys->unique_key;
    row->external_key = keys->external_key;
    row->display = keys->display;
    row->has_manager = id_from_uuid(keys->manager, true, &row->manager_id.id);
    row->manager_known = false;
}

const struct view_resource *view_insert(struct view *view, struct directory_id directory, uint16_t type,
                                        struct resource_id id, struct scim_stored stored,
                                        const struct scim_row_keys *keys, struct view_change *change)
{
    struct known *known = resource_of(view, directory, type, id);
    must(!known->exists);
    struct view_resource *row = arena_new(&view->arena, struct view_resource);
    *row = (struct view_resource){.type = type,
                                  .id = id,
                                  .version = change->past.version + 1,
                                  .created_ms = change->past.version ? change->past.created_ms : change->now_ms,
                                  .modified_ms = change->now_ms,
                                  .stored = stored};
    apply_keys(row, keys);
    stage(view, known);
    known->row = row;
    known->depth = VIEW_WHOLE;
    known->is_known = known->exists = known->document_changed = true;
    known->keys_after = keys;
    hold(view, known, keys->unique_key, known);
    hold_member(view, known);
    count(view, directory, type, 1);
    record(view, known, CHANGE_CREATED, change)->document = closed_document(view, stored);
    return row;
}

/* A copy of the row, one version on. Jobs may still look at the old one. */
static struct view_resource *next_version(struct view *view, struct known *known, int64_t now_ms)
{
    struct view_resource *row = arena_new(&view->arena, struct view_resource);
    *row = *known->row;
    row->version++;
    if (now_ms > row->modified_ms)
        row->modified_ms = now_ms;
    known->row = row;
    return row;
}

const struct view_resource *view_update(struct view *view, struct directory_id directory, uint16_t type,
                                        struct resource_id id, struct scim_stored stored,
                                        const struct scim_row_keys *before, const struct scim_row_keys *after,
                                        struct view_change *change)
{
    struct known *known = resource_of(view, directory, type, id);
    must(known->exists && known->depth == VIEW_WHOLE);
    stage(view, known);
    record_before(view, known, change);
    struct view_resource *row = next_version(view, known, change->now_ms);
    row->stored = stored;
    apply_keys(row, after);
    known->document_changed = true;
    if (!known->keys_before && known->existed)
        known->keys_before = before;
    known->keys_after = after;
    if (!slice_equals(before->unique_key, after->unique_key)) {
        hold(view, known, before->unique_key, NULL);
        hold(view, known, after->unique_key, known);
    }
    record(view, known, CHANGE_UPDATED, change)->document = closed_document(view, stored);
    return row;
}

/* A deleted group has no members: neither those it had, nor those that the batch has given it. */
static void drop_members(struct view *view, const struct known *group)
{
    for (size_t i = 0; i < view->staged_membership_count; i++) {
        struct known *known = view->staged_memberships[i];
        if (id_equals(&known->key.second, &group->key.id) &&
            id_equals(&known->key.directory.id, &group->key.directory.id)) {
            known->fell = known->exists;
            known->exists = false;
        }
    }
}

void view_delete(struct view *view, struct directory_id directory, uint16_t type, struct resource_id id,
                 const struct scim_row_keys *keys, struct view_change *change)
{
    struct known *known = resource_of(view, directory, type, id);
    must(known->exists);
    stage(view, known);
    next_version(view, known, change->now_ms);
    if (!known->keys_before && known->existed)
        known->keys_before = keys;
    known->keys_after = NULL;
    known->exists = false;
    hold(view, known, keys->unique_key, NULL);
    if (type == SCIM_TYPE_GROUP)
        drop_members(view, known);
    count(view, directory, type, -1);
    struct staged_change *deletion = record(view, known, CHANGE_DELETED, change);
    deletion->document = closed_document(view, known->row->stored);
    deletion->born_ms = known->row->created_ms;
}

static struct known *membership_of(struct view *view, struct known *group, const struct view_member_change *member)
{
    struct known_key key = {
        .kind = KNOWN_MEMBERSHIP, .directory = group->key.directory, .id = member->member.id, .second = group->key.id};
    struct known *known = view_enter(view, &key);
    if (!known->is_known) { /* the caller knows from the whole list */
        known->is_known = true;
        known->existed = known->exists = !member->added;
        known->member_type = member->type;
    }
    return known;
}

static void stage_membership(struct view *view, struct known *known)
{
    if (known->staged)
        return;
    known->staged = true;
    if (view->staged_membership_count == view->staged_membership_capacity) {
        size_t capacity = view->staged_membership_capacity ? view->staged_membership_capacity * 2 : 32;
        struct known **list = arena_take(&view->arena, capacity * sizeof(struct known *));
        if (view->staged_membership_count)
            memcpy(list, view->staged_memberships, view->staged_membership_count * sizeof(struct known *));
        view->staged_memberships = list;
        view->staged_membership_capacity = capacity;
    }
    view->staged_memberships[view->staged_membership_count++] = known;
}

/* Sign and id. */
static void write_entry(char *at, const struct known *membership, bool added)
{
    int sign = added ? '+' : '-';
    *at = (char)(membership->member_type == SCIM_TYPE_GROUP ? sign | VIEW_MEMBER_IS_GROUP : sign);
    memcpy(at + 1, membership->key.id.bytes, ID_BYTES);
}

const struct view_resource *view_change_members(struct view *view, struct directory_id directory,
                                                struct resource_id group_id, const struct view_member_change *list,
                                                size_t count_of, struct view_change *change)
{
    struct known *group = resource_of(view, directory, SCIM_TYPE_GROUP, group_id);
    must(group->exists && group->depth == VIEW_WHOLE);
    char *entries = arena_take(&view->arena, count_of * (1 + ID_BYTES));
    for (size_t i = 0; i < count_of; i++) {
        struct known *known = membership_of(view, group, &list[i]);
        must(known->exists != list[i].added);
        known->exists = list[i].added;
        if (list[i].added) {
            known->member_type = list[i].type;
            known->member_display = list[i].display;
            view->stages_nesting |= list[i].type == SCIM_TYPE_GROUP;
        }
        write_entry(entries + i * (1 + ID_BYTES), known, list[i].added);
        stage_membership(view, known);
    }
    stage(view, group);
    struct view_resource *row = next_version(view, group, change->now_ms);
    record(view, group, CHANGE_MEMBERS, change)->members = slice_of(entries, count_of * (1 + ID_BYTES));
    return row;
}

bool view_may_stage(const struct view *view) { return !view->looks_ahead; }

bool view_is_dirty(const struct view *view) { return view->change_count > 0; }
