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

static const struct scim_resource_type *type_of(const json_t *row)
{
    return scim_type_by_name(json_slice(json_object_get(row, "type")));
}

static void same_name(const json_t *row, const char *what, const char *actual)
{
    const char *expected = text(row, what);
    if ((expected == NULL) != (actual == NULL) || (expected && strcmp(expected, actual) != 0))
        fail_msg("%s: %s is %s, not %s", text(row, "path"), what, actual, expected);
}

static void same_text(const json_t *row, const char *what, struct slice actual)
{
    if (!slice_equals(actual, slice_str(text(row, what))))
        fail_msg("%s: %s is \"%.*s\"", text(row, "path"), what, (int)actual.len, actual.data);
}

static void check_path(const json_t *row)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_path path;
    arena_init(&arena);
    if (!scim_path_parse(slice_str(text(row, "path")), type_of(row), &arena, ERR_INVALID_PATH, &path, &err))
        fail_msg("%s: %s", text(row, "path"), err.detail);
    same_name(row, "schema", path.schema ? path.schema->urn : NULL);
    same_name(row, "attribute", path.attribute ? path.attribute->name : NULL);
    same_name(row, "sub", path.sub ? path.sub->name : NULL);
    same_text(row, "urn", path.urn);
    if (!path.attribute)
        same_text(row, "name", path.name);
    if (!path.sub)
        same_text(row, "sub_name", path.sub_name);
    assert_int_equal(path.extension, path.schema && strstr(path.schema->urn, ":extension:"));
    arena_fini(&arena);
}

static void test_F_16_paths_resolve_to_attributes(void **state)
{
    (void)state;
    json_t *vectors = fixture_vectors("path.json"), *row;
    size_t i;
    json_array_foreach (json_object_get(vectors, "paths"), i, row)
        check_path(row);
    assert_true(i > 30);
    json_decref(vectors);
}

static void test_malformed_paths_are_refused_with_the_kind_that_was_asked_for(void **state)
{
    (void)state;
    static const enum err_kind kinds[] = {ERR_INVALID_PATH, ERR_INVALID_FILTER, ERR_INVALID_VALUE};
    json_t *vectors = fixture_vectors("path.json"), *row;
    struct arena arena;
    size_t i;
    arena_init(&arena);
    json_array_foreach (json_object_get(vectors, "bad_paths"), i, row) {
        struct err err = ERR_INIT;
        struct scim_path path;
        if (scim_path_parse(json_slice(row), &scim_user_type, &arena, kinds[i % 3], &path, &err))
            fail_msg("accepted: %s", json_string_value(row));
        assert_int_equal(err.kind, kinds[i % 3]);
    }
    assert_true(i > 20);
    arena_fini(&arena);
    json_decref(vectors);
}

static void test_an_error_repeats_a_long_path_up_to_a_character(void **state)
{
    (void)state;
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_path path;
    arena_init(&arena);
    const char *text = arena_printf(&arena, "%079d\u00e9", 0);
    assert_false(scim_path_parse(slice_str(text), &scim_user_type, &arena, ERR_INVALID_PATH, &path, &err));
    assert_non_null(strstr(err.detail, "000\" is no"));
    arena_fini(&arena);
}

static void check_value_path(const json_t *row)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_path path;
    struct scim_filter *filter;
    arena_init(&arena);
    if (!scim_value_path_parse(slice_str(text(row, "path")), &scim_user_type, &scim_policy_default, &arena, &path,
                               &filter, &err))
        fail_msg("%s: %s", text(row, "path"), err.detail);
    struct slice front = path.attribute ? slice_str(path.attribute->name) : path.name;
    same_text(row, "front", front);
    same_name(row, "sub", path.sub ? path.sub->name : NULL);
    if (!path.sub)
        same_text(row, "sub_name", path.sub_name);
    assert_int_equal(filter != NULL, json_is_true(json_object_get(row, "filter")));
    arena_fini(&arena);
}

