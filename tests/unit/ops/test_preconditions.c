/* Entity-tags and preconditions (V-01 to V-08). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "world.h"

#define PATCH_OP "'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp']"

static const char *const tags_that_match[] = {"W/\"1\"", "\"1\"", "*", "W/\"7\", W/\"1\"", "\"7\",\"1\""};
static const char *const tags_that_fail[] = {"W/\"2\"", "\"0\"", "W/\"01\"", "W/\"7\", \"8\"", "W/\"\""};
static const char *const tags_that_are_none[] = {"1", "W/1", "\"1", "nonsense", "W/\"1\" W/\"2\"", "\"1\", *"};

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

struct fixture {
    struct world *world;
    const char *user, *group, *unknown;
};

static struct fixture fixture_of(void **state)
{
    struct world *world = *state;
    const char *user = text_of(world, "/Users/%s", world_user(world, "ada"));
    const char *group = text_of(world, "/Groups/%s", world_group(world, "all", NULL));
    return (struct fixture){world, user, group, "/Users/01890a5d-ac96-774b-bcce-b302099a8057"};
}

/* A change that really changes something each time. */
static struct answer change(struct fixture *f, const char *method, const char *path, const char *if_match,
                            const char *if_none_match)
{
    static unsigned serial;
    const char *value = text_of(f->world, "n%u", serial++);
    bool is_group = path[1] == 'G';
    const char *body =
        text_of(f->world, "{" PATCH_OP ",'Operations':[{'op':'replace','path':'displayName','value':'%s'}]}", value);
    if (method[1] == 'U')
        body = text_of(f->world,
                       "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:%s'],'userName':'ada','displayName':'%s'}",
                       is_group ? "Group" : "User", value);
    if (method[0] == 'D')
        body = NULL;
    return ask(f->world, .method = method, .path = path, .body = body, .if_match = if_match,
               .if_none_match = if_none_match);
}

static void test_a_tag_equals_the_version_in_meta(void **state)
{
    struct fixture f = fixture_of(state);
    const char *const paths[] = {f.user, text_of(f.world, "%s?excludedAttributes=members", f.group)};
    for (size_t i = 0; i < COUNT(paths); i++) {
        struct answer got = world_get(f.world, paths[i]);
        assert_string_equal(got.etag, "W/\"1\"");
        const json_t *meta = json_object_get(got.body, "meta");
        assert_string_equal(json_string_value(json_object_get(meta, "version")), got.etag);
        assert_string_equal(json_string_value(json_object_get(meta, "location")), got.location);
        assert_string_equal(got.location, got.content_location);
    }
    struct answer patched = change(&f, "PATCH", f.user, NULL, NULL);
    assert_string_equal(patched.etag, "W/\"2\"");
    struct answer silent = change(&f, "PATCH", f.group, NULL, NULL);
    assert_int_equal(silent.status, 204);
    assert_string_equal(silent.etag, "W/\"2\"");
    assert_null(silent.location);
}

static void test_if_none_match_on_get_answers_304_with_the_tag(void **state)
{
    struct fixture f = fixture_of(state);
    for (size_t i = 0; i < COUNT(tags_that_match); i++) {
        struct answer answer = ask(f.world, .method = "GET", .path = f.user, .if_none_match = tags_that_match[i]);
        assert_int_equal(answer.status, 304);
        assert_string_equal(answer.etag, "W/\"1\"");
        assert_null(answer.content_type);
    }
    for (size_t i = 0; i < COUNT(tags_that_fail); i++)
        assert_int_equal(ask(f.world, .method = "GET", .path = f.user, .if_none_match = tags_that_fail[i]).status, 200);
}

