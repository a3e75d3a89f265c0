/* Security Event Tokens: what is signed can be verified with what is published, and is nobody's credential. */
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "auth/public_key.h"
#include "auth/set.h"
#include "base/json.h"
#include "base64url.h"

static struct arena arena;
static struct auth_key_pair pairs[2]; /* ES256, RS256: making the second takes a while */
static const enum auth_algorithm algorithms[] = {AUTH_ES256, AUTH_RS256};
static const char *const names[] = {"ES256", "RS256"};

static int make(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    arena_init(&arena);
    return auth_key_pair_make(AUTH_ES256, &arena, &pairs[0], &err) &&
                   auth_key_pair_make(AUTH_RS256, &arena, &pairs[1], &err)
               ? 0
               : -1;
}

static int forget(void **state)
{
    (void)state;
    arena_fini(&arena);
    return 0;
}

static struct slice sign(size_t which, struct slice claims)
{
    struct buf out;
    struct err err = ERR_INIT;
    buf_init(&out, 1 << 20);
    struct auth_signer *signer = auth_signer_new(algorithms[which], pairs[which].secret, "kid-1", &err);
    assert_non_null(signer);
    auth_set_sign(signer, claims, &out);
    auth_signer_free(signer);
    struct slice text = slice_str(arena_copy(&arena, buf_slice(&out)));
    buf_fini(&out);
    return text;
}

/* What stands in the token between the dots, from 0; in the arena. */
static struct slice read_part(struct slice token, int which)
{
    const char *at = token.data;
    for (int i = 0; i < which; i++)
        at = strchr(at, '.') + 1;
    struct slice text;
    assert_true(auth_base64url_read(slice_of(at, strcspn(at, ".")), &arena, &text));
    return text;
}

static struct slice in_der(struct slice signature)
{
    assert_int_equal(signature.len, 64);
    const unsigned char *bytes = (const unsigned char *)signature.data;
    unsigned char *der = NULL;
    ECDSA_SIG *pair = ECDSA_SIG_new();
    assert_int_equal(ECDSA_SIG_set0(pair, BN_bin2bn(bytes, 32, NULL), BN_bin2bn(bytes + 32, 32, NULL)), 1);
    int length = i2d_ECDSA_SIG(pair, &der);
    struct slice copy = arena_slice(&arena, slice_of((const char *)der, (size_t)length));
    OPENSSL_free(der);
    ECDSA_SIG_free(pair);
    return copy;
}

/* Not by libjwt, which takes no other typ than JWT. */
static bool verify(size_t which, struct slice token, size_t published)
{
    struct slice pem = pairs[published].published, signature = read_part(token, 2);
    size_t length = (size_t)(strrchr(token.data, '.') - token.data);
    BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    signature = which == 0 ? in_der(signature) : signature;
    bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
                EVP_DigestVerify(context, (const unsigned char *)signature.data, signature.len,
                                 (const unsigned char *)token.data, length) == 1;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    BIO_free(in);
    return good;
}

static json_t *part(struct slice token, int which)
{
    struct slice text = read_part(token, which);
    json_t *object = json_loadb(text.data, text.len, 0, NULL);
    assert_non_null(object);
    return object;
}

#define CLAIMS "{\"events\":{\"urn:x\":{}},\"iat\":1508184845,\"iss\":\"https://a.example\",\"jti\":\"1\"}"

static void test_EV_01_a_set_is_signed_and_says_what_it_is(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct slice token = sign(i, SLICE_LITERAL(CLAIMS));
        json_scoped *header = part(token, 0), *claims = part(token, 1);
        json_scoped *expected = json_loads(CLAIMS, 0, NULL);
        assert_string_equal(json_string_value(json_object_get(header, "typ")), "secevent+jwt");
        assert_string_equal(json_string_value(json_object_get(header, "kid")), "kid-1");
        assert_string_equal(json_string_value(json_object_get(header, "alg")), names[i]);
        assert_int_equal(json_object_size(header), 3);
        assert_true(json_equal(claims, expected));
        assert_true(verify(i, token, i));
        assert_false(verify(i, token, 1 - i));
    }
}

