#include "fake_internal.h"

#include <stdlib.h>

#include "base/must.h"
#include "store/store.h"

static size_t touched;

struct view *fake_new(void)
{
    struct view *view = calloc(1, sizeof(*view));
    must(view);
    arena_init(&view->arena);
    return view;
}

void fake_free(struct view *view)
{
    arena_fini(&view->arena);
    free(view);
}

void fake_add(struct view *view, struct fake_list *list, const void *item)
{
    if (list->count == list->capacity) {
        size_t capacity = list->capacity ? list->capacity * 2 : 16;
        const void **items = arena_array(&view->arena, const void *, capacity);
        if (list->count)
            memcpy(items, list->items, list->count * sizeof(*items));
        list->items = items;
        list->capacity = capacity;
    }
    list->items[list->count++] = item;
}

void fake_remove(struct fake_list *list, size_t at)
{
    memmove(&list->items[at], &list->items[at + 1], (list->count - at - 1) * sizeof(*list->items));
    list->count--;
}

static void copy_list(struct view *to, struct fake_list *list, const struct fake_list *from)
{
    for (size_t i = 0; i < from->count; i++)
        fake_add(to, list, from->items[i]);
}

struct view *fake_copy(const struct view *view)
{
    struct view *copy = fake_new();
    copy_list(copy, &copy->tokens, &view->tokens);
    copy_list(copy, &copy->resources, &view->resources);
    copy_list(copy, &copy->memberships, &view->memberships);
    copy_list(copy, &copy->changes, &view->changes);
    return copy;
}

void fake_begin(struct view *view, bool writes, enum fake_knowledge knowledge)
{
    view->writes = writes;
    view->knowledge = knowledge;
    view->known.count = view->wanted.count = 0;
}

size_t fake_load(struct view *view)
{
    size_t count = view->wanted.count;
    copy_list(view, &view->known, &view->wanted);
    view->wanted.count = 0;
    return count;
}

void fake_put_token(struct view *view, const struct view_token *token)
{
    struct view_token *copy = arena_new(&view->arena, struct view_token);
    *copy = *token;
    for (size_t i = 0; i < view->tokens.count; i++) {
        const struct view_token *other = view->tokens.items[i];
        if (id_equals(&other->id.id, &token->id.id)) {
            view->tokens.items[i] = copy;
            return;
        }
    }
    fake_add(view, &view->tokens, copy);
}

void fake_state(struct view *view, struct directory_id directory, enum view_directory_state state)
{
    for (size_t i = 0; i < view->tokens.count; i++) {
        struct view_token token = *(const struct view_token *)view->tokens.items[i];
        token.state = state;
        if (id_equals(&token.directory.id, &directory.id))
            fake_put_token(view, &token);
    }
}

void fake_rules(struct view *view, struct directory_id directory, const struct scim_rules *rules)
{
    for (size_t i = 0; i < view->tokens.count; i++) {
        struct view_token token = *(const struct view_token *)view->tokens.items[i];
        token.rules = rules;
        if (id_equals(&token.directory.id, &directory.id))
            fake_put_token(view, &token);
    }
}

void fake_policy(struct view *view, struct directory_id directory, struct scim_policy policy)
{
    struct scim_rules *rules = arena_new(&view->arena, struct scim_rules);
    *rules = scim_rules_default;
    rules->policy = policy;
    fake_rules(view, directory, rules);
}

struct slice fake_name(struct view *view, char kind, struct directory_id directory, uint16_t type, const struct id *id,
                       const struct id *second, struct slice text)
{
    static const struct id none;
    struct buf name;
    buf_init(&name, 4096);
    buf_add_char(&name, kind);
    buf_add(&name, slice_of((const char *)directory.id.bytes, ID_BYTES));
    buf_add_uint(&name, type);
    buf_add_char(&name, ':');
    buf_add(&name, slice_of((const char *)(id ? id : &none)->bytes, ID_BYTES));
    buf_add(&name, slice_of((const char *)(second ? second : &none)->bytes, ID_BYTES));
    buf_add(&name, text);
    must(!name.overflowed);
    struct slice copy = arena_slice(&view->arena, buf_slice(&name));
    buf_fini(&name);
    return copy;
}

static bool holds(const struct fake_list *names, struct slice name)
{
    for (size_t i = 0; i < names->count; i++)
        if (slice_equals(*(const struct slice *)names->items[i], name))
            return true;
    return false;
}

bool fake_knows(const struct view *view, struct slice name)
{
    return view->knowledge == FAKE_KNOWS_ALL || holds(&view->known, name);
}

