#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "fixture.h"

static const enum auth_credential_kind kinds[] = {AUTH_DIRECTORY_TOKEN, AUTH_API_KEY, AUTH_OPERATOR_KEY,
                                                  AUTH_SETUP_LINK, AUTH_SETUP_SESSION};
enum { KINDS = sizeof kinds / sizeof kinds[0] };
static const char *const kind_names[] = {"directory_token", "api_key", "operator_key", "setup_link", "setup_session"};

static enum auth_credential_kind kind_named(const char *name)
{
    for (size_t i = 0; i < KINDS; i++)
        if (strcmp(name, kind_names[i]) == 0)
            return kinds[i];
    fail_msg("unknown kind %s", name);
    return AUTH_API_KEY;
}

static const char *text_of(const json_t *vector, const char *name)
{
    return json_string_value(json_object_get(vector, name));
}

struct made {
    struct auth_peppers *peppers;
    struct directory_id directory;
    struct id id;
    struct auth_fresh fresh;
};

static struct made make(enum auth_credential_kind kind)
{
    struct made made = {.peppers = fixture_peppers(FIXTURE_PEPPER_1 FIXTURE_PEPPER_2), .id = id_new()};
    made.directory.id = id_new();
    auth_credential_make(made.peppers, kind, made.directory, made.id, &made.fresh);
    return made;
}

static bool verifies(const struct made *made, const char *text, enum auth_credential_kind kind)
{
    struct auth_credential credential;
    return auth_credential_parse(slice_str(text), kind, &credential) &&
           auth_credential_verify(made->peppers, &credential, made->fresh.hash, made->fresh.pepper_version);
}

static void test_token_vectors_parse_and_verify(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    size_t i;
    json_t *vector;
    json_array_foreach (fixture_vectors("credentials"), i, vector) {
        struct auth_credential credential;
        enum auth_credential_kind kind = kind_named(text_of(vector, "kind"));
        assert_true(auth_credential_parse(slice_str(text_of(vector, "text")), kind, &credential));
        struct id id = fixture_id(text_of(vector, "id")), directory = fixture_id(text_of(vector, "directory"));
        assert_true(id_equals(&credential.id, &id));
        assert_true(id_equals(&credential.directory.id, &directory));
        assert_memory_equal(credential.secret, text_of(vector, "secret"), AUTH_SECRET_CHARS);
        uint8_t hash[AUTH_HASH_BYTES];
        fixture_hex(text_of(vector, "hash"), hash, sizeof hash);
        assert_true(auth_credential_verify(peppers, &credential, hash, 1));
    }
    assert_int_equal(i, KINDS);
    auth_peppers_free(peppers);
}

static void test_token_of_one_kind_is_none_of_another(void **state)
{
    (void)state;
    size_t i;
    json_t *vector;
    json_array_foreach (fixture_vectors("credentials"), i, vector) {
        struct auth_credential credential;
        for (size_t k = 0; k < KINDS; k++)
            assert_int_equal(auth_credential_parse(slice_str(text_of(vector, "text")), kinds[k], &credential),
                             kinds[k] == kind_named(text_of(vector, "kind")));
    }
}

static void test_token_fresh_one_parses_verifies_and_shows_its_hint(void **state)
{
    (void)state;
    for (size_t k = 0; k < KINDS; k++) {
        struct made made = make(kinds[k]);
        struct auth_credential credential;
        assert_true(auth_credential_parse(slice_str(made.fresh.text), kinds[k], &credential));
        assert_true(id_equals(&credential.id, &made.id));
        assert_int_equal(id_equals(&credential.directory.id, &made.directory.id), kinds[k] == AUTH_DIRECTORY_TOKEN);
        assert_int_equal(made.fresh.pepper_version, 2);
        assert_memory_equal(made.fresh.hint, credential.secret + AUTH_SECRET_CHARS - 4, 5 - 1);
        assert_true(auth_credential_verify(made.peppers, &credential, made.fresh.hash, 2));
        assert_false(auth_credential_verify(made.peppers, &credential, made.fresh.hash, 1));
        auth_peppers_free(made.peppers);
    }
}

