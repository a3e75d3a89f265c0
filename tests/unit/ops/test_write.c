/* Creating, replacing, changing and deleting: documents, unique keys, managers, and what goes with a deleted one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "world.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))
#define USER        "'schemas':['urn:ietf:params:scim:schemas:core:2.0:User']"
#define GROUP       "'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group']"
#define PATCH_OP    "'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp']"
#define ENTERPRISE  "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
#define UNKNOWN_ID  "01890a5d-ac96-774b-bcce-b302099a8057"

static const char *user_path(struct world *world, const char *id) { return text_of(world, "/Users/%s", id); }
static const char *group_path(struct world *world, const char *id)
{
    return text_of(world, "/Groups/%s?excludedAttributes=members", id);
}

static struct answer post(struct world *world, const char *path, const char *body)
{
    return ask(world, .method = "POST", .path = path, .body = body, .content_type = "application/scim+json");
}

static struct answer patch(struct world *world, const char *path, const char *operations)
{
    return ask(world, .method = "PATCH", .path = path,
               .body = text_of(world, "{" PATCH_OP ",'Operations':[%s]}", operations));
}

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(none)";
}

static const json_t *manager_of(const struct answer *answer)
{
    return json_object_get(json_object_get(answer->body, ENTERPRISE), "manager");
}

static void test_a_created_user_is_shown_whole_and_found_again(void **state)
{
    struct world *world = *state;
    struct answer made = post(world, "/Users",
                              "{" USER ",'id':'mine','userName':'Ada@Example.com','name':{'givenName':'Ada'},"
                              "'emails':[{'value':'ada@example.com','type':'work','primary':true}],"
                              "'groups':[{'value':'x'}],'meta':{'version':'7'},'externalId':'e-1'}");
    assert_int_equal(made.status, 201);
    assert_string_equal(made.etag, "W/\"1\"");
    assert_string_equal(text_at(made.body, "userName"), "Ada@Example.com");
    assert_true(json_is_true(json_object_get(made.body, "active")));
    assert_null(json_object_get(made.body, "groups"));
    const json_t *meta = json_object_get(made.body, "meta");
    assert_string_equal(text_at(meta, "location"), made.location);
    assert_string_equal(text_at(meta, "created"), "2025-06-15T15:06:40.000Z");
    assert_string_equal(text_at(meta, "lastModified"), text_at(meta, "created"));
    assert_non_null(strstr(made.location, made.id));
    struct answer got = world_get(world, user_path(world, made.id));
    assert_int_equal(got.status, 200);
    assert_string_equal(got.text, made.text);
    assert_string_equal(got.cache_control, "no-cache, private");
}

static void test_bodies_that_are_no_resource_are_refused(void **state)
{
    static const struct {
        const char *path, *body, *scim_type;
    } cases[] = {
        {"/Users", NULL, "invalidSyntax"},
        {"/Users", "{", "invalidSyntax"},
        {"/Users", "[]", "invalidSyntax"},
        {"/Users", "'x'", "invalidSyntax"},
        {"/Users", "{'userName':'a','USERNAME':'b'," USER "}", "invalidSyntax"},
        {"/Users", "{'schemas':['urn:x'],'userName':'a'}", "invalidSyntax"},
        {"/Users", "{" USER "}", "invalidValue"},
        {"/Users", "{" USER ",'userName':''}", "invalidValue"},
        {"/Users", "{" USER ",'userName':null}", "invalidValue"},
        {"/Users", "{" USER ",'userName':7}", "invalidValue"},
        {"/Users", "{" USER ",'userName':'a','active':'maybe'}", "invalidValue"},
        {"/Users", "{" USER ",'userName':'a','emails':[{'value':'a@b','primary':true},{'value':'c@d','primary':true}]}",
         "invalidValue"},
        {"/Users", "{" USER ",'userName':'a\\u0000b'}", "invalidSyntax"},
        {"/Users", "{" USER ",'userName':'a\\u0007b'}", "invalidValue"},
        {"/Groups", "{" GROUP "}", "invalidValue"},
        {"/Groups", "{" GROUP ",'displayName':'g','members':'x'}", "invalidValue"},
        {"/Groups", "{" GROUP ",'displayName':'g','members':[{'value':'x'}]}", "invalidValue"},
    };
    struct world *world = *state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer answer = post(world, cases[i].path, cases[i].body);
        if (answer.status != 400 || strcmp(answer.scim_type, cases[i].scim_type) != 0)
            fail_msg("%s: %d %s", cases[i].body ? cases[i].body : "(none)", answer.status, answer.text);
    }
    assert_int_equal(fake_change_count(world->knowing), 0);
}

static void test_a_user_name_is_taken_in_any_spelling(void **state)
{
    static const char *const spellings[] = {"ada@example.com", "ADA@EXAMPLE.COM", "Ada@example.com",
                                            "\xef\xbd\x81"
                                            "da@example.com"}; /* a wide a */
    struct world *world = *state;
    const char *ada = world_user(world, "ada@Example.com"), *bob = world_user(world, "bob");
    size_t changes = fake_change_count(world->knowing);
    for (size_t i = 0; i < COUNT(spellings); i++) {
        const char *body = text_of(world, "{" USER ",'userName':'%s'}", spellings[i]);
        struct answer answers[] = {
            post(world, "/Users", body),
            ask(world, .method = "PUT", .path = user_path(world, bob), .body = body),
            patch(world, user_path(world, bob),
                  text_of(world, "{'op':'replace','path':'userName','value':'%s'}", spellings[i])),
        };
        for (size_t k = 0; k < COUNT(answers); k++) {
            assert_int_equal(answers[k].status, 409);
            assert_string_equal(answers[k].scim_type, "uniqueness");
        }
    }
    assert_int_equal(fake_change_count(world->knowing), changes);
    /* its own name in another spelling is a change of the document alone */
    assert_int_equal(
        patch(world, user_path(world, ada), "{'op':'replace','path':'userName','value':'ADA@example.com'}").status,
        200);
    assert_int_equal(fake_change_count(world->knowing), changes + 1);
}

