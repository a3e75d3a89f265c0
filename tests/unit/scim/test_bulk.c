#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"
#include "scim/bulk.h"

#define REQUEST "'schemas':['" SCIM_URN_BULK_REQUEST "']"

enum { MOST = 40, MOST_JOINED = 64 };

static struct arena arena;
static json_t *message;
static struct scim_bulk bulk;
static const struct scim_bulk_step *steps;
static size_t step_count;

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(message);
    message = NULL;
    arena_fini(&arena);
    return 0;
}

static bool parse(const char *text, struct err *err)
{
    json_decref(message);
    message = fixture_json(text);
    return scim_bulk_parse(message, MOST, &arena, &bulk, err);
}

static void plan(const char *text)
{
    struct err err = ERR_INIT;
    if (!parse(text, &err))
        fail_msg("%s", err.detail);
    scim_bulk_plan(&bulk, MOST_JOINED, &arena, &steps, &step_count);
}

/* Operations alone, in brackets. */
static void plan_operations(const char *operations)
{
    plan(arena_printf(&arena, "{" REQUEST ",'Operations':%s}", operations));
}

static void refused(const char *text, enum err_kind kind, const char *names)
{
    struct err err = ERR_INIT;
    if (parse(text, &err))
        fail_msg("accepted: %s", text);
    assert_int_equal(err.kind, kind);
    assert_non_null(strstr(err.detail, names));
}

static void test_B_14_whole_requests_are_refused_by_their_shape(void **state)
{
    (void)state;
    refused("{'Operations':[]}", ERR_INVALID_SYNTAX, "schemas");
    refused("{'schemas':['urn:x'],'Operations':[]}", ERR_INVALID_SYNTAX, "schemas");
    refused("{" REQUEST "}", ERR_INVALID_SYNTAX, "Operations");
    refused("{" REQUEST ",'Operations':{}}", ERR_INVALID_SYNTAX, "Operations");
    refused("{" REQUEST ",'failOnErrors':0,'Operations':[]}", ERR_INVALID_VALUE, "failOnErrors");
    refused("{" REQUEST ",'failOnErrors':-1,'Operations':[]}", ERR_INVALID_VALUE, "failOnErrors");
    refused("{" REQUEST ",'failOnErrors':'1','Operations':[]}", ERR_INVALID_VALUE, "failOnErrors");
    refused("{" REQUEST ",'failOnErrors':1.5,'Operations':[]}", ERR_INVALID_VALUE, "failOnErrors");
    refused("{" REQUEST ",'Operations':[{'method':'POST','path':'/Users','bulkId':'a','data':{}},"
            "{'method':'POST','path':'/Groups','bulkId':'a','data':{}}]}",
            ERR_INVALID_SYNTAX, "bulkId \"a\"");
    char *many = arena_printf(&arena, "{" REQUEST ",'Operations':[");
    for (size_t i = 0; i <= MOST; i++)
        many = arena_printf(&arena, "%s%s{}", many, i ? "," : "");
    refused(arena_printf(&arena, "%s]}", many), ERR_TOO_LARGE, "41 operations: more than maxOperations, which is 40");
}

static void test_names_of_members_may_be_in_any_case_and_null_is_absent(void **state)
{
    (void)state;
    plan("{'SCHEMAS':['URN:ietf:params:scim:api:messages:2.0:bulkrequest'],'FailOnErrors':null,'operations':["
         "{'METHOD':'post','Path':'Users','BulkID':'a','DATA':{},'version':null}]}");
    assert_int_equal(step_count, 1);
    assert_int_equal(bulk.fail_on_errors, 0);
    assert_true(slice_equals(bulk.operations[0].method_text, SLICE_LITERAL("POST")));
    assert_true(slice_equals(bulk.operations[0].path, SLICE_LITERAL("/Users")));
}

