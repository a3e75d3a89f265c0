#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"
#include "scim/index.h"

static struct arena arena;

static const struct scim_policy by_email = {.unique_identifier = SCIM_IDENTIFIER_EMAIL, .unique_group_names = true};
static const struct scim_policy loose_groups = {.unique_group_names = false};

static struct scim_row_keys keys_of(const struct scim_resource_type *type, const struct scim_policy *policy,
                                    const char *text)
{
    struct scim_row_keys keys;
    struct err err = ERR_INIT;
    json_t *document = fixture_json(text);
    if (!scim_row_keys(type, policy, document, &arena, &keys, &err))
        fail_msg("%s: %s", text, err.detail);
    json_decref(document);
    return keys;
}

static void assert_text(struct slice actual, const char *expected)
{
    if (!slice_equals(actual, slice_str(expected)))
        fail_msg("\"%.*s\" instead of \"%s\"", (int)actual.len, actual.data, expected);
}

static void assert_keys(const struct scim_row_keys *keys, const char *expected)
{
    struct buf text;
    buf_init(&text, 4096);
    for (size_t i = 0; i < keys->key_count; i++)
        buf_printf(&text, "%u:%.*s;", (unsigned)keys->keys[i].code, (int)keys->keys[i].key.len, keys->keys[i].key.data);
    assert_text(buf_slice(&text), expected);
    buf_fini(&text);
}

static const char full_user[] =
    "{'userName':'BJensen','externalId':'E\u0301-1','displayName':'Babs J','name':{'familyName':'Jensen','givenName':"
    "'B\u00c9'},'emails':[{'value':'Z@x.y'},{'value':'a@x.y','primary':true},{'value':'A@X.y','type':'home'},"
    "{'type':'other'}],'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User':{'employeeNumber':'E7',"
    "'manager':{'value':'Ab'}}}";

static void test_the_keys_of_a_user(void **state)
{
    (void)state;
    struct scim_row_keys keys = keys_of(&scim_user_type, &scim_policy_default, full_user);
    assert_text(keys.unique_key, "bjensen");
    assert_text(keys.external_key, "\u00c9-1");
    assert_text(keys.display, "Babs J");
    assert_text(keys.manager, "Ab");
    assert_keys(&keys, "2:a@x.y;2:z@x.y;3:babs j;4:b\u00e9;5:jensen;6:e7;7:Ab;");
}

static void test_the_primary_email_identifies_where_the_policy_says_so(void **state)
{
    (void)state;
    struct scim_row_keys keys = keys_of(&scim_user_type, &by_email, full_user);
    assert_text(keys.unique_key, "a@x.y");
    assert_keys(&keys, "1:bjensen;2:a@x.y;2:z@x.y;3:babs j;4:b\u00e9;5:jensen;6:e7;7:Ab;");
    keys = keys_of(&scim_user_type, &by_email, "{'userName':'u','emails':[{'type':'x'},{'value':'F'},{'value':'g'}]}");
    assert_text(keys.unique_key, "f");
}

static void test_the_keys_of_a_group(void **state)
{
    (void)state;
    struct scim_row_keys keys = keys_of(&scim_group_type, &scim_policy_default, "{'displayName':'Tour GUIDES'}");
    assert_text(keys.unique_key, "tour guides");
    assert_text(keys.display, "Tour GUIDES");
    assert_keys(&keys, "3:tour guides;");
    keys = keys_of(&scim_group_type, &loose_groups, "{'displayName':'Tour GUIDES'}");
    assert_int_equal(keys.unique_key.len, 0);
}

static void test_the_display_falls_back_to_the_name_and_the_user_name(void **state)
{
    (void)state;
    struct scim_row_keys keys =
        keys_of(&scim_user_type, &scim_policy_default, "{'userName':'U','displayName':'','name':{'formatted':'N F'}}");
    assert_text(keys.display, "N F");
    keys = keys_of(&scim_user_type, &scim_policy_default, "{'userName':'U'}");
    assert_text(keys.display, "U");
}

static char *repeat(const char *head, const char *body, size_t times, const char *tail)
{
    struct buf text;
    buf_init(&text, 1 << 20);
    buf_add_str(&text, head);
    for (size_t i = 0; i < times; i++)
        buf_add_str(&text, body);
    buf_add_str(&text, tail);
    char *copy = arena_copy(&arena, buf_slice(&text));
    buf_fini(&text);
    return copy;
}

static void test_long_values_are_cut_to_their_columns(void **state)
{
    (void)state;
    const char *user = repeat("{'userName':'u','externalId':'", "x", 500, "','displayName':'a");
    user = repeat(user, "\u00e9", 600, "'}");
    struct scim_row_keys keys = keys_of(&scim_user_type, &scim_policy_default, user);
    assert_int_equal(keys.external_key.len, SCIM_KEY_BYTES);
    assert_int_equal(keys.display.len, SCIM_DISPLAY_BYTES - 1); /* not inside a character */
    assert_int_equal(keys.keys[0].key.len, SCIM_KEY_BYTES);
}

