#include "diff.h"

#include <stdio.h>
#include <string.h>

#include "base/must.h"
#include "scim/filter.h"
#include "scim/policy_bind.h"

enum { MOST_PATH = 1024 };

typedef void visit_fn(const char *path, const json_t *before, const json_t *after, void *context);

struct walk {
    visit_fn *visit;
    void *context;
};

/* Not the client's, and no news. */
static bool is_of_the_frame(const char *path)
{
    return strcmp(path, "schemas") == 0 || strcmp(path, "id") == 0 || strcmp(path, "meta") == 0;
}

static void compare(const struct walk *walk, const char *path, int depth, const json_t *before, const json_t *after);

/* The sub-attributes of a schema's URN, which stands at the top, follow a colon. */
static char separator_of(const char *path, int depth)
{
    return depth == 1 && strncmp(path, "urn:", 4) == 0 ? ':' : '.';
}

static void compare_member(const struct walk *walk, const char *path, int depth, const char *name, const json_t *before,
                           const json_t *after)
{
    char longer[MOST_PATH];
    int length = depth ? snprintf(longer, sizeof longer, "%s%c%s", path, separator_of(path, depth), name)
                       : snprintf(longer, sizeof longer, "%s", name);
    if (length > 0 && (size_t)length < sizeof longer && !is_of_the_frame(longer))
        compare(walk, longer, depth + 1, json_object_get(before, name), json_object_get(after, name));
}

static void compare_objects(const struct walk *walk, const char *path, int depth, const json_t *before,
                            const json_t *after)
{
    const char *name;
    json_t *value;
    json_object_foreach ((json_t *)(uintptr_t)before, name, value) {
        compare_member(walk, path, depth, name, before, after);
    }
    json_object_foreach ((json_t *)(uintptr_t)after, name, value) {
        if (!json_object_get(before, name))
            compare_member(walk, path, depth, name, before, after);
    }
}

static bool is_object_or_none(const json_t *value) { return !value || json_is_object(value); }

static void compare(const struct walk *walk, const char *path, int depth, const json_t *before, const json_t *after)
{
    if (before && after && json_equal(before, after))
        return;
    if ((before || after) && is_object_or_none(before) && is_object_or_none(after))
        compare_objects(walk, path, depth, before, after);
    else if (before || after)
        walk->visit(path, before, after, walk->context);
}

static void add_path(const char *path, const json_t *before, const json_t *after, void *context)
{
    (void)before;
    (void)after;
    json_array_append_new(context, json_string(path));
}

json_t *diff_paths(const json_t *before, const json_t *after)
{
    json_t *paths = json_array();
    struct walk walk = {add_path, paths};
    compare(&walk, "", 0, before, after);
    return paths;
}

struct differences {
    json_t *list;
    const struct scim_rules *rules;
    const struct scim_resource_type *type;
    struct arena *arena;
};

/* As a filter on it would be in a URL. false: it is no path that a filter may have. */
static bool find_out(const struct differences *differences, struct slice path, bool *sensitive_out)
{
    struct scim_filter *filter;
    struct err err = ERR_INIT;
    struct slice text = slice_str(arena_printf(differences->arena, "%.*s pr", (int)path.len, path.data));
    const struct scim_policy *policy = &differences->rules->policy;
    bool is_path = scim_filter_parse(text, differences->type, policy, differences->arena, &filter, &err);
    *sensitive_out = is_path ? scim_filter_is_sensitive(filter, policy) : err.kind == ERR_SENSITIVE;
    return is_path || *sensitive_out;
}

static size_t length_of_parent(struct slice path)
{
    size_t length = path.len;
    while (length > 0 && path.data[length - 1] != '.' && path.data[length - 1] != ':')
        length--;
    return length > 0 ? length - 1 : 0;
}

/* What lies deeper than paths go, or has a name that is none, is as sensitive as what it is in. */
static bool is_sensitive(const struct differences *differences, const char *path)
{
    bool sensitive = false;
    struct slice name = slice_str(path);
    if (differences->rules->policy.sensitive_attributes.count == 0 && !differences->type->has_hidden)
        return false;
    while (name.len > 0 && !find_out(differences, name, &sensitive))
        name.len = length_of_parent(name);
    return sensitive;
}

static json_t *copy_or_null(const json_t *value)
{
    return value ? json_incref((json_t *)(uintptr_t)value) : json_null();
}

static void add_difference(const char *path, const json_t *before, const json_t *after, void *context)
{
    struct differences *differences = context;
    bool sensitive = is_sensitive(differences, path);
    json_t *entry = json_pack("{s:s, s:o, s:o}", "path", path, "old", copy_or_null(sensitive ? NULL : before), "new",
                              copy_or_null(sensitive ? NULL : after));
    must(entry);
    if (sensitive)
        json_object_set_new(entry, "sensitive", json_true());
    json_array_append_new(differences->list, entry);
}

json_t *diff_documents(const json_t *before, const json_t *after, const struct scim_rules *rules,
                       const struct scim_resource_type *type, struct arena *arena)
{
    struct differences differences = {.list = json_array(), .rules = rules, .type = type, .arena = arena};
    struct walk walk = {add_difference, &differences};
    compare(&walk, "", 0, before, after);
    return differences.list;
}
