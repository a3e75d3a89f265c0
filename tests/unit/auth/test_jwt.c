/* JWTs: vectors of what is right and of what attackers send, each with the step that stops it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/jwt.h"
#include "auth/public_key.h"
#include "base/json.h"
#include "base64url.h"

static json_t *document;
static struct arena arena;

static int load(void **state)
{
    (void)state;
    document = json_load_file(TEST_VECTORS_DIR "/auth/jwt.json", JSON_ALLOW_NUL, NULL);
    arena_init(&arena);
    return document ? 0 : -1;
}

static int unload(void **state)
{
    (void)state;
    json_decref(document);
    arena_fini(&arena);
    return 0;
}

static const char *text_of(const json_t *object, const char *name)
{
    return json_string_value(json_object_get(object, name));
}

static struct slice public_key(const char *kind) { return slice_str(text_of(json_object_get(document, "keys"), kind)); }

/* Where it stops: "form", "claims", "signature"; NULL: nowhere. */
static const char *try(struct slice token, const char *kind)
{
    struct auth_jwt jwt;
    struct err err = ERR_INIT;
    int64_t now_ms = json_integer_value(json_object_get(document, "now_ms"));
    enum auth_algorithm algorithm = strcmp(kind, "ES256") == 0 ? AUTH_ES256 : AUTH_RS256;
    if (!auth_jwt_parse(token, &arena, &jwt, &err)) {
        assert_int_equal(err.kind, ERR_UNAUTHORIZED);
        return "form";
    }
    if (!auth_jwt_check(&jwt, slice_str(text_of(document, "audience")), now_ms, &err)) {
        assert_int_equal(err.kind, ERR_UNAUTHORIZED);
        return "claims";
    }
    return auth_jwt_verify(&jwt, algorithm, public_key(kind)) ? NULL : "signature";
}

static void test_jwt_vectors_stop_where_they_should(void **state)
{
    (void)state;
    size_t i;
    json_t *vector;
    json_array_foreach (json_object_get(document, "tokens"), i, vector) {
        const char *expected = text_of(vector, "stops_at");
        const char *got = try(json_slice(json_object_get(vector, "token")), text_of(vector, "key"));
        if (strcmp(got ? got : "nowhere", expected ? expected : "nowhere") != 0)
            fail_msg("%s: stops at %s", text_of(vector, "name"), got ? got : "nothing");
    }
    assert_true(i > 100);
}

static struct slice first_token(void)
{
    return json_slice(json_object_get(json_array_get(json_object_get(document, "tokens"), 0), "token"));
}

static void test_jwt_with_any_character_changed_is_refused(void **state)
{
    (void)state;
    struct slice token = first_token();
    assert_null(try(token, "ES256"));
    char *changed = arena_copy(&arena, token);
    for (size_t i = 0; i < token.len; i++) {
        changed[i] = token.data[i] == 'A' ? 'B' : 'A';
        if (!try(slice_of(changed, token.len), "ES256"))
            fail_msg("character %zu may be changed", i);
        changed[i] = token.data[i];
    }
}

static void test_jwt_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct slice token = first_token();
    for (size_t length = 0; length < token.len; length++)
        assert_non_null(try(slice_of(token.data, length), "ES256"));
}

static void test_jwt_claims_come_out_as_they_went_in(void **state)
{
    (void)state;
    struct auth_jwt jwt;
    struct err err = ERR_INIT;
    assert_true(auth_jwt_parse(first_token(), &arena, &jwt, &err));
    assert_int_equal(jwt.algorithm, AUTH_ES256);
    assert_true(slice_equals(jwt.key, slice_str(text_of(document, "kid"))));
    assert_true(slice_equals(jwt.audience, slice_str(text_of(document, "audience"))));
    assert_true(slice_equals(jwt.issuer, jwt.subject));
    assert_true(slice_equals(jwt.id, SLICE_LITERAL("1")));
    assert_true(slice_equals(jwt.scope, SLICE_LITERAL("read tokens")));
    assert_int_equal(jwt.expires_s - jwt.issued_s, 300);
}

