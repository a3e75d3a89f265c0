#include "auth/public_key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sodium.h>

#include "base/json.h"
#include "base/must.h"
#include "base64url.h"

enum { MAX_PEM_BYTES = 4096, P256_BYTES = 32, MAX_RSA_BYTES = AUTH_RSA_MAX_BITS / 8 };

static bool refuse(struct err *err, const char *why) { return err_set(err, ERR_INVALID_VALUE, "%s", why); }

static bool is(const char *text, const char *wanted) { return text && strcmp(text, wanted) == 0; /* public: names */ }

static bool write_pem(EVP_PKEY *key, struct arena *arena, struct slice *pem_out)
{
    char *text;
    BIO *out = BIO_new(BIO_s_mem());
    bool written = out && PEM_write_bio_PUBKEY(out, key) == 1;
    if (written) {
        long length = BIO_get_mem_data(out, &text);
        *pem_out = arena_slice(arena, slice_of(text, (size_t)length));
    }
    BIO_free(out);
    return written;
}

static bool take_fingerprint(EVP_PKEY *key, uint8_t out[AUTH_FINGERPRINT_BYTES])
{
    unsigned char *der = NULL;
    int length = i2d_PUBKEY(key, &der);
    if (length > 0)
        crypto_hash_sha256(out, der, (unsigned long long)length);
    OPENSSL_free(der);
    return length > 0;
}

static bool is_p256(EVP_PKEY *key)
{
    char group[32];
    size_t length;
    return EVP_PKEY_is_a(key, "EC") && EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
           is(group, "prime256v1");
}

static bool has_usual_exponent(EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;
    bool usual = EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &exponent) == 1 && BN_is_word(exponent, RSA_F4);
    BN_free(exponent);
    return usual;
}

static bool check_kind(EVP_PKEY *key, struct auth_public_key *key_out, struct err *err)
{
    key_out->bits = (unsigned)EVP_PKEY_get_bits(key);
    key_out->algorithm = AUTH_ES256;
    if (is_p256(key))
        return true;
    key_out->algorithm = AUTH_RS256;
    if (!EVP_PKEY_is_a(key, "RSA"))
        return refuse(err, "must be a key on the curve P-256 (for ES256) or an RSA key (for RS256)");
    if (key_out->bits < AUTH_RSA_MIN_BITS || key_out->bits > AUTH_RSA_MAX_BITS)
        return refuse(err, "must have 2048 to 4096 bits, better 3072 or more");
    return has_usual_exponent(key) || refuse(err, "must have the public exponent 65537");
}

/* Points off the curve and the like. */
static bool is_sound(EVP_PKEY *key)
{
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(key, NULL);
    bool sound = context && EVP_PKEY_public_check_quick(context) == 1;
    EVP_PKEY_CTX_free(context);
    return sound;
}

/* Takes the key. */
static bool take(EVP_PKEY *key, struct arena *arena, struct auth_public_key *key_out, struct err *err)
{
    bool taken = key && is_sound(key) ? check_kind(key, key_out, err) && write_pem(key, arena, &key_out->pem) &&
                                            take_fingerprint(key, key_out->fingerprint)
                                      : refuse(err, "is no valid public key");
    EVP_PKEY_free(key);
    ERR_clear_error();
    return taken;
}

bool auth_public_key_of_pem(struct slice pem, struct arena *arena, struct auth_public_key *key_out, struct err *err)
{
    static const struct slice begin = {"-----BEGIN PUBLIC KEY-----", 26};
    if (pem.len > MAX_PEM_BYTES || !slice_starts_with(pem, begin))
        return refuse(err, "must be a PEM text that begins with \"-----BEGIN PUBLIC KEY-----\"");
    BIO *in = BIO_new_mem_buf(pem.data, (int)pem.len);
    EVP_PKEY *key = in ? PEM_read_bio_PUBKEY(in, NULL, NULL, NULL) : NULL;
    BIO_free(in);
    return take(key, arena, key_out, err);
}

/* --- JWK --- */

static bool read_number(const json_t *jwk, const char *name, size_t least, size_t most, struct arena *arena,
                        struct slice *bytes_out)
{
    const json_t *member = json_object_get(jwk, name);
    return json_is_string(member) && auth_base64url_read(json_slice(member), arena, bytes_out) &&
           bytes_out->len >= least && bytes_out->len <= most;
}

static EVP_PKEY *key_of(const char *kind, OSSL_PARAM_BLD *builder)
{
    EVP_PKEY *key = NULL;
    OSSL_PARAM *parameters = OSSL_PARAM_BLD_to_param(builder);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    if (parameters && context && EVP_PKEY_fromdata_init(context) == 1)
        (void)!EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, parameters);
    EVP_PKEY_CTX_free(context);
    OSSL_PARAM_free(parameters);
    return key;
}

static EVP_PKEY *ec_key_of(const json_t *jwk, struct arena *arena)
{
    struct slice x, y;
    uint8_t point[1 + 2 * P256_BYTES] = {POINT_CONVERSION_UNCOMPRESSED};
    const char *curve = json_string_value(json_object_get(jwk, "crv"));
    if (!is(curve, "P-256") || !read_number(jwk, "x", P256_BYTES, P256_BYTES, arena, &x) ||
        !read_number(jwk, "y", P256_BYTES, P256_BYTES, arena, &y))
        return NULL;
    memcpy(point + 1, x.data, P256_BYTES);
    memcpy(point + 1 + P256_BYTES, y.data, P256_BYTES);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    must(builder);
    bool built = OSSL_PARAM_BLD_push_utf8_string(builder, OSSL_PKEY_PARAM_GROUP_NAME, "prime256v1", 0) == 1 &&
                 OSSL_PARAM_BLD_push_octet_string(builder, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point) == 1;
    EVP_PKEY *key = built ? key_of("EC", builder) : NULL;
    OSSL_PARAM_BLD_free(builder);
    return key;
}

static EVP_PKEY *rsa_key_of(const json_t *jwk, struct arena *arena)
{
    struct slice n, e;
    if (!read_number(jwk, "n", 1, MAX_RSA_BYTES, arena, &n) || !read_number(jwk, "e", 1, 8, arena, &e))
        return NULL;
    BIGNUM *modulus = BN_bin2bn((const unsigned char *)n.data, (int)n.len, NULL);
    BIGNUM *exponent = BN_bin2bn((const unsigned char *)e.data, (int)e.len, NULL);
    OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
    must(modulus && exponent && builder);
    bool built = OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, modulus) == 1 &&
                 OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, exponent) == 1;
    EVP_PKEY *key = built ? key_of("RSA", builder) : NULL;
    OSSL_PARAM_BLD_free(builder);
    BN_free(modulus);
    BN_free(exponent);
    return key;
}

bool auth_public_key_of_jwk(const json_t *jwk, struct arena *arena, struct auth_public_key *key_out, struct err *err)
{
    const char *kind = json_string_value(json_object_get(jwk, "kty"));
    if (json_object_get(jwk, "d") || json_object_get(jwk, "k"))
        return refuse(err, "is a private key: keep that to yourself, and make another pair");
    if (is(kind, "EC"))
        return take(ec_key_of(jwk, arena), arena, key_out, err);
    if (is(kind, "RSA"))
        return take(rsa_key_of(jwk, arena), arena, key_out, err);
    return refuse(err, "must have kty EC (with crv P-256) or RSA");
}