static void test_a_freed_user_name_can_be_taken(void **state)
{
    struct world *world = *state;
    const char *ada = world_user(world, "ada");
    assert_int_equal(patch(world, user_path(world, ada), "{'op':'replace','path':'userName','value':'eve'}").status,
                     200);
    const char *second = world_user(world, "ada");
    assert_int_equal(ask(world, .method = "DELETE", .path = user_path(world, second)).status, 204);
    world_user(world, "ada");
}

static void test_group_names_are_unique_where_the_policy_says_so(void **state)
{
    struct world *world = *state;
    world_group(world, "Engineers", NULL);
    const char *other = world_group(world, "Others", NULL);
    assert_int_equal(post(world, "/Groups", "{" GROUP ",'displayName':'engineers'}").status, 409);
    assert_int_equal(
        patch(world, group_path(world, other), "{'op':'replace','path':'displayName','value':'ENGINEERS'}").status,
        409);
    world_user(world, "engineers"); /* users have names of their own */
    struct scim_policy policy = scim_policy_default;
    policy.unique_group_names = false;
    fake_policy(world->knowing, world->directory, policy);
    fake_policy(world->learning, world->directory, policy);
    assert_int_equal(post(world, "/Groups", "{" GROUP ",'displayName':'others'}").status, 201);
    assert_int_equal(post(world, "/Groups", "{" GROUP ",'displayName':'others'}").status, 201);
}

static void test_the_primary_email_is_the_unique_one_where_the_policy_says_so(void **state)
{
    struct world *world = *state;
    struct scim_policy policy = scim_policy_default;
    policy.unique_identifier = SCIM_IDENTIFIER_EMAIL;
    fake_policy(world->knowing, world->directory, policy);
    fake_policy(world->learning, world->directory, policy);
    assert_int_equal(
        post(world, "/Users", "{" USER ",'userName':'a','emails':[{'value':'ada@example.com','primary':true}]}").status,
        201);
    struct answer same =
        post(world, "/Users", "{" USER ",'userName':'b','emails':[{'value':'ADA@example.com','primary':true}]}");
    assert_int_equal(same.status, 409);
    assert_non_null(strstr(same.detail, "e-mail"));
    assert_int_equal(
        post(world, "/Users", "{" USER ",'userName':'a','emails':[{'value':'other@example.com','primary':true}]}")
            .status,
        201);
}

