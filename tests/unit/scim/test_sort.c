/* From a resource to the key by which it is sorted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"
#include "scim/sort.h"

static struct arena arena;

static const struct scim_attribute made_up[] = {
    {.name = "size", .type = SCIM_INTEGER},
    {.name = "weight", .type = SCIM_DECIMAL},
    {.name = "tags", .type = SCIM_STRING, .multi_valued = true, .case_exact = true},
};
static const struct scim_schema thing_schema = {.urn = "urn:x:Thing", .attributes = made_up, .attribute_count = 3};
static const struct scim_resource_type thing_type = {
    .code = 1000, .name = "Thing", .endpoint = "/Things", .schema = &thing_schema};

static struct scim_sort sort_by(const char *by, const struct scim_resource_type *type)
{
    struct scim_sort sort;
    struct err err = ERR_INIT;
    bool descending;
    if (!scim_sort_parse(slice_str(by), SLICE_EMPTY, type, &scim_policy_default, &arena, &sort, &descending, &err))
        fail_msg("%s: %s", by, err.detail);
    assert_false(descending);
    return sort;
}

static struct scim_place place_of(const struct scim_sort *sort, const char *resource)
{
    struct scim_place place = {.kind = SCIM_PLACE_UNVALUED};
    json_scoped *json = fixture_json(resource);
    struct buf key;
    buf_init(&key, SCIM_SORT_KEY_BYTES * 8);
    if (scim_sort_key(sort, json, &key)) {
        place.kind = SCIM_PLACE_VALUED;
        place.key = arena_slice(&arena, buf_slice(&key));
    }
    assert_true(key.len == 0 || place.kind == SCIM_PLACE_VALUED);
    buf_fini(&key);
    return place;
}

/* Each resource in front of the next. */
static void assert_order(const char *by, const struct scim_resource_type *type, const char *const *resources)
{
    struct scim_sort sort = sort_by(by, type);
    for (size_t i = 0; resources[i + 1]; i++) {
        struct scim_place a = place_of(&sort, resources[i]), b = place_of(&sort, resources[i + 1]);
        if (scim_place_compare(&a, &b) >= 0 || scim_place_compare(&b, &a) <= 0)
            fail_msg("%s: %s is not in front of %s", by, resources[i], resources[i + 1]);
    }
}

static void assert_same(const char *by, const struct scim_resource_type *type, const char *one, const char *other)
{
    struct scim_sort sort = sort_by(by, type);
    struct scim_place a = place_of(&sort, one), b = place_of(&sort, other);
    assert_int_equal(scim_place_compare(&a, &b), 0);
}

#define ORDER(by, type, ...) assert_order(by, type, (const char *const[]){__VA_ARGS__, NULL})

static void test_S_02_texts_sort_by_their_case_exactness(void **state)
{
    (void)state;
    ORDER("title", &scim_user_type, "{'title':'a'}", "{'title':'B'}", "{'title':'bb'}", "{'title':'C'}",
          "{'title':'\u00e9'}", "{'title':'\uffe0'}", "{'title':'\U0001f600'}");
    assert_same("title", &scim_user_type, "{'title':'ABC'}", "{'title':'abc'}");
    ORDER("externalId", &scim_user_type, "{'externalId':'B'}", "{'externalId':'a'}", "{'externalId':'b'}");
    ORDER("tags", &thing_type, "{'tags':['B']}", "{'tags':['a','A']}");
}

static void test_S_02_numbers_sort_as_numbers(void **state)
{
    (void)state;
    ORDER("size", &thing_type, "{'size':-9223372036854775808}", "{'size':-10}", "{'size':-9}", "{'size':0}",
          "{'size':2}", "{'size':10}", "{'size':9223372036854775807}");
    ORDER("weight", &thing_type, "{'weight':-1e300}", "{'weight':-2}", "{'weight':-1.5}", "{'weight':0}",
          "{'weight':1e-300}", "{'weight':1}", "{'weight':1.5}", "{'weight':2}", "{'weight':10}",
          "{'weight':9007199254740992}", "{'weight':9007199254740993}", "{'weight':9007199254740994}",
          "{'weight':9223372036854775806}", "{'weight':9223372036854775807}", "{'weight':1e19}");
    assert_same("weight", &thing_type, "{'weight':5}", "{'weight':5.0}");
    assert_same("weight", &thing_type, "{'weight':0}", "{'weight':-0.0}");
}