static void test_token_matches_the_published_expression(void **state)
{
    (void)state;
    regex_t expression;
    assert_int_equal(regcomp(&expression, "^scim[tapls]_[0-9a-hjkmnp-tv-z]{26,52}_[0-9A-Za-z]{49}$", REG_EXTENDED), 0);
    for (size_t k = 0; k < KINDS; k++) {
        struct made made = make(kinds[k]);
        assert_int_equal(regexec(&expression, made.fresh.text, 0, NULL, 0), 0);
        auth_peppers_free(made.peppers);
    }
    regfree(&expression);
}

static void test_token_two_fresh_ones_differ_in_their_secret(void **state)
{
    (void)state;
    struct made made = make(AUTH_API_KEY);
    struct auth_fresh other;
    auth_credential_make(made.peppers, AUTH_API_KEY, made.directory, made.id, &other);
    assert_string_not_equal(made.fresh.text, other.text);
    assert_memory_not_equal(made.fresh.hash, other.hash, AUTH_HASH_BYTES);
    auth_peppers_free(made.peppers);
}

static void test_token_with_any_character_changed_is_refused_by_its_form(void **state)
{
    (void)state;
    for (size_t k = 0; k < KINDS; k++) {
        struct made made = make(kinds[k]);
        char text[AUTH_TEXT_BYTES];
        size_t length = strlen(made.fresh.text);
        for (size_t at = 0; at < length; at++) {
            for (int c = 1; c < 256; c++) {
                memcpy(text, made.fresh.text, sizeof text);
                if ((unsigned char)text[at] == c)
                    continue;
                text[at] = (char)c;
                struct auth_credential credential;
                if (auth_credential_parse(slice_str(text), kinds[k], &credential))
                    fail_msg("accepted with %02x at %zu", (unsigned)c, at);
            }
        }
        auth_peppers_free(made.peppers);
    }
}

static void test_token_cut_or_lengthened_anywhere_is_refused(void **state)
{
    (void)state;
    struct made made = make(AUTH_DIRECTORY_TOKEN);
    struct auth_credential credential;
    size_t length = strlen(made.fresh.text);
    for (size_t cut = 0; cut < length; cut++) {
        assert_false(auth_credential_parse(slice_of(made.fresh.text, cut), AUTH_DIRECTORY_TOKEN, &credential));
        assert_false(auth_credential_parse(slice_of(made.fresh.text + cut + 1, length - cut - 1), AUTH_DIRECTORY_TOKEN,
                                           &credential));
    }
    assert_false(auth_credential_parse(slice_of(made.fresh.text, length + 1), AUTH_DIRECTORY_TOKEN, &credential));
    auth_peppers_free(made.peppers);
}

static void test_token_is_accepted_raw_and_behind_bearer_in_any_case(void **state)
{
    (void)state;
    static const struct {
        const char *before, *after;
        bool accepted;
    } cases[] = {
        {"", "", true},          {"Bearer ", "", true},         {"bearer ", "", true}, {"BEARER\t", "", true},
        {"bEaReR   ", "", true}, {"  Bearer \t ", " ", true},   {" ", "\t", true},     {"Bearer", "", false},
        {"Bearer: ", "", false}, {"Basic ", "", false},         {"Token ", "", false}, {"Bearer ", " x", false},
        {"\"", "\"", false},     {"Bearer Bearer ", "", false}, {"\n", "", false},
    };
    struct made made = make(AUTH_DIRECTORY_TOKEN);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char header[2 * AUTH_TEXT_BYTES];
        snprintf(header, sizeof header, "%s%s%s", cases[i].before, made.fresh.text, cases[i].after);
        if (verifies(&made, header, AUTH_DIRECTORY_TOKEN) != cases[i].accepted)
            fail_msg("case %zu: \"%s…%s\"", i, cases[i].before, cases[i].after);
    }
    auth_peppers_free(made.peppers);
}

static void test_token_header_that_is_empty_or_only_a_scheme_is_refused(void **state)
{
    (void)state;
    struct auth_credential credential;
    static const char *const headers[] = {"", " ", "Bearer", "Bearer ", "bearer \t", "scimt_", "Bearer scimt_"};
    for (size_t i = 0; i < sizeof headers / sizeof headers[0]; i++)
        assert_false(auth_credential_parse(slice_str(headers[i]), AUTH_DIRECTORY_TOKEN, &credential));
    assert_false(auth_credential_parse(SLICE_EMPTY, AUTH_DIRECTORY_TOKEN, &credential));
}