static void test_put_clears_what_it_does_not_name(void **state)
{
    struct world *world = *state;
    struct answer made = post(world, "/Users",
                              "{" USER ",'userName':'ada','title':'Countess','active':false,'nickName':'a',"
                              "'emails':[{'value':'a@example.com'}]}");
    struct answer put = ask(world, .method = "PUT", .path = user_path(world, made.id),
                            .body = "{" USER ",'id':'other','userName':'ada','nickName':'b'}");
    assert_int_equal(put.status, 200);
    assert_string_equal(put.etag, "W/\"2\"");
    assert_string_equal(put.id, made.id);
    assert_string_equal(text_at(put.body, "nickName"), "b");
    assert_null(json_object_get(put.body, "title"));
    assert_null(json_object_get(put.body, "emails"));
    assert_true(json_is_true(json_object_get(put.body, "active")));
    assert_string_equal(world_get(world, user_path(world, made.id)).text, put.text);
    assert_int_equal(
        ask(world, .method = "PUT", .path = "/Users/" UNKNOWN_ID, .body = "{" USER ",'userName':'x'}").status, 404);
}

/* What Okta and Entra send, letter by letter but for the ids. */
static void test_the_bodies_of_deployed_clients_do_what_they_mean(void **state)
{
    static const struct {
        const char *operations, *attribute, *value;
    } cases[] = {
        {"{'op':'replace','value':{'active':false}}", "active", "false"},
        {"{'op':'Replace','path':'active','value':'False'}", "active", "false"},
        {"{'op':'Replace','path':'active','value':'True'}", "active", "true"},
        {"{'op':'Add','path':'title','value':'Countess'}", "title", "\"Countess\""},
        {"{'op':'Replace','path':'displayName','value':'Ada L'}", "displayName", "\"Ada L\""},
        {"{'op':'Add','path':'emails[type eq \\'work\\'].value','value':'ada@example.com'}", "emails",
         "[{\"value\":\"ada@example.com\",\"type\":\"work\"}]"},
        {"{'op':'Replace','path':'emails[type eq \\'work\\'].value','value':'b@example.com'}", "emails",
         "[{\"value\":\"b@example.com\",\"type\":\"work\"}]"},
        {"{'op':'Add','value':{'name.givenName':'Ada','name.familyName':'Lovelace'}}", "name",
         "{\"familyName\":\"Lovelace\",\"givenName\":\"Ada\"}"},
        {"{'op':'Replace','path':'name.familyName','value':'King'}", "name",
         "{\"familyName\":\"King\",\"givenName\":\"Ada\"}"},
        {"{'op':'Replace','path':'" ENTERPRISE ":department','value':'R'}", ENTERPRISE, "{\"department\":\"R\"}"},
        {"{'op':'Remove','path':'title'}", "title", NULL},
        {"{'op':'Remove','path':'" ENTERPRISE ":department'}", ENTERPRISE, NULL},
    };
    struct world *world = *state;
    const char *path = user_path(world, world_user(world, "ada"));
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer answer = patch(world, path, cases[i].operations);
        if (answer.status != 200)
            fail_msg("%s: %d %s", cases[i].operations, answer.status, answer.text);
        const json_t *value = json_object_get(answer.body, cases[i].attribute);
        char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;
        if (cases[i].value)
            assert_string_equal(text, cases[i].value);
        else
            assert_null(text);
        free(text);
        assert_string_equal(world_get(world, path).text, answer.text);
    }
}

static void test_a_failing_operation_undoes_the_ones_before(void **state)
{
    struct world *world = *state;
    const char *path = user_path(world, world_user(world, "ada"));
    const char *before = world_get(world, path).text;
    static const char *const tails[] = {
        "{'op':'remove','path':'userName'}",
        "{'op':'replace','path':'id','value':'x'}",
        "{'op':'add','path':'emails[type eq ].value','value':'x'}",
        "{'op':'replace','path':'addresses[type ne \\'work\\']','value':{'locality':'B'}}",
        "{'op':'remove'}",
        "{'op':'add','path':'title'}",
    };
    for (size_t i = 0; i < COUNT(tails); i++) {
        struct answer answer =
            patch(world, path, text_of(world, "{'op':'add','path':'nickName','value':'x'},%s", tails[i]));
        if (answer.status != 400)
            fail_msg("%s: %d", tails[i], answer.status);
        assert_string_equal(world_get(world, path).text, before);
    }
    assert_int_equal(fake_change_count(world->knowing), 1);
}

static void set_manager(struct world *world, const char *user, const char *manager)
{
    struct answer answer =
        patch(world, user_path(world, user),
              text_of(world, "{'op':'add','path':'" ENTERPRISE ":manager','value':{'value':'%s'}}", manager));
    assert_int_equal(answer.status, 200);
}

