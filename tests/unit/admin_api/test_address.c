#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "destination.h"
#include "resolve.h"

static json_t *vectors;
static struct arena arena;
static const struct outbound_rules strict;

static int begin(void **state)
{
    (void)state;
    arena_init(&arena);
    vectors = json_load_file(TEST_VECTORS_DIR "/admin_api/outbound.json", 0, NULL);
    return vectors ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    arena_fini(&arena);
    json_decref(vectors);
    return 0;
}

static const char *text_of(const json_t *vector, const char *name)
{
    return json_string_value(json_object_get(vector, name));
}

static struct address address_of(const char *text)
{
    struct address address;
    if (!address_parse(slice_str(text), &address))
        fail_msg("no address: %s", text);
    return address;
}

static void check_refusal(const char *of, const char *why, const char *expected)
{
    if (!why != !expected || (why && strcmp(why, expected) != 0))
        fail_msg("%s: %s, not %s", of, why ? why : "good", expected ? expected : "good");
}

static void test_WH_10_addresses_are_let_pass_or_refused_as_the_vectors_say(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "addresses"), i, vector) {
        const char *text = text_of(vector, "address");
        struct address address = address_of(text);
        check_refusal(text, address_refusal(&strict, &address), text_of(vector, "why"));
    }
    assert_true(i >= 100);
}

static void test_only_whole_addresses_are_read(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    struct address address;
    json_array_foreach (json_object_get(vectors, "not_addresses"), i, vector)
        if (address_parse(slice_str(json_string_value(vector)), &address))
            fail_msg("taken: %s", json_string_value(vector));
    assert_false(address_parse(slice_of("127.0.0.1\0", 10), &address));
    assert_true(i >= 20);
}

static void test_an_address_of_a_socket_is_the_same_as_of_its_text(void **state)
{
    (void)state;
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {.s_addr = htonl(0x7f000001)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    struct sockaddr local = {.sa_family = AF_UNIX};
    struct address address, expected = address_of("127.0.0.1");
    char text[ADDRESS_TEXT_BYTES];
    assert_true(address_of_socket((const struct sockaddr *)&v4, &address));
    assert_memory_equal(&address, &expected, sizeof address);
    address_text(&address, text);
    assert_string_equal(text, "127.0.0.1");
    assert_true(address_of_socket((const struct sockaddr *)&v6, &address));
    address_text(&address, text);
    assert_string_equal(text, "::1");
    assert_false(address_of_socket(&local, &address));
}

static void test_names_are_let_pass_or_refused_as_the_vectors_say(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "names"), i, vector) {
        const char *name = text_of(vector, "name");
        if ((name_refusal(&strict, slice_str(name)) == NULL) != json_is_true(json_object_get(vector, "good")))
            fail_msg("%s", name);
    }
    assert_true(i >= 30);
}

static void test_what_the_operator_allows_passes_and_no_more(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "allowed"), i, vector) {
        struct outbound_rules rules;
        struct err err = ERR_INIT;
        const char *allowed = text_of(vector, "allowed"), *address = text_of(vector, "address"),
                   *name = text_of(vector, "name");
        assert_true(outbound_rules_parse(slice_str(allowed), false, &rules, &err));
        const struct address parsed = address_of(address ? address : "::");
        const char *why = address ? address_refusal(&rules, &parsed) : name_refusal(&rules, slice_str(name));
        if (!why != json_is_true(json_object_get(vector, "good")))
            fail_msg("%s allowed, and %s: %s", allowed, address ? address : name, why ? why : "good");
    }
    assert_true(i >= 20);
}

static void test_what_is_neither_address_nor_block_nor_name_cannot_be_allowed(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "bad_allowed"), i, vector) {
        struct outbound_rules rules;
        struct err err = ERR_INIT;
        if (outbound_rules_parse(slice_str(json_string_value(vector)), false, &rules, &err))
            fail_msg("taken: %s", json_string_value(vector));
        assert_int_equal(err.kind, ERR_INVALID_VALUE);
    }
}

static void test_the_list_of_what_is_allowed_has_an_end(void **state)
{
    (void)state;
    struct outbound_rules rules;
    struct err err = ERR_INIT;
    char list[(ALLOWED_MOST + 1) * 4] = "::1";
    for (int i = 1; i < ALLOWED_MOST; i++)
        snprintf(list + strlen(list), sizeof list - strlen(list), ",::1");
    assert_true(outbound_rules_parse(slice_str(list), false, &rules, &err));
    assert_int_equal(rules.block_count, ALLOWED_MOST);
    snprintf(list + strlen(list), sizeof list - strlen(list), ",x");
    assert_false(outbound_rules_parse(slice_str(list), false, &rules, &err));
}

