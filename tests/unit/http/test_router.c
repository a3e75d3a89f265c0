#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "router.h"

static const struct operation one;
static const struct route routes[] = {
    {"GET", "/", 0, &one},
    {"GET", "/orgs/{}/scim/v2/Users", 0, &one},
    {"POST", "/orgs/{}/scim/v2/Users", 0, &one},
    {"GET", "/orgs/{}/scim/v2/Users/{}", 0, &one},
    {"PATCH", "/orgs/{}/scim/v2/Users/{}", 0, &one},
    {"POST", "/orgs/{}/scim/v2/Users/.search", 0, &one},
    {"DELETE", "/only", 0, &one},
};
static const struct route more[] = {{"GET", "/healthz", 0, &one}, {"GET", "/only", 0, &one}};

static struct router *lenient, *strict;
static struct arena arena;

static int set_up(void **state)
{
    (void)state;
    lenient = router_new(routes, sizeof routes / sizeof routes[0], more, 2, true);
    strict = router_new(routes, sizeof routes / sizeof routes[0], more, 2, false);
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    router_free(lenient);
    router_free(strict);
    arena_fini(&arena);
    return 0;
}

static enum router_result match(const struct router *router, const char *method, const char *path,
                                struct router_match *match_out)
{
    return router_match(router, slice_str(method), slice_str(path), &arena, match_out);
}

