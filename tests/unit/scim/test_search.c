/* The body of /.search: the same parameters as those of a URL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"
#include "scim/message.h"
#include "scim/query.h"

static struct arena arena;

static bool parse(const char *members, struct scim_query *query, struct err *err)
{
    char text[1024];
    snprintf(text, sizeof text, "{'schemas':['" SCIM_URN_SEARCH "']%s%s}", members[0] ? "," : "", members);
    json_scoped *body = fixture_json(text);
    *err = (struct err)ERR_INIT;
    return scim_search_parse(body, &arena, query, err);
}

static struct scim_query good(const char *members)
{
    struct scim_query query;
    struct err err;
    if (!parse(members, &query, &err))
        fail_msg("%s: %s", members, err.detail);
    return query;
}

static void refused(const char *members, const char *scim_type)
{
    struct scim_query query;
    struct err err;
    if (parse(members, &query, &err))
        fail_msg("accepted: %s", members);
    if (strcmp(err_scim_type(err.kind), scim_type) != 0)
        fail_msg("%s is %s", members, err_scim_type(err.kind));
}

static void assert_text(struct slice actual, const char *expected)
{
    if (!slice_equals(actual, slice_str(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", (int)actual.len, actual.data, expected);
}

static void test_R_05_every_parameter_is_a_member_of_the_body(void **state)
{
    (void)state;
    struct scim_query query =
        good("'filter':'title pr','sortBy':' name.familyName ','sortOrder':'descending','startIndex':3,'count':7");
    assert_true(query.has_filter && query.has_count && query.has_start_index && !query.has_cursor);
    assert_text(query.filter, "title pr");
    assert_text(query.sort_by, "name.familyName");
    assert_text(query.sort_order, "descending");
    assert_int_equal(query.start_index, 3);
    assert_int_equal(query.count, 7);
    query = good("'FILTER':'title pr','Count':-2");
    assert_true(query.has_filter && query.has_count);
    assert_int_equal(query.count, 0);
    query = good("'unknown':{'a':1},'filter':null,'count':null,'sortBy':null,'attributes':null,'cursor':null");
    assert_false(query.has_filter || query.has_count || query.has_cursor);
    assert_int_equal(query.start_index, 1);
}

static void test_R_06_attributes_are_a_list_or_one_text(void **state)
{
    (void)state;
    assert_text(good("'attributes':['userName','name.givenName']").attributes, "userName,name.givenName");
    assert_text(good("'attributes':'userName, name.givenName'").attributes, "userName, name.givenName");
    assert_text(good("'excludedAttributes':['members']").excluded, "members");
    assert_text(good("'attributes':[]").attributes, "");
    refused("'attributes':[1]", "invalidValue");
    refused("'excludedAttributes':{}", "invalidValue");
    refused("'attributes':7", "invalidValue");
}

static void test_CU_01_an_empty_cursor_asks_for_the_first_page(void **state)
{
    (void)state;
    struct scim_query query = good("'cursor':''");
    assert_true(query.has_cursor);
    assert_int_equal(query.cursor.len, 0);
    assert_text(good("'cursor':'abc'").cursor, "abc");
    refused("'cursor':'','startIndex':1", "invalidValue");
    refused("'cursor':5", "invalidValue");
    refused("'cursor':'','count':'x'", "invalidCount");
}

static void test_R_07_wrong_types_are_invalid_values(void **state)
{
    (void)state;
    static const char *const members[] = {"'count':'x'",      "'count':1.5",   "'count':true",
                                          "'startIndex':'1'", "'filter':[]",   "'filter':1",
                                          "'sortBy':['a']",   "'sortOrder':1", "'count':['1']"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        refused(members[i], "invalidValue");
    refused("'filter':'  '", "invalidFilter");
}

static void test_R_07_without_its_urn_it_is_no_search(void **state)
{
    (void)state;
    static const char *const bodies[] = {"{}",
                                         "{'schemas':[]}",
                                         "{'schemas':null}",
                                         "{'schemas':[1,{}]}",
                                         "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp']}",
                                         "{'schemas':{'a':'" SCIM_URN_SEARCH "'}}"};
    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        struct err err = ERR_INIT;
        struct scim_query query;
        json_scoped *body = fixture_json(bodies[i]);
        assert_false(scim_search_parse(body, &arena, &query, &err));
        assert_string_equal(err_scim_type(err.kind), "invalidSyntax");
    }
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
        cmocka_unit_test(test_R_05_every_parameter_is_a_member_of_the_body),
        cmocka_unit_test(test_R_06_attributes_are_a_list_or_one_text),
        cmocka_unit_test(test_CU_01_an_empty_cursor_asks_for_the_first_page),
        cmocka_unit_test(test_R_07_wrong_types_are_invalid_values),
        cmocka_unit_test(test_R_07_without_its_urn_it_is_no_search),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
