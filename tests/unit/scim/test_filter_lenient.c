/* The leniencies that deployed clients need, undeclared attributes, and questions about a filter. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"

#define yes(filter, user) assert_true(fixture_user_matches(filter, user))
#define no(filter, user)  assert_false(fixture_user_matches(filter, user))

static void refused(const char *filter) { fixture_refused(filter, &scim_user_type, &scim_policy_default); }
static void refused_if_strict(const char *filter) { fixture_refused(filter, &scim_user_type, &scim_policy_strict); }

static void test_L_10_quoted_booleans_and_bare_words(void **state)
{
    (void)state;
    yes("active eq 'True'", "{'active':true}");
    yes("active eq FALSE", "{'active':false}");
    yes("roles[primary eq 'True'].value eq 'x'", "{'roles':[{'primary':true,'value':'x'}]}");
    yes("externalId eq jyoung", "{'externalId':'jyoung'}");
    yes("employeeNumber eq 701",
        "{'urn:ietf:params:scim:schemas:extension:enterprise:2.0:User':{'employeeNumber':'701'}}");
    yes("(userName eq a@b.c)", "{'userName':'a@b.c'}");
    yes("emails[type eq work]", "{'emails':[{'type':'work'}]}");
    yes("title eq true", "{'title':'True'}");
    refused_if_strict("externalId eq jyoung");
    refused("title eq two words");
    refused("title eq not");
}

static void test_L_11_a_comparison_behind_the_brackets_is_one_inside(void **state)
{
    (void)state;
    const char *user = "{'emails':[{'type':'work','value':'a'},{'type':'home','value':'b'}]}";
    yes("emails[type eq 'work'].value eq 'a'", user);
    no("emails[type eq 'work'].value eq 'b'", user);
    yes("emails[type eq 'work'].value ne 'b' and emails[type eq 'home'].value pr", user);
    yes("emails[type eq 'work' or type eq 'home'].value eq 'b'", user);
    refused_if_strict("emails[type eq 'work'].value eq 'a'");
    refused("emails[type eq 'work'].value");
}

static void test_L_13_blanks_may_be_missing_or_many(void **state)
{
    (void)state;
    const char *user = "{'title':'a','emails':[{'type':'work'}]}";
    yes("title eq'a'and emails[ type eq 'work' ]", user);
    yes("not(title eq 'b')and(title pr)", user);
    yes("  title\teq   'a'  ", user);
    yes("emails [type eq 'work']", user);
    yes("(title pr)or(title eq'b')", user);
    refused("titleeq 'a'");
    refused("title eq 'a' andtitle pr");
}

static void test_undeclared_attributes_are_compared_as_text(void **state)
{
    (void)state;
    yes("badge eq 'AB'", "{'badge':'ab'}");
    yes("badge eq '7'", "{'badge':7}");
    yes("badge eq 7", "{'badge':'7'}");
    yes("Badge eq true", "{'badGE':'TRUE'}");
    yes("badge eq 'true'", "{'badge':true}");
    yes("badge sw '1'", "{'badge':12}");
    yes("badge ne '7'", "{}");
    no("badge eq '7'", "{'badge':null}");
    yes("tags eq 'b'", "{'tags':['a','B']}");
    yes("tags[value eq 'b']", "{'tags':['a','B']}");
    yes("tags eq 'b'", "{'tags':[{'value':'B'}]}");
    yes("tags.kind eq 'b'", "{'tags':[{'Kind':'B'}]}");
    yes("tags[kind eq 'b' and value eq 'c']", "{'tags':[{'kind':'B','value':'c'}]}");
    yes("urn:x:y:custom:1.0:Thing:badge eq '7'", "{'urn:x:y:custom:1.0:Thing':{'badge':7}}");
    yes("URN:X:y:custom:1.0:Thing:badge.Color pr", "{'urn:x:y:custom:1.0:Thing':{'badge':{'color':'red'}}}");
    yes("badge.value eq null", "{'badge':{'other':'x'}}");
}

static void test_only_the_derived_attributes_that_a_filter_names_are_used(void **state)
{
    (void)state;
    struct arena arena;
    struct err err = ERR_INIT;
    arena_init(&arena);
    struct scim_filter *filter = fixture_parse("title pr and not (GROUPS[value eq 'x'] or meta.created pr)",
                                               &scim_user_type, &scim_policy_default, &arena, &err);
    assert_non_null(filter);
    assert_true(scim_filter_uses(filter, SLICE_LITERAL("groups")));
    assert_true(scim_filter_uses(filter, SLICE_LITERAL("meta")));
    assert_true(scim_filter_uses(filter, SLICE_LITERAL("title")));
    assert_false(scim_filter_uses(filter, SLICE_LITERAL("members")));
    filter =
        fixture_parse("urn:x:y:meta pr or manager.displayName pr", &scim_user_type, &scim_policy_default, &arena, &err);
    assert_false(scim_filter_uses(filter, SLICE_LITERAL("meta")));
    assert_false(scim_filter_uses(filter, SLICE_LITERAL("manager")));
    arena_fini(&arena);
}

static void note(struct slice literal, void *context)
{
    struct buf *seen = context;
    buf_add(seen, literal);
    buf_add_char(seen, ';');
}

static void assert_eq_values(const char *text, const char *expected)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct buf seen;
    arena_init(&arena);
    buf_init(&seen, 1024);
    struct scim_filter *filter = fixture_parse(text, &scim_group_type, &scim_policy_default, &arena, &err);
    bool only = scim_filter_only_eq_values(filter, SLICE_LITERAL("members"), note, &seen);
    if (only != (expected != NULL))
        fail_msg("%s: %s", text, only ? "only eq" : "more than eq");
    if (only)
        assert_true(slice_equals(buf_slice(&seen), slice_str(expected)));
    buf_fini(&seen);
    arena_fini(&arena);
}

static void test_members_that_are_compared_by_eq_alone_are_listed(void **state)
{
    (void)state;
    assert_eq_values("displayName eq 'x'", "");
    assert_eq_values("members eq 'A' and displayName pr or not (members.value eq 'b')", "A;b;");
    assert_eq_values("members[value eq 'a' or value eq 'b']", "a;b;");
    assert_eq_values("members pr", NULL);
    assert_eq_values("members.value ne 'a'", NULL);
    assert_eq_values("members[not (value eq 'a')]", NULL);
    assert_eq_values("members[value eq 'a' and type eq 'User']", NULL);
    assert_eq_values("members.display eq 'a'", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_L_10_quoted_booleans_and_bare_words),
        cmocka_unit_test(test_L_11_a_comparison_behind_the_brackets_is_one_inside),
        cmocka_unit_test(test_L_13_blanks_may_be_missing_or_many),
        cmocka_unit_test(test_undeclared_attributes_are_compared_as_text),
        cmocka_unit_test(test_only_the_derived_attributes_that_a_filter_names_are_used),
        cmocka_unit_test(test_members_that_are_compared_by_eq_alone_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