static void test_the_name_of_a_manager_is_shown_by_every_reply(void **state)
{
    struct world *world = *state;
    const char *boss = world_user(world, "boss");
    const char *body =
        text_of(world,
                "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User','" ENTERPRISE "'],'userName':'ada',"
                "'" ENTERPRISE "':{'manager':{'value':'%s','displayName':'a lie'}}}",
                boss);
    struct answer made = post(world, "/Users", body);
    struct answer put = ask(world, .method = "PUT", .path = user_path(world, made.id), .body = body);
    struct answer patched = patch(world, user_path(world, made.id), "{'op':'add','path':'title','value':'x'}");
    struct answer found = world_get(world, "/Users?filter=userName%20eq%20%22ada%22");
    struct answer got = world_get(world, user_path(world, made.id));
    found.body = json_array_get(json_object_get(found.body, "Resources"), 0);
    const struct answer *const answers[] = {&made, &put, &patched, &found, &got};
    for (size_t i = 0; i < COUNT(answers); i++) {
        assert_string_equal(text_at(manager_of(answers[i]), "displayName"), "boss");
        assert_non_null(strstr(text_at(manager_of(answers[i]), "$ref"), boss));
    }
    assert_string_equal(made.etag, put.etag); /* the same again */
    assert_string_equal(got.etag, patched.etag);
    patch(world, user_path(world, boss), "{'op':'replace','path':'displayName','value':'chief'}");
    got = world_get(world, user_path(world, made.id));
    assert_string_equal(text_at(manager_of(&got), "displayName"), "chief");
}

static void test_an_unknown_manager_is_kept_as_sent(void **state)
{
    static const char *const values[] = {UNKNOWN_ID, "emp-7", "CN=boss"};
    struct world *world = *state;
    const char *user = world_user(world, "ada");
    const char *group = world_group(world, "g", NULL);
    for (size_t i = 0; i <= COUNT(values); i++) {
        const char *value = i < COUNT(values) ? values[i] : group;
        set_manager(world, user, value);
        struct answer got = world_get(world, user_path(world, user));
        assert_string_equal(text_at(manager_of(&got), "value"), value);
        assert_null(json_object_get(manager_of(&got), "displayName"));
        assert_null(json_object_get(manager_of(&got), "$ref"));
    }
}

static void test_a_deleted_user_leaves_its_groups_and_its_reports(void **state)
{
    struct world *world = *state;
    const char *boss = world_user(world, "boss"), *ada = world_user(world, "ada"), *bob = world_user(world, "bob");
    const char *one = world_group(world, "one", text_of(world, "[{'value':'%s'},{'value':'%s'}]", boss, ada));
    const char *two = world_group(world, "two", text_of(world, "[{'value':'%s'}]", boss));
    const char *three = world_group(world, "three", text_of(world, "[{'value':'%s'}]", ada));
    set_manager(world, ada, boss);
    set_manager(world, bob, boss);
    set_manager(world, boss, boss); /* its own: goes with it */
    const char *unconcerned = world_get(world, group_path(world, three)).text;
    size_t changes = fake_change_count(world->knowing);
    assert_int_equal(ask(world, .method = "DELETE", .path = user_path(world, boss)).status, 204);
    assert_int_equal(fake_change_count(world->knowing), changes + 5); /* two groups, two reports, itself */
    assert_int_equal(world_get(world, user_path(world, boss)).status, 404);
    assert_int_equal(json_object_size(world_members(world, one)), 1);
    assert_int_equal(json_object_size(world_members(world, two)), 0);
    assert_string_equal(world_get(world, group_path(world, one)).etag, "W/\"3\"");
    assert_string_equal(world_get(world, group_path(world, three)).text, unconcerned);
    struct answer got = world_get(world, user_path(world, bob));
    assert_null(json_object_get(got.body, ENTERPRISE));
    assert_int_equal(json_array_size(json_object_get(got.body, "schemas")), 1);
    assert_string_equal(got.etag, "W/\"3\"");
    assert_int_equal(ask(world, .method = "DELETE", .path = user_path(world, boss)).status, 404);
}