static void test_paths_and_methods_choose_a_route(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path;
        enum router_result result;
        size_t index;
    } cases[] = {
        {"GET", "/", ROUTER_FOUND, 0},
        {"GET", "/orgs/o/scim/v2/Users", ROUTER_FOUND, 1},
        {"POST", "/orgs/o/scim/v2/Users", ROUTER_FOUND, 2},
        {"GET", "/orgs/o/scim/v2/Users/u", ROUTER_FOUND, 3},
        {"HEAD", "/orgs/o/scim/v2/Users/u", ROUTER_FOUND, 3},
        {"PATCH", "/orgs/o/scim/v2/Users/u", ROUTER_FOUND, 4},
        {"POST", "/orgs/o/scim/v2/Users/.search", ROUTER_FOUND, 5},
        {"GET", "/healthz", ROUTER_FOUND, 7},
        {"GET", "/only", ROUTER_FOUND, 8},
        {"GET", "/orgs/o/scim/v2/users", ROUTER_NOT_FOUND, 0},
        {"GET", "/orgs/o/scim/v2", ROUTER_NOT_FOUND, 0},
        {"GET", "/orgs/o/scim/v2/Users/u/more", ROUTER_NOT_FOUND, 0},
        {"GET", "/orgs/o/scim/v2/Users/.", ROUTER_NOT_FOUND, 0},
        {"GET", "/orgs/o/scim/v2/Users/%2e%2E", ROUTER_NOT_FOUND, 0},
        {"GET", "/orgs/../scim/v2/Users", ROUTER_NOT_FOUND, 0},
        {"GET", "", ROUTER_NOT_FOUND, 0},
        {"GET", "*", ROUTER_NOT_FOUND, 0},
        {"GET", "healthz", ROUTER_NOT_FOUND, 0},
        {"GET", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n/o/p/q/r/s/t/u/v", ROUTER_NOT_FOUND, 0},
        {"DELETE", "/orgs/o/scim/v2/Users", ROUTER_WRONG_METHOD, 0},
        {"OPTIONS", "/orgs/o/scim/v2/Users", ROUTER_OPTIONS, 0},
        {"OPTIONS", "*", ROUTER_OPTIONS, 0},
        {"FOO", "/healthz", ROUTER_UNKNOWN_METHOD, 0},
        {"get", "/healthz", ROUTER_UNKNOWN_METHOD, 0},
        {"CONNECT", "/healthz", ROUTER_UNKNOWN_METHOD, 0},
        {"GET", "/orgs/%zz/scim/v2/Users", ROUTER_MALFORMED, 0},
        {"GET", "/orgs/%4/scim/v2/Users", ROUTER_MALFORMED, 0},
        {"GET", "/orgs/o/scim/v2/Users/%", ROUTER_MALFORMED, 0},
        {"GET", "/orgs/%00/scim/v2/Users", ROUTER_MALFORMED, 0},
        {"GET", "/orgs/%ff/scim/v2/Users", ROUTER_MALFORMED, 0},
        {"GET", "/orgs/%c0%af/scim/v2/Users", ROUTER_MALFORMED, 0},
        {"GET", "/orgs/%ed%a0%80/scim/v2/Users", ROUTER_MALFORMED, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct router_match found;
        enum router_result result = match(lenient, cases[i].method, cases[i].path, &found);
        if (result != cases[i].result)
            fail_msg("%s %s: %d", cases[i].method, cases[i].path, (int)result);
        if (result == ROUTER_FOUND)
            assert_int_equal(found.index, cases[i].index);
    }
}

static void test_parameters_are_decoded_one_by_one(void **state)
{
    (void)state;
    struct router_match found;
    assert_int_equal(match(lenient, "GET", "/orgs/a%20%c3%A9/scim/v2/Users/b%2Fc%2f..", &found), ROUTER_FOUND);
    assert_int_equal(found.parameter_count, 2);
    assert_true(slice_equals(found.parameters[0], slice_str("a \xc3\xa9")));
    assert_true(slice_equals(found.parameters[1], slice_str("b/c/..")));
}

static void test_literals_are_decoded_too(void **state)
{
    (void)state;
    struct router_match found;
    assert_int_equal(match(lenient, "GET", "/h%65althz", &found), ROUTER_FOUND);
    assert_int_equal(match(lenient, "GET", "/healthz%2F", &found), ROUTER_NOT_FOUND);
}

static void test_slashes_are_forgiven_where_that_is_wanted(void **state)
{
    (void)state;
    struct router_match found;
    assert_int_equal(match(lenient, "GET", "//healthz/", &found), ROUTER_FOUND);
    assert_int_equal(match(lenient, "GET", "/orgs/o//scim/v2/Users/", &found), ROUTER_FOUND);
    assert_int_equal(found.index, 1);
    assert_int_equal(match(lenient, "GET", "//", &found), ROUTER_FOUND);
    assert_int_equal(match(strict, "GET", "/healthz", &found), ROUTER_FOUND);
    assert_int_equal(match(strict, "GET", "/", &found), ROUTER_FOUND);
    assert_int_equal(match(strict, "GET", "/healthz/", &found), ROUTER_NOT_FOUND);
    assert_int_equal(match(strict, "GET", "//healthz", &found), ROUTER_NOT_FOUND);
    assert_int_equal(match(strict, "GET", "/orgs//scim/v2/Users", &found), ROUTER_NOT_FOUND);
}

static void test_allow_lists_what_a_path_can_do(void **state)
{
    (void)state;
    struct router_match found;
    match(lenient, "PUT", "/orgs/o/scim/v2/Users/u", &found);
    assert_string_equal(found.allow, "GET, HEAD, PATCH, OPTIONS");
    match(lenient, "PUT", "/orgs/o/scim/v2/Users/.search", &found);
    assert_string_equal(found.allow, "POST, OPTIONS");
    match(lenient, "OPTIONS", "/only", &found);
    assert_string_equal(found.allow, "GET, HEAD, DELETE, OPTIONS");
}

/* What only refuses is a route, so that it can tell 404 from 405, and no promise. */
static void test_a_route_that_refuses_is_reached_and_not_allowed(void **state)
{
    (void)state;
    static const struct operation refusing = {.refuses_method = true};
    static const struct route open[] = {
        {"PUT", "/{}", 0, &refusing}, {"GET", "/{}", 0, &one}, {"POST", "/Users", 0, &one}};
    struct router *router = router_new(open, 3, more, 2, true);
    struct router_match found;
    assert_int_equal(match(router, "PUT", "/Things", &found), ROUTER_FOUND);
    assert_string_equal(found.allow, "GET, HEAD, OPTIONS");
    assert_int_equal(match(router, "PUT", "/Users", &found), ROUTER_WRONG_METHOD);
    assert_string_equal(found.allow, "POST, OPTIONS");
    router_free(router);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paths_and_methods_choose_a_route),
        cmocka_unit_test(test_parameters_are_decoded_one_by_one),
        cmocka_unit_test(test_literals_are_decoded_too),
        cmocka_unit_test(test_slashes_are_forgiven_where_that_is_wanted),
        cmocka_unit_test(test_allow_lists_what_a_path_can_do),
        cmocka_unit_test(test_a_route_that_refuses_is_reached_and_not_allowed),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