static void test_if_none_match_on_changes_answers_412(void **state)
{
    struct fixture f = fixture_of(state);
    static const char *const methods[] = {"PUT", "PATCH", "DELETE"};
    size_t changes = fake_change_count(f.world->knowing);
    for (size_t m = 0; m < COUNT(methods); m++) {
        for (size_t i = 0; i < COUNT(tags_that_match); i++) {
            assert_int_equal(change(&f, methods[m], f.user, NULL, tags_that_match[i]).status, 412);
            assert_int_equal(change(&f, methods[m], f.group, NULL, tags_that_match[i]).status, 412);
        }
    }
    assert_int_equal(fake_change_count(f.world->knowing), changes);
    assert_int_equal(change(&f, "PUT", f.user, NULL, tags_that_fail[0]).status, 200);
}

static void test_a_stale_if_match_answers_412_and_changes_nothing(void **state)
{
    struct fixture f = fixture_of(state);
    static const char *const methods[] = {"GET", "PUT", "PATCH", "DELETE"};
    size_t changes = fake_change_count(f.world->knowing);
    const char *group = text_of(f.world, "%s?excludedAttributes=members", f.group);
    for (size_t m = 0; m < COUNT(methods); m++) {
        for (size_t i = 0; i < COUNT(tags_that_fail); i++) {
            struct answer answer = change(&f, methods[m], f.user, tags_that_fail[i], NULL);
            assert_int_equal(answer.status, 412);
            assert_null(answer.scim_type);
            assert_int_equal(change(&f, methods[m], group, tags_that_fail[i], NULL).status, 412);
        }
    }
    assert_int_equal(fake_change_count(f.world->knowing), changes);
}

static void test_a_current_if_match_lets_the_change_through(void **state)
{
    struct fixture f = fixture_of(state);
    for (size_t i = 0; i < COUNT(tags_that_match); i++) {
        const char *user = text_of(f.world, "/Users/%s", world_user(f.world, text_of(f.world, "u%zu", i)));
        const char *group = text_of(f.world, "/Groups/%s", world_group(f.world, text_of(f.world, "g%zu", i), NULL));
        assert_int_equal(change(&f, "PATCH", user, tags_that_match[i], NULL).status, 200);
        assert_int_equal(change(&f, "PUT", group, tags_that_match[i], NULL).status, 200);
        assert_int_equal(change(&f, "DELETE", group, "W/\"2\"", NULL).status, 204);
        assert_int_equal(change(&f, "DELETE", user, "\"2\"", NULL).status, 204);
    }
}

static void test_a_malformed_tag_is_400(void **state)
{
    struct fixture f = fixture_of(state);
    for (size_t i = 0; i < COUNT(tags_that_are_none); i++) {
        struct answer answer = change(&f, "PATCH", f.user, tags_that_are_none[i], NULL);
        assert_int_equal(answer.status, 400);
        assert_string_equal(answer.scim_type, "invalidValue");
        assert_int_equal(change(&f, "DELETE", f.user, NULL, tags_that_are_none[i]).status, 400);
        assert_int_equal(ask(f.world, .method = "GET", .path = f.user, .if_none_match = tags_that_are_none[i]).status,
                         400);
    }
}

static void test_a_missing_resource_is_404_whatever_the_tag(void **state)
{
    struct fixture f = fixture_of(state);
    static const char *const methods[] = {"PUT", "PATCH", "DELETE", "GET"};
    static const char *const tags[] = {"*", "W/\"1\"", "nonsense"};
    for (size_t m = 0; m < COUNT(methods); m++)
        for (size_t i = 0; i < COUNT(tags); i++) {
            assert_int_equal(change(&f, methods[m], f.unknown, tags[i], NULL).status, 404);
            assert_int_equal(change(&f, methods[m], f.unknown, NULL, tags[i]).status, 404);
        }
}

static void test_if_match_comes_before_if_none_match(void **state)
{
    struct fixture f = fixture_of(state);
    struct answer answer =
        ask(f.world, .method = "GET", .path = f.user, .if_match = "W/\"9\"", .if_none_match = "W/\"1\"");
    assert_int_equal(answer.status, 412);
    answer = ask(f.world, .method = "GET", .path = f.user, .if_match = "W/\"1\"", .if_none_match = "W/\"1\"");
    assert_int_equal(answer.status, 304);
}

