#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "field.h"
#include "instant.h"
#include "scopes.h"

static struct arena arena;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

/* 2026-11-22T00:00:00Z */
static const struct field_context context = {.arena = &arena, .now_ms = 1795305600000};

static const struct {
    const char *name;
    field_check_fn *check;
    const char *value; /* JSON */
    bool accepted;
} values[] = {
    {"a name", field_name, "\"prod\"", true},
    {"a name of two bytes a character", field_name, "\"é\"", true},
    {"an empty name", field_name, "\"\"", false},
    {"a name that begins with a blank", field_name, "\" x\"", false},
    {"a name that ends with a blank", field_name, "\"x \"", false},
    {"a name with a line feed", field_name, "\"a\\nb\"", false},
    {"a number for a name", field_name, "1", false},
    {"null for a name", field_name, "null", false},
    {"one domain", field_domains, "[\"example.com\"]", true},
    {"no domains", field_domains, "[]", true},
    {"a domain of one label", field_domains, "[\"localhost\"]", true},
    {"a domain with an at sign", field_domains, "[\"a@example.com\"]", false},
    {"a domain that begins with a dot", field_domains, "[\".example.com\"]", false},
    {"a domain that ends with a dot", field_domains, "[\"example.com.\"]", false},
    {"a domain with two dots", field_domains, "[\"example..com\"]", false},
    {"an empty domain", field_domains, "[\"\"]", false},
    {"a domain outside ASCII", field_domains, "[\"exämple.com\"]", false},
    {"a domain that is no string", field_domains, "[1]", false},
    {"a string for domains", field_domains, "\"example.com\"", false},
    {"a provider", field_idp, "\"okta\"", true},
    {"an unknown provider", field_idp, "\"my-own-2\"", true},
    {"a provider in upper case", field_idp, "\"Okta\"", false},
    {"another word for a known provider", field_idp, "\"azure-ad\"", false},
    {"a provider with a blank", field_idp, "\"my own\"", false},
    {"a provider of 33 characters", field_idp, "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"", false},
    {"the default policy", field_policy, "{}", true},
    {"a strict policy", field_policy, "{\"strict\":true}", true},
    {"a policy with a typo", field_policy, "{\"strikt\":true}", false},
    {"a policy that is no object", field_policy, "\"strict\"", false},
    {"active", field_state, "\"active\"", true},
    {"paused", field_state, "\"paused\"", true},
    {"deleting, which is not for callers", field_state, "\"deleting\"", false},
    {"a directory", field_directory_id, "\"dir-01jd8jm32ye008000000001ayd\"", true},
    {"an organization for a directory", field_directory_id, "\"org-01jd8jm32ye008000000001ayd\"", false},
    {"token scopes", field_token_scopes, "[\"users:read\",\"groups:write\"]", true},
    {"no scopes", field_token_scopes, "[]", false},
    {"a scope twice", field_token_scopes, "[\"users:read\",\"users:read\"]", false},
    {"a key's scope for a token", field_token_scopes, "[\"read\"]", false},
    {"key scopes", field_key_scopes, "[\"read\",\"manage\",\"tokens\"]", true},
    {"a token's scope for a key", field_key_scopes, "[\"users:read\"]", false},
    {"the operator's scope for a key", field_key_scopes, "[\"operator\"]", false},
    {"the next day", field_expires_at, "\"2026-11-23T00:00:00Z\"", true},
    {"the very moment", field_expires_at, "\"2026-11-22T00:00:00Z\"", false},
    {"a moment ago by another zone", field_expires_at, "\"2026-11-22T00:30:00+01:00\"", false},
    {"a number for a time", field_expires_at, "1795392000", false},
    {"no overlap", field_overlap_seconds, "0", true},
    {"a day of overlap", field_overlap_seconds, "86400", true},
    {"more than a day of overlap", field_overlap_seconds, "86401", false},
    {"negative overlap", field_overlap_seconds, "-1", false},
    {"half a second of overlap", field_overlap_seconds, "0.5", false},
};

static void test_field_values_are_accepted_or_refused_with_a_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        json_t *value = json_loads(values[i].value, JSON_DECODE_ANY, NULL);
        assert_non_null(value);
        const char *wrong = values[i].check(value, &context);
        if ((wrong == NULL) != values[i].accepted)
            fail_msg("%s: %s", values[i].name, wrong ? wrong : "accepted");
        json_decref(value);
    }
}

static void test_field_lengths_count_characters_not_bytes(void **state)
{
    (void)state;
    char text[2 * 256 + 1];
    for (size_t characters = 255; characters <= 256; characters++) {
        for (size_t i = 0; i < characters; i++)
            memcpy(text + 2 * i, "\xc3\xa9", 2);
        json_t *value = json_stringn(text, 2 * characters);
        assert_int_equal(field_external_id(value, &context) == NULL, characters == 255);
        json_decref(value);
    }
}

static const struct admin_field table[] = {
    {"label", field_name, FIELD_REQUIRED},
    {"expires_at", field_expires_at, FIELD_NULLABLE},
};

