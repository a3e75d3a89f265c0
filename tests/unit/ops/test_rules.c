#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

#define CATALOG                                                                                                        \
    "{\"schemas\":[{\"id\":\"urn:x:Thing\",\"attributes\":[{\"name\":\"serial\",\"required\":true,"                    \
    "\"uniqueness\":\"server\"},{\"name\":\"size\",\"type\":\"integer\"},{\"name\":\"notes\",\"returned\":"            \
    "\"request\"}"                                                                                                     \
    "]}],\"resource_types\":[{\"name\":\"Thing\",\"endpoint\":\"/Things\",\"schema\":\"urn:x:Thing\",\"code\":16}]}"

static struct scim_rules *give_catalog(struct world *world)
{
    struct err err = ERR_INIT;
    struct scim_rules *rules = scim_rules_make(&(struct scim_rules_source){.catalog = SLICE_LITERAL(CATALOG)}, &err);
    assert_non_null(rules);
    fake_rules(world->knowing, world->directory, rules);
    fake_rules(world->learning, world->directory, rules);
    return rules;
}

static const char *thing_path(struct world *world, const struct answer *made)
{
    return text_of(world, "/Things/%s", made->id);
}

static void test_a_type_of_the_directorys_own_lives_like_the_others(void **state)
{
    struct world *world = *state;
    struct scim_rules *rules = give_catalog(world);
    struct answer made = ask(world, .method = "POST", .path = "/Things",
                             .body = "{'schemas':['urn:x:Thing'],'serial':'S','size':1,'notes':'n'}");
    assert_int_equal(made.status, 201);
    assert_string_equal(json_string_value(json_object_get(made.body, "notes")), "n");
    const char *path = thing_path(world, &made);
    assert_string_equal(strstr(made.location, "/Things/"), path);
    struct answer shown = world_get(world, path);
    assert_int_equal(shown.status, 200);
    assert_null(json_object_get(shown.body, "notes"));
    assert_string_equal(shown.etag, made.etag);

    assert_int_equal(
        ask(world, .method = "POST", .path = "/Things", .body = "{'schemas':['urn:x:Thing'],'serial':'s'}").status,
        409);
    struct answer patched = ask(world, .method = "PATCH", .path = path,
                                .body = "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],'Operations':[{"
                                        "'op':'replace','path':'size','value':2}]}");
    assert_int_equal(patched.status, 200);
    assert_int_equal(ask(world, .method = "PUT", .path = path, .if_match = made.etag,
                         .body = "{'schemas':['urn:x:Thing'],'serial':'S'}")
                         .status,
                     412);
    struct answer found = world_get(world, "/Things?filter=serial%20eq%20%22S%22");
    assert_int_equal(json_integer_value(json_object_get(found.body, "totalResults")), 1);
    assert_int_equal(ask(world, .method = "DELETE", .path = path).status, 204);
    assert_int_equal(world_get(world, path).status, 404);
    scim_rules_free(rules);
}

static void test_what_no_rule_knows_is_nothing(void **state)
{
    struct world *world = *state;
    assert_int_equal(world_get(world, "/Things").status, 0); /* decided in the query lane */
    assert_int_equal(world_get(world, "/Things/1").status, 404);
    assert_int_equal(world_get(world, "/Things?filter=serial%20pr").status, 404);
    assert_int_equal(ask(world, .method = "DELETE", .path = "/Things").status, 404);
    assert_int_equal(ask(world, .method = "GET", .path = "/Things/1", .authorization = "").status, 401);
    struct scim_rules *rules = give_catalog(world);
    assert_int_equal(ask(world, .method = "DELETE", .path = "/Things").status, 405);
    assert_int_equal(ask(world, .method = "POST", .path = "/Things/1", .body = "{}").status, 405);
    scim_rules_free(rules);
}

static void test_own_types_take_every_scope(void **state)
{
    struct world *world = *state;
    struct scim_rules *rules = give_catalog(world);
    const char *users = world_token(world, world->directory, SCOPE_USERS_READ | SCOPE_USERS_WRITE, true);
    const char *reads = world_token(world, world->directory, SCOPE_USERS_READ | SCOPE_GROUPS_READ, true);
    fake_rules(world->knowing, world->directory, rules);
    fake_rules(world->learning, world->directory, rules);
    assert_int_equal(ask(world, .method = "GET", .path = "/Things/1", .authorization = users).status, 403);
    assert_int_equal(ask(world, .method = "GET", .path = "/Things/1", .authorization = reads).status, 404);
    assert_int_equal(ask(world, .method = "DELETE", .path = "/Things/1", .authorization = reads).status, 403);
    scim_rules_free(rules);
}

/* A batch that is rolled back runs again with tokens that were read again: what was decided by the old rules is not
 * kept. */
static void test_a_decision_does_not_outlive_its_rules(void **state)
{
    struct world *world = *state;
    struct op *op = world_op(world, &(struct request){.method = "POST",
                                                      .path = "/Users",
                                                      .body = "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'"
                                                              "],'userName':'a','shoeSize':43}"});
    struct view *copy = fake_copy(world->learning);
    assert_int_equal(world_run(op, copy, FAKE_KNOWS_NOTHING, NULL), JOB_DONE);
    assert_int_equal(op->reply.status, 201);
    fake_free(copy);
    struct scim_policy policy = scim_policy_default;
    policy.unknown_attributes = SCIM_UNKNOWN_REJECT;
    fake_policy(world->learning, world->directory, policy);
    assert_int_equal(world_run(op, world->learning, FAKE_KNOWS_NOTHING, NULL), JOB_DONE);
    assert_int_equal(op->reply.status, 400);
    request_free(op);
}

static void test_rules_that_cannot_be_read_are_an_error_of_ours(void **state)
{
    struct world *world = *state;
    fake_rules(world->knowing, world->directory, NULL);
    fake_rules(world->learning, world->directory, NULL);
    assert_int_equal(world_get(world, "/Users/1").status, 500);
    assert_int_equal(world_get(world, "/Things/1").status, 500);
    assert_int_equal(ask(world, .method = "GET", .path = "/Users/1", .authorization = "Bearer x").status, 401);
}

static void test_what_is_undeclared_is_noted_when_it_is_stored(void **state)
{
    struct world *world = *state;
    size_t before, after;
    (void)fake_undeclared(&before);
    struct answer refused = ask(world, .method = "POST", .path = "/Users", .body = "{'shoeSize':43}");
    assert_int_equal(refused.status, 400);
    world_user(world, "plain");
    (void)fake_undeclared(&after);
    assert_int_equal(after, before);
    ask(world, .method = "POST", .path = "/Users",
        .body = "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],'userName':'b','name':{'nick':'n'}}");
    assert_string_equal(fake_undeclared(&after), "name.nick");
    assert_int_equal(after, before + 2); /* of both views; a run that is thrown away is not counted again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_type_of_the_directorys_own_lives_like_the_others),
        TEST(test_what_no_rule_knows_is_nothing),
        TEST(test_own_types_take_every_scope),
        TEST(test_a_decision_does_not_outlive_its_rules),
        TEST(test_rules_that_cannot_be_read_are_an_error_of_ours),
        TEST(test_what_is_undeclared_is_noted_when_it_is_stored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
