/* Staging in the fake view: at once and for good, with every promise of the callers checked. */
#include <stdlib.h>

#include "base/must.h"
#include "fake_internal.h"

enum { CREATED = 1, UPDATED = 2, DELETED = 3, MEMBERS = 4, BEFORE = 5 };
enum { ENTRY_BYTES = 1 + ID_BYTES };

static struct scim_row_keys copy_keys(struct arena *arena, const struct scim_row_keys *keys)
{
    struct scim_key *list = arena_array(arena, struct scim_key, keys->key_count + 1);
    for (size_t i = 0; i < keys->key_count; i++)
        list[i] = (struct scim_key){keys->keys[i].code, arena_slice(arena, keys->keys[i].key)};
    return (struct scim_row_keys){.unique_key = arena_slice(arena, keys->unique_key),
                                  .external_key = arena_slice(arena, keys->external_key),
                                  .display = arena_slice(arena, keys->display),
                                  .manager = arena_slice(arena, keys->manager),
                                  .keys = list,
                                  .key_count = keys->key_count};
}

static bool same_keys(const struct scim_row_keys *a, const struct scim_row_keys *b)
{
    bool same = slice_equals(a->unique_key, b->unique_key) && slice_equals(a->external_key, b->external_key) &&
                slice_equals(a->display, b->display) && slice_equals(a->manager, b->manager) &&
                a->key_count == b->key_count;
    for (size_t i = 0; same && i < a->key_count; i++)
        same = a->keys[i].code == b->keys[i].code && slice_equals(a->keys[i].key, b->keys[i].key);
    return same;
}

static struct slice closed(struct view *view, struct scim_stored stored)
{
    char *text = arena_alloc(&view->arena, stored.text.len + stored.open_braces);
    memcpy(text, stored.text.data, stored.text.len);
    memset(text + stored.text.len, '}', stored.open_braces);
    return slice_of(text, stored.text.len + stored.open_braces);
}

static struct fake_change *record(struct view *view, int kind, const struct view_resource *row,
                                  struct view_change *change)
{
    struct fake_change *made = arena_new(&view->arena, struct fake_change);
    *made = (struct fake_change){.operation = change->operation,
                                 .ordinal = change->ordinal++,
                                 .kind = kind,
                                 .resource = row->id,
                                 .version = row->version};
    fake_add(view, &view->changes, made);
    return made;
}

static struct fake_resource *resource_new(struct view *view, struct directory_id directory,
                                          const struct view_resource *row, const struct scim_row_keys *keys)
{
    struct view_resource *copy = arena_new(&view->arena, struct view_resource);
    struct fake_resource *resource = arena_new(&view->arena, struct fake_resource);
    *copy = *row;
    *resource = (struct fake_resource){.directory = directory, .row = copy, .keys = copy_keys(&view->arena, keys)};
    copy->stored.text = arena_slice(&view->arena, row->stored.text);
    copy->unique_key = resource->keys.unique_key;
    copy->external_key = resource->keys.external_key;
    copy->display = resource->keys.display;
    copy->has_manager = id_from_uuid(resource->keys.manager, true, &copy->manager_id.id);
    copy->manager_known = false;
    return resource;
}

static void check_unique(struct view *view, struct directory_id directory, const struct fake_resource *self)
{
    struct slice key = self->keys.unique_key;
    if (key.len == 0)
        return;
    must(fake_knows(view, fake_name(view, 'h', directory, self->row->type, NULL, NULL, key)));
    for (size_t i = 0; i < view->resources.count; i++) {
        const struct fake_resource *other = view->resources.items[i];
        bool is_other = !id_equals(&other->row->id.id, &self->row->id.id) && other->row->type == self->row->type &&
                        id_equals(&other->directory.id, &directory.id);
        must(!is_other || !slice_equals(other->keys.unique_key, key));
    }
}

const struct view_resource *view_insert(struct view *view, struct directory_id directory, uint16_t type,
                                        struct resource_id id, struct scim_stored stored,
                                        const struct scim_row_keys *keys, struct view_change *change)
{
    must(view->writes && !fake_find(view, directory, 0, &id, NULL));
    struct view_resource row = {.type = type,
                                .id = id,
                                .version = change->past.version + 1,
                                .created_ms = change->past.version ? change->past.created_ms : change->now_ms,
                                .modified_ms = change->now_ms,
                                .stored = stored};
    struct fake_resource *resource = resource_new(view, directory, &row, keys);
    check_unique(view, directory, resource);
    fake_add(view, &view->resources, resource);
    fake_learn(view, fake_name(view, 'r', directory, type, &id.id, NULL, SLICE_EMPTY));
    record(view, CREATED, resource->row, change)->document = closed(view, stored);
    return resource->row;
}

static struct view_resource next_version(const struct view_resource *row, int64_t now_ms)
{
    struct view_resource next = *row;
    next.version++;
    if (now_ms > next.modified_ms)
        next.modified_ms = now_ms;
    return next;
}

static const struct fake_resource *whole(struct view *view, struct directory_id directory, uint16_t type,
                                         struct resource_id id, size_t *at_out)
{
    must(view->writes);
    must(fake_knows(view, fake_name(view, 'r', directory, type, &id.id, NULL, SLICE_EMPTY)));
    const struct fake_resource *resource = fake_find(view, directory, type, &id, at_out);
    must(resource);
    return resource;
}

