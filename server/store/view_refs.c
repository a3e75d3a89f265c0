/* Lists of references: groups of a member, members of a group, users of a manager. What came from the database is
 * brought in line with what the batch has staged when a job asks, so that it decides on what the jobs before it left.
 */
#include <stdlib.h>

#include "base/must.h"
#include "view_internal.h"

void view_ref_add(struct view *view, struct ref_list *refs, struct scim_group_ref ref)
{
    if (refs->count == refs->capacity) {
        size_t capacity = refs->capacity ? refs->capacity * 2 : 4;
        struct scim_group_ref *list = arena_take(&view->arena, capacity * sizeof(*list));
        if (refs->count)
            memcpy(list, refs->list, refs->count * sizeof(*list));
        refs->list = list;
        refs->capacity = capacity;
    }
    refs->list[refs->count++] = ref;
}

static int compare_refs(const void *a, const void *b)
{
    const struct scim_group_ref *left = a, *right = b;
    return id_compare(&left->id.id, &right->id.id);
}

void view_refs_sort(struct ref_list *refs)
{
    if (refs->count > 1)
        qsort(refs->list, refs->count, sizeof(*refs->list), compare_refs);
}

struct renewal { /* of one list */
    struct view *view;
    const struct known *known;
    struct ref_list refs;
    size_t sorted; /* entries before this one are sorted; those behind were added */
    bool removed;  /* some have the type 0 and go */
};

static struct scim_group_ref *find(struct renewal *renewal, const struct id *id)
{
    struct scim_group_ref key = {.id.id = *id};
    return renewal->sorted ? bsearch(&key, renewal->refs.list, renewal->sorted, sizeof(key), compare_refs) : NULL;
}

static void set(struct renewal *renewal, bool is_in, struct scim_group_ref ref)
{
    struct scim_group_ref *at = find(renewal, &ref.id.id);
    if (at && !is_in) {
        at->type = 0;
        renewal->removed = true;
    } else if (!at && is_in) {
        view_ref_add(renewal->view, &renewal->refs, ref);
    }
}

/* As the batch knows it by now: either end may have been renamed since the membership was staged. */
static struct slice display_of(struct view *view, const struct known *membership, uint16_t type, const struct id *id)
{
    struct known_key key = {.kind = KNOWN_RESOURCE, .type = type, .directory = membership->key.directory, .id = *id};
    const struct known *end = view_find(view, &key);
    return end && end->row ? end->row->display : membership->member_display;
}

static void renew_memberships(struct renewal *renewal)
{
    struct view *view = renewal->view;
    const struct known *list = renewal->known;
    for (size_t i = 0; i < view->staged_membership_count; i++) {
        const struct known *staged = view->staged_memberships[i];
        if (!id_equals(&staged->key.directory.id, &list->key.directory.id))
            continue;
        if (list->key.kind == KNOWN_MEMBERS && id_equals(&staged->key.second, &list->key.id))
            set(renewal, staged->exists,
                (struct scim_group_ref){.id.id = staged->key.id,
                                        .type = staged->member_type,
                                        .display = display_of(view, staged, staged->member_type, &staged->key.id)});
        else if (list->key.kind == KNOWN_GROUPS && id_equals(&staged->key.id, &list->key.id))
            set(renewal, staged->exists,
                (struct scim_group_ref){.id.id = staged->key.second,
                                        .type = SCIM_TYPE_GROUP,
                                        .display = display_of(view, staged, SCIM_TYPE_GROUP, &staged->key.second)});
    }
}

/* A user that was changed may have come to the manager, or left. */
static void renew_managed(struct renewal *renewal, const struct known *staged)
{
    const struct view_resource *row = staged->row;
    bool is_managed = staged->exists && row->has_manager && id_equals(&row->manager_id.id, &renewal->known->key.id);
    if (staged->key.type == SCIM_TYPE_USER)
        set(renewal, is_managed, (struct scim_group_ref){.id.id = staged->key.id, .type = SCIM_TYPE_USER});
}

static void renew_resources(struct renewal *renewal)
{
    const struct known *list = renewal->known;
    for (const struct known *staged = renewal->view->staged_resources; staged; staged = staged->next_staged) {
        if (!id_equals(&staged->key.directory.id, &list->key.directory.id))
            continue;
        struct scim_group_ref *at = find(renewal, &staged->key.id);
        if (list->key.kind == KNOWN_MANAGED)
            renew_managed(renewal, staged);
        else if (at && at->type == staged->key.type && staged->exists)
            at->display = staged->row->display;
        else if (at && at->type == staged->key.type)
            set(renewal, false, *at);
    }
}

static void finish(struct renewal *renewal)
{
    struct ref_list *refs = &renewal->refs;
    bool added = refs->count > renewal->sorted;
    if (renewal->removed) {
        size_t kept = 0;
        for (size_t i = 0; i < refs->count; i++)
            if (refs->list[i].type)
                refs->list[kept++] = refs->list[i];
        refs->count = kept;
    }
    if (added)
        view_refs_sort(refs);
}

/* In a copy: jobs may still look at the old list. */
struct view_refs view_refs_now(struct view *view, struct known *known)
{
    if (known->is_known && known->refs_changes != view->change_count) {
        struct renewal renewal = {.view = view, .known = known, .sorted = known->refs.count};
        for (size_t i = 0; i < known->refs.count; i++)
            view_ref_add(view, &renewal.refs, known->refs.list[i]);
        renew_memberships(&renewal);
        renew_resources(&renewal);
        finish(&renewal);
        known->refs = renewal.refs;
        known->refs_changes = view->change_count;
    }
    return (struct view_refs){known->refs.list, known->refs.count};
}
