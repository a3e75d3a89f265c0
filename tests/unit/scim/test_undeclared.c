#include "documents.h"
#include "scim/rules.h"
#include "scim/undeclared.h"

static void note(struct slice path, const json_t *value, void *context)
{
    assert_non_null(value);
    char *list = context;
    size_t len = strlen(list);
    assert_true(len + path.len + 2 < 1024);
    snprintf(list + len, 1024 - len, "%.*s ", (int)path.len, path.data);
}

static void test_what_no_schema_declares_is_found_and_nothing_else(void **state)
{
    (void)state;
    static const struct {
        const char *document, *found;
    } cases[] = {
        {"{\"schemas\":[],\"id\":\"1\",\"externalId\":\"e\",\"userName\":\"a\",\"name\":{\"familyName\":\"f\"},"
         "\"emails\":[{\"value\":\"v\",\"type\":\"t\"}],\"" SCIM_URN_ENTERPRISE
         "\":{\"costCenter\":\"c\",\"employeeNumber\":\"n\",\"manager\":{\"value\":\"m\"}}}",
         ""},
        {"{\"userName\":\"a\",\"shoeSize\":44}", "shoeSize "},
        {"{\"name\":{\"nick\":\"n\",\"givenName\":\"g\"},\"userName\":\"a\"}", "name.nick "},
        {"{\"emails\":[{\"value\":\"v\",\"x\":1},{\"y\":2,\"x\":1}]}", "emails.x emails.y emails.x "},
        {"{\"" SCIM_URN_ENTERPRISE "\":{\"UID\":\"1\",\"manager\":{\"x\":1}}}",
         SCIM_URN_ENTERPRISE ":UID " SCIM_URN_ENTERPRISE ":manager.x "},
        {"{\"urn:x:T\":{\"a\":{\"deep\":1},\"b\":[]}}", "urn:x:T:a urn:x:T:b "},
        {"{\"urn:x:T\":5}", "urn:x:T "},
        {"{\"plain\":{\"a\":1}}", "plain "},
        {"{}", ""},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        char found[1024] = "";
        json_t *document = json_of(cases[i].document);
        scim_undeclared_visit(document, &scim_user_type, note, found);
        assert_string_equal(found, cases[i].found);
        json_decref(document);
    }
}

static void test_long_paths_are_passed_over(void **state)
{
    (void)state;
    char name[SCIM_UNDECLARED_PATH_BYTES + 2], found[1024] = "";
    memset(name, 'x', sizeof name);
    for (int over = 0; over < 2; over++) {
        name[SCIM_UNDECLARED_PATH_BYTES + over] = '\0';
        json_t *document = json_pack("{s:i}", name, 1);
        found[0] = '\0';
        scim_undeclared_visit(document, &scim_user_type, note, found);
        assert_int_equal(strlen(found), over ? 0 : SCIM_UNDECLARED_PATH_BYTES + 1);
        json_decref(document);
        name[SCIM_UNDECLARED_PATH_BYTES] = 'x';
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_no_schema_declares_is_found_and_nothing_else),
        cmocka_unit_test(test_long_paths_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
