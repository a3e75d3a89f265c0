/* Key pairs of our own, and how the public half is shown. */
#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>

#include "auth/set.h"
#include "base/must.h"

enum { P256_BYTES = 32, BASE64URL = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

static struct slice take_text(BIO *bio, struct arena *arena)
{
    char *text;
    long length = BIO_get_mem_data(bio, &text);
    return arena_slice(arena, slice_of(text, (size_t)length));
}

static bool write_pair(EVP_PKEY *key, struct arena *arena, struct auth_key_pair *pair_out)
{
    BIO *secret = BIO_new(BIO_s_secmem()), *published = BIO_new(BIO_s_mem());
    bool written = secret && published && PEM_write_bio_PKCS8PrivateKey(secret, key, NULL, NULL, 0, NULL, NULL) == 1 &&
                   PEM_write_bio_PUBKEY(published, key) == 1;
    if (written)
        *pair_out = (struct auth_key_pair){take_text(secret, arena), take_text(published, arena)};
    BIO_free(secret);
    BIO_free(published);
    return written;
}

bool auth_key_pair_make(enum auth_algorithm algorithm, struct arena *arena, struct auth_key_pair *pair_out,
                        struct err *err)
{
    EVP_PKEY *key = algorithm == AUTH_ES256 ? EVP_EC_gen("P-256") : EVP_RSA_gen((unsigned)AUTH_SET_RSA_BITS);
    bool made = key && write_pair(key, arena, pair_out);
    EVP_PKEY_free(key);
    ERR_clear_error();
    return made || err_set(err, ERR_INTERNAL, "No key could be made.");
}

void auth_key_pair_forget(struct auth_key_pair *pair)
{
    sodium_memzero((char *)(uintptr_t)pair->secret.data, pair->secret.len);
    pair->secret = SLICE_EMPTY;
}

/* --- JWK --- */

static json_t *show_bytes(const uint8_t *bytes, size_t length)
{
    char text[2 * AUTH_SET_RSA_BITS / 8];
    must(sodium_base64_encoded_len(length, BASE64URL) <= sizeof text);
    return json_string(sodium_bin2base64(text, sizeof text, bytes, length, BASE64URL));
}

/* As long as the number is, or `length` bytes where its encoding is of a fixed length (RFC 7518 section 6.2.1.2). */
static json_t *show_number(const EVP_PKEY *key, const char *name, int length)
{
    uint8_t bytes[AUTH_SET_RSA_BITS / 8];
    BIGNUM *number = NULL;
    must(EVP_PKEY_get_bn_param(key, name, &number) == 1 && BN_num_bytes(number) <= (int)sizeof bytes);
    int written = BN_bn2binpad(number, bytes, length ? length : BN_num_bytes(number));
    BN_free(number);
    must(written > 0);
    return show_bytes(bytes, (size_t)written);
}

static void show_parts(const EVP_PKEY *key, enum auth_algorithm algorithm, json_t *jwk)
{
    if (algorithm == AUTH_ES256) {
        json_object_set_new(jwk, "crv", json_string("P-256"));
        json_object_set_new(jwk, "x", show_number(key, OSSL_PKEY_PARAM_EC_PUB_X, P256_BYTES));
        json_object_set_new(jwk, "y", show_number(key, OSSL_PKEY_PARAM_EC_PUB_Y, P256_BYTES));
    } else {
        json_object_set_new(jwk, "n", show_number(key, OSSL_PKEY_PARAM_RSA_N, 0));
        json_object_set_new(jwk, "e", show_number(key, OSSL_PKEY_PARAM_RSA_E, 0));
    }
}

json_t *auth_jwk_of_pem(struct slice published, enum auth_algorithm algorithm, const char *kid)
{
    BIO *in = BIO_new_mem_buf(published.data, (int)published.len);
    EVP_PKEY *key = PEM_read_bio_PUBKEY(in, NULL, NULL, NULL);
    must(key); /* our own */
    bool is_es = algorithm == AUTH_ES256;
    json_t *jwk = json_pack("{s:s, s:s, s:s, s:s}", "kty", is_es ? "EC" : "RSA", "use", "sig", "alg",
                            is_es ? "ES256" : "RS256", "kid", kid);
    show_parts(key, algorithm, jwk);
    EVP_PKEY_free(key);
    BIO_free(in);
    return jwk;
}