static void test_B_02_B_03_B_16_what_is_wrong_with_one_operation_is_its_own(void **state)
{
    (void)state;
    static const struct {
        const char *operation, *names;
    } cases[] = {
        {"7", "object"},
        {"{}", "method"},
        {"{'method':'GET','path':'/Users'}", "method"},
        {"{'method':7,'path':'/Users'}", "method"},
        {"{'method':'POST','bulkId':'b','data':{}}", "path"},
        {"{'method':'POST','path':7,'bulkId':'b','data':{}}", "path"},
        {"{'method':'POST','path':'/Users','data':{}}", "bulkId"},
        {"{'method':'POST','path':'/Users','bulkId':'','data':{}}", "bulkId"},
        {"{'method':'POST','path':'/Users','bulkId':7,'data':{}}", "bulkId"},
        {"{'method':'POST','path':'/Users','bulkId':'b'}", "data"},
        {"{'method':'PUT','path':'/Users/1'}", "data"},
        {"{'method':'PATCH','path':'/Users/1','data':[{'op':'remove','path':'title'}]}", "data"},
        {"{'method':'PUT','path':'/Users/1','version':7,'data':{}}", "version"},
        {"{'method':'DELETE','path':'/Users/1','bulkId':[]}", "bulkId"},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        plan_operations(arena_printf(&arena, "[%s,{'method':'DELETE','path':'/Users/1'}]", cases[i].operation));
        assert_int_equal(step_count, 2);
        assert_null(bulk.operations[1].err);
        if (!bulk.operations[0].err)
            fail_msg("accepted: %s", cases[i].operation);
        assert_int_equal(bulk.operations[0].err->kind, ERR_INVALID_SYNTAX);
        assert_non_null(strstr(bulk.operations[0].err->detail, cases[i].names));
    }
    plan_operations("[{'method':'GET','path':'/Users/1','bulkId':7}]"); /* what there is, is shown */
    assert_true(slice_equals(bulk.operations[0].method_text, SLICE_LITERAL("GET")));
    plan_operations("[{'method':'PUT','path':'/Users/1','bulkId':7,'data':{}}]");
    assert_true(slice_equals(bulk.operations[0].path, SLICE_LITERAL("/Users/1")));
    assert_non_null(strstr(bulk.operations[0].err->detail, "bulkId"));
}

/* --- references --- */

static struct resource_id ids[MOST];

static const char *uuid(size_t i)
{
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(&ids[i].id, text);
    return arena_copy(&arena, slice_str(text));
}

static void choose_ids(void)
{
    for (size_t i = 0; i < MOST; i++)
        ids[i].id = (struct id){{(uint8_t)i, 1, 2, 3, 4, 5, 0x70, 7, 0x80, 9, 10, 11, 12, 13, 14, (uint8_t)i}};
}

static void assert_resolved(size_t operation, const char *expected)
{
    json_t *wanted = fixture_json(expected);
    scim_bulk_resolve(&bulk, operation, ids, bulk.operations[operation].data);
    if (!json_equal(bulk.operations[operation].data, wanted))
        fail_msg("%s, not %s", json_dumps(bulk.operations[operation].data, 0), expected);
    json_decref(wanted);
}

#define MAKE(id) "{'method':'POST','path':'/Users','bulkId':'" id "','data':{}}"

static void test_B_09_references_are_replaced_wherever_they_stand(void **state)
{
    (void)state;
    choose_ids();
    plan_operations("[" MAKE("a") "," MAKE(
        "b/c") ",{'method':'POST','path':'/Groups','bulkId':'g','data':{"
               "'members':[{'value':'bulkId:a','$ref':'../Users/bulkId:a'},{'value':'x','$ref':'bulkId:b/c'}],"
               "'urn:x':{'deep':[[{'er':['bulkId:b/c','keep bulkId:a']}]],'self':'bulkId:g'},"
               "'title':'/Users/bulkId:a','note':'bulkId:','bulkId:a':1}}]");
    assert_int_equal(step_count, 3);
    assert_int_equal(bulk.operations[2].ref_count, 2);
    assert_resolved(2, arena_printf(&arena,
                                    "{'members':[{'value':'%s','$ref':'../Users/%s'},{'value':'x','$ref':'%s'}],"
                                    "'urn:x':{'deep':[[{'er':['%s','keep bulkId:a']}]],'self':'%s'},"
                                    "'title':'/Users/bulkId:a','note':'bulkId:','bulkId:a':1}",
                                    uuid(0), uuid(0), uuid(1), uuid(1), uuid(2)));
}