static struct field_errors check(const char *text)
{
    struct field_errors errors = {.count = 0};
    json_t *body = json_loads(text, 0, NULL);
    assert_non_null(body);
    admin_fields_check(body, table, 2, &context, &errors);
    json_decref(body);
    return errors;
}

static void test_fields_all_errors_are_told_at_once(void **state)
{
    (void)state;
    struct field_errors errors = check("{\"expires_at\":1,\"lable\":\"x\"}");
    assert_int_equal(errors.count, 3);
    assert_string_equal(errors.list[0].pointer, "#/label");
    assert_string_equal(errors.list[0].detail, "is required");
    assert_string_equal(errors.list[1].pointer, "#/expires_at");
    assert_string_equal(errors.list[2].pointer, "#/lable");
}

static void test_fields_null_is_a_value_where_the_table_says_so(void **state)
{
    (void)state;
    assert_int_equal(check("{\"label\":\"x\",\"expires_at\":null}").count, 0);
    assert_int_equal(check("{\"label\":null}").count, 1);
}

static void test_fields_pointers_are_escaped(void **state)
{
    (void)state;
    struct field_errors errors = check("{\"label\":\"x\",\"a/b~c %é\":1}");
    assert_int_equal(errors.count, 1);
    assert_string_equal(errors.list[0].pointer, "#/a~1b~0c%20%25%C3%A9");
}

static void test_fields_a_thousand_unknown_members_give_sixteen_errors(void **state)
{
    (void)state;
    struct field_errors errors = {.count = 0};
    json_t *body = json_object();
    char name[16];
    for (int i = 0; i < 1000; i++) {
        snprintf(name, sizeof name, "m%d", i);
        json_object_set_new(body, name, json_null());
    }
    admin_fields_check(body, table, 2, &context, &errors);
    assert_int_equal(errors.count, FIELD_ERRORS_MAX);
    json_decref(body);
}

static void test_instant_reads_rfc_3339(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t ms; /* -1: refused */
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-22T04:18:53Z", 1795321133000},
        {"2026-11-22T04:18:53.1Z", 1795321133100},
        {"2026-11-22T04:18:53.123456789Z", 1795321133123},
        {"2026-11-22T06:18:53+02:00", 1795321133000},
        {"2026-11-21T22:48:53-05:30", 1795321133000},
        {"2028-02-29T00:00:00Z", 1835395200000},
        {"2027-02-29T00:00:00Z", -1},
        {"2027-04-31T00:00:00Z", -1},
        {"2027-13-01T00:00:00Z", -1},
        {"2027-01-01T24:00:00Z", -1},
        {"2027-01-01T00:60:00Z", -1},
        {"2027-01-01T00:00:60Z", -1},
        {"1969-12-31T23:59:59Z", -1},
        {"2027-01-01", -1},
        {"2027-01-01 00:00:00Z", -1},
        {"2027-01-01T00:00:00", -1},
        {"2027-01-01T00:00:00.Z", -1},
        {"2027-01-01T00:00:00z", -1},
        {"2027-01-01T00:00:00+2:00", -1},
        {"2027-01-01T00:00:00+24:00", -1},
        {"2027-01-01T00:00:00ZZ", -1},
        {"+027-01-01T00:00:00Z", -1},
        {"", -1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int64_t ms = -1;
        bool read = admin_instant_parse(slice_str(cases[i].text), &ms);
        if (read != (cases[i].ms >= 0) || ms != cases[i].ms)
            fail_msg("%s: %s, %lld", cases[i].text, read ? "read" : "refused", (long long)ms);
    }
}

static void test_scopes_are_shown_as_they_are_read(void **state)
{
    (void)state;
    unsigned bits;
    json_t *names = json_pack("[s, s]", "groups:write", "users:read");
    assert_true(admin_scopes_parse(names, admin_token_scopes, &bits));
    assert_int_equal(bits, SCOPE_USERS_READ | SCOPE_GROUPS_WRITE);
    json_t *shown = admin_scopes_show(bits, admin_token_scopes);
    json_t *expected = json_pack("[s, s]", "users:read", "groups:write");
    assert_true(json_equal(shown, expected));
    json_decref(names);
    json_decref(shown);
    json_decref(expected);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_field_values_are_accepted_or_refused_with_a_reason),
        cmocka_unit_test(test_field_lengths_count_characters_not_bytes),
        cmocka_unit_test(test_fields_all_errors_are_told_at_once),
        cmocka_unit_test(test_fields_null_is_a_value_where_the_table_says_so),
        cmocka_unit_test(test_fields_pointers_are_escaped),
        cmocka_unit_test(test_fields_a_thousand_unknown_members_give_sixteen_errors),
        cmocka_unit_test(test_instant_reads_rfc_3339),
        cmocka_unit_test(test_scopes_are_shown_as_they_are_read),
    };
    return cmocka_run_group_tests_name("field", tests, begin, end);
}