static void test_a_deleted_group_leaves_its_groups_and_frees_its_members(void **state)
{
    struct world *world = *state;
    const char *ada = world_user(world, "ada");
    const char *inner = world_group(world, "inner", text_of(world, "[{'value':'%s'}]", ada));
    const char *outer = world_group(world, "outer", text_of(world, "[{'value':'%s'},{'value':'%s'}]", ada, inner));
    struct answer got = world_get(world, user_path(world, ada));
    assert_int_equal(json_array_size(json_object_get(got.body, "groups")), 2);
    assert_int_equal(ask(world, .method = "DELETE", .path = group_path(world, inner)).status, 204);
    got = world_get(world, user_path(world, ada));
    const json_t *groups = json_object_get(got.body, "groups");
    assert_int_equal(json_array_size(groups), 1);
    assert_string_equal(text_at(json_array_get(groups, 0), "value"), outer);
    assert_string_equal(text_at(json_array_get(groups, 0), "display"), "outer");
    assert_string_equal(text_at(json_array_get(groups, 0), "type"), "direct");
    assert_int_equal(json_object_size(world_members(world, outer)), 1);
    assert_int_equal(ask(world, .method = "DELETE", .path = user_path(world, ada)).status, 204);
    world_group(world, "inner", NULL);
}

static void test_an_id_is_of_one_type_only(void **state)
{
    struct world *world = *state;
    const char *user = world_user(world, "ada"), *group = world_group(world, "g", NULL);
    assert_int_equal(world_get(world, user_path(world, group)).status, 404);
    assert_int_equal(world_get(world, group_path(world, user)).status, 404);
    assert_int_equal(ask(world, .method = "DELETE", .path = user_path(world, group)).status, 404);
    assert_int_equal(ask(world, .method = "DELETE", .path = group_path(world, user)).status, 404);
}

/* A step that was rolled back and runs again decides on the row as it is now, even where the new row lies at the place
 * in memory of the old one, as it does in a worker, whose batches begin with the same block. */
static void test_a_repeated_step_decides_on_the_row_as_it_is_now(void **state)
{
    struct world *world = *state;
    const char *ada = world_user(world, "ada");
    struct resource_id id;
    assert_true(id_from_uuid(slice_str(ada), false, &id.id));
    struct request request = {.method = "PATCH",
                              .path = user_path(world, ada),
                              .body = "{" PATCH_OP ",'Operations':[{'op':'add','path':'nickName','value':'mine'}]}"};
    struct op *op = world_op(world, &request);
    struct view *rolled_back = fake_copy(world->knowing);
    assert_int_equal(world_run(op, rolled_back, FAKE_KNOWS_NOTHING, NULL), JOB_DONE);

    struct view *elsewhere = fake_copy(world->knowing);
    struct request other = {.method = "PATCH",
                            .path = user_path(world, ada),
                            .body = "{" PATCH_OP ",'Operations':[{'op':'add','path':'title','value':'theirs'}]}"};
    struct op *winner = world_op(world, &other);
    assert_int_equal(world_run(winner, elsewhere, FAKE_KNOWS_ALL, NULL), JOB_DONE);
    fake_overwrite(world->knowing, world->directory, id, fake_row(elsewhere, world->directory, id));

    assert_int_equal(world_run(op, world->knowing, FAKE_KNOWS_NOTHING, NULL), JOB_DONE);
    assert_int_equal(op->reply.status, 200);
    json_t *body = json_loadb(op->reply.body.data, op->reply.body.len, 0, NULL);
    assert_string_equal(text_at(body, "nickName"), "mine");
    assert_string_equal(text_at(body, "title"), "theirs");
    json_decref(body);
    request_free(op);
    request_free(winner);
    fake_free(rolled_back);
    fake_free(elsewhere);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_created_user_is_shown_whole_and_found_again),
        TEST(test_bodies_that_are_no_resource_are_refused),
        TEST(test_a_user_name_is_taken_in_any_spelling),
        TEST(test_a_freed_user_name_can_be_taken),
        TEST(test_group_names_are_unique_where_the_policy_says_so),
        TEST(test_the_primary_email_is_the_unique_one_where_the_policy_says_so),
        TEST(test_put_clears_what_it_does_not_name),
        TEST(test_the_bodies_of_deployed_clients_do_what_they_mean),
        TEST(test_a_failing_operation_undoes_the_ones_before),
        TEST(test_the_name_of_a_manager_is_shown_by_every_reply),
        TEST(test_an_unknown_manager_is_kept_as_sent),
        TEST(test_a_deleted_user_leaves_its_groups_and_its_reports),
        TEST(test_a_deleted_group_leaves_its_groups_and_frees_its_members),
        TEST(test_an_id_is_of_one_type_only),
        TEST(test_a_repeated_step_decides_on_the_row_as_it_is_now),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
