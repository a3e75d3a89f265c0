/* What a batch knows, and what its jobs want to know. */
#include "base/must.h"
#include "store/rules.h"
#include "view_internal.h"

enum { FIRST_BUCKETS = 128 };

static void start(struct view *view)
{
    view->bucket_count = FIRST_BUCKETS;
    view->buckets = arena_array(&view->arena, struct known *, FIRST_BUCKETS);
    view->known_count = 0;
    view->wanted = NULL;
    view->wanted_count = view->wanted_capacity = 0;
    view->staged_resources = NULL;
    view->staged_resources_end = &view->staged_resources;
    view->staged_memberships = NULL;
    view->staged_membership_count = view->staged_membership_capacity = 0;
    view->changes = NULL;
    view->changes_end = &view->changes;
    view->change_count = 0;
    view->counts = NULL;
    view->held_rules = NULL;
    view->stages_nesting = view->guards = false;
    view->closed_gates = 0;
}

void view_hold_rules(struct view *view, const struct scim_rules *rules)
{
    if (!rules)
        return;
    struct held_rules *held = arena_new(&view->arena, struct held_rules);
    *held = (struct held_rules){.next = view->held_rules, .rules = rules};
    view->held_rules = held;
}

static void release_rules(struct view *view)
{
    for (struct held_rules *held = view->held_rules; held; held = held->next)
        store_rules_unref(held->rules);
}

void view_init(struct view *view, bool writes)
{
    arena_init(&view->arena);
    view->writes = writes;
    const struct id random = id_new();
    memcpy(&view->seed, random.bytes + ID_BYTES - sizeof(view->seed), sizeof(view->seed));
    start(view);
}

void view_fini(struct view *view)
{
    release_rules(view);
    arena_fini(&view->arena);
}

void view_restart(struct view *view)
{
    release_rules(view);
    arena_reset(&view->arena);
    start(view);
}

struct arena *view_arena(struct view *view) { return &view->arena; }

static uint32_t hash_bytes(uint32_t hash, const void *data, size_t len)
{
    const unsigned char *bytes = data;
    for (size_t i = 0; i < len; i++)
        hash = (hash ^ bytes[i]) * 16777619u;
    return hash;
}

/* FNV-1a, from a start that nobody outside knows: clients choose ids and names, and could choose such that meet. The
 * first bytes of UUIDv7s of one time are alike, the last ones are random: all are taken. */
static uint32_t key_hash(const struct view *view, const struct known_key *key)
{
    uint32_t hash = view->seed;
    hash = (hash ^ (uint32_t)key->kind) * 16777619u;
    hash = (hash ^ key->type) * 16777619u;
    hash = (hash ^ key->code) * 16777619u;
    hash = hash_bytes(hash, key->directory.id.bytes + ID_BYTES / 2, ID_BYTES / 2);
    hash = hash_bytes(hash, key->id.bytes, ID_BYTES);
    if (key->kind == KNOWN_MEMBERSHIP)
        hash = hash_bytes(hash, key->second.bytes + ID_BYTES / 2, ID_BYTES / 2);
    return hash_bytes(hash, key->text.data, key->text.len);
}

static bool key_equals(const struct known_key *a, const struct known_key *b)
{
    return a->kind == b->kind && a->type == b->type && a->code == b->code &&
           id_equals(&a->directory.id, &b->directory.id) && id_equals(&a->id, &b->id) &&
           id_equals(&a->second, &b->second) && slice_equals(a->text, b->text);
}

static struct known *find_hashed(struct view *view, const struct known_key *key, uint32_t hash)
{
    struct known *known = view->buckets[hash & (view->bucket_count - 1)];
    while (known && (known->hash != hash || !key_equals(&known->key, key)))
        known = known->same_bucket;
    return known;
}

struct known *view_find(struct view *view, const struct known_key *key)
{
    return find_hashed(view, key, key_hash(view, key));
}

