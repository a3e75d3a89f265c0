/* Signing by OpenSSL: libjwt of Debian 12 writes "typ": "JWT" into whatever it signs. */
#include "auth/set.h"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"
#include "base64url.h"

enum { P256_BYTES = 32, MAX_SIGNATURE = AUTH_SET_RSA_BITS / 8, MAX_KID = 64 };

struct auth_signer {
    enum auth_algorithm algorithm;
    EVP_PKEY *key;
    char kid[MAX_KID + 1];
};

static EVP_PKEY *read_secret(struct slice secret)
{
    BIO *in = BIO_new_mem_buf(secret.data, (int)secret.len);
    EVP_PKEY *key = in ? PEM_read_bio_PrivateKey(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    ERR_clear_error();
    return key;
}

struct auth_signer *auth_signer_new(enum auth_algorithm algorithm, struct slice secret, const char *kid,
                                    struct err *err)
{
    EVP_PKEY *key = read_secret(secret);
    if (!key || !EVP_PKEY_is_a(key, algorithm == AUTH_ES256 ? "EC" : "RSA")) {
        EVP_PKEY_free(key);
        err_set(err, ERR_INTERNAL, "The key that signs events cannot be read.");
        return NULL;
    }
    struct auth_signer *signer = calloc(1, sizeof *signer);
    must(signer && EVP_PKEY_get_size(key) <= MAX_SIGNATURE);
    must(snprintf(signer->kid, sizeof signer->kid, "%s", kid) < (int)sizeof signer->kid);
    signer->algorithm = algorithm;
    signer->key = key;
    return signer;
}

void auth_signer_free(struct auth_signer *signer)
{
    if (signer)
        EVP_PKEY_free(signer->key);
    free(signer);
}

/* Both numbers one behind the other (RFC 7518 section 3.4); OpenSSL writes them in DER. */
static size_t flatten(uint8_t signature[MAX_SIGNATURE], size_t length)
{
    const unsigned char *at = signature;
    ECDSA_SIG *pair = d2i_ECDSA_SIG(NULL, &at, (long)length);
    must(pair);
    must(BN_bn2binpad(ECDSA_SIG_get0_r(pair), signature, P256_BYTES) == P256_BYTES &&
         BN_bn2binpad(ECDSA_SIG_get0_s(pair), signature + P256_BYTES, P256_BYTES) == P256_BYTES);
    ECDSA_SIG_free(pair);
    return (size_t)2 * P256_BYTES;
}

static void add_signature(const struct auth_signer *signer, struct slice signed_part, struct buf *out)
{
    uint8_t signature[MAX_SIGNATURE];
    size_t length = sizeof signature;
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    must(context && EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, signer->key) == 1 &&
         EVP_DigestSign(context, signature, &length, (const unsigned char *)signed_part.data, signed_part.len) == 1);
    EVP_MD_CTX_free(context);
    if (signer->algorithm == AUTH_ES256)
        length = flatten(signature, length);
    auth_base64url_add(signature, length, out);
}

void auth_set_sign(const struct auth_signer *signer, struct slice claims, struct buf *out)
{
    char header[MAX_KID + 64];
    size_t start = out->len;
    int length = snprintf(header, sizeof header, "{\"alg\":\"%s\",\"kid\":\"%s\",\"typ\":\"secevent+jwt\"}",
                          signer->algorithm == AUTH_ES256 ? "ES256" : "RS256", signer->kid);
    auth_base64url_add(header, (size_t)length, out);
    buf_add_char(out, '.');
    auth_base64url_add(claims.data, claims.len, out);
    struct slice signed_part = slice_skip(buf_slice(out), start);
    if (out->overflowed)
        return;
    /* What is signed lies in the buffer that grows. */
    struct buf signature;
    buf_init(&signature, (size_t)2 * MAX_SIGNATURE);
    add_signature(signer, signed_part, &signature);
    buf_add_char(out, '.');
    buf_add(out, buf_slice(&signature));
    buf_fini(&signature);
}
