/* Reading one resource, lists that name one, and discovery. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "world.h"

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static const char *text_at(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "(none)";
}

static void test_ids_in_other_spellings_are_unknown(void **state)
{
    struct world *world = *state;
    const char *id = world_user(world, "ada");
    char *upper = arena_copy(&world->arena, slice_str(id));
    for (char *at = upper; *at; at++)
        if (*at >= 'a')
            *at = (char)(*at - 32);
    assert_int_equal(world_get(world, text_of(world, "/Users/%s", id)).status, 200);
    assert_int_equal(world_get(world, text_of(world, "/Users/%s", upper)).status, 404);
    assert_int_equal(world_get(world, text_of(world, "/Users/%s.scim", id)).status, 404);
    assert_int_equal(world_get(world, text_of(world, "/Users/%.35s", id)).status, 404);
}

static void test_a_projection_shows_what_it_names(void **state)
{
    static const struct {
        const char *query;
        bool shows_user_name, shows_display, shows_meta, shows_groups;
    } cases[] = {
        {"", true, true, true, true},
        {"?attributes=userName", true, false, false, false},
        {"?attributes=displayName,groups", false, true, false, true},
        {"?attributes=USERNAME", true, false, false, false},
        {"?attributes=meta.version", false, false, true, false},
        {"?attributes=nonsense", false, false, false, false},
        {"?attributes=", true, true, true, true},
        {"?excludedAttributes=groups", true, true, true, false},
        {"?excludedAttributes=displayName", true, false, true, true},
        {"?excludedAttributes=id,meta", true, true, false, true},
    };
    struct world *world = *state;
    const char *id = world_user(world, "ada");
    world_group(world, "g", text_of(world, "[{'value':'%s'}]", id));
    const char *whole_tag = world_get(world, text_of(world, "/Users/%s", id)).etag;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer got = world_get(world, text_of(world, "/Users/%s%s", id, cases[i].query));
        assert_int_equal(got.status, 200);
        assert_string_equal(got.id, id);
        assert_true(!!json_object_get(got.body, "userName") == cases[i].shows_user_name);
        assert_true(!!json_object_get(got.body, "displayName") == cases[i].shows_display);
        assert_true(!!json_object_get(got.body, "meta") == cases[i].shows_meta);
        assert_true(!!json_object_get(got.body, "groups") == cases[i].shows_groups);
        if (cases[i].shows_groups)
            assert_string_equal(got.etag, whole_tag);
    }
    const char *both = text_of(world, "/Users/%s?attributes=userName&excludedAttributes=title", id);
    assert_int_equal(world_get(world, both).status, 400);
}

/* The tag names the resource, not the view of it: a client may send the one of a projected reply in If-Match. */
static void test_the_tag_does_not_depend_on_the_projection(void **state)
{
    struct world *world = *state;
    const char *id = world_user(world, "ada");
    world_group(world, "g", text_of(world, "[{'value':'%s'}]", id));
    const char *whole = world_get(world, text_of(world, "/Users/%s", id)).etag;
    static const char *const queries[] = {"attributes=userName", "excludedAttributes=groups", "attributes=groups"};
    for (size_t i = 0; i < COUNT(queries); i++)
        assert_string_equal(world_get(world, text_of(world, "/Users/%s?%s", id, queries[i])).etag, whole);
}

static void test_a_group_with_its_members_goes_to_the_query_lane(void **state)
{
    struct world *world = *state;
    const char *id = world_group(world, "g", NULL);
    assert_int_equal(world_get(world, text_of(world, "/Groups/%s", id)).status, 0);
    assert_int_equal(world_get(world, text_of(world, "/Groups/%s?attributes=members", id)).status, 0);
    assert_int_equal(world_get(world, text_of(world, "/Groups/%s?attributes=displayName", id)).status, 200);
    assert_int_equal(world_get(world, text_of(world, "/Groups/%s?excludedAttributes=members", id)).status, 200);
}