/* The tag of a user covers what is derived: its groups and the name of its manager. */
static void test_the_tag_moves_with_groups_and_manager(void **state)
{
    struct fixture f = fixture_of(state);
    const char *ada = f.user + strlen("/Users/");
    const char *plain = world_get(f.world, f.user).etag;
    world_group(f.world, "engineers", text_of(f.world, "[{'value':'%s'}]", ada));
    struct answer grouped = world_get(f.world, f.user);
    assert_string_not_equal(grouped.etag, plain);
    assert_int_equal(change(&f, "PATCH", f.user, plain, NULL).status, 412);
    struct answer changed = change(&f, "PATCH", f.user, grouped.etag, NULL);
    assert_int_equal(changed.status, 200);
    assert_string_equal(world_get(f.world, f.user).etag, changed.etag);

    const char *bob = world_user(f.world, "bob");
    struct answer managed = ask(f.world, .method = "PATCH", .path = f.user,
                                .body = text_of(f.world,
                                                "{" PATCH_OP ",'Operations':[{'op':'add','path':"
                                                "'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager',"
                                                "'value':{'value':'%s'}}]}",
                                                bob));
    assert_int_equal(managed.status, 200);
    assert_string_equal(world_get(f.world, f.user).etag, managed.etag);
    change(&f, "PATCH", text_of(f.world, "/Users/%s", bob), NULL, NULL);
    assert_string_not_equal(world_get(f.world, f.user).etag, managed.etag);
    assert_int_equal(change(&f, "DELETE", f.user, managed.etag, NULL).status, 412);
    assert_int_equal(change(&f, "DELETE", f.user, world_get(f.world, f.user).etag, NULL).status, 204);
}

static void test_a_request_that_changes_nothing_keeps_the_version(void **state)
{
    struct fixture f = fixture_of(state);
    static const char *const bodies[] = {
        "{" PATCH_OP ",'Operations':[]}",
        "{" PATCH_OP ",'Operations':[{'op':'replace','path':'displayName','value':'ada'}]}",
        "{" PATCH_OP ",'Operations':[{'op':'remove','path':'title'}]}",
        "{" PATCH_OP ",'Operations':[{'op':'add','path':'title','value':'x'},{'op':'remove','path':'title'}]}",
        "{" PATCH_OP ",'Operations':[{'op':'replace','value':{'userName':'ada'}}]}",
    };
    struct answer before = world_get(f.world, f.user);
    size_t changes = fake_change_count(f.world->knowing);
    for (size_t i = 0; i < COUNT(bodies); i++) {
        struct answer answer = ask(f.world, .method = "PATCH", .path = f.user, .body = bodies[i]);
        assert_int_equal(answer.status, 200);
        assert_string_equal(answer.etag, before.etag);
        assert_string_equal(answer.text, before.text);
    }
    struct answer put = ask(f.world, .method = "PUT", .path = f.user, .body = before.text);
    assert_int_equal(put.status, 200);
    assert_string_equal(put.text, before.text);
    assert_int_equal(fake_change_count(f.world->knowing), changes);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_tag_equals_the_version_in_meta),
        TEST(test_if_none_match_on_get_answers_304_with_the_tag),
        TEST(test_if_none_match_on_changes_answers_412),
        TEST(test_a_stale_if_match_answers_412_and_changes_nothing),
        TEST(test_a_current_if_match_lets_the_change_through),
        TEST(test_a_malformed_tag_is_400),
        TEST(test_a_missing_resource_is_404_whatever_the_tag),
        TEST(test_if_match_comes_before_if_none_match),
        TEST(test_the_tag_moves_with_groups_and_manager),
        TEST(test_a_request_that_changes_nothing_keeps_the_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