static void note(struct view *view, struct fake_list *names, struct slice name)
{
    struct slice *copy = arena_new(&view->arena, struct slice);
    *copy = name;
    if (!holds(names, name))
        fake_add(view, names, copy);
}

void fake_learn(struct view *view, struct slice name) { note(view, &view->known, name); }

/* The heart of the second way of running: what is not known yet is noted, and the answer spoiled. */
static bool refuse(struct view *view, struct slice name)
{
    if (fake_knows(view, name))
        return false;
    note(view, &view->wanted, name);
    return true;
}

static const void *spoiled(void) { return (const void *)(uintptr_t)0xdead; }
static struct view_refs spoiled_refs(void) { return (struct view_refs){spoiled(), 12345}; }

const struct fake_resource *fake_find(const struct view *view, struct directory_id directory, uint16_t type,
                                      const struct resource_id *id, size_t *at_out)
{
    for (size_t i = 0; i < view->resources.count; i++) {
        const struct fake_resource *resource = view->resources.items[i];
        if (!id_equals(&resource->row->id.id, &id->id) || !id_equals(&resource->directory.id, &directory.id) ||
            (type && resource->row->type != type))
            continue;
        if (at_out)
            *at_out = i;
        return resource;
    }
    return NULL;
}

bool fake_is_member(const struct view *view, struct directory_id directory, const struct resource_id *group,
                    const struct resource_id *member, size_t *at_out)
{
    for (size_t i = 0; i < view->memberships.count; i++) {
        const struct fake_membership *membership = view->memberships.items[i];
        if (!id_equals(&membership->group.id, &group->id) || !id_equals(&membership->member.id, &member->id) ||
            !id_equals(&membership->directory.id, &directory.id))
            continue;
        if (at_out)
            *at_out = i;
        return true;
    }
    return false;
}

bool view_want_token(struct view *view, struct directory_id directory, struct token_id id,
                     const struct view_token **row_out)
{
    *row_out = spoiled();
    if (refuse(view, fake_name(view, 't', directory, 0, &id.id, NULL, SLICE_EMPTY)))
        return false;
    *row_out = NULL;
    for (size_t i = 0; i < view->tokens.count; i++) {
        const struct view_token *token = view->tokens.items[i];
        if (id_equals(&token->id.id, &id.id) && id_equals(&token->directory.id, &directory.id))
            *row_out = token;
    }
    return true;
}

/* The read lane looks the manager up together with the row. */
static const struct view_resource *shown(struct view *view, const struct fake_resource *resource)
{
    if (!resource || view->writes || !resource->row->has_manager)
        return resource ? resource->row : NULL;
    const struct fake_resource *manager =
        fake_find(view, resource->directory, SCIM_TYPE_USER, &resource->row->manager_id, NULL);
    struct view_resource *row = arena_new(&view->arena, struct view_resource);
    *row = *resource->row;
    row->manager_known = manager != NULL;
    row->manager_display = manager ? manager->row->display : SLICE_EMPTY;
    return row;
}

static const struct view_resource *narrowed(struct view *view, const struct fake_resource *resource)
{
    if (!resource)
        return NULL;
    struct view_resource *row = arena_new(&view->arena, struct view_resource);
    *row = *resource->row;
    row->stored.text = SLICE_EMPTY;
    return row;
}

bool view_want_resource(struct view *view, struct directory_id directory, uint16_t type, struct resource_id id,
                        enum view_depth depth, const struct view_resource **row_out)
{
    *row_out = spoiled();
    struct slice whole = fake_name(view, 'r', directory, type, &id.id, NULL, SLICE_EMPTY);
    struct slice narrow = fake_name(view, 'n', directory, type, &id.id, NULL, SLICE_EMPTY);
    if (!fake_knows(view, whole) && refuse(view, depth == VIEW_WHOLE ? whole : narrow))
        return false;
    const struct fake_resource *resource = fake_find(view, directory, type, &id, NULL);
    *row_out = depth == VIEW_WHOLE ? shown(view, resource) : narrowed(view, resource);
    return true;
}

bool view_want_member(struct view *view, struct directory_id directory, struct resource_id id,
                      const struct view_resource **row_out)
{
    *row_out = spoiled();
    if (refuse(view, fake_name(view, 'm', directory, 0, &id.id, NULL, SLICE_EMPTY)))
        return false;
    *row_out = narrowed(view, fake_find(view, directory, 0, &id, NULL));
    return true;
}