/* Is one of the words, which are separated by |, in the text? */
static bool says(const char *text, const char *words)
{
    for (const char *at = words; *at;) {
        size_t length = strcspn(at, "|");
        if (memmem(text, strlen(text), at, length))
            return true;
        at += length + (at[length] == '|');
    }
    return false;
}

/* As the vector says; prints what is not. */
static bool is_as_expected(const json_t *vector)
{
    struct destination destination = {0};
    const char *kept = text_of(vector, "kept"), *words = text_of(vector, "why"), *url = text_of(vector, "url");
    const char *why = destination_check(&strict, slice_str(url), &arena, &destination);
    bool good = kept ? !why && slice_equals(destination.url, slice_str(kept)) : why && says(why, words);
    if (!good)
        print_error("%s: %s, kept as %.*s\n", url, why ? why : "taken", (int)destination.url.len, destination.url.data);
    return good;
}

static void test_WH_10_urls_are_taken_or_refused_as_the_vectors_say(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i, wrong = 0;
    json_array_foreach (json_object_get(vectors, "urls"), i, vector)
        wrong += !is_as_expected(vector);
    assert_int_equal(wrong, 0);
    assert_true(i >= 100);
}

static void test_http_is_taken_where_the_operator_allows_it(void **state)
{
    (void)state;
    const struct outbound_rules rules = {.http = true};
    struct destination destination;
    assert_null(destination_check(&rules, SLICE_LITERAL("http://hooks.example.com/"), &arena, &destination));
    assert_int_equal(destination.port, 80);
    assert_non_null(destination_check(&rules, SLICE_LITERAL("ftp://hooks.example.com/"), &arena, &destination));
    assert_non_null(destination_check(&rules, SLICE_LITERAL("http://127.0.0.1/"), &arena, &destination));
}

static void test_a_name_that_leads_inside_is_refused_when_it_is_proved(void **state)
{
    (void)state;
    struct outbound_rules names, both;
    struct err err = ERR_INIT;
    struct destination destination;
    assert_true(outbound_rules_parse(SLICE_LITERAL("localhost"), false, &names, &err));
    assert_true(outbound_rules_parse(SLICE_LITERAL("localhost,127.0.0.0/8,::1"), false, &both, &err));
    const struct slice url = SLICE_LITERAL("https://localhost:8443/");
    assert_null(destination_check(&names, url, &arena, &destination));
    assert_true(says(destination_prove(&names, url, &arena, &destination), "a loopback address"));
    assert_null(destination_prove(&both, url, &arena, &destination));
}

static void test_a_name_is_looked_up_within_its_time(void **state)
{
    (void)state;
    struct resolved resolved;
    assert_true(resolve(SLICE_LITERAL("localhost"), 60000, &resolved));
    assert_true(resolved.count > 0);
    assert_non_null(address_refusal(&strict, &resolved.list[0]));
    for (int i = 0; i < 100; i++)
        if (resolve(SLICE_LITERAL("localhost"), 0, &resolved))
            assert_true(resolved.count > 0); /* it was quick */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_WH_10_addresses_are_let_pass_or_refused_as_the_vectors_say),
        cmocka_unit_test(test_only_whole_addresses_are_read),
        cmocka_unit_test(test_an_address_of_a_socket_is_the_same_as_of_its_text),
        cmocka_unit_test(test_names_are_let_pass_or_refused_as_the_vectors_say),
        cmocka_unit_test(test_what_the_operator_allows_passes_and_no_more),
        cmocka_unit_test(test_what_is_neither_address_nor_block_nor_name_cannot_be_allowed),
        cmocka_unit_test(test_the_list_of_what_is_allowed_has_an_end),
        cmocka_unit_test(test_WH_10_urls_are_taken_or_refused_as_the_vectors_say),
        cmocka_unit_test(test_http_is_taken_where_the_operator_allows_it),
        cmocka_unit_test(test_a_name_that_leads_inside_is_refused_when_it_is_proved),
        cmocka_unit_test(test_a_name_is_looked_up_within_its_time),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
