/* Groups in groups: all that a user is in. The edges from group to group are loaded for everything above a group at
 * once, and walked here, because the batch may have staged some. */
#include "base/must.h"
#include "query_private.h"
#include "view_internal.h"

/* --- loading --- */

struct loading {
    struct view *view;
    struct directory_id directory;
    struct known *last; /* whose rows come */
    bool skips;         /* it was known before */
};

static struct known *groups_of_group(struct view *view, struct directory_id directory, const struct id *group)
{
    struct known_key key = {.kind = KNOWN_GROUPS, .type = SCIM_TYPE_GROUP, .directory = directory, .id = *group};
    return view_enter(view, &key);
}

/* Rows of one group come together. */
static void turn_to(struct loading *loading, const struct id *group)
{
    if (loading->last && id_equals(&loading->last->key.id, group))
        return;
    loading->last = groups_of_group(loading->view, loading->directory, group);
    loading->skips = loading->last->is_known;
    loading->last->is_known = true;
}

static bool take_edge(const struct db_value *row, void *context)
{
    struct loading *loading = context;
    struct id group;
    db_id_out(&row[0], &group);
    turn_to(loading, &group);
    if (loading->skips || row[1].kind == DB_NULL)
        return true;
    struct scim_group_ref ref = {.type = SCIM_TYPE_GROUP};
    db_id_out(&row[1], &ref.id.id);
    if (row[2].kind == DB_BYTES)
        ref.display = arena_slice(&loading->view->arena, row[2].bytes);
    view_ref_add(loading->view, &loading->last->refs, ref);
    return true;
}

bool view_above_load(struct view *view, struct db *db, struct known **list, size_t count, size_t *taken_out,
                     struct err *err)
{
    const struct id *groups[QUERY_MOST_ABOVE];
    const struct directory_id directory = list[0]->key.directory;
    size_t taken = 0;
    while (taken < count && taken < QUERY_MOST_ABOVE && id_equals(&list[taken]->key.directory.id, &directory.id)) {
        groups[taken] = &list[taken]->key.id;
        taken++;
    }
    *taken_out = taken;
    struct loading loading = {.view = view, .directory = directory};
    return query_groups_above(db, directory, groups, taken, take_edge, &loading, err);
}

/* --- walking --- */

struct walk {
    struct view *view;
    struct directory_id directory;
    struct ref_list found; /* what has been reached; those from `at` on have not been looked at */
    size_t at;
    bool known;
};

static void reach(struct walk *walk, struct scim_group_ref ref, bool indirect)
{
    struct known *known = groups_of_group(walk->view, walk->directory, &ref.id.id);
    if (known->walk == walk->view->walks)
        return;
    known->walk = walk->view->walks;
    ref.indirect = indirect;
    view_ref_add(walk->view, &walk->found, ref);
}

static void look_above(struct walk *walk, const struct id *group)
{
    struct known_key key = {.kind = KNOWN_GROUPS, .type = SCIM_TYPE_GROUP, .directory = walk->directory, .id = *group};
    struct known *known = view_look_up(walk->view, &key, FAMILY_ABOVE);
    walk->known &= known->is_known;
    struct view_refs above = view_refs_now(walk->view, known);
    for (size_t i = 0; known->is_known && i < above.count; i++)
        reach(walk, above.list[i], true);
}

/* What is above the groups into which the batch has put groups is loaded with the first: a chain that was staged link
 * by link must not cost a round for each. */
static void look_above_staged(struct walk *walk)
{
    struct view *view = walk->view;
    for (size_t i = 0; i < view->staged_membership_count; i++) {
        const struct known *staged = view->staged_memberships[i];
        struct known_key key = {.kind = KNOWN_GROUPS,
                                .type = SCIM_TYPE_GROUP,
                                .directory = staged->key.directory,
                                .id = staged->key.second};
        if (staged->exists && staged->member_type == SCIM_TYPE_GROUP &&
            id_equals(&staged->key.directory.id, &walk->directory.id))
            walk->known &= view_look_up(view, &key, FAMILY_ABOVE)->is_known;
    }
}

static struct view_refs walk_up(struct walk *walk, struct view_refs direct)
{
    walk->view->walks++;
    for (size_t i = 0; i < direct.count; i++)
        reach(walk, direct.list[i], false);
    if (walk->view->stages_nesting)
        look_above_staged(walk);
    while (walk->at < walk->found.count)
        look_above(walk, &walk->found.list[walk->at++].id.id);
    view_refs_sort(&walk->found);
    return (struct view_refs){walk->found.list, walk->found.count};
}

bool view_want_all_groups(struct view *view, struct directory_id directory, bool nests_groups, struct resource_id user,
                          struct view_refs *refs_out)
{
    bool known = view_want_groups(view, directory, SCIM_TYPE_USER, user, refs_out);
    if (!known || refs_out->count == 0 || !(nests_groups || view->stages_nesting))
        return known;
    struct walk walk = {.view = view, .directory = directory, .known = true};
    *refs_out = walk_up(&walk, *refs_out);
    return walk.known;
}