static void test_P_07_value_paths_have_a_filter_and_a_sub_attribute(void **state)
{
    (void)state;
    json_t *vectors = fixture_vectors("path.json"), *row;
    size_t i;
    json_array_foreach (json_object_get(vectors, "value_paths"), i, row)
        check_value_path(row);
    assert_true(i > 8);
    json_decref(vectors);
}

static void test_P_08_a_bad_path_and_a_bad_filter_in_it_are_told_apart(void **state)
{
    (void)state;
    json_t *vectors = fixture_vectors("path.json"), *row;
    size_t i;
    json_array_foreach (json_object_get(vectors, "bad_value_paths"), i, row) {
        struct arena arena;
        struct err err = ERR_INIT;
        struct scim_path path;
        struct scim_filter *filter;
        arena_init(&arena);
        if (scim_value_path_parse(slice_str(text(row, "path")), &scim_user_type, &scim_policy_default, &arena, &path,
                                  &filter, &err))
            fail_msg("accepted: %s", text(row, "path"));
        if (strcmp(err_scim_type(err.kind), text(row, "error")) != 0)
            fail_msg("%s: %s", text(row, "path"), err.detail);
        arena_fini(&arena);
    }
    assert_true(i > 20);
    json_decref(vectors);
}

static void test_a_filter_of_a_value_path_looks_at_one_value(void **state)
{
    (void)state;
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_path path;
    struct scim_filter *filter;
    json_t *work = fixture_json("{'type':'Work','value':'a'}"), *home = fixture_json("{'value':'a'}");
    arena_init(&arena);
    assert_true(scim_value_path_parse(SLICE_LITERAL("emails[type eq \"work\" and value pr].value"), &scim_user_type,
                                      &scim_policy_default, &arena, &path, &filter, &err));
    assert_true(scim_filter_matches_value(filter, work));
    assert_false(scim_filter_matches_value(filter, home));
    arena_fini(&arena);
    json_decref(work);
    json_decref(home);
}

static bool collect(const json_t *value, void *context)
{
    json_array_append_new(context, json_deep_copy(value));
    return false;
}

static void assert_values(const char *path_text, const char *expected_text)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_path path;
    json_t *resource = fixture_json(
        "{'userName':'x','emails':[{'value':'a'},{'type':'b'},{'value':'c'}],'title':null,'Tags':['p','q'],"
        "'urn:X:y':{'Deep':[{'K':1},{'k':2}]},'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User':"
        "{'department':'d','UID':'u'}}");
    json_t *expected = fixture_json(expected_text), *values = json_array();
    arena_init(&arena);
    assert_true(scim_path_parse(slice_str(path_text), &scim_user_type, &arena, ERR_INVALID_PATH, &path, &err));
    assert_false(scim_path_visit(&path, resource, collect, values));
    if (!json_equal(values, expected))
        fail_msg("%s does not lead to %s", path_text, expected_text);
    json_decref(resource);
    json_decref(expected);
    json_decref(values);
    arena_fini(&arena);
}

static void test_a_path_leads_to_its_values(void **state)
{
    (void)state;
    assert_values("userName", "['x']");
    assert_values("emails.value", "['a','c']");
    assert_values("emails", "[{'value':'a'},{'type':'b'},{'value':'c'}]");
    assert_values("title", "[]");
    assert_values("tags", "['p','q']");
    assert_values("urn:x:Y:deep.k", "[1,2]");
    assert_values("department", "['d']");
    assert_values("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:uid", "['u']");
    assert_values("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", "[{'department':'d','UID':'u'}]");
    assert_values("urn:z:deep", "[]");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_F_16_paths_resolve_to_attributes),
        cmocka_unit_test(test_malformed_paths_are_refused_with_the_kind_that_was_asked_for),
        cmocka_unit_test(test_an_error_repeats_a_long_path_up_to_a_character),
        cmocka_unit_test(test_P_07_value_paths_have_a_filter_and_a_sub_attribute),
        cmocka_unit_test(test_P_08_a_bad_path_and_a_bad_filter_in_it_are_told_apart),
        cmocka_unit_test(test_a_filter_of_a_value_path_looks_at_one_value),
        cmocka_unit_test(test_a_path_leads_to_its_values),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
