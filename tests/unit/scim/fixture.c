#include "fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

json_t *fixture_vectors(const char *name)
{
    char path[512];
    json_error_t why;
    snprintf(path, sizeof path, "%s/scim/%s", TEST_VECTORS_DIR, name);
    json_t *vectors = json_load_file(path, JSON_REJECT_DUPLICATES, &why);
    if (!vectors)
        fail_msg("%s, line %d: %s", path, why.line, why.text);
    return vectors;
}

static char *with_quotes(const char *text, struct arena *arena)
{
    char *copy = arena_copy(arena, slice_str(text));
    for (char *c = copy; *c; c++)
        if (*c == '\'')
            *c = '"';
    return copy;
}

json_t *fixture_json(const char *text)
{
    struct arena arena;
    json_error_t why;
    arena_init(&arena);
    json_t *value = json_loads(with_quotes(text, &arena), JSON_DECODE_ANY, &why);
    if (!value)
        fail_msg("%s: %s", text, why.text);
    arena_fini(&arena);
    return value;
}

struct scim_filter *fixture_parse(const char *filter, const struct scim_resource_type *type,
                                  const struct scim_policy *policy, struct arena *arena, struct err *err)
{
    struct scim_filter *parsed = NULL;
    struct slice text = slice_str(with_quotes(filter, arena));
    return scim_filter_parse(text, type, policy, arena, &parsed, err) ? parsed : NULL;
}

bool fixture_matches(const char *filter, const struct scim_resource_type *type, const json_t *resource)
{
    struct arena arena;
    struct err err = ERR_INIT;
    arena_init(&arena);
    struct scim_filter *parsed = fixture_parse(filter, type, &scim_policy_default, &arena, &err);
    if (!parsed)
        fail_msg("%s: %s", filter, err.detail);
    bool matches = scim_filter_matches(parsed, resource);
    arena_fini(&arena);
    return matches;
}

static bool matches_text(const char *filter, const struct scim_resource_type *type, const char *text)
{
    json_t *resource = fixture_json(text);
    bool matches = fixture_matches(filter, type, resource);
    json_decref(resource);
    return matches;
}

bool fixture_user_matches(const char *filter, const char *user) { return matches_text(filter, &scim_user_type, user); }

bool fixture_group_matches(const char *filter, const char *group)
{
    return matches_text(filter, &scim_group_type, group);
}

void fixture_refused(const char *filter, const struct scim_resource_type *type, const struct scim_policy *policy)
{
    struct arena arena;
    struct err err = ERR_INIT;
    arena_init(&arena);
    if (fixture_parse(filter, type, policy, &arena, &err))
        fail_msg("accepted: %s", filter);
    if (err.kind != ERR_INVALID_FILTER || err.detail[0] == '\0')
        fail_msg("%s: kind %d, \"%s\"", filter, (int)err.kind, err.detail);
    arena_fini(&arena);
}
