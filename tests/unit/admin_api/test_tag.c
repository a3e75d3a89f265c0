/* Entity tags, conditions, Accept and Idempotency-Key: headers and what they mean. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "accept.h"
#include "idempotency.h"
#include "tag.h"

static const struct tag_view whole = {.resource = NULL};

static const char *tag(const char *body, const struct tag_view *view)
{
    static char texts[4][TAG_TEXT_BYTES];
    static size_t next;
    char *text = texts[next++ % 4];
    tag_of(slice_str(body), view, text);
    return text;
}

static void test_a_tag_is_that_of_the_text(void **state)
{
    (void)state;
    assert_string_equal(tag("{\"a\":1}", &whole), tag("{\"a\":1}", &whole));
    assert_string_not_equal(tag("{\"a\":1}", &whole), tag("{\"a\":2}", &whole));
    const char *one = tag("{\"a\":1}", &whole);
    assert_int_equal(one[0], '"');
    assert_int_equal(one[strlen(one) - 1], '"');
    assert_null(strchr(one, '.'));
}

static void test_what_moves_by_itself_is_a_part_of_its_own(void **state)
{
    (void)state;
    const char *first = tag("{\"a\":1,\"counts\":{\"users\":1},\"last_used_at\":null}", &whole);
    const char *later = tag("{\"a\":1,\"counts\":{\"users\":2},\"last_used_at\":null}", &whole);
    size_t set = strcspn(first, ".");
    assert_int_equal(first[set], '.');
    assert_memory_equal(first, later, set);
    assert_string_not_equal(first, later);
    const char *other = tag("{\"a\":2,\"counts\":{\"users\":1},\"last_used_at\":null}", &whole);
    assert_memory_not_equal(first, other, set);
    assert_string_equal(first + set, other + set);
}

static void test_a_name_that_only_occurs_deeper_does_not_move(void **state)
{
    (void)state;
    const char *first = tag("{\"a\":{\"counts\":1}}", &whole), *later = tag("{\"a\":{\"counts\":2}}", &whole);
    assert_null(strchr(first, '.'));
    assert_string_not_equal(first, later);
}

static void test_a_secret_and_what_stands_around_are_no_part_of_it(void **state)
{
    (void)state;
    static const struct tag_view secret = {.secret = "token"}, inner = {.resource = "organization"};
    assert_string_equal(tag("{\"id\":1,\"token\":\"s\"}", &secret), tag("{\"id\":1}", &whole));
    assert_string_equal(tag("{\"organization\":{\"id\":1},\"token\":\"s\"}", &inner), tag("{\"id\":1}", &whole));
}

static bool listed(const char *header, const char *current, enum tag_comparison comparison)
{
    struct err err = ERR_INIT;
    bool found = false;
    assert_true(tag_listed(slice_str(header), current, comparison, &found, &err));
    return found;
}

static void test_strong_comparison_takes_no_weak_tags_and_overlooks_what_moves(void **state)
{
    (void)state;
    assert_true(listed("\"ab\"", "\"ab\"", TAG_STRONG));
    assert_true(listed(" \"x\" ,, \"ab\",", "\"ab\"", TAG_STRONG));
    assert_true(listed("*", "\"ab\"", TAG_STRONG));
    assert_true(listed("\"ab.1\"", "\"ab.2\"", TAG_STRONG));
    assert_false(listed("W/\"ab\"", "\"ab\"", TAG_STRONG));
    assert_false(listed("\"a\"", "\"ab\"", TAG_STRONG));
    assert_false(listed("\"\"", "\"ab\"", TAG_STRONG));
}

static void test_weak_comparison_is_of_the_whole(void **state)
{
    (void)state;
    assert_true(listed("W/\"ab.1\"", "\"ab.1\"", TAG_WEAK));
    assert_false(listed("\"ab.1\"", "\"ab.2\"", TAG_WEAK));
    assert_false(listed("\"ab\"", "\"ab.2\"", TAG_WEAK));
}

static void test_malformed_lists_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     " ",           ",",        "ab",       "\"ab",    "ab\"",    "w/\"ab\"",
                                      "W/ab", "\"a\" \"b\"", "*, \"a\"", "\"a\", *", "\"a b\"", "\"a\", b"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err err = ERR_INIT;
        bool found;
        if (tag_listed(slice_str(bad[i]), "\"ab\"", TAG_STRONG, &found, &err))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
    }
}

static void test_accept_is_decided_by_the_closest_range(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        bool allowed;
    } cases[] = {
        {"", true},
        {"application/json", true},
        {"Application/JSON;charset=utf-8", true},
        {"text/html, */*;q=0.1", true},
        {"application/*;q=0, application/json", true},
        {"application/json;q=0, */*", false},
        {"application/json; Q=0.000", false},
        {"text/*", false},
        {"application/jsonx", false},
        {"applicatio/*", false},
        {",", false},
        {";q=1", false},
        {"*/*;q=0", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (accept_allows(slice_str(cases[i].header), "application/json") != cases[i].allowed)
            fail_msg("%s", cases[i].header);
    assert_true(accept_allows(slice_str("text/csv"), "application/x-ndjson text/csv"));
    assert_false(accept_allows(slice_str("text/html"), "application/x-ndjson text/csv"));
}

static bool reads(const char *header, const char *expected)
{
    struct arena arena;
    struct slice key;
    struct err err = ERR_INIT;
    arena_init(&arena);
    bool good = idempotency_key_parse(slice_str(header), &arena, &key, &err);
    assert_true(good || err.kind == ERR_BAD_REQUEST);
    if (good && expected)
        assert_true(slice_equals(key, slice_str(expected)));
    arena_fini(&arena);
    return good;
}

static void test_an_idempotency_key_is_one_string(void **state)
{
    (void)state;
    char longest[IDEMPOTENCY_KEY_MAX + 2] = {0};
    memset(longest, 'x', IDEMPOTENCY_KEY_MAX);
    assert_true(reads("abc", "abc"));
    assert_true(reads(" \"a b\" ", "a b"));
    assert_true(reads("\"a\\\"b\\\\\"", "a\"b\\"));
    assert_true(reads(longest, longest));
    longest[IDEMPOTENCY_KEY_MAX] = 'x';
    static const char *const bad[] = {"",        " ",      "\"\"",    "a b",  "a,b",      "\"a",   "a\"",
                                      "\"a\"\"", "\"\\\"", "\"\\a\"", "a\\b", "\xc3\xa9", "a\x01", "\"a\", \"b\""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (reads(bad[i], NULL))
            fail_msg("accepted: %s", bad[i]);
    assert_false(reads(longest, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_tag_is_that_of_the_text),
        cmocka_unit_test(test_what_moves_by_itself_is_a_part_of_its_own),
        cmocka_unit_test(test_a_name_that_only_occurs_deeper_does_not_move),
        cmocka_unit_test(test_a_secret_and_what_stands_around_are_no_part_of_it),
        cmocka_unit_test(test_strong_comparison_takes_no_weak_tags_and_overlooks_what_moves),
        cmocka_unit_test(test_weak_comparison_is_of_the_whole),
        cmocka_unit_test(test_malformed_lists_are_refused),
        cmocka_unit_test(test_accept_is_decided_by_the_closest_range),
        cmocka_unit_test(test_an_idempotency_key_is_one_string),
    };
    return cmocka_run_group_tests_name("tag", tests, NULL, NULL);
}
