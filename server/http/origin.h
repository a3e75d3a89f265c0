/* Who is asking, and under which name the client knows this server. Pure apart from parsing at start. */
#ifndef HTTP_ORIGIN_H
#define HTTP_ORIGIN_H

#include <sys/socket.h>

#include "base/arena.h"
#include "base/err.h"

/* Addresses whose X-Forwarded-* headers are believed. */
struct proxies;
/* "10.0.0.0/8, ::1": NULL or "" is an empty list. ERR_INVALID_VALUE names the part that is no address. */
MUST_CHECK struct proxies *proxies_parse(const char *list, struct err *err);
void proxies_free(struct proxies *proxies);
/* A unix socket's peer is this machine, and counts when the list is not empty. */
bool proxies_trust(const struct proxies *proxies, const struct sockaddr *address);

/* "127.0.0.1", "::1", "unix"; out has ORIGIN_PEER_BYTES. IPv4 in IPv6 is shown as IPv4. */
enum { ORIGIN_PEER_BYTES = 46 };
void origin_peer(const struct sockaddr *address, char *out);

struct origin_request {
    bool tls, trusted;            /* of the connection */
    struct slice host;            /* valid (framing.h) */
    struct slice forwarded_proto; /* headers; believed only when trusted */
    struct slice forwarded_host;
};
/* "https://host[:port]", in the arena. A forwarded header that makes no sense is ignored. */
struct slice origin_of(const struct origin_request *request, struct arena *arena);

/* The last address of X-Forwarded-For that is not a trusted proxy's; the peer's own when there is none. */
struct slice origin_client(const struct proxies *proxies, struct slice forwarded_for, struct slice peer);

#endif