static void test_S_02_dates_sort_as_instants_and_false_before_true(void **state)
{
    (void)state;
    ORDER("meta.created", &scim_user_type, "{'meta':{'created':'0001-01-01T00:00:00Z'}}",
          "{'meta':{'created':'1969-12-31T23:59:59.5Z'}}", "{'meta':{'created':'2026-01-01T01:00:00+02:00'}}",
          "{'meta':{'created':'2026-01-01T00:00:00Z'}}", "{'meta':{'created':'2026-01-01T00:00:00.000000001Z'}}");
    assert_same("meta.created", &scim_user_type, "{'meta':{'created':'2026-01-01T02:00:00+02:00'}}",
                "{'meta':{'created':'2026-01-01T00:00:00.000Z'}}");
    ORDER("active", &scim_user_type, "{'active':false}", "{'active':true}", "{}");
}

static void test_S_03_those_without_a_value_stand_behind_all_others(void **state)
{
    (void)state;
    ORDER("name.familyName", &scim_user_type, "{'name':{'familyName':'zz'}}", "{'name':{'givenName':'a'}}");
    assert_same("name.familyName", &scim_user_type, "{}", "{'name':{'familyName':''}}");
    assert_same("active", &scim_user_type, "{}", "{'active':'true'}");
    assert_same("emails", &scim_user_type, "{}", "{'emails':[]}");
}

static void test_S_04_S_06_of_several_values_the_primary_or_else_the_first(void **state)
{
    (void)state;
    const char *emails = "{'emails':[{'value':'b','type':'x'},{'value':'a','type':'y'}]}";
    const char *primary = "{'emails':[{'value':'z'},{'value':'c','primary':true},{'value':'a'}]}";
    ORDER("emails.value", &scim_user_type, "{'emails':[{'value':'AA'}]}", emails, primary);
    ORDER("emails", &scim_user_type, "{'emails':[{'value':'AA'}]}", emails, primary);
    ORDER("emails.type", &scim_user_type, "{'emails':[{'type':'a'}]}", emails, primary);
}

static void test_keys_are_cut_where_the_side_index_cuts_them(void **state)
{
    (void)state;
    char long_name[900], user[2048];
    memset(long_name, 'x', sizeof long_name - 1);
    long_name[sizeof long_name - 1] = '\0';
    snprintf(user, sizeof user, "{'userName':'%s','title':'%s'}", long_name, long_name);
    struct scim_sort title = sort_by("title", &scim_user_type), name = sort_by("userName", &scim_user_type);
    assert_int_equal(place_of(&title, user).key.len, SCIM_KEY_BYTES);
    assert_int_equal(place_of(&name, user).key.len, SCIM_UNIQUE_KEY_BYTES);
}

static void test_the_way_is_chosen_by_what_is_indexed(void **state)
{
    (void)state;
    static const struct {
        const char *by;
        enum scim_sort_way way;
        uint16_t code;
    } ways[] = {
        {"id", SCIM_SORT_ID, 0},
        {"ID", SCIM_SORT_ID, 0},
        {"userName", SCIM_SORT_UNIQUE, SCIM_INDEX_USER_NAME},
        {SCIM_URN_USER ":userName", SCIM_SORT_UNIQUE, SCIM_INDEX_USER_NAME},
        {"externalId", SCIM_SORT_EXTERNAL, 0},
        {"name.familyName", SCIM_SORT_ATTRIBUTE, SCIM_INDEX_FAMILY_NAME},
        {"displayName", SCIM_SORT_ATTRIBUTE, SCIM_INDEX_DISPLAY_NAME},
        {"employeeNumber", SCIM_SORT_ATTRIBUTE, SCIM_INDEX_EMPLOYEE_NUMBER},
        {SCIM_URN_ENTERPRISE ":employeeNumber", SCIM_SORT_ATTRIBUTE, SCIM_INDEX_EMPLOYEE_NUMBER},
        {"emails.value", SCIM_SORT_KEYS, SCIM_INDEX_EMAIL},
        {"emails", SCIM_SORT_KEYS, SCIM_INDEX_EMAIL},
        {"title", SCIM_SORT_KEYS, 0},
        {"meta.lastModified", SCIM_SORT_KEYS, 0},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        struct scim_sort sort = sort_by(ways[i].by, &scim_user_type);
        assert_int_equal(sort.way, ways[i].way);
        assert_int_equal(sort.code, ways[i].code);
    }
    struct scim_policy by_email = scim_policy_default;
    struct scim_sort sort;
    by_email.unique_identifier = SCIM_IDENTIFIER_EMAIL;
    scim_sort_of_type(slice_str("userName"), &scim_user_type, &by_email, &arena, &sort);
    assert_int_equal(sort.way, SCIM_SORT_ATTRIBUTE);
}

