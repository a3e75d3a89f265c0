/* Who may ask at all, and what is said first when several things are wrong (E-07). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/must.h"
#include "world.h"

#define UNKNOWN_ID "01890a5d-ac96-774b-bcce-b302099a8057"

static const struct {
    const char *method, *path;
    bool writes, is_group;
} endpoints[] = {
    {"POST", "/Users", true, false},
    {"GET", "/Users/" UNKNOWN_ID, false, false},
    {"PUT", "/Users/" UNKNOWN_ID, true, false},
    {"PATCH", "/Users/" UNKNOWN_ID, true, false},
    {"DELETE", "/Users/" UNKNOWN_ID, true, false},
    {"GET", "/Users?filter=userName%20eq%20%22a%22", false, false},
    {"POST", "/Groups", true, true},
    {"GET", "/Groups/" UNKNOWN_ID "?excludedAttributes=members", false, true},
    {"PUT", "/Groups/" UNKNOWN_ID, true, true},
    {"PATCH", "/Groups/" UNKNOWN_ID, true, true},
    {"DELETE", "/Groups/" UNKNOWN_ID, true, true},
    {"GET", "/Groups?filter=displayName%20eq%20%22a%22&excludedAttributes=members", false, true},
};
enum { ENDPOINTS = sizeof(endpoints) / sizeof(endpoints[0]) };

/* Everything else is wrong, too: a body that is no JSON, of a wrong type, for a reply that cannot be made, with a bad
 * tag. None of it may show. */
static struct answer ask_badly(struct world *world, size_t endpoint, const char *authorization,
                               const char *organization)
{
    return ask(world, .method = endpoints[endpoint].method, .path = endpoints[endpoint].path, .body = "{",
               .content_type = "text/plain", .accept = "text/html", .if_match = "nonsense",
               .authorization = authorization, .organization = organization);
}

static void assert_unauthorized(struct answer answer, bool sent)
{
    assert_int_equal(answer.status, 401);
    assert_null(answer.scim_type);
    assert_string_equal(answer.www_authenticate,
                        sent ? "Bearer realm=\"scim\", error=\"invalid_token\"" : "Bearer realm=\"scim\"");
    assert_null(answer.etag);
    assert_null(answer.location);
}

static void test_no_token_is_401_everywhere(void **state)
{
    for (size_t i = 0; i < ENDPOINTS; i++)
        assert_unauthorized(ask_badly(*state, i, "", NULL), false);
}

/* Every wrong credential gets the same text, so that nobody learns which part was right. */
static void assert_refused_alike(struct world *world, const char *authorization, const char *organization)
{
    const char *expected = NULL;
    size_t touched = fake_touched();
    for (size_t i = 0; i < ENDPOINTS; i++) {
        struct answer answer = ask_badly(world, i, authorization, organization);
        assert_unauthorized(answer, true);
        if (expected)
            assert_string_equal(answer.text, expected);
        expected = answer.text;
    }
    struct answer foreign = ask_badly(world, 0, "Bearer YTpi", NULL);
    assert_string_equal(foreign.text, expected);
    assert_int_equal(fake_touched(), touched); /* no token was used */
}

static void test_a_header_that_is_no_token_is_401(void **state)
{
    static const char *const headers[] = {"Bearer YTpi", "scimt_", "Bearer scimt_abc", "scimt_abc"};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        assert_refused_alike(*state, headers[i], NULL);
}

static void test_an_unknown_token_is_401(void **state)
{
    struct world *world = *state, *other = world_new();
    assert_refused_alike(world, other->bearer, NULL);
    world_free(other);
    world->service = scim_service(&world->settings);
}

static void test_a_secret_of_another_making_is_401(void **state)
{
    struct world *world = *state;
    struct auth_fresh fresh;
    auth_credential_make(world->peppers, AUTH_DIRECTORY_TOKEN, world->directory, world->token.id, &fresh);
    assert_refused_alike(world, text_of(world, "Bearer %s", fresh.text), NULL); /* right ids, another secret */
}

static void test_a_revoked_or_expired_token_is_401(void **state)
{
    struct world *world = *state;
    assert_refused_alike(world, world_token(world, world->directory, SCOPE_DIRECTORY_ALL, false), NULL);
}

static void test_a_token_under_another_organization_is_401(void **state)
{
    struct world *world = *state;
    struct id other = id_new();
    char organization[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_ORGANIZATION, &other, organization);
    assert_refused_alike(world, NULL, organization);
    assert_refused_alike(world, NULL, "org-nonsense");
    assert_refused_alike(world, NULL, "x");
}

