#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "person.h"
#include "scim/document.h"
#include "skim.h"

static void test_skim_visits_members_with_their_raw_values(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value;
    } members[] = {
        {"a", "1"},    {"b\\\"c", "\"}\\\\\\\",{\""}, {"d", "[{\"x\":\"]\"},[]]"}, {"e", "{\"f\":{\"g\":null}}"},
        {"h", "true"},
    };
    struct slice rest = slice_str(
                     "{\"a\":1,\"b\\\"c\":\"}\\\\\\\",{\",\"d\":[{\"x\":\"]\"},[]],\"e\":{\"f\":{\"g\":null}},"
                     "\"h\":true}"),
                 name, value;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        assert_true(skim_member(&rest, &name, &value));
        assert_true(slice_equals(name, slice_str(members[i].name)));
        assert_true(slice_equals(value, slice_str(members[i].value)));
    }
    assert_false(skim_member(&rest, &name, &value));
}

/* Cut anywhere, it ends, and reads nothing behind the end. */
static void test_skim_ends_with_its_text(void **state)
{
    (void)state;
    static const char text[] = "{\"schemas\":[\"u\\\"rn\"],\"userName\":\"a\",\"urn:x\":{\"manager\":{\"value\":\"1\"";
    for (size_t cut = 0; cut < sizeof text; cut++) {
        char *copy = test_malloc(cut + 1);
        memcpy(copy, text, cut);
        struct slice rest = slice_of(copy, cut), name, value;
        for (int members = 0; skim_member(&rest, &name, &value); members++)
            assert_true(members < 3);
        test_free(copy);
    }
}

static bool profile_only;

static json_t *render(const char *document, uint16_t type, const struct view_refs *groups)
{
    json_t *parsed = json_loads(document, 0, NULL);
    assert_non_null(parsed);
    struct buf stored, out;
    buf_init(&stored, 65536);
    buf_init(&out, 65536);
    uint8_t open_braces = scim_document_store(parsed, &stored);
    struct view_resource row = {
        .type = type,
        .version = 3,
        .stored = {.text = buf_slice(&stored), .open_braces = open_braces},
        .display = SLICE_LITERAL("Ada \"L\""),
    };
    struct person person = {.row = &row, .groups = *groups};
    struct person_style style = {.base_url = SLICE_LITERAL("https://h/orgs/o/scim/v2"), .profile_only = profile_only};
    person_render(&person, &style, &out);
    json_error_t error;
    json_t *shown = json_loadb(out.data, out.len, JSON_REJECT_DUPLICATES, &error);
    if (!shown)
        fail_msg("%s: %.*s", error.text, (int)out.len, out.data);
    json_decref(parsed);
    buf_fini(&stored);
    buf_fini(&out);
    return shown;
}

static const char user[] = "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],"
                           "\"id\":\"00000000-0000-0000-0000-000000000000\",\"externalId\":\"x \\u00e9\","
                           "\"userName\":\"ada@example.com\",\"name\":{\"userName\":\"decoy\"},\"active\":false,"
                           "\"emails\":[{\"value\":\"ada@example.com\",\"type\":\"work\"}]}";

static void test_person_user_has_profile_and_whole_resource(void **state)
{
    (void)state;
    struct scim_group_ref group = {.type = SCIM_TYPE_GROUP, .display = SLICE_LITERAL("Staff")};
    json_t *shown = render(user, SCIM_TYPE_USER, &(struct view_refs){.list = &group, .count = 1});
    json_t *original = json_loads(user, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(shown, "userName")), "ada@example.com");
    assert_string_equal(json_string_value(json_object_get(shown, "displayName")), "Ada \"L\"");
    assert_string_equal(json_string_value(json_object_get(shown, "external_id")), "x \xc3\xa9");
    assert_true(json_is_false(json_object_get(shown, "active")));
    assert_true(json_equal(json_object_get(shown, "emails"), json_object_get(original, "emails")));
    json_t *first = json_array_get(json_object_get(shown, "groups"), 0);
    assert_string_equal(json_string_value(json_object_get(first, "displayName")), "Staff");
    json_t *scim = json_object_get(shown, "scim");
    assert_string_equal(json_string_value(json_object_get(scim, "userName")), "ada@example.com");
    assert_int_equal(json_array_size(json_object_get(scim, "groups")), 1);
    assert_string_equal(json_string_value(json_object_get(json_object_get(scim, "meta"), "location")),
                        "https://h/orgs/o/scim/v2/Users/00000000-0000-0000-0000-000000000000");
    json_decref(original);
    json_decref(shown);
}