static void refused(const char *by, const char *order, const struct scim_resource_type *type)
{
    struct scim_sort sort;
    struct err err = ERR_INIT;
    bool descending;
    if (scim_sort_parse(slice_str(by), slice_str(order), type, &scim_policy_default, &arena, &sort, &descending, &err))
        fail_msg("accepted: sortBy=%s sortOrder=%s", by, order);
    assert_string_equal(err_scim_type(err.kind), "invalidValue");
}

static void test_S_05_what_has_no_order_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"shoeSize",
                                        "name",
                                        "name.shoeSize",
                                        "addresses",
                                        "x509Certificates",
                                        "x509Certificates.value",
                                        "password",
                                        "userName.x",
                                        "a b",
                                        "meta",
                                        SCIM_URN_ENTERPRISE,
                                        SCIM_URN_ENTERPRISE ":manager",
                                        "members",
                                        ".",
                                        ""};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
        refused(wrong[i], "", &scim_user_type);
    refused("userName", "up", &scim_user_type);
    refused("userName", "descendin", &scim_user_type);
    refused("shoeSize", "", &scim_root_type);
}

static void test_S_06_the_order_is_read_in_any_case(void **state)
{
    (void)state;
    struct scim_sort sort;
    struct err err = ERR_INIT;
    bool descending;
    assert_true(scim_sort_parse(slice_str("userName"), slice_str("Descending"), &scim_user_type, &scim_policy_default,
                                &arena, &sort, &descending, &err));
    assert_true(descending);
    assert_true(scim_sort_parse(slice_str("userName"), slice_str("ASCENDING"), &scim_user_type, &scim_policy_default,
                                &arena, &sort, &descending, &err));
    assert_false(descending);
}

static void test_S_05_at_the_root_a_type_without_the_attribute_has_no_values(void **state)
{
    (void)state;
    struct scim_sort sort = sort_by("userName", &scim_root_type);
    scim_sort_of_type(slice_str("userName"), &scim_user_type, &scim_policy_default, &arena, &sort);
    assert_int_equal(sort.way, SCIM_SORT_UNIQUE);
    scim_sort_of_type(slice_str("userName"), &scim_group_type, &scim_policy_default, &arena, &sort);
    assert_int_equal(sort.way, SCIM_SORT_ABSENT);
    assert_int_equal(place_of(&sort, "{'userName':'a'}").kind, SCIM_PLACE_UNVALUED);
    scim_sort_of_type(slice_str("displayName"), &scim_group_type, &scim_policy_default, &arena, &sort);
    assert_int_equal(sort.way, SCIM_SORT_ATTRIBUTE);
}

static void test_S_05_places_with_one_key_go_by_id(void **state)
{
    (void)state;
    struct scim_place a = {.kind = SCIM_PLACE_VALUED, .key = SLICE_LITERAL("k")}, b = a;
    b.id.id.bytes[15] = 1;
    assert_true(scim_place_compare(&a, &b) < 0);
    b.key = SLICE_LITERAL("j");
    assert_true(scim_place_compare(&a, &b) > 0);
    b.key = SLICE_LITERAL("kk");
    assert_true(scim_place_compare(&a, &b) < 0);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_S_02_texts_sort_by_their_case_exactness),
        cmocka_unit_test(test_S_02_numbers_sort_as_numbers),
        cmocka_unit_test(test_S_02_dates_sort_as_instants_and_false_before_true),
        cmocka_unit_test(test_S_03_those_without_a_value_stand_behind_all_others),
        cmocka_unit_test(test_S_04_S_06_of_several_values_the_primary_or_else_the_first),
        cmocka_unit_test(test_keys_are_cut_where_the_side_index_cuts_them),
        cmocka_unit_test(test_the_way_is_chosen_by_what_is_indexed),
        cmocka_unit_test(test_S_05_what_has_no_order_is_refused),
        cmocka_unit_test(test_S_06_the_order_is_read_in_any_case),
        cmocka_unit_test(test_S_05_at_the_root_a_type_without_the_attribute_has_no_values),
        cmocka_unit_test(test_S_05_places_with_one_key_go_by_id),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