const struct view_resource *view_update(struct view *view, struct directory_id directory, uint16_t type,
                                        struct resource_id id, struct scim_stored stored,
                                        const struct scim_row_keys *before, const struct scim_row_keys *after,
                                        struct view_change *change)
{
    size_t at;
    const struct fake_resource *old = whole(view, directory, type, id, &at);
    must(same_keys(before, &old->keys));
    struct view_resource row = next_version(old->row, change->now_ms);
    if (type == SCIM_TYPE_GROUP)
        record(view, BEFORE, old->row, change)->document = closed(view, old->row->stored);
    row.stored = stored;
    struct fake_resource *resource = resource_new(view, directory, &row, after);
    if (!slice_equals(before->unique_key, after->unique_key))
        check_unique(view, directory, resource);
    view->resources.items[at] = resource;
    record(view, UPDATED, resource->row, change)->document = closed(view, stored);
    return resource->row;
}

static void write_entry(char *at, bool added, uint16_t type, const struct resource_id *member)
{
    int sign = added ? '+' : '-';
    *at = (char)(type == SCIM_TYPE_GROUP ? sign | VIEW_MEMBER_IS_GROUP : sign);
    memcpy(at + 1, member->id.bytes, ID_BYTES);
}

static int compare_entries(const void *a, const void *b)
{
    return memcmp((const char *)a + 1, (const char *)b + 1, ID_BYTES);
}

void view_delete(struct view *view, struct directory_id directory, uint16_t type, struct resource_id id,
                 const struct scim_row_keys *keys, struct view_change *change)
{
    size_t at;
    const struct fake_resource *old = whole(view, directory, type, id, &at);
    must(same_keys(keys, &old->keys));
    struct view_resource row = next_version(old->row, change->now_ms);
    fake_remove(&view->resources, at);
    char *fallen = arena_alloc(&view->arena, (view->memberships.count + 1) * ENTRY_BYTES);
    size_t count = 0;
    for (size_t i = view->memberships.count; i-- > 0;) {
        const struct fake_membership *membership = view->memberships.items[i];
        if (!id_equals(&membership->group.id, &id.id)) {
            must(!id_equals(&membership->member.id, &id.id));
            continue;
        }
        write_entry(fallen + count++ * ENTRY_BYTES, false, membership->type, &membership->member);
        fake_remove(&view->memberships, i);
    }
    qsort(fallen, count, ENTRY_BYTES, compare_entries);
    struct fake_change *deletion = record(view, DELETED, &row, change);
    deletion->document = closed(view, old->row->stored);
    deletion->members = slice_of(fallen, count * ENTRY_BYTES);
}

static void check_member_known(struct view *view, struct directory_id directory, const struct resource_id *group,
                               const struct resource_id *member, bool is_new_group)
{
    must(is_new_group || fake_knows(view, fake_name(view, 's', directory, 0, &group->id, &member->id, SLICE_EMPTY)) ||
         fake_knows(view, fake_name(view, 'a', directory, 0, &group->id, NULL, SLICE_EMPTY)) ||
         fake_knows(view, fake_name(view, 'b', directory, 0, &group->id, NULL, SLICE_EMPTY)));
}

/* The member's type. */
static uint16_t change_member(struct view *view, struct directory_id directory, const struct resource_id *group,
                              const struct view_member_change *entry)
{
    size_t at;
    bool is_member = fake_is_member(view, directory, group, &entry->member, &at);
    must(is_member != entry->added);
    if (!entry->added) {
        const struct fake_membership *gone = view->memberships.items[at];
        fake_remove(&view->memberships, at);
        return gone->type;
    }
    const struct fake_resource *member = fake_find(view, directory, 0, &entry->member, NULL);
    must(member && member->row->type == entry->type);
    struct fake_membership *membership = arena_new(&view->arena, struct fake_membership);
    *membership = (struct fake_membership){directory, *group, entry->member, entry->type};
    fake_add(view, &view->memberships, membership);
    return entry->type;
}

const struct view_resource *view_change_members(struct view *view, struct directory_id directory,
                                                struct resource_id group_id, const struct view_member_change *list,
                                                size_t count, struct view_change *change)
{
    size_t at;
    const struct fake_resource *old = whole(view, directory, SCIM_TYPE_GROUP, group_id, &at);
    must(count > 0);
    char *members = arena_alloc(&view->arena, count * ENTRY_BYTES);
    for (size_t i = 0; i < count; i++) {
        check_member_known(view, directory, &group_id, &list[i].member, change->ordinal > 0);
        uint16_t member_type = change_member(view, directory, &group_id, &list[i]);
        write_entry(members + i * ENTRY_BYTES, list[i].added, member_type, &list[i].member);
    }
    struct view_resource row = next_version(old->row, change->now_ms);
    struct fake_resource *resource = resource_new(view, directory, &row, &old->keys);
    view->resources.items[at] = resource;
    record(view, MEMBERS, resource->row, change)->members = slice_of(members, count * ENTRY_BYTES);
    return resource->row;
}

bool view_may_stage(const struct view *view)
{
    (void)view;
    return true;
}
