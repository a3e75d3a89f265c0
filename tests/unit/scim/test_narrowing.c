#include "documents.h"
#include "scim/narrowing.h"

#define EXTENSION(attributes) "{\"id\":\"urn:x:Badge\",\"attributes\":[" attributes "]}"
#define TYPES(extensions)                                                                                              \
    "\"resource_types\":[{\"name\":\"User\",\"schemaExtensions\":[" extensions "]}"                                    \
    ",{\"name\":\"Thing\",\"endpoint\":\"/Things\",\"schema\":\"urn:x:Thing\",\"code\":16}]"
#define THING      "{\"id\":\"urn:x:Thing\",\"attributes\":[{\"name\":\"serial\"}]}"
#define ALL        "{\"name\":\"no\"},{\"name\":\"doors\",\"type\":\"complex\",\"subAttributes\":[{\"name\":\"value\"}]}"
#define CATALOG(a) "{\"schemas\":[" EXTENSION(a) "," THING "]," TYPES("{\"schema\":\"urn:x:Badge\"}") "}"
#define ONE        "{\"urn:x:Badge\":{\"no\":\"7\",\"doors\":{\"value\":\"n\"}}}"
#define OTHER      "{\"urn:x:Badge\":{\"color\":\"red\"},\"no\":\"7\"}"

struct told {
    char text[512];
    json_t *document;
    int met;
};

static void tell(const struct scim_narrowing *narrowing, void *context)
{
    struct told *told = context;
    size_t len = strlen(told->text);
    snprintf(told->text + len, sizeof told->text - len, "%s %s.%s.%s %s;", narrowing->type->name,
             narrowing->schema ? narrowing->schema->urn : "", narrowing->attribute ? narrowing->attribute->name : "",
             narrowing->sub ? narrowing->sub->name : "", narrowing->what);
    told->met += scim_narrowing_meets(narrowing, told->document);
    if (scim_narrowing_name(narrowing) && scim_narrowing_meets(narrowing, told->document)) {
        char *text = json_dumps(told->document, JSON_COMPACT);
        assert_non_null(strstr(text, scim_narrowing_name(narrowing)));
        free(text);
    }
}

static struct scim_rules *make(const char *catalog)
{
    struct err err = ERR_INIT;
    struct scim_rules *rules = scim_rules_make(&(struct scim_rules_source){.catalog = slice_str(catalog)}, &err);
    if (!rules)
        fail_msg("%s", err.detail);
    return rules;
}

static void assert_narrowed(const char *after, const char *expected, const char *document, int met)
{
    struct told told = {.document = json_loads(document, 0, NULL)};
    struct scim_rules *before = make(CATALOG(ALL)), *now = make(after);
    scim_rules_narrow(before, now, tell, &told);
    assert_string_equal(told.text, expected);
    assert_int_equal(told.met, met);
    json_decref(told.document);
    scim_rules_free(before);
    scim_rules_free(now);
}

static void test_what_is_taken_away_is_told(void **state)
{
    (void)state;
    assert_narrowed(CATALOG(ALL ",{\"name\":\"more\"}"), "", ONE, 0);
    assert_narrowed(CATALOG("{\"name\":\"no\",\"required\":true},{\"name\":\"x\"}"),
                    "User urn:x:Badge.doors. is no more;", ONE, 1);
    assert_narrowed(CATALOG("{\"name\":\"no\",\"type\":\"integer\"},{\"name\":\"doors\",\"type\":\"complex\","
                            "\"multiValued\":true,\"subAttributes\":[{\"name\":\"value\"}]}"),
                    "User urn:x:Badge.no. has another type;User urn:x:Badge.doors. is a list now;", ONE, 2);
    assert_narrowed(CATALOG("{\"name\":\"no\"},{\"name\":\"doors\",\"type\":\"complex\",\"subAttributes\":[{\"name\":"
                            "\"floor\"}]}"),
                    "User urn:x:Badge.doors.value is no more;", ONE, 1);
    assert_narrowed(CATALOG("{\"name\":\"x\"}"), "User urn:x:Badge.no. is no more;User urn:x:Badge.doors. is no more;",
                    OTHER, 0);
}

static void test_whole_schemas_and_types_are_told_as_such(void **state)
{
    (void)state;
    assert_narrowed("{\"schemas\":[" EXTENSION(ALL) "," THING "]," TYPES("") "}",
                    "User urn:x:Badge.. extends it no longer;", ONE, 1);
    assert_narrowed("{\"schemas\":[" EXTENSION(ALL) "," THING "]," TYPES("") "}",
                    "User urn:x:Badge.. extends it no longer;", "{\"no\":\"7\"}", 0);
    assert_narrowed("", "User urn:x:Badge.. extends it no longer;Thing .. is no more;", "{}", 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_taken_away_is_told),
        cmocka_unit_test(test_whole_schemas_and_types_are_told_as_such),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