static void assert_no_keys(const struct scim_resource_type *type, const struct scim_policy *policy, const char *text)
{
    struct scim_row_keys keys;
    struct err err = ERR_INIT;
    json_t *document = fixture_json(text);
    if (scim_row_keys(type, policy, document, &arena, &keys, &err))
        fail_msg("accepted: %s", text);
    assert_int_equal(err.kind, ERR_INVALID_VALUE);
    json_decref(document);
}

static void test_a_missing_or_impossible_identifier_is_refused(void **state)
{
    (void)state;
    assert_no_keys(&scim_user_type, &scim_policy_default, "{}");
    assert_no_keys(&scim_user_type, &scim_policy_default, "{'userName':''}");
    assert_no_keys(&scim_user_type, &scim_policy_default, "{'userName':'a\u202eb'}");
    assert_no_keys(&scim_user_type, &by_email, "{'userName':'u','emails':[{'type':'work'}]}");
    assert_no_keys(&scim_group_type, &scim_policy_default, "{'displayName':''}");
    assert_no_keys(&scim_user_type, &scim_policy_default, repeat("{'userName':'", "x", 701, "'}"));
    keys_of(&scim_user_type, &scim_policy_default, repeat("{'userName':'", "x", 700, "'}"));
}

static struct scim_plan plan_of(const char *text, const struct scim_resource_type *type,
                                const struct scim_policy *policy)
{
    struct err err = ERR_INIT;
    struct scim_plan plan;
    struct scim_filter *filter = fixture_parse(text, type, policy, &arena, &err);
    if (!filter)
        fail_msg("%s: %s", text, err.detail);
    scim_filter_plan(filter, type, policy, &arena, &plan);
    return plan;
}

#define UUID "0198c223-7f76-753a-919d-413861904601"