static void test_jwt_needs_a_key_to_be_verified(void **state)
{
    (void)state;
    struct auth_jwt jwt;
    struct err err = ERR_INIT;
    assert_true(auth_jwt_parse(first_token(), &arena, &jwt, &err));
    assert_false(auth_jwt_verify(&jwt, AUTH_ES256, SLICE_EMPTY));
    assert_false(auth_jwt_verify(&jwt, AUTH_ES256, SLICE_LITERAL("no key")));
    assert_false(auth_jwt_verify(&jwt, AUTH_ES256, public_key("RS256")));
    assert_false(auth_jwt_verify(&jwt, AUTH_RS256, public_key("ES256")));
    assert_true(auth_jwt_verify(&jwt, AUTH_ES256, public_key("ES256")));
}

static void test_base64url_has_64_letters_and_one_spelling(void **state)
{
    (void)state;
    struct slice bytes;
    size_t letters = 0;
    for (int c = 0; c < 256; c++) {
        char text[4] = {'A', (char)c, 'A', 'A'};
        letters += auth_base64url_read(slice_of(text, 4), &arena, &bytes);
    }
    assert_int_equal(letters, 64);
    assert_true(auth_base64url_read(SLICE_LITERAL("AAA"), &arena, &bytes) && bytes.len == 2);
    static const char *const refused[] = {"A", "AB", "AAB", "AA==", "AAA=", "AA=", "AAAAA", "AA A", "AA\n"};
    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++)
        assert_false(auth_base64url_read(slice_str(refused[i]), &arena, &bytes));
}

/* --- public keys --- */

static void test_public_key_of_pem_and_of_jwk_are_the_same(void **state)
{
    (void)state;
    static const char *const kinds[] = {"ES256", "RS256"};
    for (size_t i = 0; i < 2; i++) {
        struct auth_public_key pem, jwk;
        struct err err = ERR_INIT;
        assert_true(auth_public_key_of_pem(public_key(kinds[i]), &arena, &pem, &err));
        assert_true(
            auth_public_key_of_jwk(json_object_get(json_object_get(document, "jwks"), kinds[i]), &arena, &jwk, &err));
        assert_true(slice_equals(pem.pem, public_key(kinds[i])));
        assert_true(slice_equals(pem.pem, jwk.pem));
        assert_memory_equal(pem.fingerprint, jwk.fingerprint, AUTH_FINGERPRINT_BYTES);
        assert_int_equal(pem.algorithm, i == 0 ? AUTH_ES256 : AUTH_RS256);
        assert_int_equal(pem.bits, i == 0 ? 256 : 2048);
    }
}

static void test_public_key_cut_anywhere_is_refused(void **state)
{
    (void)state;
    struct slice pem = public_key("ES256");
    size_t end = (size_t)((const char *)memmem(pem.data, pem.len, "-----END", 8) - pem.data);
    for (size_t length = 0; length < end; length++) {
        struct auth_public_key key;
        struct err err = ERR_INIT;
        assert_false(auth_public_key_of_pem(slice_of(pem.data, length), &arena, &key, &err));
        assert_int_equal(err.kind, ERR_INVALID_VALUE);
    }
}

static void test_public_key_of_a_point_off_the_curve_is_refused(void **state)
{
    (void)state;
    json_scoped *jwk = json_deep_copy(json_object_get(json_object_get(document, "jwks"), "ES256"));
    json_t *x = json_incref(json_object_get(jwk, "x"));
    json_object_set(jwk, "x", json_object_get(jwk, "y"));
    json_object_set_new(jwk, "y", x);
    struct auth_public_key key;
    struct err err = ERR_INIT;
    assert_false(auth_public_key_of_jwk(jwk, &arena, &key, &err));
    assert_string_equal(err.detail, "is no valid public key");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jwt_vectors_stop_where_they_should),
        cmocka_unit_test(test_jwt_with_any_character_changed_is_refused),
        cmocka_unit_test(test_jwt_cut_anywhere_is_refused),
        cmocka_unit_test(test_jwt_claims_come_out_as_they_went_in),
        cmocka_unit_test(test_jwt_needs_a_key_to_be_verified),
        cmocka_unit_test(test_base64url_has_64_letters_and_one_spelling),
        cmocka_unit_test(test_public_key_of_pem_and_of_jwk_are_the_same),
        cmocka_unit_test(test_public_key_cut_anywhere_is_refused),
        cmocka_unit_test(test_public_key_of_a_point_off_the_curve_is_refused),
    };
    return cmocka_run_group_tests_name("jwt", tests, load, unload);
}