static const struct fake_resource *holder_of(const struct view *view, struct directory_id directory, uint16_t type,
                                             struct slice key)
{
    for (size_t i = 0; i < view->resources.count; i++) {
        const struct fake_resource *resource = view->resources.items[i];
        if (resource->row->type == type && id_equals(&resource->directory.id, &directory.id) &&
            slice_equals(resource->keys.unique_key, key))
            return resource;
    }
    return NULL;
}

bool view_want_unique(struct view *view, struct directory_id directory, uint16_t type, struct slice key,
                      const struct view_resource **row_out)
{
    *row_out = spoiled();
    must(key.len);
    if (refuse(view, fake_name(view, 'u', directory, type, NULL, NULL, key)))
        return false;
    *row_out = shown(view, holder_of(view, directory, type, key));
    return true;
}

bool view_want_holder(struct view *view, struct directory_id directory, uint16_t type, struct slice key,
                      const struct resource_id **holder_out)
{
    *holder_out = spoiled();
    must(key.len);
    if (refuse(view, fake_name(view, 'h', directory, type, NULL, NULL, key)))
        return false;
    const struct fake_resource *holder = holder_of(view, directory, type, key);
    *holder_out = holder ? &holder->row->id : NULL;
    return true;
}

static int compare_rows(const void *a, const void *b)
{
    return id_compare(&(*(const struct view_resource *const *)a)->id.id,
                      &(*(const struct view_resource *const *)b)->id.id);
}

static bool has_key(const struct fake_resource *resource, uint16_t code, struct slice key)
{
    if (code == 0)
        return resource->keys.external_key.len && slice_equals(resource->keys.external_key, key);
    for (size_t i = 0; i < resource->keys.key_count; i++)
        if (resource->keys.keys[i].code == code && slice_equals(resource->keys.keys[i].key, key))
            return true;
    return false;
}

/* Whoever has the key; code 0: the external key. */
static struct view_matches matches_of(struct view *view, struct directory_id directory, uint16_t type, uint16_t code,
                                      struct slice key)
{
    const struct view_resource **list = arena_array(&view->arena, const struct view_resource *, view->resources.count);
    struct view_matches matches = {.list = list};
    for (size_t i = 0; i < view->resources.count; i++) {
        const struct fake_resource *resource = view->resources.items[i];
        if (resource->row->type == type && id_equals(&resource->directory.id, &directory.id) &&
            has_key(resource, code, key))
            list[matches.count++] = shown(view, resource);
    }
    qsort(list, matches.count, sizeof(*list), compare_rows);
    matches.too_many = matches.count > VIEW_MOST_MATCHES;
    return matches.too_many ? (struct view_matches){.too_many = true} : matches;
}

bool view_want_by_value(struct view *view, struct directory_id directory, uint16_t type, uint16_t code,
                        struct slice key, struct view_matches *matches_out)
{
    *matches_out = (struct view_matches){spoiled(), 12345, false};
    must(code && !view->writes);
    char kind = (char)('A' + code); /* a letter for each attribute of the index */
    if (refuse(view, fake_name(view, kind, directory, type, NULL, NULL, key)))
        return false;
    *matches_out = matches_of(view, directory, type, code, key);
    return true;
}

bool view_want_by_external(struct view *view, struct directory_id directory, uint16_t type, struct slice key,
                           struct view_matches *matches_out)
{
    *matches_out = (struct view_matches){spoiled(), 12345, false};
    must(!view->writes);
    if (refuse(view, fake_name(view, 'e', directory, type, NULL, NULL, key)))
        return false;
    *matches_out = matches_of(view, directory, type, 0, key);
    return true;
}

static int compare_refs(const void *a, const void *b)
{
    return id_compare(&((const struct scim_group_ref *)a)->id.id, &((const struct scim_group_ref *)b)->id.id);
}

/* The other ends of the memberships of a group (of_group) or of a member. */
static struct view_refs refs_of(struct view *view, struct directory_id directory, struct resource_id id, bool of_group,
                                bool displayed)
{
    struct scim_group_ref *list = arena_array(&view->arena, struct scim_group_ref, view->memberships.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < view->memberships.count; i++) {
        const struct fake_membership *membership = view->memberships.items[i];
        const struct resource_id *end = of_group ? &membership->group : &membership->member;
        const struct resource_id *other = of_group ? &membership->member : &membership->group;
        if (!id_equals(&end->id, &id.id) || !id_equals(&membership->directory.id, &directory.id))
            continue;
        const struct fake_resource *resource = fake_find(view, directory, 0, other, NULL);
        must(resource);
        list[count++] = (struct scim_group_ref){
            .id = *other, .type = resource->row->type, .display = displayed ? resource->row->display : SLICE_EMPTY};
    }
    qsort(list, count, sizeof(*list), compare_refs);
    return (struct view_refs){list, count};
}