static void test_a_list_that_names_one_resource_is_answered_like_a_get(void **state)
{
    struct world *world = *state;
    const char *ada = world_user(world, "Ada@example.com");
    const struct {
        const char *filter;
        bool finds;
    } cases[] = {
        {"userName%20eq%20%22ada@EXAMPLE.com%22", true},
        {"username%20Eq%20%22ada@example.com%22", true},
        {"urn:ietf:params:scim:schemas:core:2.0:User:userName%20eq%20%22ada@example.com%22", true},
        {"userName%20eq%20%22ada%22", false},
        {"userName%20eq%20%22ada@example.com%22%20and%20active%20eq%20true", true},
        {"userName%20eq%20%22ada@example.com%22%20and%20active%20eq%20false", false},
        {text_of(world, "id%%20eq%%20%%22%s%%22", ada), true},
        {text_of(world, "id%%20eq%%20%%22%s%%22%%20and%%20userName%%20sw%%20%%22ada%%22", ada), true},
        {text_of(world, "id%%20eq%%20%%22%s%%22%%20and%%20userName%%20sw%%20%%22bob%%22", ada), false},
        {"id%20eq%20%2201890a5d-ac96-774b-bcce-b302099a8057%22", false},
        {"id%20eq%20%22nonsense%22", false},
    };
    const json_t *whole = world_get(world, text_of(world, "/Users/%s", ada)).body;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer answer = world_get(world, text_of(world, "/Users?filter=%s", cases[i].filter));
        if (answer.status != 200)
            fail_msg("%s: %d", cases[i].filter, answer.status);
        const json_t *resources = json_object_get(answer.body, "Resources");
        assert_int_equal(json_integer_value(json_object_get(answer.body, "totalResults")), cases[i].finds);
        assert_int_equal(json_integer_value(json_object_get(answer.body, "itemsPerPage")), cases[i].finds);
        assert_int_equal(json_integer_value(json_object_get(answer.body, "startIndex")), 1);
        assert_int_equal(json_array_size(resources), cases[i].finds);
        if (cases[i].finds)
            assert_true(json_equal(json_array_get(resources, 0), whole));
    }
}

/* Ids in the order in which a list has them, as their last characters; the users are made in order. */
static const char *found(struct world *world, const char *query)
{
    struct answer answer = world_get(world, text_of(world, "/Users?filter=%s", query));
    const char *list = "";
    size_t i;
    json_t *user;
    if (answer.status != 200)
        fail_msg("%s: %d", query, answer.status);
    json_array_foreach (json_object_get(answer.body, "Resources"), i, user)
        list = text_of(world, "%s%s%s", list, i ? " " : "", json_string_value(json_object_get(user, "userName")));
    return text_of(world, "%d: %s", (int)json_integer_value(json_object_get(answer.body, "totalResults")), list);
}

static void make_users(struct world *world)
{
    static const char *const members[] = {
        "'externalId':'x1','emails':[{'value':'a@x.y','type':'work'}],'displayName':'One'",
        "'externalId':'x2','emails':[{'value':'A@X.Y','type':'home'},{'value':'b@x.y','type':'work'}]",
        "'externalId':'x1','name':{'familyName':'One','givenName':'a'}",
        "'" SCIM_URN_ENTERPRISE "':{'employeeNumber':'7','manager':{'value':'boss'}}",
    };
    for (size_t i = 0; i < COUNT(members); i++)
        ask(world, .method = "POST", .path = "/Users",
            .body = text_of(world,
                            "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],"
                            "'userName':'u%zu',%s}",
                            i, members[i]));
}

