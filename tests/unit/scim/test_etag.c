#include "documents.h"
#include "scim/etag.h"

static void test_tags_compare_by_what_stands_between_the_quotes(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum scim_condition condition;
    } cases[] = {
        {"", SCIM_CONDITION_NONE},
        {"  ", SCIM_CONDITION_NONE},
        {"*", SCIM_CONDITION_MET},
        {" * ", SCIM_CONDITION_MET},
        {"W/\"3\"", SCIM_CONDITION_MET},
        {"\"3\"", SCIM_CONDITION_MET},
        {"W/\"2\"", SCIM_CONDITION_FAILED},
        {"\"33\"", SCIM_CONDITION_FAILED},
        {"\"\"", SCIM_CONDITION_FAILED},
        {"W/\"1\", \"2\" ,W/\"3\"", SCIM_CONDITION_MET},
        {"W/\"1\",\"2\"", SCIM_CONDITION_FAILED},
        {",, W/\"3\" ,,", SCIM_CONDITION_MET},
        {"\"a,b\", \"3\"", SCIM_CONDITION_MET},
        {"\"\xc3\xa9\"", SCIM_CONDITION_FAILED},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        enum scim_condition condition;
        struct err err = ERR_INIT;
        assert_true(scim_etag_check(slice_str(cases[i].header), "W/\"3\"", &condition, &err));
        assert_int_equal(condition, cases[i].condition);
    }
}

static void test_malformed_tags_are_refused(void **state)
{
    (void)state;
    static const char *const headers[] = {
        "3",        "w/\"3\"",  "W/3",     "\"3", "3\"", "\"3\" \"4\"", "*, \"3\"",
        "\"3\", *", "W/ \"3\"", "\"a b\"", ",",   "W/",  "\"",
    };
    for (size_t i = 0; i < COUNT_OF(headers); i++) {
        enum scim_condition condition;
        struct err err = ERR_INIT;
        assert_false(scim_etag_check(slice_str(headers[i]), "W/\"3\"", &condition, &err));
        assert_int_equal(err.kind, ERR_INVALID_VALUE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tags_compare_by_what_stands_between_the_quotes),
        cmocka_unit_test(test_malformed_tags_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
