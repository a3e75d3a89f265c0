/* Resources found by a key that several may have. */
#include "base/must.h"
#include "view_internal.h"

static bool want_matches(struct view *view, const struct known_key *key, enum view_family family,
                         struct view_matches *matches_out)
{
    must(!view->writes); /* what the batch has staged is not looked at */
    struct known *known = view_enter(view, key);
    *matches_out = (struct view_matches){.too_many = known->match_count > VIEW_MOST_MATCHES};
    if (!known->is_known) {
        view_want(view, known, family);
        return false;
    }
    if (matches_out->too_many || known->match_count == 0)
        return true;
    const struct view_resource **list = arena_array(&view->arena, const struct view_resource *, known->match_count);
    for (size_t i = 0; i < known->match_count; i++)
        list[i] = known->matches[i]->row;
    matches_out->list = list;
    matches_out->count = known->match_count;
    return true;
}

bool view_want_by_value(struct view *view, struct directory_id directory, uint16_t type, uint16_t code,
                        struct slice text, struct view_matches *matches_out)
{
    struct known_key key = {.kind = KNOWN_MATCHES, .type = type, .directory = directory, .text = text, .code = code};
    must(code);
    return want_matches(view, &key, FAMILY_VALUE, matches_out);
}

bool view_want_by_external(struct view *view, struct directory_id directory, uint16_t type, struct slice text,
                           struct view_matches *matches_out)
{
    struct known_key key = {.kind = KNOWN_MATCHES, .type = type, .directory = directory, .text = text};
    return want_matches(view, &key, FAMILY_EXTERNAL, matches_out);
}

/* In order of id, in whatever order they come. */
static void insert_match(struct known *known, struct known *resource)
{
    size_t at = known->match_count;
    for (; at > 0 && id_compare(&known->matches[at - 1]->key.id, &resource->key.id) > 0; at--)
        known->matches[at] = known->matches[at - 1];
    known->matches[at] = resource;
}

void view_forget_matches(struct known **list, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        list[i]->crowded = true;
        list[i]->match_count = 0;
    }
}

void view_take_match(struct view *view, struct known_key key, struct known *resource)
{
    struct known *known = view_find(view, &key);
    must(known);
    if (!known->matches)
        known->matches = arena_array(&view->arena, struct known *, VIEW_MOST_MATCHES);
    if (!resource)
        known->match_count = VIEW_MOST_MATCHES;
    else if (known->match_count < VIEW_MOST_MATCHES)
        insert_match(known, resource);
    known->match_count++;
}
