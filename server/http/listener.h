/* The listening socket. The first loop accepts and gives each connection to the loop that has the fewest. */
#ifndef HTTP_LISTENER_H
#define HTTP_LISTENER_H

#include "loop.h"

/* "host:port", "[ipv6]:port", "unix:/path", or a socket that was handed over. Sets listen_fd, port and unix_path. */
MUST_CHECK bool listener_open(struct http_server *server, struct err *err);
void listener_close(struct http_server *server);

/* Before the first loop's thread starts. */
void listener_start(struct loop *loop);
/* On the first loop's thread. */
void listener_stop(struct loop *loop);
/* Accepts again when there is room. */
void listener_reconsider(struct loop *loop);

/* Connections that fit: the setting, or what the descriptor limit allows. */
size_t listener_capacity(unsigned max_connections);

#endif
