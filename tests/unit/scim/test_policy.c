#include "documents.h"
#include "scim/policy.h"

static struct arena arena;

static void test_an_empty_policy_is_the_default(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{}"};
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct scim_policy policy;
        struct err err = ERR_INIT;
        assert_true(scim_policy_parse(slice_str(texts[i]), &arena, &policy, &err));
        assert_int_equal(policy.unknown_attributes, SCIM_UNKNOWN_KEEP);
        assert_int_equal(policy.unique_identifier, SCIM_IDENTIFIER_USER_NAME);
        assert_true(policy.unique_group_names);
        assert_false(policy.strict);
    }
}

static void test_every_member_is_read(void **state)
{
    (void)state;
    struct scim_policy policy;
    struct err err = ERR_INIT;
    assert_true(scim_policy_parse(SLICE_LITERAL("{\"unknown_attributes\":\"ignore\",\"unique_identifier\":\"email\","
                                                "\"unique_group_names\":false,\"strict\":true}"),
                                  &arena, &policy, &err));
    assert_int_equal(policy.unknown_attributes, SCIM_UNKNOWN_IGNORE);
    assert_int_equal(policy.unique_identifier, SCIM_IDENTIFIER_EMAIL);
    assert_false(policy.unique_group_names);
    assert_true(policy.strict);
}

static void test_strict_rejects_unknown_attributes_unless_told_otherwise(void **state)
{
    (void)state;
    struct scim_policy policy;
    struct err err = ERR_INIT;
    assert_true(scim_policy_parse(SLICE_LITERAL("{\"strict\":true}"), &arena, &policy, &err));
    assert_int_equal(policy.unknown_attributes, SCIM_UNKNOWN_REJECT);
    assert_true(
        scim_policy_parse(SLICE_LITERAL("{\"unknown_attributes\":\"keep\",\"strict\":true}"), &arena, &policy, &err));
    assert_int_equal(policy.unknown_attributes, SCIM_UNKNOWN_KEEP);
}

static void test_a_mistake_is_named(void **state)
{
    (void)state;
    static const struct {
        const char *text, *named;
        enum err_kind kind;
    } cases[] = {
        {"{\"unknown_atributes\":\"keep\"}", "unknown_atributes", ERR_INVALID_VALUE},
        {"{\"unknown_attributes\":\"Keep\"}", "unknown_attributes", ERR_INVALID_VALUE},
        {"{\"unknown_attributes\":true}", "unknown_attributes", ERR_INVALID_VALUE},
        {"{\"unique_identifier\":\"username\"}", "unique_identifier", ERR_INVALID_VALUE},
        {"{\"unique_group_names\":\"true\"}", "unique_group_names", ERR_INVALID_VALUE},
        {"{\"strict\":1}", "strict", ERR_INVALID_VALUE},
        {"{\"leniencies\":[]}", "leniencies", ERR_INVALID_VALUE},
        {"{\"leniencies\":{\"L-03\":1}}", "L-03", ERR_INVALID_VALUE},
        {"{\"leniencies\":{\"L-99\":true}}", "L-99", ERR_INVALID_VALUE},
        {"{\"leniencies\":{\"\":true}}", "leniencies", ERR_INVALID_VALUE},
        {"{\"leniencies\":{\"L-03\":true,\"booleans_as_text\":false}}", "booleans_as_text", ERR_INVALID_VALUE},
        {"{\"leniencies\":{\"L-14\":true}}", "unknown_attributes", ERR_INVALID_VALUE},
        {"{\"leniencies\":{\"L-22\":true}}", "unique_group_names", ERR_INVALID_VALUE},
        {"{\"strict\":null}", "strict", ERR_INVALID_VALUE},
        {"[]", "", ERR_INVALID_SYNTAX},
        {"{", "", ERR_INVALID_SYNTAX},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        struct scim_policy policy;
        struct err err = ERR_INIT;
        assert_false(scim_policy_parse(slice_str(cases[i].text), &arena, &policy, &err));
        assert_int_equal(err.kind, cases[i].kind);
        assert_non_null(strstr(err.detail, cases[i].named));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_empty_policy_is_the_default),
        cmocka_unit_test(test_every_member_is_read),
        cmocka_unit_test(test_strict_rejects_unknown_attributes_unless_told_otherwise),
        cmocka_unit_test(test_a_mistake_is_named),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_fini(&arena);
    return failed;
}
