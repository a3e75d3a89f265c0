#include "membership.h"

#include <stdlib.h>

#include "base/must.h"

struct slot { /* one id that the request touches, or that is a member */
    bool used, was, is;
    struct resource_id id;
    uint16_t type;
    struct slice display;
    bool looked_up; /* the row was wanted: it is being added */
    const struct view_resource *row;
};

struct membership {
    struct call *call;
    struct view *view;
    struct resource_id group;
    bool is_new_group;
    bool whole; /* every member has a slot */
    struct slot *slots;
    size_t capacity, count;
};

static void grow(struct membership *membership, size_t most_ids);

struct membership *membership_new(struct call *call, struct view *view, struct resource_id group, bool is_new_group,
                                  size_t most_ids)
{
    struct membership *membership = arena_new(view_arena(view), struct membership);
    membership->call = call;
    membership->view = view;
    membership->group = group;
    membership->is_new_group = is_new_group;
    grow(membership, most_ids);
    return membership;
}

static uint64_t half_of(const struct id *id, size_t at)
{
    uint64_t half;
    memcpy(&half, id->bytes + at, sizeof(half));
    return half;
}

/* Every bit of the result depends on every bit (the end of MurmurHash3). */
static uint64_t mixed(uint64_t bits)
{
    bits = (bits ^ bits >> 33) * 0xff51afd7ed558ccdu;
    bits = (bits ^ bits >> 33) * 0xc4ceb9fe1a85ec53u;
    return bits ^ bits >> 33;
}

/* Clients choose the ids that they send. What they cannot know when they do is the operation's own, whose random half
 * keeps them from choosing 50,000 that meet in one place. */
static size_t place_of(const struct membership *membership, const struct resource_id *id)
{
    uint64_t hash = half_of(&membership->call->op->operation_id.id, sizeof(uint64_t));
    for (size_t at = 0; at < ID_BYTES; at += sizeof(uint64_t))
        hash = mixed(hash ^ half_of(&id->id, at));
    return (size_t)hash & (membership->capacity - 1);
}

static struct slot *find_slot(struct membership *membership, const struct resource_id *id)
{
    size_t at = place_of(membership, id);
    while (membership->slots[at].used && !id_equals(&membership->slots[at].id.id, &id->id))
        at = (at + 1) & (membership->capacity - 1);
    return &membership->slots[at];
}

static struct slot *enter_slot(struct membership *membership, const struct resource_id *id)
{
    if (membership->count * 2 >= membership->capacity)
        grow(membership, membership->capacity);
    struct slot *slot = find_slot(membership, id);
    if (!slot->used) {
        slot->used = true;
        slot->id = *id;
        membership->count++;
    }
    return slot;
}

static void grow(struct membership *membership, size_t most_ids)
{
    struct slot *old = membership->slots;
    size_t old_capacity = membership->capacity;
    membership->capacity = 16;
    while (membership->capacity < most_ids * 2)
        membership->capacity *= 2;
    membership->slots = arena_array(view_arena(membership->view), struct slot, membership->capacity);
    for (size_t i = 0; i < old_capacity; i++)
        if (old[i].used)
            *find_slot(membership, &old[i].id) = old[i];
}

/* The slot of an id with what the database says of it. NULL: not known yet. */
static struct slot *current_slot(struct membership *membership, const struct resource_id *id)
{
    struct slot *slot = find_slot(membership, id);
    if (slot->used)
        return slot;
    bool is_member = false;
    if (!membership->is_new_group && !membership->whole &&
        !view_want_membership(membership->view, call_directory(membership->call), membership->group, *id, &is_member))
        return NULL;
    slot = enter_slot(membership, id);
    slot->was = slot->is = is_member;
    return slot;
}

static bool add_one(struct membership *membership, const struct resource_id *id)
{
    const struct view_resource *row = NULL;
    bool row_known = view_want_member(membership->view, call_directory(membership->call), *id, &row);
    struct slot *slot = current_slot(membership, id);
    if (!row_known || !slot)
        return false;
    slot->is = slot->looked_up = true;
    slot->row = row;
    if (row) {
        slot->type = row->type;
        slot->display = row->display;
    }
    return true;
}

static bool remove_one(struct membership *membership, const struct resource_id *id)
{
    struct slot *slot = current_slot(membership, id);
    if (slot)
        slot->is = false;
    return slot != NULL;
}

bool membership_want_whole(struct membership *membership)
{
    if (membership->whole || membership->is_new_group)
        return true;
    struct view_refs refs;
    if (!view_want_members(membership->view, call_directory(membership->call), membership->group, true, &refs))
        return false;
    for (size_t i = 0; i < refs.count; i++) {
        struct slot *slot = find_slot(membership, &refs.list[i].id);
        bool touched = slot->used;
        slot = enter_slot(membership, &refs.list[i].id);
        if (!touched)
            slot->was = slot->is = true;
        slot->type = refs.list[i].type;
        slot->display = refs.list[i].display;
    }
    membership->whole = true;
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    return id_compare(&((const struct resource_id *)a)->id, &((const struct resource_id *)b)->id);
}

