/* The listener's certificate: loaded at start, and anew on SIGHUP. Thread-safe. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <openssl/ssl.h>

#include "base/err.h"

struct tls;

/* TLS 1.2 and 1.3, ALPN h2 and http/1.1. ERR_UNAVAILABLE says which file and why. */
MUST_CHECK struct tls *tls_new(const char *certificate, const char *key, struct err *err);
void tls_free(struct tls *tls);
/* New connections use the new certificate; on failure the old one stays. */
MUST_CHECK bool tls_reload(struct tls *tls, struct err *err);
/* The caller's reference: SSL_CTX_free. */
SSL_CTX *tls_context(struct tls *tls);

#endif