static void test_person_user_with_a_manager_is_closed_properly(void **state)
{
    (void)state;
    struct view_refs none = {.count = 0};
    json_t *shown = render("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"userName\":\"a\","
                           "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":"
                           "{\"department\":\"d\",\"manager\":{\"value\":\"m\"}}}",
                           SCIM_TYPE_USER, &none);
    assert_string_equal(json_string_value(json_object_get(shown, "userName")), "a");
    assert_true(json_is_true(json_object_get(shown, "active")));
    assert_true(json_is_null(json_object_get(shown, "external_id")));
    assert_int_equal(json_array_size(json_object_get(shown, "emails")), 0);
    json_decref(shown);
}

static void test_person_group_shows_no_members(void **state)
{
    (void)state;
    struct view_refs none = {.count = 0};
    json_t *shown = render("{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:Group\"],\"displayName\":\"g\"}",
                           SCIM_TYPE_GROUP, &none);
    assert_null(json_object_get(shown, "userName"));
    assert_null(json_object_get(shown, "groups"));
    assert_null(json_object_get(json_object_get(shown, "scim"), "members"));
    json_decref(shown);
}

static void check(const json_t *shown, const char *name, const char *expected)
{
    char *text = json_dumps(json_object_get(shown, name), JSON_ENCODE_ANY | JSON_COMPACT | JSON_SORT_KEYS);
    assert_non_null(text);
    if (strcmp(text, expected) != 0)
        fail_msg("%s: %s instead of %s", name, text, expected);
    free(text);
}

static const char rich[] =
    "{\"schemas\":[],\"userName\":\"a\",\"name\":{\"givenName\":\"A\",\"familyName\":\"L\"},\"title\":\"T\","
    "\"nickName\":\"n\","
    "\"emails\":[{\"value\":\"1@x\",\"primary\":false},{\"type\":\"]\",\"primary\":true,\"value\":\"2@x\"}],"
    "\"shoeSize\":43,\"urn:acme:Badge\":{\"number\":[1,{\"a\":\"}\"}]},"
    "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"employeeNumber\":\"7\",\"department\":\"D\","
    "\"UID\":\"u1\",\"manager\":{\"value\":\"m\"}}}";

static void test_person_profile_is_normalised(void **state)
{
    (void)state;
    struct view_refs none = {.count = 0};
    json_t *shown = render(rich, SCIM_TYPE_USER, &none);
    check(shown, "name", "{\"familyName\":\"L\",\"givenName\":\"A\"}");
    check(shown, "title", "\"T\"");
    check(shown, "email", "\"2@x\"");
    check(shown, "employeeNumber", "\"7\"");
    check(shown, "department", "\"D\"");
    check(shown, "division", "null");
    check(shown, "manager", "{\"displayName\":null,\"id\":\"m\"}");
    check(shown, "custom",
          "{\"shoeSize\":43,\"urn:acme:Badge\":{\"number\":[1,{\"a\":\"}\"}]},"
          "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"UID\":\"u1\"}}");
    json_decref(shown);
}

static void test_person_email_is_the_first_one_where_none_is_primary(void **state)
{
    (void)state;
    static const struct {
        const char *emails, *email;
    } rows[] = {
        {"[]", "null"},
        {"[{\"type\":\"work\"}]", "null"},
        {"[{\"type\":\"work\"},{\"value\":\"1\"},{\"value\":\"2\"}]", "\"1\""},
        {"[{\"value\":\"1\"},{\"primary\":true},{\"value\":\"2\",\"primary\":true}]", "\"2\""},
    };
    struct view_refs none = {.count = 0};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        char document[256];
        snprintf(document, sizeof document, "{\"userName\":\"a\",\"emails\":%s}", rows[i].emails);
        json_t *shown = render(document, SCIM_TYPE_USER, &none);
        check(shown, "email", rows[i].email);
        check(shown, "custom", "{}");
        check(shown, "name", "null");
        check(shown, "manager", "null");
        json_decref(shown);
    }
}

static void test_person_is_shown_without_the_resource_on_demand(void **state)
{
    (void)state;
    struct view_refs none = {.count = 0};
    profile_only = true;
    json_t *shown = render(rich, SCIM_TYPE_USER, &none);
    profile_only = false;
    assert_null(json_object_get(shown, "scim"));
    check(shown, "userName", "\"a\"");
    json_decref(shown);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_skim_visits_members_with_their_raw_values),
        cmocka_unit_test(test_skim_ends_with_its_text),
        cmocka_unit_test(test_person_user_has_profile_and_whole_resource),
        cmocka_unit_test(test_person_user_with_a_manager_is_closed_properly),
        cmocka_unit_test(test_person_group_shows_no_members),
        cmocka_unit_test(test_person_profile_is_normalised),
        cmocka_unit_test(test_person_email_is_the_first_one_where_none_is_primary),
        cmocka_unit_test(test_person_is_shown_without_the_resource_on_demand),
    };
    return cmocka_run_group_tests_name("person", tests, NULL, NULL);
}