static void test_B_10_references_are_replaced_in_paths_and_filters(void **state)
{
    (void)state;
    choose_ids();
    plan_operations("[" MAKE("a") "," MAKE(
        "q") ",{'method':'PATCH','path':'/Groups/bulkId:q','data':{'Operations':["
             "{'op':'remove','path':'members[value eq \\\"bulkId:a\\\" or value eq \\\"bulkId:q\\\"]'},"
             "{'op':'remove','path':'x[y eq \\\"other\\\"]'},"
             "{'op':'add','path':'members','value':[{'value':'bulkId:a'}]}]}}]");
    assert_int_equal(bulk.operations[2].ref_count, 2);
    struct slice path = scim_bulk_path(&bulk, 2, ids, &arena);
    assert_true(slice_equals(path, slice_str(arena_printf(&arena, "/Groups/%s", uuid(1)))));
    assert_resolved(2, arena_printf(&arena,
                                    "{'Operations':["
                                    "{'op':'remove','path':'members[value eq \\\"%s\\\" or value eq \\\"%s\\\"]'},"
                                    "{'op':'remove','path':'x[y eq \\\"other\\\"]'},"
                                    "{'op':'add','path':'members','value':[{'value':'%s'}]}]}",
                                    uuid(0), uuid(1), uuid(0)));
}

static void test_B_12_a_reference_to_nobody_is_that_operations_error(void **state)
{
    (void)state;
    plan_operations("[" MAKE("a") ",{'method':'PUT','path':'/Users/1','bulkId':'p','data':{'x':'bulkId:nobody'}},"
                                  "{'method':'PUT','path':'/Users/1','data':{'x':'bulkId:p'}},"
                                  "{'method':'DELETE','path':'/Users/bulkId:ghost'}]");
    assert_int_equal(step_count, 4);
    for (size_t i = 1; i < 4; i++) {
        assert_non_null(bulk.operations[i].err);
        assert_int_equal(bulk.operations[i].err->kind, ERR_INVALID_VALUE);
    }
    assert_non_null(strstr(bulk.operations[1].err->detail, "\"nobody\""));
    assert_non_null(strstr(bulk.operations[3].err->detail, "\"ghost\""));
}

/* --- order --- */

static const char *order(void)
{
    const char *text = "";
    for (size_t i = 0; i < step_count; i++)
        text = arena_printf(&arena, "%s%s%s%zu", text,
                            i == 0            ? ""
                            : steps[i].joined ? "+"
                                              : " ",
                            steps[i].links ? "L" : "", steps[i].operation);
    return text;
}

#define TEAM(id, members) "{'method':'POST','path':'/Groups','bulkId':'" id "','data':{'members':[" members "]}}"
#define REF(id)           "{'value':'bulkId:" id "'}"

static void test_B_13_the_order_of_the_request_is_kept(void **state)
{
    (void)state;
    plan_operations(
        "[" MAKE("a") ",{'method':'DELETE','path':'/Users/bulkId:a'}," MAKE("b") "," TEAM("t", REF("b")) "]");
    assert_string_equal(order(), "0 1 2 3");
}

static void test_B_11_what_is_referred_to_comes_first(void **state)
{
    (void)state;
    plan_operations("[" MAKE("x") "," TEAM("t", REF("u")) "," MAKE("y") "," TEAM("u", REF("a")) "," MAKE("a") "]");
    assert_string_equal(order(), "0 4 3 1 2");
}

static void test_B_11_circles_are_made_without_a_link_and_linked_afterwards(void **state)
{
    (void)state;
    plan_operations(
        "[" MAKE("x") "," TEAM("a", REF("b")) "," TEAM("b", REF("a") "," REF("x")) "," TEAM("s", REF("s")) "]");
    assert_string_equal(order(), "0 2+1+L2 3");
    json_t *first = scim_bulk_data_without(&bulk, &steps[1]), *wanted = fixture_json("{'members':[" REF("x") "]}");
    assert_true(json_equal(first, wanted));
    json_decref(first);
    json_decref(wanted);
}

