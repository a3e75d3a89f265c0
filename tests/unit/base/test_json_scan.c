#include <stdlib.h>

#include "base/json.h"
#include "unit.h"

static bool scan(const char *text, struct json_limits limits)
{
    struct err err = ERR_INIT;
    bool fine = json_scan(slice_str(text), &limits, &err);
    assert_int_equal(err.kind, fine ? ERR_NONE : ERR_INVALID_SYNTAX);
    return fine;
}

enum limit { DEPTH, CONTAINERS, TOKENS, NUMBER };

/* Just enough is accepted, one less is refused. */
static void assert_needs(enum limit which, const char *text, size_t amount)
{
    struct json_limits limits = {.depth = 99, .containers = 99, .tokens = 99, .number = 99};
    size_t *const members[] = {&limits.depth, &limits.containers, &limits.tokens, &limits.number};
    *members[which] = amount;
    assert_true(scan(text, limits));
    if (amount == 0)
        return;
    *members[which] = amount - 1;
    assert_false(scan(text, limits));
}

static void assert_needs_depth(const char *text, size_t depth) { assert_needs(DEPTH, text, depth); }

static void test_depth_counts_open_containers(void **state)
{
    (void)state;
    assert_needs_depth("1", 0);
    assert_needs_depth("[]", 1);
    assert_needs_depth("[[],[],[]]", 2);
    assert_needs_depth("{\"a\":{\"b\":[1]}}", 3);
    assert_needs_depth("[[[]],[[[]]]]", 4);
}

static void test_brackets_in_strings_do_not_count(void **state)
{
    (void)state;
    assert_needs_depth("\"[[[[\"", 0);
    assert_needs_depth("[\"\\\"[[[\"]", 1);
    assert_needs_depth("[\"\\\\\",[]]", 2);
    assert_needs_depth("[\"\\\\\\\"[[\"]", 1);
    assert_needs_depth("[\"\\u005b[\"]", 1);
    assert_needs_depth("{\"}]\":[]}", 2);
    assert_needs_depth("\"[[[", 0);
    assert_needs_depth("\"\\", 0);
}

static void test_closing_too_often_buys_no_depth(void **state)
{
    (void)state;
    assert_needs_depth("]]]]]][[", 2);
    assert_needs_depth("}}}}[{", 2);
}

static void assert_counts(const char *text, size_t containers, size_t tokens)
{
    assert_needs(CONTAINERS, text, containers);
    assert_needs(TOKENS, text, tokens);
}

static void test_containers_and_tokens_are_counted_exactly(void **state)
{
    (void)state;
    assert_counts("", 0, 0);
    assert_counts(" \r\n\t", 0, 0);
    assert_counts("true", 0, 1);
    assert_counts("[]", 1, 1);
    assert_counts("[[],{}]", 3, 3);
    assert_counts("{\"a\":1,\"b\":\"x\"}", 1, 5);
    assert_counts("[1,-2.5e+7,null,\"\",false]", 1, 6);
    assert_counts("[1 2 3]", 1, 4);
    assert_counts("[\"a\"\"b\"]", 1, 3);
    assert_counts("[[[[[[", 6, 6);
}

static void assert_longest_number(const char *text, size_t length) { assert_needs(NUMBER, text, length); }

static void test_number_length_counts_all_its_characters(void **state)
{
    (void)state;
    assert_longest_number("[1,22,333]", 3);
    assert_longest_number("-1.5e+10", 8);
    assert_longest_number("{\"12345\":1}", 1);
    assert_longest_number("[true,\"123456\"]", 0);
    assert_longest_number("123", 3);
}

static void test_a_megabyte_of_brackets_is_refused_at_the_depth_limit(void **state)
{
    (void)state;
    size_t size = 1 << 20;
    char *text = malloc(size);
    memset(text, '[', size);
    struct err err = ERR_INIT;
    assert_false(json_scan(slice_of(text, size), &json_limits_default, &err));
    assert_int_equal(err.kind, ERR_INVALID_SYNTAX);
    assert_non_null(strstr(err.detail, "32"));
    for (size_t i = 1; i < size; i += 2)
        text[i] = ']';
    assert_false(json_scan(slice_of(text, size), &json_limits_default, &err));
    assert_non_null(strstr(err.detail, "20000"));
    free(text);
}

static void test_the_refusal_names_the_limit(void **state)
{
    (void)state;
    static const struct {
        const char *text, *word;
    } rows[] = {
        {"[[[[", "nested"}, {"[],[],[],[]", "objects and arrays"}, {"1,1,1,1,1,1", "values"}, {"12345678", "number"}};
    struct json_limits limits = {.depth = 3, .containers = 3, .tokens = 5, .number = 7};
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct err err = ERR_INIT;
        assert_false(json_scan(slice_str(rows[i].text), &limits, &err));
        assert_non_null(strstr(err.detail, rows[i].word));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_depth_counts_open_containers),
        cmocka_unit_test(test_brackets_in_strings_do_not_count),
        cmocka_unit_test(test_closing_too_often_buys_no_depth),
        cmocka_unit_test(test_containers_and_tokens_are_counted_exactly),
        cmocka_unit_test(test_number_length_counts_all_its_characters),
        cmocka_unit_test(test_a_megabyte_of_brackets_is_refused_at_the_depth_limit),
        cmocka_unit_test(test_the_refusal_names_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