bool view_want_groups(struct view *view, struct directory_id directory, uint16_t member_type, struct resource_id member,
                      struct view_refs *refs_out)
{
    *refs_out = spoiled_refs();
    if (refuse(view, fake_name(view, 'g', directory, member_type, &member.id, NULL, SLICE_EMPTY)))
        return false;
    *refs_out = refs_of(view, directory, member, false, true);
    return true;
}

static bool is_in(const struct scim_group_ref *list, size_t count, const struct resource_id *id)
{
    for (size_t i = 0; i < count; i++)
        if (id_equals(&list[i].id.id, &id->id))
            return true;
    return false;
}

/* By the letter: what any of the groups so far is in is added until nothing is. */
bool view_want_all_groups(struct view *view, struct directory_id directory, bool nests_groups, struct resource_id user,
                          struct view_refs *refs_out)
{
    (void)nests_groups;
    *refs_out = spoiled_refs();
    if (refuse(view, fake_name(view, 'i', directory, SCIM_TYPE_USER, &user.id, NULL, SLICE_EMPTY)))
        return false;
    struct view_refs direct = refs_of(view, directory, user, false, true);
    struct scim_group_ref *list = arena_array(&view->arena, struct scim_group_ref, view->resources.count + 1);
    size_t count = direct.count;
    if (count)
        memcpy(list, direct.list, count * sizeof(*list));
    for (size_t at = 0; at < count; at++) {
        struct view_refs above = refs_of(view, directory, list[at].id, false, true);
        for (size_t i = 0; i < above.count; i++) {
            if (is_in(list, count, &above.list[i].id))
                continue;
            list[count] = above.list[i];
            list[count++].indirect = true;
        }
    }
    qsort(list, count, sizeof(*list), compare_refs);
    *refs_out = (struct view_refs){list, count};
    return true;
}

bool view_want_membership(struct view *view, struct directory_id directory, struct resource_id group,
                          struct resource_id member, bool *is_member_out)
{
    *is_member_out = true;
    if (refuse(view, fake_name(view, 's', directory, 0, &group.id, &member.id, SLICE_EMPTY)))
        return false;
    *is_member_out = fake_is_member(view, directory, &group, &member, NULL);
    return true;
}

bool view_want_members(struct view *view, struct directory_id directory, struct resource_id group, bool displayed,
                       struct view_refs *refs_out)
{
    *refs_out = spoiled_refs();
    if (refuse(view, fake_name(view, displayed ? 'a' : 'b', directory, 0, &group.id, NULL, SLICE_EMPTY)))
        return false;
    *refs_out = refs_of(view, directory, group, true, displayed);
    return true;
}

bool view_want_managed(struct view *view, struct directory_id directory, struct resource_id manager,
                       struct view_refs *refs_out)
{
    *refs_out = spoiled_refs();
    if (refuse(view, fake_name(view, 'd', directory, 0, &manager.id, NULL, SLICE_EMPTY)))
        return false;
    struct scim_group_ref *list = arena_array(&view->arena, struct scim_group_ref, view->resources.count + 1);
    size_t count = 0;
    for (size_t i = 0; i < view->resources.count; i++) {
        const struct fake_resource *resource = view->resources.items[i];
        if (resource->row->has_manager && id_equals(&resource->row->manager_id.id, &manager.id) &&
            id_equals(&resource->directory.id, &directory.id))
            list[count++] = (struct scim_group_ref){.id = resource->row->id, .type = resource->row->type};
    }
    qsort(list, count, sizeof(*list), compare_refs);
    *refs_out = (struct view_refs){list, count};
    return true;
}

struct arena *view_arena(struct view *view) { return &view->arena; }

void store_token_used(const struct view_token *token, int64_t now_ms)
{
    must(token->live && now_ms > 0);
    touched++;
}

static size_t undeclared;
static char last_undeclared[256];

void store_undeclared_seen(struct directory_id directory, uint16_t type, struct slice path, int64_t now_ms)
{
    must(!id_is_zero(&directory.id) && type > 0 && now_ms > 0 && path.len < sizeof(last_undeclared));
    memcpy(last_undeclared, path.data, path.len);
    last_undeclared[path.len] = '\0';
    undeclared++;
}

const char *fake_undeclared(size_t *count_out)
{
    *count_out = undeclared;
    return last_undeclared;
}

size_t fake_touched(void) { return touched; }