static void test_B_11_whole_values_are_left_out(void **state)
{
    (void)state;
    plan_operations("[{'method':'POST','path':'/Users','bulkId':'a','data':{'userName':'a','urn:e':{'n':'1',"
                    "'manager':{'value':'bulkId:b','displayName':'B'},'peers':['bulkId:b']}}},"
                    "{'method':'POST','path':'/Users','bulkId':'b','data':{'userName':'b','boss':'bulkId:a',"
                    "'urn:e':{'manager':{'$ref':'../Users/bulkId:a'}},"
                    "'list':[{'value':'bulkId:a','type':'t'},{'value':'v'},'bulkId:a','w']}}]");
    assert_string_equal(order(), "1+0+L1");
    json_t *first = scim_bulk_data_without(&bulk, &steps[0]),
           *wanted = fixture_json("{'userName':'b','urn:e':{},'list':[{'value':'v'},'w']}");
    if (!json_equal(first, wanted))
        fail_msg("%s", json_dumps(first, 0));
    json_decref(first);
    json_decref(wanted);
}

static void test_B_11_a_circle_that_is_too_large_is_given_up(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_true(parse("{" REQUEST ",'Operations':[" TEAM("a", REF("b")) "," TEAM("b", REF("c")) "," TEAM(
                          "c", REF("a")) "," MAKE("x") "]}",
                      &err));
    scim_bulk_plan(&bulk, 3, &arena, &steps, &step_count); /* three, and one link */
    assert_string_equal(order(), "2 1 0 3");
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(bulk.operations[i].err->kind, ERR_CONFLICT);
    assert_true(parse(
        "{" REQUEST ",'Operations':[" TEAM("a", REF("b")) "," TEAM("b", REF("c")) "," TEAM("c", REF("a")) "]}", &err));
    scim_bulk_plan(&bulk, 4, &arena, &steps, &step_count);
    assert_string_equal(order(), "2+1+0+L2");
}

static void test_who_refers_to_a_broken_operation_is_still_planned(void **state)
{
    (void)state;
    plan_operations("[" TEAM("t", REF("a")) ",{'method':'POST','path':'/Users','bulkId':'a'}]");
    assert_string_equal(order(), "1 0"); /* and fails when its turn comes, because what it needs has failed */
    assert_int_equal(bulk.operations[0].ref_count, 1);
}

/* --- any graph --- */

static unsigned seed = 1;

static unsigned below(unsigned most)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 12) % most;
}

static const char *random_operations(size_t count, unsigned density)
{
    const char *text = "";
    for (size_t i = 0; i < count; i++) {
        const char *members = "";
        for (size_t k = below(density); k > 0; k--)
            members =
                arena_printf(&arena, "%s%s{'value':'bulkId:%u'}", members, *members ? "," : "", below((unsigned)count));
        text = arena_printf(&arena, "%s%s{'method':'POST','path':'/Groups','bulkId':'%zu','data':{'members':[%s]}}",
                            text, i ? "," : "", i, members);
    }
    return arena_printf(&arena, "[%s]", text);
}

static bool is_without(const struct scim_bulk_step *step, size_t ref)
{
    for (size_t i = 0; i < step->without_count; i++)
        if (step->without[i] == ref)
            return true;
    return false;
}

/* Can `from` reach `to` through references? */
static bool reaches(size_t from, size_t to)
{
    bool seen[MOST] = {false};
    size_t stack[MOST * MOST], depth = 0;
    stack[depth++] = from;
    while (depth > 0) {
        const struct scim_bulk_operation *at = &bulk.operations[stack[--depth]];
        for (size_t i = 0; i < at->ref_count; i++) {
            if (at->refs[i] == to)
                return true;
            if (!seen[at->refs[i]]) {
                seen[at->refs[i]] = true;
                stack[depth++] = at->refs[i];
            }
        }
    }
    return false;
}

