/* Who leaves by what a batch writes: asked before anything is written, while the database still has what was.
 *
 * A user leaves who is deactivated, deleted, or taken out of the last group. Only for directories whose policy has a
 * guard, which the rules say that come with the token; what the process itself does (inside.c) is not guarded against.
 */
#include <stdlib.h>

#include "base/must.h"
#include "store/query.h"
#include "view_guard.h"

enum { ENTRY_BYTES = 1 + ID_BYTES };

static bool is_of(const struct guarding *guarding, const struct known *known)
{
    return id_equals(&known->key.directory.id, &guarding->directory.id);
}

static struct departing *add(struct guarding *guarding, const struct id *id)
{
    if (guarding->count == guarding->capacity) {
        size_t capacity = guarding->capacity ? guarding->capacity * 4 : 32;
        struct departing *list = arena_array(&guarding->view->arena, struct departing, capacity);
        if (guarding->count)
            memcpy(list, guarding->list, guarding->count * sizeof(*list));
        guarding->list = list;
        guarding->capacity = capacity;
    }
    struct departing *departing = &guarding->list[guarding->count++];
    *departing = (struct departing){.id.id = *id};
    return departing;
}

static void collect_user(struct guarding *guarding, const struct known *known)
{
    if (!known->existed)
        return;
    bool was_active = known->keys_before && !known->keys_before->inactive;
    if (!known->exists)
        add(guarding, &known->key.id)->kinds = DEPARTURE_DELETED;
    else if (was_active && known->keys_after && known->keys_after->inactive)
        add(guarding, &known->key.id)->kinds = DEPARTURE_DEACTIVATED;
}

static void collect_membership(struct guarding *guarding, const struct known *known)
{
    if (known->exists == known->existed)
        return;
    struct departing *departing = add(guarding, &known->key.id);
    departing->leaves_group = known->existed;
    departing->joins_group = known->exists;
}

/* Of a deleted group, as view_gather_fallen has found them. */
static void collect_fallen(struct guarding *guarding, const struct staged_change *change)
{
    bool is_fall = change->kind == CHANGE_DELETED && change->type == SCIM_TYPE_GROUP &&
                   id_equals(&change->directory.id, &guarding->directory.id);
    for (size_t at = 0; is_fall && at + ENTRY_BYTES <= change->members.len; at += ENTRY_BYTES) {
        struct id member;
        memcpy(member.bytes, change->members.data + at + 1, ID_BYTES);
        add(guarding, &member)->leaves_group = true;
    }
}

static int compare(const void *a, const void *b)
{
    const struct departing *left = a, *right = b;
    return id_compare(&left->id.id, &right->id.id);
}

static void unite(struct guarding *guarding)
{
    size_t count = 0;
    if (guarding->count > 1)
        qsort(guarding->list, guarding->count, sizeof(*guarding->list), compare);
    for (size_t i = 0; i < guarding->count; i++) {
        struct departing *last = count ? &guarding->list[count - 1] : NULL;
        if (!last || !id_equals(&last->id.id, &guarding->list[i].id.id)) {
            guarding->list[count++] = guarding->list[i];
            continue;
        }
        last->kinds |= guarding->list[i].kinds;
        last->leaves_group |= guarding->list[i].leaves_group;
        last->joins_group |= guarding->list[i].joins_group;
    }
    guarding->count = count;
}

void guard_collect(struct guarding *guarding)
{
    struct view *view = guarding->view;
    for (const struct known *known = view->staged_resources; known; known = known->next_staged)
        if (known->key.type == SCIM_TYPE_USER && is_of(guarding, known))
            collect_user(guarding, known);
    for (size_t i = 0; i < view->staged_membership_count; i++)
        if (is_of(guarding, view->staged_memberships[i]))
            collect_membership(guarding, view->staged_memberships[i]);
    for (const struct staged_change *change = view->changes; change; change = change->next)
        collect_fallen(guarding, change);
    unite(guarding);
}

