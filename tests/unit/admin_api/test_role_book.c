/* From groups to roles. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "role_book.h"
#include "scim/schema.h"

static struct id id_of(unsigned number)
{
    return (struct id){.bytes = {1, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number}};
}

static struct scim_group_ref group(unsigned number, const char *display)
{
    return (struct scim_group_ref){.id.id = id_of(number), .type = SCIM_TYPE_GROUP, .display = slice_str(display)};
}

static const struct role_rule rules[] = {
    {.kind = ROLE_BY_GROUP_NAME,
     .group_name = SLICE_LITERAL("Engineering"),
     .role = SLICE_LITERAL("developer"),
     .priority = 5},
    {.kind = ROLE_BY_GROUP_ID, .group = {.bytes = {1, [15] = 7}}, .role = SLICE_LITERAL("admin"), .priority = 9},
    {.kind = ROLE_BY_GROUP_PREFIX,
     .group_name = SLICE_LITERAL("app-"),
     .role = SLICE_LITERAL("member"),
     .priority = -1},
    {.kind = ROLE_BY_GROUP_PREFIX,
     .group_name = SLICE_LITERAL("APP-ÉLITE"),
     .role = SLICE_LITERAL("developer"),
     .priority = -1},
    {.kind = ROLE_BY_GROUP_NAME,
     .group_name = SLICE_LITERAL("engineering"),
     .role = SLICE_LITERAL("reader"),
     .priority = 5},
};
enum { RULES = sizeof rules / sizeof rules[0] };

static void check(const struct role_rule *list, size_t count, const char *default_role,
                  const struct scim_group_ref *groups, size_t group_count, const char *expected)
{
    struct arena arena;
    char found[512] = "";
    arena_init(&arena);
    struct role_book *book = role_book_make(list, count, slice_str(default_role), &arena);
    const struct view_refs refs = {groups, group_count};
    for (int twice = 0; twice < 2; twice++) { /* the second time from the book's memory */
        struct role_names names = role_book_resolve(book, &refs);
        found[0] = '\0';
        for (size_t i = 0; i < names.count; i++)
            snprintf(found + strlen(found), sizeof found - strlen(found), "%s%.*s", i ? " " : "",
                     (int)names.list[i].len, names.list[i].data);
        assert_string_equal(found, expected);
    }
    arena_fini(&arena);
}

static void test_the_highest_priority_comes_first_and_each_role_once(void **state)
{
    (void)state;
    const struct scim_group_ref groups[] = {group(1, "App-élite team"), group(2, "ENGINEERING"), group(7, "x")};
    check(rules, RULES, "", groups, 3, "admin developer reader member");
    check(rules, RULES, "", groups, 2, "developer reader member");
    check(rules, RULES, "", groups, 1, "member developer");
}

static void test_names_are_whole_and_prefixes_are_not(void **state)
{
    (void)state;
    const struct scim_group_ref groups[] = {group(1, "Engineering 2"), group(2, "the app-x"), group(3, "app"),
                                            group(4, "")};
    check(rules, RULES, "", groups, 4, "");
    const struct scim_group_ref whole = group(5, "app-");
    check(rules, RULES, "", &whole, 1, "member");
}

static void test_the_default_is_of_those_whom_no_rule_names(void **state)
{
    (void)state;
    const struct scim_group_ref groups[] = {group(1, "other"), group(7, "")};
    check(rules, RULES, "guest", groups, 1, "guest");
    check(rules, RULES, "guest", groups, 0, "guest");
    check(rules, RULES, "guest", groups, 2, "admin");
    check(NULL, 0, "guest", groups, 2, "guest");
    check(NULL, 0, "", groups, 2, "");
}

static unsigned random_below(unsigned limit)
{
    static uint64_t state = 7;
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(state >> 33) % limit;
}

/* Against the plainest way of saying it: for each rule in the order of priorities, is the user in such a group? */
static void test_a_thousand_rules_and_many_groups(void **state)
{
    (void)state;
    static struct role_rule many[ROLE_RULES_MOST];
    static char names[ROLES_MOST][16];
    static char displays[64][16];
    for (int i = 0; i < ROLES_MOST; i++)
        snprintf(names[i], sizeof names[i], "role%d", i);
    for (int i = 0; i < ROLE_RULES_MOST; i++)
        many[i] = (struct role_rule){.kind = ROLE_BY_GROUP_ID,
                                     .group = id_of(random_below(600)),
                                     .role = slice_str(names[random_below(ROLES_MOST)]),
                                     .priority = random_below(5)};
    struct scim_group_ref groups[40];
    for (int i = 0; i < 40; i++)
        groups[i] = group(random_below(600), displays[i]);

    struct buf expected, found;
    buf_init(&expected, 65536);
    buf_init(&found, 65536);
    for (int64_t priority = 4; priority >= 0; priority--)
        for (int i = 0; i < ROLE_RULES_MOST; i++)
            for (int k = 0; many[i].priority == priority && k < 40; k++) {
                char word[20];
                int length = snprintf(word, sizeof word, " %s ", many[i].role.data);
                bool named = id_equals(&many[i].group, &groups[k].id.id);
                if (named && (!expected.data || !memmem(expected.data, expected.len, word, (size_t)length)))
                    buf_add_str(&expected, word);
            }
    assert_true(expected.len > 100);

    struct arena arena;
    arena_init(&arena);
    struct role_book *book = role_book_make(many, ROLE_RULES_MOST, SLICE_EMPTY, &arena);
    struct role_names resolved = role_book_resolve(book, &(struct view_refs){groups, 40});
    for (size_t i = 0; i < resolved.count; i++)
        buf_printf(&found, " %s ", resolved.list[i].data);
    assert_true(slice_equals(buf_slice(&found), buf_slice(&expected)));
    buf_fini(&expected);
    buf_fini(&found);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_highest_priority_comes_first_and_each_role_once),
        cmocka_unit_test(test_names_are_whole_and_prefixes_are_not),
        cmocka_unit_test(test_the_default_is_of_those_whom_no_rule_names),
        cmocka_unit_test(test_a_thousand_rules_and_many_groups),
    };
    return cmocka_run_group_tests_name("role_book", tests, NULL, NULL);
}