static void test_F_05_F_14_F_25_indexed_filters_are_answered_without_the_query_lane(void **state)
{
    struct world *world = *state;
    make_users(world);
    static const struct {
        const char *filter, *found;
    } cases[] = {
        {"emails.value%20eq%20%22a@x.y%22", "2: u0 u1"},
        {"emails%20eq%20%22A@x.y%22", "2: u0 u1"},
        {"emails[type%20eq%20%22work%22%20and%20value%20eq%20%22a@x.y%22]", "1: u0"},
        {"emails[type%20eq%20%22work%22%20and%20value%20eq%20%22b@x.y%22]", "1: u1"},
        {"emails[type%20eq%20%22home%22].value%20eq%20%22b@x.y%22", "0: "},
        {"externalId%20eq%20%22x1%22", "2: u0 u2"},
        {"externalId%20eq%20%22X1%22", "0: "},
        {"displayName%20eq%20%22one%22", "1: u0"},
        {"name.familyName%20eq%20%22ONE%22", "1: u2"},
        {"name.givenName%20eq%20%22a%22%20and%20not%20(emails%20pr)", "1: u2"},
        {"employeeNumber%20eq%20%227%22", "1: u3"},
        {"manager%20eq%20%22boss%22", "1: u3"},
        {"manager.value%20eq%20%22boss%22%20and%20groups%20pr", "0: "},
        {"userName%20eq%20%22u3%22%20or%20emails.value%20eq%20%22a@x.y%22", "3: u0 u1 u3"},
        {"userName%20eq%20%22u1%22%20or%20emails.value%20eq%20%22a@x.y%22", "2: u0 u1"},
        {"(externalId%20eq%20%22x1%22%20or%20externalId%20eq%20%22x2%22)%20and%20emails%20pr", "2: u0 u1"},
        {"emails.value%20eq%20%22nobody@x.y%22", "0: "},
        {"emails.value%20eq%20%22a@x.y%22&startIndex=2", "2: u1"},
        {"emails.value%20eq%20%22a@x.y%22&startIndex=3", "2: "},
        {"emails.value%20eq%20%22a@x.y%22&count=1", "2: u0"},
        {"emails.value%20eq%20%22a@x.y%22&count=0", "2: "},
        {"emails.value%20eq%20%22a@x.y%22&count=1&startIndex=2", "2: u1"},
    };
    for (size_t i = 0; i < COUNT(cases); i++)
        if (strcmp(found(world, cases[i].filter), cases[i].found) != 0)
            fail_msg("%s: %s, not %s", cases[i].filter, found(world, cases[i].filter), cases[i].found);
}

static void test_a_key_that_more_than_twenty_have_goes_to_the_query_lane(void **state)
{
    struct world *world = *state;
    for (int i = 0; i <= VIEW_MOST_MATCHES; i++) {
        int expected = i < VIEW_MOST_MATCHES ? 200 : 0;
        ask(world, .method = "POST", .path = "/Users",
            .body = text_of(world,
                            "{'schemas':['urn:ietf:params:scim:schemas:core:2.0:User'],"
                            "'userName':'u%d','displayName':'Same'}",
                            i));
        assert_int_equal(world_get(world, "/Users?filter=displayName%20eq%20%22same%22").status, expected);
    }
}

static void test_paging_parameters_hold_for_a_list_of_one(void **state)
{
    struct world *world = *state;
    world_user(world, "ada");
    static const struct {
        const char *query;
        int status, items;
    } cases[] = {
        {"&count=0", 200, 0},         {"&count=1", 200, 1},  {"&startIndex=1", 200, 1}, {"&startIndex=2", 200, 0},
        {"&STARTINDEX=2", 200, 0},    {"&count=-1", 200, 0}, {"&startIndex=0", 200, 1}, {"&count=x", 400, 0},
        {"&count=1&count=1", 400, 0}, {"&foo=1", 200, 1},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct answer answer =
            world_get(world, text_of(world, "/Users?filter=userName%%20eq%%20%%22ada%%22%s", cases[i].query));
        if (answer.status != cases[i].status)
            fail_msg("%s: %d", cases[i].query, answer.status);
        if (answer.status != 200)
            continue;
        assert_int_equal(json_integer_value(json_object_get(answer.body, "totalResults")), 1);
        assert_int_equal(json_array_size(json_object_get(answer.body, "Resources")), cases[i].items);
    }
}

static void test_lists_that_need_more_go_to_the_query_lane(void **state)
{
    struct world *world = *state;
    world_user(world, "ada");
    static const char *const paths[] = {
        "/Users",
        "/Users?count=1",
        "/Groups",
        "/Users?filter=displayName%20sw%20%22ada%22",
        "/Users?filter=userName%20co%20%22ada%22",
        "/Users?filter=userName%20eq%20%22ada%22&sortBy=userName",
        "/Users?filter=userName%20eq%20%22ada%22%20or%20title%20eq%20%22bob%22",
        "/Groups?filter=displayName%20eq%20%22g%22",
    };
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_int_equal(world_get(world, paths[i]).status, 0);
    assert_int_equal(world_get(world, "/Groups?filter=displayName%20eq%20%22g%22&excludedAttributes=members").status,
                     200);
}

static void test_a_bad_filter_is_refused(void **state)
{
    static const char *const filters[] = {
        "", "userName", "userName%20eq", "userName%20is%20%22a%22", "%22", "(userName%20eq%20%22a%22"};
    for (size_t i = 0; i < COUNT(filters); i++) {
        struct answer answer = world_get(*state, text_of(*state, "/Users?filter=%s", filters[i]));
        assert_int_equal(answer.status, 400);
        assert_string_equal(answer.scim_type, "invalidFilter");
    }
}