static void spread(struct view *view)
{
    size_t count = view->bucket_count * 4;
    struct known **buckets = arena_array(&view->arena, struct known *, count);
    for (size_t i = 0; i < view->bucket_count; i++) {
        for (struct known *known = view->buckets[i], *next; known; known = next) {
            next = known->same_bucket;
            known->same_bucket = buckets[known->hash & (count - 1)];
            buckets[known->hash & (count - 1)] = known;
        }
    }
    view->buckets = buckets;
    view->bucket_count = count;
}

struct known *view_enter(struct view *view, const struct known_key *key)
{
    uint32_t hash = key_hash(view, key);
    struct known *known = find_hashed(view, key, hash);
    if (known)
        return known;
    if (view->known_count >= view->bucket_count * 2)
        spread(view);
    known = arena_new(&view->arena, struct known);
    known->hash = hash;
    known->key = *key;
    known->key.text = arena_slice(&view->arena, key->text);
    known->same_bucket = view->buckets[hash & (view->bucket_count - 1)];
    view->buckets[hash & (view->bucket_count - 1)] = known;
    view->known_count++;
    return known;
}

void view_want(struct view *view, struct known *known, enum view_family family)
{
    if (known->wanted) {
        if (family < known->family) /* the stronger way to load it wins: the families are ordered so */
            known->family = family;
        return;
    }
    if (view->wanted_count == view->wanted_capacity) {
        size_t capacity = view->wanted_capacity ? view->wanted_capacity * 2 : 64;
        struct known **list = arena_take(&view->arena, capacity * sizeof(struct known *));
        if (view->wanted_count)
            memcpy(list, view->wanted, view->wanted_count * sizeof(struct known *));
        view->wanted = list;
        view->wanted_capacity = capacity;
    }
    known->family = family;
    known->wanted = true;
    view->wanted[view->wanted_count++] = known;
}

struct known *view_look_up(struct view *view, const struct known_key *key, enum view_family family)
{
    struct known *known = view_enter(view, key);
    if (!known->is_known)
        view_want(view, known, family);
    return known;
}

bool view_want_token(struct view *view, struct directory_id directory, struct token_id token,
                     const struct view_token **row_out)
{
    struct known_key key = {.kind = KNOWN_TOKEN, .directory = directory, .id = token.id};
    struct known *known = view_look_up(view, &key, FAMILY_COUNT);
    *row_out = known->token;
    return known->is_known;
}

bool view_want_resource(struct view *view, struct directory_id directory, uint16_t type, struct resource_id id,
                        enum view_depth depth, const struct view_resource **row_out)
{
    struct known_key key = {.kind = KNOWN_RESOURCE, .type = type, .directory = directory, .id = id.id};
    struct known *known = view_enter(view, &key);
    bool deep_enough = depth == VIEW_NARROW || known->depth == VIEW_WHOLE;
    if (!known->is_known || (known->row && !deep_enough)) {
        enum view_family whole = view->writes ? FAMILY_LOCKED : FAMILY_WHOLE;
        view_want(view, known, depth == VIEW_WHOLE ? whole : FAMILY_NARROW);
        return false;
    }
    *row_out = known->exists ? known->row : NULL;
    return true;
}

bool view_want_member(struct view *view, struct directory_id directory, struct resource_id id,
                      const struct view_resource **row_out)
{
    struct known_key key = {.kind = KNOWN_MEMBER, .directory = directory, .id = id.id};
    struct known *known = view_look_up(view, &key, view->writes ? FAMILY_MEMBER_LOCKED : FAMILY_MEMBER);
    *row_out = known->is_known && known->holder && known->holder->exists ? known->holder->row : NULL;
    return known->is_known;
}

/* Who holds the key, as far as the batch knows: a holder that is not loaded is believed. */
static struct known *holder_of(const struct known *unique)
{
    struct known *holder = unique->holder;
    return holder && (!holder->is_known || holder->exists) ? holder : NULL;
}

