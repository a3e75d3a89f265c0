#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "auth/webhook.h"
#include "fixture.h"

static json_t *vectors; /* the whole file */

static int set_up(void **state)
{
    (void)state;
    vectors = json_load_file(TEST_VECTORS_DIR "/auth/webhook.json", 0, NULL);
    return vectors ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(vectors);
    return 0;
}

static struct slice text_of(const json_t *vector, const char *name)
{
    const json_t *text = json_object_get(vector, name);
    return slice_of(json_string_value(text), json_string_length(text));
}

static struct auth_webhook_secret secret_of(struct slice text)
{
    struct auth_webhook_secret secret;
    assert_true(auth_webhook_secret_parse(text, &secret));
    return secret;
}

struct signing {
    struct auth_webhook_secret secrets[4];
    size_t count;
    struct slice id, body, signature;
    int64_t timestamp_s;
};

static struct signing signing_of(const json_t *vector)
{
    struct signing signing = {.id = text_of(vector, "id"),
                              .body = text_of(vector, "body"),
                              .signature = text_of(vector, "signature"),
                              .timestamp_s = json_integer_value(json_object_get(vector, "timestamp"))};
    const json_t *secret;
    size_t i;
    json_array_foreach (json_object_get(vector, "secrets"), i, secret)
        signing.secrets[signing.count++] = secret_of(slice_of(json_string_value(secret), json_string_length(secret)));
    return signing;
}

static void test_WH_02_WH_04_signatures_are_those_of_the_vectors(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "sign"), i, vector) {
        struct signing of = signing_of(vector);
        struct buf out;
        buf_init(&out, 1024);
        auth_webhook_sign(of.secrets, of.count, of.id, of.timestamp_s, of.body, &out);
        assert_int_equal(out.len, of.signature.len);
        assert_memory_equal(out.data, of.signature.data, out.len);
        buf_fini(&out);
    }
    assert_true(i >= 7);
}

static void test_WH_06_each_of_several_secrets_verifies_and_no_other(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "sign"), i, vector) {
        struct signing of = signing_of(vector);
        struct auth_webhook_secret another;
        for (size_t j = 0; j < of.count; j++) {
            assert_true(auth_webhook_verify(&of.secrets[j], of.id, of.timestamp_s, of.body, of.signature));
            auth_webhook_secret_make(of.secrets[j].scheme, &another);
            assert_false(auth_webhook_verify(&another, of.id, of.timestamp_s, of.body, of.signature));
        }
    }
}

static void test_a_change_of_id_time_body_or_signature_verifies_no_more(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "sign"), i, vector) {
        struct signing of = signing_of(vector);
        const struct auth_webhook_secret *secret = &of.secrets[of.count - 1];
        assert_false(auth_webhook_verify(secret, SLICE_LITERAL("evt-another"), of.timestamp_s, of.body, of.signature));
        assert_false(auth_webhook_verify(secret, of.id, of.timestamp_s + 1, of.body, of.signature));
        assert_false(auth_webhook_verify(secret, of.id, of.timestamp_s, SLICE_LITERAL("another"), of.signature));
        assert_false(auth_webhook_verify(secret, of.id, of.timestamp_s, of.body, slice_skip(of.signature, 1)) &&
                     of.count == 1);
        of.signature.len--;
        assert_false(auth_webhook_verify(secret, of.id, of.timestamp_s, of.body, of.signature));
        assert_false(auth_webhook_verify(secret, of.id, of.timestamp_s, of.body, SLICE_EMPTY));
    }
}

static void test_public_keys_are_those_of_the_vectors(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "public"), i, vector) {
        struct auth_webhook_secret secret = secret_of(text_of(vector, "secret"));
        char text[AUTH_WEBHOOK_TEXT_BYTES];
        auth_webhook_public_text(&secret, text);
        assert_string_equal(text, json_string_value(json_object_get(vector, "public")));
    }
}

static void test_WH_03_good_secrets_come_back_as_they_were(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "good"), i, vector) {
        struct auth_webhook_secret secret = secret_of(slice_str(json_string_value(vector)));
        char text[AUTH_WEBHOOK_TEXT_BYTES];
        auth_webhook_secret_text(&secret, text);
        assert_string_equal(text, json_string_value(vector));
        auth_webhook_secret_wipe(&secret);
        assert_int_equal(secret.key[0] | secret.key[23], 0);
    }
}

static void test_bad_secrets_are_refused(void **state)
{
    (void)state;
    const json_t *vector;
    size_t i;
    json_array_foreach (json_object_get(vectors, "bad"), i, vector) {
        struct auth_webhook_secret secret;
        if (auth_webhook_secret_parse(slice_str(json_string_value(vector)), &secret))
            fail_msg("taken: %s", json_string_value(vector));
    }
    assert_true(i > 20);
}

static void test_WH_03_fresh_secrets_are_written_as_they_are_read_and_no_two_alike(void **state)
{
    (void)state;
    static const struct slice prefixes[] = {
        [AUTH_WEBHOOK_HMAC] = SLICE_LITERAL("whsec_"), [AUTH_WEBHOOK_ED25519] = SLICE_LITERAL("whsk_")};
    for (int scheme = AUTH_WEBHOOK_HMAC; scheme <= AUTH_WEBHOOK_ED25519; scheme++) {
        struct auth_webhook_secret secret, again, another;
        char text[AUTH_WEBHOOK_TEXT_BYTES];
        auth_webhook_secret_make((enum auth_webhook_scheme)scheme, &secret);
        auth_webhook_secret_make((enum auth_webhook_scheme)scheme, &another);
        auth_webhook_secret_text(&secret, text);
        assert_true(slice_starts_with(slice_str(text), prefixes[scheme]));
        again = secret_of(slice_str(text));
        assert_int_equal(again.length, secret.length);
        assert_memory_equal(again.key, secret.key, secret.length);
        assert_memory_not_equal(another.key, secret.key, secret.length);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_WH_02_WH_04_signatures_are_those_of_the_vectors),
        cmocka_unit_test(test_WH_06_each_of_several_secrets_verifies_and_no_other),
        cmocka_unit_test(test_a_change_of_id_time_body_or_signature_verifies_no_more),
        cmocka_unit_test(test_public_keys_are_those_of_the_vectors),
        cmocka_unit_test(test_WH_03_good_secrets_come_back_as_they_were),
        cmocka_unit_test(test_bad_secrets_are_refused),
        cmocka_unit_test(test_WH_03_fresh_secrets_are_written_as_they_are_read_and_no_two_alike),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