static void test_a_token_of_a_directory_that_is_being_deleted_is_401(void **state)
{
    struct world *world = *state;
    fake_state(world->knowing, world->directory, VIEW_DIRECTORY_DELETING);
    fake_state(world->learning, world->directory, VIEW_DIRECTORY_DELETING);
    assert_refused_alike(world, NULL, NULL);
}

static void test_the_token_is_taken_with_and_without_bearer(void **state)
{
    struct world *world = *state;
    const char *text = world->bearer + strlen("Bearer ");
    const char *const headers[] = {text, text_of(world, "bearer %s", text), text_of(world, "BEARER   %s  ", text)};
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++)
        assert_int_equal(ask(world, .method = "GET", .path = "/Users/" UNKNOWN_ID, .authorization = headers[i]).status,
                         404);
}

static void test_a_missing_scope_is_403(void **state)
{
    struct world *world = *state;
    static const unsigned bits[2][2] = {{SCOPE_USERS_READ, SCOPE_USERS_WRITE}, {SCOPE_GROUPS_READ, SCOPE_GROUPS_WRITE}};
    for (size_t i = 0; i < ENDPOINTS; i++) {
        unsigned needed = bits[endpoints[i].is_group][endpoints[i].writes];
        const char *all_but = world_token(world, world->directory, SCOPE_DIRECTORY_ALL & ~needed, true);
        struct answer answer = ask_badly(world, i, all_but, NULL);
        assert_int_equal(answer.status, 403);
        assert_string_equal(answer.www_authenticate, "Bearer realm=\"scim\", error=\"insufficient_scope\"");
        const char *just = world_token(world, world->directory, needed, true);
        assert_int_not_equal(ask_badly(world, i, just, NULL).status, 403);
    }
}

static void test_a_paused_directory_is_503_with_retry_after(void **state)
{
    struct world *world = *state;
    fake_state(world->knowing, world->directory, VIEW_DIRECTORY_PAUSED);
    fake_state(world->learning, world->directory, VIEW_DIRECTORY_PAUSED);
    for (size_t i = 0; i < ENDPOINTS; i++) {
        struct answer answer = ask_badly(world, i, NULL, NULL);
        assert_int_equal(answer.status, 503);
        assert_non_null(answer.retry_after);
    }
}

static void test_bodies_of_other_types_are_415(void **state)
{
    static const char *const good[] = {"application/scim+json", "application/json", "Application/JSON; charset=UTF-8",
                                       "application/scim+json;charset=utf-8", ""};
    static const char *const bad[] = {
        "text/plain", "application/json-patch+json", "application/xml", "application/x-www-form-urlencoded", "json",
        ";"};
    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        assert_int_equal(
            ask(*state, .method = "PUT", .path = "/Users/" UNKNOWN_ID, .body = "{}", .content_type = good[i]).status,
            404);
    for (size_t i = 0; i + 1 < sizeof(bad) / sizeof(bad[0]); i++) {
        struct answer answer =
            ask(*state, .method = "PUT", .path = "/Users/" UNKNOWN_ID, .body = "{}", .content_type = bad[i]);
        assert_int_equal(answer.status, 415);
        assert_string_equal(answer.accept, "application/scim+json, application/json");
    }
}

static void test_the_reply_has_the_type_that_is_accepted(void **state)
{
    static const struct {
        const char *accept, *type;
    } cases[] = {
        {NULL, "application/scim+json"},
        {"*/*", "application/scim+json"},
        {"application/*", "application/scim+json"},
        {"application/json", "application/json"},
        {"application/json;q=0.9", "application/json"},
        {"application/scim+json, application/json", "application/scim+json"},
        {"application/json , text/plain, */*", "application/scim+json"},
        {"APPLICATION/JSON", "application/json"},
        {"text/html", NULL},
        {"text/*, image/png", NULL},
    };
    struct world *world = *state;
    const char *path = text_of(world, "/Users/%s", world_user(world, "ada"));
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct answer answer = ask(world, .method = "GET", .path = path, .accept = cases[i].accept);
        assert_int_equal(answer.status, cases[i].type ? 200 : 406);
        assert_string_equal(answer.content_type, cases[i].type ? cases[i].type : "application/scim+json");
    }
}

