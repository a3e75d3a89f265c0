#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "advice.h"
#include "store/request.h"

static struct arena arena;

static struct advice find(enum err_kind problem, const char *operation, const char *detail, const char *idp)
{
    struct advice_case what = {err_status(problem), problem, slice_str(operation), slice_str(detail), slice_str(idp)};
    struct advice advice;
    assert_true(advice_find(&what, &arena, &advice));
    return advice;
}

/* The SCIM server's only 409 is uniqueness, and it has no 422: the others are the admin API's own. */
static bool is_of_admin(enum err_kind kind)
{
    int status = err_status(kind);
    return (status == 409 && kind != ERR_UNIQUENESS) || status == 422 || kind == ERR_QUOTA_EXCEEDED ||
           kind == ERR_ORGANIZATION_NOT_FOUND || kind == ERR_DIRECTORY_NOT_FOUND;
}

/* Of which there is no more to say than the error does. */
static const enum err_kind without_line[] = {
    ERR_BAD_REQUEST, ERR_EXPECTATION, ERR_INVALID_CURSOR, ERR_EXPIRED_CURSOR, ERR_INVALID_COUNT,
};

static bool needs_line(enum err_kind kind)
{
    bool needs = !is_of_admin(kind);
    for (size_t i = 0; i < sizeof without_line / sizeof without_line[0]; i++)
        needs = needs && without_line[i] != kind;
    return needs;
}

static void test_every_kind_of_error_is_explained_in_its_own_words(void **state)
{
    (void)state;
    struct advice_case unknown = {400, ERR_NONE, SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY};
    struct advice general;
    assert_true(advice_find(&unknown, &arena, &general));
    for (enum err_kind kind = ERR_NONE + 1; kind < ERR_KINDS; kind++) {
        if (!needs_line(kind))
            continue;
        struct advice advice = find(kind, "", "", "okta");
        if (strcmp(advice.explanation, general.explanation) == 0)
            fail_msg("\"%s\" has no line in advice.c", err_title(kind));
        assert_null(strchr(advice.action, '{'));
        assert_null(strchr(advice.explanation, '{'));
    }
}

static void test_advice_fits_operation_detail_and_provider(void **state)
{
    (void)state;
    const char *wrong = "The bearer token is not valid for this URL.";
    assert_non_null(strstr(find(ERR_UNAUTHORIZED, "user.list", wrong, "okta").action, "Test API Credentials"));
    assert_non_null(strstr(find(ERR_UNAUTHORIZED, "user.list", wrong, "entra").action, "Secret Token"));
    assert_non_null(strstr(find(ERR_UNAUTHORIZED, "", wrong, "homemade").action, "provisioning settings"));
    assert_non_null(strstr(find(ERR_UNAUTHORIZED, "", "A bearer token is needed", "").explanation, "no bearer token"));
    assert_non_null(strstr(find(ERR_UNIQUENESS, "group.create", "", "").explanation, "group"));
    assert_non_null(strstr(find(ERR_UNIQUENESS, "user.create", "", "").explanation, "userName"));
    assert_non_null(strstr(find(ERR_UNAVAILABLE, "", "… is paused, try again later.", "").explanation, "paused"));
}

static void test_what_went_well_needs_no_advice(void **state)
{
    (void)state;
    struct advice_case what = {201, ERR_NONE, SLICE_EMPTY, SLICE_EMPTY, SLICE_EMPTY};
    struct advice advice;
    assert_false(advice_find(&what, &arena, &advice));
    assert_null(advice.explanation);
    what.status = STORE_CLIENT_LEFT;
    assert_true(advice_find(&what, &arena, &advice));
}

static void test_problems_are_known_by_their_names(void **state)
{
    (void)state;
    char name[STORE_PROBLEM_BYTES];
    store_problem_name(ERR_INVALID_VALUE, name);
    assert_string_equal(name, "invalid-value");
    for (enum err_kind kind = ERR_NONE + 1; kind < ERR_KINDS; kind++) {
        store_problem_name(kind, name);
        assert_int_equal(advice_problem(slice_str(name)), kind);
    }
    assert_int_equal(advice_problem(SLICE_LITERAL("")), ERR_NONE);
    assert_int_equal(advice_problem(SLICE_LITERAL("no-such")), ERR_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_kind_of_error_is_explained_in_its_own_words),
        cmocka_unit_test(test_advice_fits_operation_detail_and_provider),
        cmocka_unit_test(test_what_went_well_needs_no_advice),
        cmocka_unit_test(test_problems_are_known_by_their_names),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