/* Everything once; what is referred to before, unless it is left out and linked later in the same circle. */
static void check_plan(void)
{
    bool made[MOST] = {false}, linked[MOST] = {false}, needs_link[MOST] = {false};
    size_t circle_start = 0;
    for (size_t i = 0; i < step_count; i++) {
        const struct scim_bulk_step *step = &steps[i];
        const struct scim_bulk_operation *operation = &bulk.operations[step->operation];
        if (!step->joined)
            circle_start = i;
        for (size_t k = circle_start; k < i; k++)
            assert_true(steps[k].operation == step->operation || reaches(steps[k].operation, step->operation));
        for (size_t k = 0; k < operation->ref_count && !operation->err; k++)
            assert_true(made[operation->refs[k]] != is_without(step, operation->refs[k]));
        if (step->links) {
            assert_true(made[step->operation] && needs_link[step->operation] && !linked[step->operation]);
            linked[step->operation] = true;
        } else {
            assert_false(made[step->operation]);
            made[step->operation] = true;
            needs_link[step->operation] = step->without_count > 0;
        }
    }
    for (size_t i = 0; i < bulk.count; i++) {
        assert_true(made[i]);
        assert_true(linked[i] == needs_link[i]);
    }
}

/* An operation goes before an earlier one only for the sake of one that refers to it. */
static void check_request_order(void)
{
    for (size_t i = 0; i < step_count; i++) {
        for (size_t k = i + 1; k < step_count; k++) {
            size_t first = steps[i].operation, second = steps[k].operation;
            if (steps[i].links || steps[k].links || first < second)
                continue;
            bool is_needed = false;
            for (size_t who = 0; who <= second && !is_needed; who++)
                is_needed = reaches(who, first);
            assert_true(is_needed);
        }
    }
}

static void test_plans_of_random_requests_respect_references_and_order(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        arena_reset(&arena);
        seed = round + 1;
        plan_operations(random_operations(1 + below(MOST), 1 + below(4)));
        check_plan();
        check_request_order();
    }
}

static void test_the_response_shows_what_there_is(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    scim_bulk_response_begin(&out);
    struct scim_bulk_result good = {.method = SLICE_LITERAL("POST"),
                                    .bulk_id = SLICE_LITERAL("a\"b"),
                                    .location = SLICE_LITERAL("https://x/1"),
                                    .version = SLICE_LITERAL("W/\"1\""),
                                    .status = 201};
    struct scim_bulk_result bad = {
        .method = SLICE_LITERAL("POST"), .status = 400, .response = SLICE_LITERAL("{\"status\":\"400\"}")};
    scim_bulk_response_add(&good, &out);
    buf_add_char(&out, ',');
    scim_bulk_response_add(&bad, &out);
    scim_bulk_response_end(&out);
    json_t *is = json_loadb(out.data, out.len, 0, NULL),
           *wanted = fixture_json("{'schemas':['" SCIM_URN_BULK_RESPONSE "'],'Operations':["
                                  "{'method':'POST','bulkId':'a\\\"b','location':'https://x/1','version':'W/\\\"1\\\"',"
                                  "'status':'201'},{'method':'POST','status':'400','response':{'status':'400'}}]}");
    assert_true(json_equal(is, wanted));
    json_decref(is);
    json_decref(wanted);
    buf_fini(&out);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_B_14_whole_requests_are_refused_by_their_shape),
        TEST(test_names_of_members_may_be_in_any_case_and_null_is_absent),
        TEST(test_B_02_B_03_B_16_what_is_wrong_with_one_operation_is_its_own),
        TEST(test_B_09_references_are_replaced_wherever_they_stand),
        TEST(test_B_10_references_are_replaced_in_paths_and_filters),
        TEST(test_B_12_a_reference_to_nobody_is_that_operations_error),
        TEST(test_B_13_the_order_of_the_request_is_kept),
        TEST(test_B_11_what_is_referred_to_comes_first),
        TEST(test_B_11_circles_are_made_without_a_link_and_linked_afterwards),
        TEST(test_B_11_whole_values_are_left_out),
        TEST(test_B_11_a_circle_that_is_too_large_is_given_up),
        TEST(test_who_refers_to_a_broken_operation_is_still_planned),
        TEST(test_plans_of_random_requests_respect_references_and_order),
        TEST(test_the_response_shows_what_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
