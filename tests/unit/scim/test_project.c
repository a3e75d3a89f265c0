#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"
#include "scim/project.h"

static const char *text(const json_t *row, const char *name) { return json_string_value(json_object_get(row, name)); }

static void check_case(const json_t *row, const json_t *resource)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_projection *projection;
    json_t *copy = json_deep_copy(resource);
    arena_init(&arena);
    if (!scim_projection_parse(slice_str(text(row, "attributes")), slice_str(text(row, "excludedAttributes")),
                               &scim_user_type, &arena, &projection, &err))
        fail_msg("%s|%s: %s", text(row, "attributes"), text(row, "excludedAttributes"), err.detail);
    bool shows = scim_projection_shows(projection, SLICE_LITERAL("groups"));
    bool plain = scim_projection_is_plain(projection);
    if (shows != json_is_true(json_object_get(row, "groups")) || plain != json_is_true(json_object_get(row, "plain")))
        fail_msg("%s|%s: shows %d, plain %d", text(row, "attributes"), text(row, "excludedAttributes"), shows, plain);

    scim_projection_apply(projection, &scim_user_type, copy);
    if (!json_equal(copy, json_object_get(row, "expect"))) {
        char *dump = json_dumps(copy, 0);
        print_message("%s\n", dump);
        free(dump);
        fail_msg("%s|%s (%s)", text(row, "attributes"), text(row, "excludedAttributes"), text(row, "item"));
    }
    json_decref(copy);
    arena_fini(&arena);
}

static void test_Q_01_to_Q_07_what_is_named_shows_or_hides(void **state)
{
    (void)state;
    json_t *vectors = fixture_vectors("project.json"), *row;
    size_t i;
    json_array_foreach (json_object_get(vectors, "cases"), i, row)
        check_case(row, json_object_get(vectors, "resource"));
    assert_true(i > 40);
    json_decref(vectors);
}

static void test_Q_02_both_parameters_are_too_many(void **state)
{
    (void)state;
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_projection *projection;
    arena_init(&arena);
    assert_false(
        scim_projection_parse(SLICE_LITERAL("a"), SLICE_LITERAL("b"), &scim_user_type, &arena, &projection, &err));
    assert_int_equal(err.kind, ERR_INVALID_VALUE);
    arena_fini(&arena);
}

static void assert_group(const char *attributes, const char *excluded, bool shows, bool plain)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_projection *projection;
    arena_init(&arena);
    assert_true(
        scim_projection_parse(slice_str(attributes), slice_str(excluded), &scim_group_type, &arena, &projection, &err));
    assert_int_equal(scim_projection_shows(projection, SLICE_LITERAL("members")), shows);
    assert_int_equal(scim_projection_is_plain(projection), plain);
    arena_fini(&arena);
}

static void test_A_40_hiding_members_alone_needs_no_parse(void **state)
{
    (void)state;
    assert_group("", "members", false, true);
    assert_group("", "urn:ietf:params:scim:schemas:core:2.0:Group:members", false, true);
    assert_group("", "members.display", true, false);
    assert_group("", "members,externalId", false, false);
    assert_group("", "urn:x:y:members", true, false);
    assert_group("", "", true, true);
    assert_group("displayName", "", false, false);
    assert_group("members.value", "", true, false);
}

/* A type with attributes of every kind of `returned`. */
static const struct scim_attribute parts[] = {
    {.name = "kept", .returned = SCIM_RETURNED_ALWAYS},
    {.name = "plain"},
    {.name = "asked", .returned = SCIM_RETURNED_REQUEST},
    {.name = "secret", .returned = SCIM_RETURNED_NEVER},
};
static const struct scim_attribute attributes[] = {
    {.name = "always", .returned = SCIM_RETURNED_ALWAYS},
    {.name = "default"},
    {.name = "request", .returned = SCIM_RETURNED_REQUEST},
    {.name = "never", .returned = SCIM_RETURNED_NEVER},
    {.name = "whole", .type = SCIM_COMPLEX, .multi_valued = true, .sub_attributes = parts, .sub_attribute_count = 4},
};
static const struct scim_schema schema = {.urn = "urn:t", .attributes = attributes, .attribute_count = 5};
static const struct scim_resource_type type = {.code = 9, .name = "T", .endpoint = "/Ts", .schema = &schema};

static void assert_projected(const char *named, const char *excluded, const char *expected_text)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_projection *projection;
    json_t *resource = fixture_json("{'schemas':['urn:t'],'id':'1','always':1,'default':2,'request':3,'never':4,"
                                    "'whole':[{'kept':1,'plain':2,'asked':3,'secret':4}]}");
    json_t *expected = fixture_json(expected_text);
    arena_init(&arena);
    assert_true(scim_projection_parse(slice_str(named), slice_str(excluded), &type, &arena, &projection, &err));
    scim_projection_apply(projection, &type, resource);
    if (!json_equal(resource, expected))
        fail_msg("%s|%s: not %s", named, excluded, expected_text);
    arena_fini(&arena);
    json_decref(resource);
    json_decref(expected);
}

static void test_A_27_every_kind_of_returned(void **state)
{
    (void)state;
#define ALWAYS "'schemas':['urn:t'],'id':'1','always':1"
    assert_projected("", "", "{" ALWAYS ",'default':2,'whole':[{'kept':1,'plain':2}]}");
    assert_projected("request", "", "{" ALWAYS ",'request':3}");
    assert_projected("never,default", "", "{" ALWAYS ",'default':2}");
    assert_projected("whole", "", "{" ALWAYS ",'whole':[{'kept':1,'plain':2}]}");
    assert_projected("whole.asked", "", "{" ALWAYS ",'whole':[{'kept':1,'asked':3}]}");
    assert_projected("whole.secret", "", "{" ALWAYS ",'whole':[{'kept':1}]}");
    assert_projected("", "always,default,whole.kept,whole.plain", "{" ALWAYS ",'whole':[{'kept':1}]}");
    assert_projected("", "urn:t", "{" ALWAYS "}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_Q_01_to_Q_07_what_is_named_shows_or_hides),
        cmocka_unit_test(test_Q_02_both_parameters_are_too_many),
        cmocka_unit_test(test_A_40_hiding_members_alone_needs_no_parse),
        cmocka_unit_test(test_A_27_every_kind_of_returned),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