static bool is_listed(const struct scim_member_edit *edit, const struct resource_id *id)
{
    return edit->count && bsearch(id, edit->ids, edit->count, sizeof(*id), compare_ids);
}

static void remove_unlisted(struct membership *membership, const struct scim_member_edit *edit)
{
    for (size_t i = 0; i < membership->capacity; i++)
        if (membership->slots[i].used && !is_listed(edit, &membership->slots[i].id))
            membership->slots[i].is = false;
}

/* Ids that are members already need no look at their rows. */
static bool add_missing(struct membership *membership, const struct scim_member_edit *edit)
{
    bool known = true;
    for (size_t i = 0; i < edit->count; i++) {
        struct slot *slot = find_slot(membership, &edit->ids[i]);
        if (slot->used && slot->was)
            slot->is = true;
        else
            known &= add_one(membership, &edit->ids[i]);
    }
    return known;
}

static bool replace_all(struct membership *membership, const struct scim_member_edit *edit)
{
    if (!membership_want_whole(membership))
        return false;
    remove_unlisted(membership, edit);
    return add_missing(membership, edit);
}

static bool slot_matches(const struct slot *slot, const struct scim_filter *filter)
{
    char uuid[ID_UUID_CHARS + 1];
    id_to_uuid(&slot->id.id, uuid);
    json_t *value = json_pack("{s:s, s:s#, s:s}", "value", uuid, "display", slot->display.len ? slot->display.data : "",
                              (int)slot->display.len, "type", slot->type == SCIM_TYPE_GROUP ? "Group" : "User");
    bool matches = value && scim_filter_matches_value(filter, value);
    json_decref(value);
    return matches;
}

static bool remove_where(struct membership *membership, const struct scim_filter *filter)
{
    if (!membership_want_whole(membership))
        return false;
    for (size_t i = 0; i < membership->capacity; i++) {
        struct slot *slot = &membership->slots[i];
        if (slot->used && slot->is && slot_matches(slot, filter))
            slot->is = false;
    }
    return true;
}

bool membership_apply(struct membership *membership, const struct scim_member_edit *edit)
{
    bool known = true;
    switch (edit->kind) {
    case SCIM_MEMBERS_ADD:
        for (size_t i = 0; i < edit->count; i++)
            known &= add_one(membership, &edit->ids[i]);
        return known;
    case SCIM_MEMBERS_REMOVE:
        for (size_t i = 0; i < edit->count; i++)
            known &= remove_one(membership, &edit->ids[i]);
        return known;
    case SCIM_MEMBERS_REPLACE:
        return replace_all(membership, edit);
    case SCIM_MEMBERS_REMOVE_WHERE:
        return remove_where(membership, edit->filter);
    }
    must(false); /* an edit of no kind */
    return false;
}

bool membership_check(struct membership *membership, struct err *err)
{
    for (size_t i = 0; i < membership->capacity; i++) {
        const struct slot *slot = &membership->slots[i];
        if (!slot->used || !slot->looked_up || slot->row)
            continue;
        char uuid[ID_UUID_CHARS + 1];
        id_to_uuid(&slot->id.id, uuid);
        return err_set(err, ERR_INVALID_VALUE, "members: there is no user or group with the id %s.", uuid);
    }
    return true;
}

size_t membership_leave_out_missing(struct membership *membership)
{
    size_t missing = 0;
    for (size_t i = 0; i < membership->capacity; i++) {
        struct slot *slot = &membership->slots[i];
        if (!slot->used || !slot->looked_up || slot->row)
            continue;
        slot->is = slot->was;
        missing++;
    }
    return missing;
}

static int compare_changes(const void *a, const void *b)
{
    const struct view_member_change *left = a, *right = b;
    return id_compare(&left->member.id, &right->member.id);
}

const struct view_member_change *membership_changes(struct membership *membership, size_t *count_out)
{
    struct view_member_change *list =
        arena_array(view_arena(membership->view), struct view_member_change, membership->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < membership->capacity; i++) {
        const struct slot *slot = &membership->slots[i];
        if (slot->used && slot->was != slot->is)
            list[count++] = (struct view_member_change){
                .member = slot->id, .type = slot->type, .added = slot->is, .display = slot->display};
    }
    qsort(list, count, sizeof(*list), compare_changes);
    *count_out = count;
    return list;
}

static int compare_refs(const void *a, const void *b)
{
    const struct scim_group_ref *left = a, *right = b;
    return id_compare(&left->id.id, &right->id.id);
}

struct view_refs membership_refs(struct membership *membership, const struct view_resource *group)
{
    must(membership->whole || membership->is_new_group);
    struct scim_group_ref *list =
        arena_array(view_arena(membership->view), struct scim_group_ref, membership->count + 1);
    size_t count = 0;
    for (size_t i = 0; i < membership->capacity; i++) {
        const struct slot *slot = &membership->slots[i];
        bool is_self = id_equals(&slot->id.id, &group->id.id);
        if (slot->used && slot->is)
            list[count++] = (struct scim_group_ref){
                .id = slot->id, .type = slot->type, .display = is_self ? group->display : slot->display};
    }
    qsort(list, count, sizeof(*list), compare_refs);
    return (struct view_refs){list, count};
}
