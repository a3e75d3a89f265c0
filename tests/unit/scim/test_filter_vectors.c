#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"

static const char *text(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static bool is_listed(const json_t *list, const char *name)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (strcmp(json_string_value(json_array_get(list, i)), name) == 0)
            return true;
    return false;
}

/* Resources of other types are no subject of a filter, except at the root. */
static bool is_of_type(const json_t *resource, const struct scim_resource_type *type)
{
    return !type || strcmp(text(json_object_get(resource, "meta"), "resourceType"), type->name) == 0;
}

static void check_case(const json_t *row, json_t *resources)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_filter *filter;
    const struct scim_resource_type *type = scim_type_by_name(json_slice(json_object_get(row, "type")));
    arena_init(&arena);
    struct slice written = json_slice(json_object_get(row, "filter"));
    if (!scim_filter_parse(written, type, &scim_policy_default, &arena, &filter, &err))
        fail_msg("%s (%s): %s", text(row, "filter"), text(row, "from"), err.detail);

    const char *name;
    json_t *resource;
    json_object_foreach (resources, name, resource) {
        bool expected = is_listed(json_object_get(row, "matches"), name);
        if (is_of_type(resource, type) && scim_filter_matches(filter, resource) != expected)
            fail_msg("%s (%s): %s %s", text(row, "filter"), text(row, "from"), expected ? "misses" : "matches", name);
    }
    arena_fini(&arena);
}

static void test_the_filters_of_the_standard_and_of_identity_providers_match(void **state)
{
    (void)state;
    json_t *vectors = fixture_vectors("filter.json"), *row;
    size_t i;
    json_array_foreach (json_object_get(vectors, "cases"), i, row)
        check_case(row, json_object_get(vectors, "resources"));
    assert_true(i > 40);
    json_decref(vectors);
}

static void check_refusal(const json_t *row, const struct scim_policy *policy)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_filter *filter;
    arena_init(&arena);
    struct slice written = json_slice(json_object_get(row, "filter"));
    if (scim_filter_parse(written, &scim_user_type, policy, &arena, &filter, &err))
        fail_msg("accepted: %s", text(row, "filter"));
    enum err_kind kind = json_is_true(json_object_get(row, "sensitive")) ? ERR_SENSITIVE : ERR_INVALID_FILTER;
    if (err.kind != kind || err.detail[0] == '\0')
        fail_msg("%s: kind %d, %s", text(row, "filter"), (int)err.kind, err.detail);
    arena_fini(&arena);
}

static void test_F_03_bad_filters_are_refused(void **state)
{
    (void)state;
    json_t *vectors = fixture_vectors("filter.json"), *row;
    size_t i;
    json_array_foreach (json_object_get(vectors, "bad"), i, row) {
        check_refusal(row, &scim_policy_strict);
        if (!json_is_true(json_object_get(row, "strict")))
            check_refusal(row, &scim_policy_default);
    }
    assert_true(i > 60);
    json_decref(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_filters_of_the_standard_and_of_identity_providers_match),
        cmocka_unit_test(test_F_03_bad_filters_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