static bool is_gone(const struct known *known) { return known && known->staged && !known->exists; }

static bool keeps_group(const struct guarding *guarding, const struct departing *departing,
                        const struct resource_id *group)
{
    struct known_key membership = {
        .kind = KNOWN_MEMBERSHIP, .directory = guarding->directory, .id = departing->id.id, .second = group->id};
    struct known_key resource = {
        .kind = KNOWN_RESOURCE, .type = SCIM_TYPE_GROUP, .directory = guarding->directory, .id = group->id};
    return !is_gone(view_find(guarding->view, &membership)) && !is_gone(view_find(guarding->view, &resource));
}

static bool is_emptied(const struct guarding *guarding, const struct departing *departing,
                       const struct view_refs *groups)
{
    bool had = false;
    if (!departing->leaves_group || departing->joins_group)
        return false;
    for (size_t i = 0; i < groups->count; i++) {
        if (groups->list[i].indirect)
            continue;
        if (keeps_group(guarding, departing, &groups->list[i].id))
            return false;
        had = true;
    }
    return had;
}

bool guard_sift(struct guarding *guarding, struct db *db, struct err *err)
{
    struct arena *arena = &guarding->view->arena;
    size_t count = 0;
    struct resource_id *ids = arena_array(arena, struct resource_id, guarding->count + 1);
    guarding->groups = arena_array(arena, struct view_refs, guarding->count + 1);
    for (size_t i = 0; i < guarding->count; i++)
        if (guarding->list[i].kinds || guarding->list[i].leaves_group) {
            guarding->list[count] = guarding->list[i];
            ids[count++] = guarding->list[i].id;
        }
    guarding->count = count;
    if (!store_groups_of(db, guarding->directory, SCIM_TYPE_USER, ids, count, arena, guarding->groups, err))
        return false;
    count = 0;
    for (size_t i = 0; i < guarding->count; i++) {
        struct departing departing = guarding->list[i];
        if (is_emptied(guarding, &departing, &guarding->groups[i]))
            departing.kinds |= DEPARTURE_EMPTIED;
        if (!departing.kinds)
            continue;
        guarding->groups[count] = guarding->groups[i];
        guarding->list[count++] = departing;
    }
    guarding->count = count;
    return true;
}

static bool guard_directory(struct view *view, struct db *db, const struct view_token *token, struct err *err)
{
    struct guarding guarding = {.view = view,
                                .directory = token->directory,
                                .guard = &token->rules->policy.guard,
                                .now_ms = view->changes->now_ms};
    guard_collect(&guarding);
    if (guarding.count == 0 && !view->staged_resources)
        return true;
    return guard_note_returns(&guarding, db, err) &&
           (guarding.count == 0 ||
            (guard_sift(&guarding, db, err) && (guarding.count == 0 || guard_note(&guarding, db, err))));
}

struct search {
    struct directory_id seen[VIEW_MOST_TOKENS * 2];
    const struct view_token *tokens[VIEW_MOST_TOKENS * 2];
    size_t count;
};

static void find_guarded(const struct view_token *token, void *context)
{
    struct search *search = context;
    if (!token->rules || !token->rules->policy.guard.enabled || token->is_inside ||
        search->count == sizeof(search->tokens) / sizeof(search->tokens[0]))
        return;
    for (size_t i = 0; i < search->count; i++)
        if (id_equals(&search->seen[i].id, &token->directory.id))
            return;
    search->seen[search->count] = token->directory;
    search->tokens[search->count++] = token;
}

bool view_guard_departures(struct view *view, struct db *db, struct err *err)
{
    struct search search = {.count = 0};
    if (!view->guards || !view->changes)
        return true;
    view_each_token(view, find_guarded, &search);
    for (size_t i = 0; i < search.count; i++)
        if (!guard_directory(view, db, search.tokens[i], err))
            return false;
    return true;
}
