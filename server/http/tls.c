#include "tls.h"

#include <openssl/err.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/must.h"

struct tls {
    char *certificate, *key; /* paths */
    pthread_mutex_t lock;
    SSL_CTX *context;
};

static const unsigned char protocols[] = "\x02h2\x08http/1.1";

static int select_protocol(SSL *ssl, const unsigned char **out, unsigned char *out_length, const unsigned char *offered,
                           unsigned int offered_length, void *unused)
{
    (void)ssl, (void)unused;
    unsigned char *chosen;
    if (SSL_select_next_proto(&chosen, out_length, protocols, sizeof protocols - 1, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static bool fail(struct err *err, const char *what, const char *path)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());
    ERR_clear_error();
    return err_set(err, ERR_UNAVAILABLE, "The TLS %s %s cannot be used: %s.", what, path,
                   reason ? reason : "unknown reason");
}

static bool load_files(SSL_CTX *context, const struct tls *tls, struct err *err)
{
    ERR_clear_error();
    if (SSL_CTX_use_certificate_chain_file(context, tls->certificate) != 1)
        return fail(err, "certificate", tls->certificate);
    if (SSL_CTX_use_PrivateKey_file(context, tls->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return fail(err, "key", tls->key);
    return true;
}

static SSL_CTX *load(const struct tls *tls, struct err *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    must(context != NULL);
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS);         /* an idle connection then keeps none */
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF); /* tickets do, and keep no memory here */
    SSL_CTX_set_alpn_select_cb(context, select_protocol, NULL);
    if (SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 && load_files(context, tls, err))
        return context;
    SSL_CTX_free(context);
    return NULL;
}

struct tls *tls_new(const char *certificate, const char *key, struct err *err)
{
    struct tls *tls = calloc(1, sizeof *tls);
    must(tls != NULL);
    tls->certificate = strdup(certificate);
    tls->key = strdup(key ? key : "");
    must(tls->certificate && tls->key);
    must(pthread_mutex_init(&tls->lock, NULL) == 0);
    tls->context = load(tls, err);
    if (tls->context)
        return tls;
    tls_free(tls);
    return NULL;
}

void tls_free(struct tls *tls)
{
    if (!tls)
        return;
    SSL_CTX_free(tls->context);
    pthread_mutex_destroy(&tls->lock);
    free(tls->certificate);
    free(tls->key);
    free(tls);
}

bool tls_reload(struct tls *tls, struct err *err)
{
    SSL_CTX *context = load(tls, err);
    if (!context)
        return false;
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *old = tls->context;
    tls->context = context;
    pthread_mutex_unlock(&tls->lock);
    SSL_CTX_free(old);
    return true;
}

SSL_CTX *tls_context(struct tls *tls)
{
    pthread_mutex_lock(&tls->lock);
    SSL_CTX *context = tls->context;
    must(SSL_CTX_up_ref(context) == 1);
    pthread_mutex_unlock(&tls->lock);
    return context;
}
