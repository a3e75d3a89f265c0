#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "diff.h"
#include "history_read.h"

static struct resource_id member(uint8_t number)
{
    struct resource_id id = {{{0}}};
    id.id.bytes[ID_BYTES - 1] = number;
    return id;
}

/* "+1-2+1": signs and one digit each. */
static struct slice entries(struct arena *arena, const char *text)
{
    size_t count = strlen(text) / 2;
    char *bytes = arena_take(arena, count * (1 + ID_BYTES) + 1);
    for (size_t i = 0; i < count; i++) {
        struct resource_id id = member((uint8_t)(text[2 * i + 1] - '0'));
        bytes[i * (1 + ID_BYTES)] = text[2 * i];
        memcpy(bytes + i * (1 + ID_BYTES) + 1, id.id.bytes, ID_BYTES);
    }
    return slice_of(bytes, count * (1 + ID_BYTES));
}

static void check_ids(const struct resource_id *ids, size_t count, const char *wanted)
{
    assert_int_equal(count, strlen(wanted));
    for (size_t i = 0; i < count; i++)
        assert_int_equal(ids[i].id.bytes[ID_BYTES - 1], wanted[i] - '0');
}

static void test_what_is_added_and_removed_again_comes_to_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *changes[3], *added, *removed;
    } cases[] = {
        {{"+1+2", "-3", ""}, "12", "3"}, {{"+1", "-1", ""}, "", ""},    {{"-1", "+1", ""}, "", ""},
        {{"+1", "-1", "+1"}, "1", ""},   {{"-1", "+1", "-1"}, "", "1"}, {{"+9-1", "+5", "-9+3"}, "35", "1"},
        {{"", "", ""}, "", ""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        struct err err = ERR_INIT;
        arena_init(&arena);
        struct history_fold *fold = history_fold_new(&arena);
        for (size_t k = 0; k < 3; k++)
            assert_true(history_fold_add(fold, entries(&arena, cases[i].changes[k]), &err));
        struct history_members members = history_fold_end(fold);
        check_ids(members.added, members.added_count, cases[i].added);
        check_ids(members.removed, members.removed_count, cases[i].removed);
        arena_fini(&arena);
    }
}

static void check_paths(const char *before, const char *after, const char *wanted)
{
    json_scoped *left = json_loads(before, 0, NULL), *right = json_loads(after, 0, NULL),
                *expected = json_loads(wanted, 0, NULL), *paths = diff_paths(left, right);
    assert_true(json_equal(paths, expected));
}

static void test_paths_are_spelled_as_filters_spell_them(void **state)
{
    (void)state;
    check_paths("{}", "{}", "[]");
    check_paths("{\"title\": \"a\"}", "{\"title\": \"b\"}", "[\"title\"]");
    check_paths("{\"title\": \"a\", \"id\": \"1\"}", "{\"meta\": {}}", "[\"title\"]");
    check_paths("{\"name\": {\"givenName\": \"a\", \"familyName\": \"b\"}}", "{\"name\": {\"givenName\": \"a\"}}",
                "[\"name.familyName\"]");
    check_paths("{}", "{\"urn:x:2.0:User\": {\"manager\": {\"value\": \"1\"}, \"department\": \"d\"}}",
                "[\"urn:x:2.0:User:manager.value\", \"urn:x:2.0:User:department\"]");
    check_paths("{\"emails\": [{\"value\": \"a\"}]}", "{\"emails\": [{\"value\": \"b\"}]}", "[\"emails\"]");
}

static void test_values_that_are_sensitive_are_named_and_no_more(void **state)
{
    (void)state;
    struct arena arena;
    struct err err = ERR_INIT;
    arena_init(&arena);
    const struct scim_rules_source source = {.policy = SLICE_LITERAL("{\"sensitive_attributes\": [\"name\"]}")};
    struct scim_rules *rules = scim_rules_make(&source, &err);
    assert_non_null(rules);
    json_scoped *before = json_loads("{\"title\": \"a\", \"name\": {\"givenName\": \"secret\"}}", 0, NULL),
                *after = json_loads("{\"title\": \"b\"}", 0, NULL),
                *expected = json_loads("[{\"path\": \"title\", \"old\": \"a\", \"new\": \"b\"}, {\"path\": "
                                       "\"name.givenName\", \"old\": null, \"new\": null, \"sensitive\": true}]",
                                       0, NULL),
                *found = diff_documents(before, after, rules, scim_rules_type(rules, SCIM_TYPE_USER), &arena);
    assert_true(json_equal(found, expected));
    scim_rules_free(rules);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_added_and_removed_again_comes_to_nothing),
        cmocka_unit_test(test_paths_are_spelled_as_filters_spell_them),
        cmocka_unit_test(test_values_that_are_sensitive_are_named_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