static void test_a_set_changed_in_its_claims_is_not_verified(void **state)
{
    (void)state;
    char *token = arena_copy(&arena, sign(0, SLICE_LITERAL(CLAIMS)));
    assert_true(verify(0, slice_str(token), 0));
    char *at = strchr(token, '.') + 10;
    *at = *at == 'A' ? 'B' : 'A';
    assert_false(verify(0, slice_str(token), 0));
}

static void test_a_set_is_no_credential(void **state)
{
    (void)state;
    struct auth_jwt jwt;
    struct err err = ERR_INIT;
    assert_false(auth_jwt_parse(sign(0, SLICE_LITERAL(CLAIMS)), &arena, &jwt, &err));
    assert_non_null(strstr(err.detail, "typ"));
}

static void test_a_large_set_is_signed_whole(void **state)
{
    (void)state;
    struct buf claims;
    buf_init(&claims, 1 << 20);
    buf_add_str(&claims, "{\"data\":\"");
    for (int i = 0; i < 300000; i++)
        buf_add_char(&claims, 'x');
    buf_add_str(&claims, "\"}");
    json_scoped *read = part(sign(0, buf_slice(&claims)), 1);
    assert_int_equal(json_string_length(json_object_get(read, "data")), 300000);
    buf_fini(&claims);
}

static void test_the_published_key_is_the_same_in_both_forms(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct auth_public_key pem, jwk;
        struct err err = ERR_INIT;
        json_scoped *shown = auth_jwk_of_pem(pairs[i].published, algorithms[i], "kid-1");
        assert_true(auth_public_key_of_pem(pairs[i].published, &arena, &pem, &err));
        assert_true(auth_public_key_of_jwk(shown, &arena, &jwk, &err));
        assert_memory_equal(pem.fingerprint, jwk.fingerprint, AUTH_FINGERPRINT_BYTES);
        assert_int_equal(pem.algorithm, algorithms[i]);
        assert_true(i == 0 || pem.bits >= AUTH_RSA_GOOD_BITS);
        assert_null(json_object_get(shown, "d"));
        assert_string_equal(json_string_value(json_object_get(shown, "alg")), names[i]);
    }
}

static void test_what_is_no_key_of_the_algorithm_signs_nothing(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_null(auth_signer_new(AUTH_ES256, SLICE_LITERAL("no key"), "k", &err));
    assert_int_equal(err.kind, ERR_INTERNAL);
    assert_null(auth_signer_new(AUTH_RS256, pairs[0].secret, "k", &err));
    assert_null(auth_signer_new(AUTH_ES256, pairs[1].secret, "k", &err));
    assert_null(auth_signer_new(AUTH_ES256, pairs[0].published, "k", &err));
}

static void test_signatures_have_one_length(void **state)
{
    (void)state;
    size_t length = sign(0, SLICE_LITERAL(CLAIMS)).len; /* numbers that begin with zeros are padded */
    for (int i = 0; i < 300; i++)
        assert_int_equal(sign(0, SLICE_LITERAL(CLAIMS)).len, length);
}

static void test_a_secret_is_forgotten(void **state)
{
    (void)state;
    struct auth_key_pair pair;
    struct err err = ERR_INIT;
    assert_true(auth_key_pair_make(AUTH_ES256, &arena, &pair, &err));
    const char *where = pair.secret.data;
    assert_non_null(strstr(where, "PRIVATE KEY"));
    auth_key_pair_forget(&pair);
    assert_int_equal(where[0], 0);
    assert_int_equal(pair.secret.len, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_EV_01_a_set_is_signed_and_says_what_it_is),
        cmocka_unit_test(test_a_set_changed_in_its_claims_is_not_verified),
        cmocka_unit_test(test_a_set_is_no_credential),
        cmocka_unit_test(test_a_large_set_is_signed_whole),
        cmocka_unit_test(test_the_published_key_is_the_same_in_both_forms),
        cmocka_unit_test(test_what_is_no_key_of_the_algorithm_signs_nothing),
        cmocka_unit_test(test_signatures_have_one_length),
        cmocka_unit_test(test_a_secret_is_forgotten),
    };
    return cmocka_run_group_tests_name("set", tests, make, forget);
}