static void test_plans_take_the_most_selective_term(void **state)
{
    (void)state;
    static const struct {
        const char *filter;
        bool group;
        const struct scim_policy *policy;
        enum scim_plan_kind kind;
        uint16_t code;
        const char *key;
        bool exact;
    } rows[] = {
        {"userName eq 'BOB'", false, &scim_policy_default, SCIM_PLAN_UNIQUE, 0, "bob", true},
        {"userName eq 'BOB'", false, &by_email, SCIM_PLAN_ATTRIBUTE, 1, "bob", true},
        {"emails.value eq 'A'", false, &by_email, SCIM_PLAN_ATTRIBUTE, 2, "a", true},
        {"emails[type eq 'work'].value eq 'A'", false, &scim_policy_default, SCIM_PLAN_ATTRIBUTE, 2, "a", false},
        {"emails[value eq 'A']", false, &scim_policy_default, SCIM_PLAN_ATTRIBUTE, 2, "a", true},
        {"emails eq 'A' and userName eq 'B'", false, &scim_policy_default, SCIM_PLAN_UNIQUE, 0, "b", false},
        {"externalId eq 'A'", false, &scim_policy_default, SCIM_PLAN_EXTERNAL, 0, "A", true},
        {"externalId eq ''", false, &scim_policy_default, SCIM_PLAN_SCAN, 0, "", false},
        {"title eq 'A' and name.familyName sw 'B'", false, &scim_policy_default, SCIM_PLAN_PREFIX, 5, "b", false},
        {"name.familyName sw 'B'", false, &scim_policy_default, SCIM_PLAN_PREFIX, 5, "b", true},
        {"userName sw 'B'", false, &scim_policy_default, SCIM_PLAN_SCAN, 0, "", false},
        {"userName sw 'B'", false, &by_email, SCIM_PLAN_PREFIX, 1, "b", true},
        {"displayName sw ''", false, &scim_policy_default, SCIM_PLAN_SCAN, 0, "", false},
        {"displayName eq 'A'", true, &scim_policy_default, SCIM_PLAN_UNIQUE, 0, "a", true},
        {"displayName eq 'A'", true, &loose_groups, SCIM_PLAN_ATTRIBUTE, 3, "a", true},
        {"displayName sw 'A'", true, &scim_policy_default, SCIM_PLAN_PREFIX, 3, "a", true},
        {"manager eq 'Ab'", false, &scim_policy_default, SCIM_PLAN_ATTRIBUTE, 7, "Ab", true},
        {"employeeNumber eq 'Ab'", false, &scim_policy_default, SCIM_PLAN_ATTRIBUTE, 6, "ab", true},
        {"id eq '" UUID "'", false, &scim_policy_default, SCIM_PLAN_ID, 0, "", true},
        {"id eq 'x'", false, &scim_policy_default, SCIM_PLAN_NOTHING, 0, "", true},
        {"id eq 'x' and title pr", false, &scim_policy_default, SCIM_PLAN_NOTHING, 0, "", true},
        {"members eq '" UUID "'", true, &scim_policy_default, SCIM_PLAN_HAS_MEMBER, 0, "", true},
        {"members[value eq '" UUID "' and type eq 'User']", true, &scim_policy_default, SCIM_PLAN_HAS_MEMBER, 0, "",
         false},
        {"groups.value eq '" UUID "'", false, &scim_policy_default, SCIM_PLAN_IN_GROUP, 0, "", true},
        {"userName eq 'a' or userName eq 'b'", false, &scim_policy_default, SCIM_PLAN_ANY, 0, "", true},
        {"userName eq 'a' or emails[value eq 'b' and type eq 'c']", false, &scim_policy_default, SCIM_PLAN_ANY, 0, "",
         false},
        {"userName eq 'a' or title eq 'b'", false, &scim_policy_default, SCIM_PLAN_SCAN, 0, "", false},
        {"userName eq 'a' or id eq 'b'", false, &scim_policy_default, SCIM_PLAN_UNIQUE, 0, "a", true},
        {"userName eq 'a' or not (userName eq 'b')", false, &scim_policy_default, SCIM_PLAN_SCAN, 0, "", false},
        {"(emails eq 'a' or emails eq 'b') and userName eq 'c'", false, &scim_policy_default, SCIM_PLAN_UNIQUE, 0, "c",
         false},
        {"(emails eq 'a' or emails eq 'b') and title pr", false, &scim_policy_default, SCIM_PLAN_ANY, 0, "", false},
        {"not (userName eq 'a')", false, &scim_policy_default, SCIM_PLAN_SCAN, 0, "", false},
        {"userName ne 'a'", false, &scim_policy_default, SCIM_PLAN_SCAN, 0, "", false},
        {"shoeSize eq 'a'", false, &scim_policy_default, SCIM_PLAN_SCAN, 0, "", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct scim_plan plan =
            plan_of(rows[i].filter, rows[i].group ? &scim_group_type : &scim_user_type, rows[i].policy);
        if (plan.kind != rows[i].kind || plan.code != rows[i].code || plan.exact != rows[i].exact ||
            !slice_equals(plan.key, slice_str(rows[i].key)))
            fail_msg("%s: kind %d, code %u, key \"%.*s\", exact %d", rows[i].filter, (int)plan.kind,
                     (unsigned)plan.code, (int)plan.key.len, plan.key.data, plan.exact);
    }
    struct scim_plan plan = plan_of("id eq '" UUID "'", &scim_user_type, &scim_policy_default);
    assert_text(plan.text, UUID);
}

static void test_the_root_is_scanned(void **state)
{
    (void)state;
    assert_int_equal(plan_of("userName eq 'a'", NULL, &scim_policy_default).kind, SCIM_PLAN_SCAN);
}

static void test_a_key_as_long_as_the_column_is_looked_up_in_the_document(void **state)
{
    (void)state;
    assert_true(plan_of(repeat("externalId eq '", "x", 190, "'"), &scim_user_type, &scim_policy_default).exact);
    assert_false(plan_of(repeat("externalId eq '", "x", 191, "'"), &scim_user_type, &scim_policy_default).exact);
    struct scim_plan plan = plan_of(repeat("displayName sw '", "x", 192, "'"), &scim_user_type, &scim_policy_default);
    assert_int_equal(plan.key.len, SCIM_KEY_BYTES);
    assert_false(plan.exact);
}

static void test_an_or_of_more_than_eight_indexed_terms_is_a_scan(void **state)
{
    (void)state;
    char text[1024] = "userName eq 'a0'";
    for (int terms = 2; terms <= SCIM_PLAN_MOST_ANY + 1; terms++) {
        size_t len = strlen(text);
        snprintf(text + len, sizeof text - len, " or emails eq 'a%d'", terms);
        struct scim_plan plan = plan_of(text, &scim_user_type, &scim_policy_default);
        assert_int_equal(plan.kind, terms <= SCIM_PLAN_MOST_ANY ? SCIM_PLAN_ANY : SCIM_PLAN_SCAN);
        assert_int_equal(plan.any_count, terms <= SCIM_PLAN_MOST_ANY ? terms : 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_keys_of_a_user),
        cmocka_unit_test(test_the_primary_email_identifies_where_the_policy_says_so),
        cmocka_unit_test(test_the_keys_of_a_group),
        cmocka_unit_test(test_the_display_falls_back_to_the_name_and_the_user_name),
        cmocka_unit_test(test_long_values_are_cut_to_their_columns),
        cmocka_unit_test(test_a_missing_or_impossible_identifier_is_refused),
        cmocka_unit_test(test_plans_take_the_most_selective_term),
        cmocka_unit_test(test_an_or_of_more_than_eight_indexed_terms_is_a_scan),
        cmocka_unit_test(test_the_root_is_scanned),
        cmocka_unit_test(test_a_key_as_long_as_the_column_is_looked_up_in_the_document),
    };
    arena_init(&arena);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