/* E-07: each row mends the first thing that is wrong with the one before. */
static void test_faults_are_reported_in_their_order(void **state)
{
    struct world *world = *state;
    const char *user = world_user(world, "ada");
    world_user(world, "bob");
    const char *path = text_of(world, "/Users/%s", user);
    const char *reader = world_token(world, world->directory, SCOPE_USERS_READ, true);
    const char *bad_patch =
        "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],'Operations':[{'op':'move'}]}";
    const char *taken = "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],"
                        "'Operations':[{'op':'replace','path':'userName','value':'bob'}]}";
    struct {
        struct request request;
        int status;
    } steps[] = {
        {{.body = "{", .authorization = "", .content_type = "a/b", .accept = "a/b", .if_match = "W/\"9\""}, 401},
        {{.body = "{", .authorization = reader, .content_type = "a/b", .accept = "a/b", .if_match = "W/\"9\""}, 403},
        {{.body = "{", .content_type = "a/b", .accept = "text/html", .if_match = "W/\"9\""}, 415},
        {{.body = "{", .accept = "text/html", .if_match = "W/\"9\""}, 406},
        {{.body = "{", .if_match = "W/\"9\""}, 400},
        {{.body = bad_patch, .if_match = "W/\"9\""}, 400},
        {{.body = taken, .if_match = "W/\"9\""}, 412},
        {{.body = taken, .if_match = "W/\"1\""}, 409},
    };
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
        steps[i].request.method = "PATCH";
        steps[i].request.path = path;
        assert_int_equal(world_ask(world, &steps[i].request).status, steps[i].status);
    }
    /* the body before the resource, the resource before the precondition */
    const char *nobody = "/Users/" UNKNOWN_ID;
    assert_int_equal(ask(world, .method = "PATCH", .path = nobody, .body = bad_patch).status, 400);
    assert_int_equal(ask(world, .method = "PATCH", .path = nobody, .body = taken, .if_match = "W/\"9\"").status, 404);
}

static void test_an_id_of_another_tenant_is_as_unknown_as_any(void **state)
{
    struct world *world = *state;
    const char *user = world_user(world, "ada"), *group = world_group(world, "all", NULL);
    const char *stranger = world_token(world, (struct directory_id){id_new()}, SCOPE_DIRECTORY_ALL, true);
    static const char *const methods[] = {"GET", "PUT", "PATCH", "DELETE"};
    const char *patch = "{'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp'],"
                        "'Operations':[{'op':'replace','path':'displayName','value':'x'}]}";
    for (size_t i = 0; i < 8; i++) {
        const char *base = i < 4 ? "/Users" : "/Groups", *id = i < 4 ? user : group;
        const char *query = i == 4 ? "?excludedAttributes=members" : "";
        struct answer foreign = ask(world, .method = methods[i % 4], .path = text_of(world, "%s/%s%s", base, id, query),
                                    .body = i % 4 ? patch : NULL, .authorization = stranger);
        struct answer unknown =
            ask(world, .method = methods[i % 4], .path = text_of(world, "%s/%s%s", base, UNKNOWN_ID, query),
                .body = i % 4 ? patch : NULL, .authorization = stranger);
        struct answer malformed =
            ask(world, .method = methods[i % 4], .path = text_of(world, "%s/%s%s", base, "1", query),
                .body = i % 4 ? patch : NULL, .authorization = stranger);
        assert_int_equal(foreign.status, 404);
        assert_string_equal(foreign.text, unknown.text);
        assert_string_equal(foreign.text, malformed.text);
    }
    assert_int_equal(world_get(world, text_of(world, "/Users/%s", user)).status, 200);
}

static void test_a_good_token_is_noted_as_used(void **state)
{
    size_t before = fake_touched();
    world_get(*state, "/Users/" UNKNOWN_ID);
    assert_true(fake_touched() > before);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_no_token_is_401_everywhere),
        TEST(test_a_header_that_is_no_token_is_401),
        TEST(test_an_unknown_token_is_401),
        TEST(test_a_secret_of_another_making_is_401),
        TEST(test_a_revoked_or_expired_token_is_401),
        TEST(test_a_token_under_another_organization_is_401),
        TEST(test_a_token_of_a_directory_that_is_being_deleted_is_401),
        TEST(test_the_token_is_taken_with_and_without_bearer),
        TEST(test_a_missing_scope_is_403),
        TEST(test_a_paused_directory_is_503_with_retry_after),
        TEST(test_bodies_of_other_types_are_415),
        TEST(test_the_reply_has_the_type_that_is_accepted),
        TEST(test_faults_are_reported_in_their_order),
        TEST(test_an_id_of_another_tenant_is_as_unknown_as_any),
        TEST(test_a_good_token_is_noted_as_used),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