static const char *const documents[] = {"/ServiceProviderConfig",
                                        "/ResourceTypes",
                                        "/Schemas",
                                        "/ResourceTypes/User",
                                        "/ResourceTypes/Group",
                                        "/Schemas/urn:ietf:params:scim:schemas:core:2.0:User",
                                        "/Schemas/URN:IETF:params:scim:schemas:core:2.0:group"};

static void test_discovery_is_readable_without_a_token(void **state)
{
    struct world *world = *state;
    for (size_t i = 0; i < COUNT(documents); i++) {
        struct answer open = ask(world, .method = "GET", .path = documents[i], .authorization = "");
        struct answer closed = ask(world, .method = "GET", .path = documents[i]);
        assert_int_equal(open.status, 200);
        assert_string_equal(open.text, closed.text);
        assert_non_null(open.etag);
        struct answer again = ask(world, .method = "GET", .path = documents[i], .if_none_match = open.etag);
        assert_int_equal(again.status, 304);
        assert_string_equal(again.etag, open.etag);
        struct answer paged = world_get(world, text_of(world, "%s?count=0&startIndex=9", documents[i]));
        assert_string_equal(paged.text, open.text);
    }
}

static void test_discovery_refuses_a_bad_token_and_a_filter(void **state)
{
    struct world *world = *state;
    const char *dead = world_token(world, world->directory, SCOPE_DIRECTORY_ALL, false);
    const char *scopeless = world_token(world, world->directory, 0, true);
    for (size_t i = 0; i < COUNT(documents); i++) {
        assert_int_equal(ask(world, .method = "GET", .path = documents[i], .authorization = "Bearer x").status, 401);
        assert_int_equal(ask(world, .method = "GET", .path = documents[i], .authorization = dead).status, 401);
        assert_int_equal(ask(world, .method = "GET", .path = documents[i], .authorization = scopeless).status, 200);
        const char *filtered = text_of(world, "%s?filter=id%%20pr", documents[i]);
        assert_int_equal(world_get(world, filtered).status, 403);
        struct answer nowhere =
            ask(world, .method = "GET", .path = documents[i], .authorization = "", .organization = "nonsense");
        assert_int_equal(nowhere.status, 404);
    }
}

static void test_what_discovery_does_not_know_is_404(void **state)
{
    static const char *const paths[] = {"/ResourceTypes/Device", "/ResourceTypes/user", "/Schemas/urn:x",
                                        "/Schemas/User"};
    for (size_t i = 0; i < COUNT(paths); i++)
        assert_int_equal(ask(*state, .method = "GET", .path = paths[i], .authorization = "").status, 404);
}

static void test_the_configuration_tells_the_limits_that_hold(void **state)
{
    struct world *world = *state;
    struct answer answer = world_get(world, "/ServiceProviderConfig");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(answer.body, "filter"), "maxResults")),
                     world->settings.max_page);
    assert_true(json_is_true(json_object_get(json_object_get(answer.body, "bulk"), "supported")));
    assert_true(json_is_true(json_object_get(json_object_get(answer.body, "etag"), "supported")));
    assert_string_equal(text_at(json_object_get(answer.body, "meta"), "resourceType"), "ServiceProviderConfig");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_set_up, world_tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_ids_in_other_spellings_are_unknown),
        TEST(test_a_projection_shows_what_it_names),
        TEST(test_the_tag_does_not_depend_on_the_projection),
        TEST(test_a_group_with_its_members_goes_to_the_query_lane),
        TEST(test_a_list_that_names_one_resource_is_answered_like_a_get),
        TEST(test_F_05_F_14_F_25_indexed_filters_are_answered_without_the_query_lane),
        TEST(test_a_key_that_more_than_twenty_have_goes_to_the_query_lane),
        TEST(test_paging_parameters_hold_for_a_list_of_one),
        TEST(test_lists_that_need_more_go_to_the_query_lane),
        TEST(test_a_bad_filter_is_refused),
        TEST(test_discovery_is_readable_without_a_token),
        TEST(test_discovery_refuses_a_bad_token_and_a_filter),
        TEST(test_what_discovery_does_not_know_is_404),
        TEST(test_the_configuration_tells_the_limits_that_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