static void test_token_verify_refuses_another_row_directory_secret_or_pepper(void **state)
{
    (void)state;
    struct made made = make(AUTH_DIRECTORY_TOKEN);
    struct auth_credential good, bad;
    assert_true(auth_credential_parse(slice_str(made.fresh.text), AUTH_DIRECTORY_TOKEN, &good));
    assert_true(auth_credential_verify(made.peppers, &good, made.fresh.hash, 2));

    bad = good;
    bad.id.bytes[0] ^= 1;
    assert_false(auth_credential_verify(made.peppers, &bad, made.fresh.hash, 2));
    bad = good;
    bad.directory.id.bytes[15] ^= 1;
    assert_false(auth_credential_verify(made.peppers, &bad, made.fresh.hash, 2));
    bad = good;
    bad.secret[42] = bad.secret[42] == 'a' ? 'b' : 'a';
    assert_false(auth_credential_verify(made.peppers, &bad, made.fresh.hash, 2));
    bad = good;
    bad.kind = AUTH_API_KEY;
    assert_false(auth_credential_verify(made.peppers, &bad, made.fresh.hash, 2));
    assert_false(auth_credential_verify(made.peppers, &good, made.fresh.hash, 3));
    assert_false(auth_credential_verify(made.peppers, &good, NULL, 2));
    assert_false(auth_credential_verify(made.peppers, &good, NULL, 3));
    auth_peppers_free(made.peppers);
}

static void test_token_wipe_leaves_nothing(void **state)
{
    (void)state;
    struct made made = make(AUTH_OPERATOR_KEY);
    struct auth_credential credential;
    static const struct auth_credential zero;
    assert_true(auth_credential_parse(slice_str(made.fresh.text), AUTH_OPERATOR_KEY, &credential));
    auth_credential_wipe(&credential);
    assert_memory_equal(&credential, &zero, sizeof zero);
    auth_peppers_free(made.peppers);
}

static void test_O_02_an_authorization_header_has_one_of_four_forms(void **state)
{
    (void)state;
    static const struct {
        const char *header;
        enum auth_form form;
    } cases[] = {
        {"", AUTH_FORM_NONE},
        {" \t ", AUTH_FORM_NONE},
        {"Basic dXNlcg==", AUTH_FORM_OTHER},
        {"Bearers x", AUTH_FORM_OTHER},
        {"Bearer", AUTH_FORM_MALFORMED},
        {"bearer  ", AUTH_FORM_MALFORMED},
        {"Bearer a b", AUTH_FORM_MALFORMED},
        {"Bearer a,", AUTH_FORM_MALFORMED},
        {"Bearer \"a\"", AUTH_FORM_MALFORMED},
        {"Bearer ==", AUTH_FORM_MALFORMED},
        {"Bearer a=b", AUTH_FORM_MALFORMED},
        {"Bearer \xc3\xa9", AUTH_FORM_MALFORMED},
        {"Bearer a", AUTH_FORM_TOKEN},
        {"BEARER \t aZ09-._~+/==", AUTH_FORM_TOKEN},
        {"scimt_x", AUTH_FORM_TOKEN},
        {"Bearerx", AUTH_FORM_TOKEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_int_equal(auth_form_of(slice_str(cases[i].header)), cases[i].form);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_token_vectors_parse_and_verify),
        cmocka_unit_test(test_token_of_one_kind_is_none_of_another),
        cmocka_unit_test(test_token_fresh_one_parses_verifies_and_shows_its_hint),
        cmocka_unit_test(test_token_matches_the_published_expression),
        cmocka_unit_test(test_token_two_fresh_ones_differ_in_their_secret),
        cmocka_unit_test(test_token_with_any_character_changed_is_refused_by_its_form),
        cmocka_unit_test(test_token_cut_or_lengthened_anywhere_is_refused),
        cmocka_unit_test(test_token_is_accepted_raw_and_behind_bearer_in_any_case),
        cmocka_unit_test(test_token_header_that_is_empty_or_only_a_scheme_is_refused),
        cmocka_unit_test(test_token_verify_refuses_another_row_directory_secret_or_pepper),
        cmocka_unit_test(test_token_wipe_leaves_nothing),
        cmocka_unit_test(test_O_02_an_authorization_header_has_one_of_four_forms),
    };
    return cmocka_run_group_tests_name("token", tests, fixture_set_up, fixture_tear_down);
}