bool view_want_unique(struct view *view, struct directory_id directory, uint16_t type, struct slice text,
                      const struct view_resource **row_out)
{
    struct known_key key = {.kind = KNOWN_UNIQUE, .type = type, .directory = directory, .text = text};
    struct known *known = view_look_up(view, &key, FAMILY_UNIQUE);
    if (!known->is_known)
        return false;
    struct known *holder = holder_of(known);
    if (holder && holder->depth != VIEW_WHOLE) {
        view_want(view, known, FAMILY_UNIQUE);
        return false;
    }
    *row_out = holder ? holder->row : NULL;
    return true;
}

bool view_want_holder(struct view *view, struct directory_id directory, uint16_t type, struct slice text,
                      const struct resource_id **holder_out)
{
    struct known_key key = {.kind = KNOWN_UNIQUE, .type = type, .directory = directory, .text = text};
    struct known *known = view_look_up(view, &key, FAMILY_UNIQUE_PROBE);
    struct known *holder = known->is_known ? holder_of(known) : NULL;
    if (holder) {
        struct resource_id *id = arena_new(&view->arena, struct resource_id);
        id->id = holder->key.id;
        *holder_out = id;
    } else {
        *holder_out = NULL;
    }
    return known->is_known;
}

bool view_want_groups(struct view *view, struct directory_id directory, uint16_t member_type, struct resource_id member,
                      struct view_refs *refs_out)
{
    struct known_key key = {.kind = KNOWN_GROUPS, .type = member_type, .directory = directory, .id = member.id};
    struct known *known = view_look_up(view, &key, FAMILY_GROUPS);
    *refs_out = view_refs_now(view, known);
    return known->is_known;
}

bool view_want_membership(struct view *view, struct directory_id directory, struct resource_id group,
                          struct resource_id member, bool *is_member_out)
{
    struct known_key key = {.kind = KNOWN_MEMBERSHIP, .directory = directory, .id = member.id, .second = group.id};
    struct known *known = view_look_up(view, &key, FAMILY_MEMBERSHIP);
    *is_member_out = known->exists;
    return known->is_known;
}

bool view_want_members(struct view *view, struct directory_id directory, struct resource_id group, bool shown,
                       struct view_refs *refs_out)
{
    struct known_key key = {.kind = KNOWN_MEMBERS, .directory = directory, .id = group.id};
    struct known *known = view_enter(view, &key);
    if (known->is_known && shown && known->depth != VIEW_WHOLE) { /* known without displays */
        known->is_known = false;
        known->refs = (struct ref_list){NULL, 0, 0};
        known->refs_changes = 0;
    }
    if (!known->is_known)
        view_want(view, known, shown ? FAMILY_MEMBERS_SHOWN : FAMILY_MEMBERS);
    *refs_out = view_refs_now(view, known);
    return known->is_known;
}

bool view_want_managed(struct view *view, struct directory_id directory, struct resource_id manager,
                       struct view_refs *refs_out)
{
    struct known_key key = {.kind = KNOWN_MANAGED, .directory = directory, .id = manager.id};
    struct known *known = view_look_up(view, &key, FAMILY_MANAGED);
    *refs_out = view_refs_now(view, known);
    return known->is_known;
}

bool view_nests_groups(struct view *view, struct directory_id directory)
{
    for (size_t i = 0; i < view->bucket_count; i++)
        for (struct known *known = view->buckets[i]; known; known = known->same_bucket)
            if (known->key.kind == KNOWN_TOKEN && known->token && known->token->nests_groups &&
                id_equals(&known->key.directory.id, &directory.id))
                return true;
    return false;
}

void view_each_token(struct view *view, void (*visit)(const struct view_token *token, void *context), void *context)
{
    for (size_t i = 0; i < view->bucket_count; i++)
        for (struct known *known = view->buckets[i]; known; known = known->same_bucket)
            if (known->key.kind == KNOWN_TOKEN && known->token)
                visit(known->token, context);
}
