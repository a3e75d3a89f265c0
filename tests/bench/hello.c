/* A bare h2o handler that answers 1.5 kB: what the HTTP library can do at most on this machine.
 *
 *   hello PORT THREADS     listens on 127.0.0.1:PORT with one event loop per thread until it is killed */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <h2o.h>

#include "sample.h"

enum { BODY_BYTES = 1500, MOST_THREADS = 64 };

static char body[BODY_BYTES];
static h2o_globalconf_t config;
static uint16_t port;

struct loop {
    h2o_context_t context;
    h2o_accept_ctx_t accept;
};

static int answer(h2o_handler_t *self, h2o_req_t *req)
{
    (void)self;
    static h2o_generator_t generator;
    h2o_iovec_t out = h2o_iovec_init(body, sizeof(body));
    req->res.status = 200;
    req->res.reason = "OK";
    req->res.content_length = sizeof(body);
    h2o_add_header(&req->pool, &req->res.headers, H2O_TOKEN_CONTENT_TYPE, NULL, H2O_STRLIT("application/scim+json"));
    h2o_start_response(req, &generator);
    h2o_send(req, &out, 1, H2O_SEND_STATE_FINAL);
    return 0;
}

static void on_accept(h2o_socket_t *listener, const char *err)
{
    struct loop *loop = listener->data;
    h2o_socket_t *sock;
    while (!err && (sock = h2o_evloop_socket_accept(listener)))
        h2o_accept(&loop->accept, sock);
}

static int listener_new(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int on = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on)) ||
        bind(fd, (const struct sockaddr *)&address, sizeof(address)) || listen(fd, 1024))
        sample_fail("port %d: %s", port, strerror(errno));
    return fd;
}

static void *run(void *argument)
{
    struct loop *loop = argument;
    h2o_context_init(&loop->context, h2o_evloop_create(), &config);
    loop->accept = (h2o_accept_ctx_t){.ctx = &loop->context, .hosts = config.hosts};
    h2o_socket_t *listener = h2o_evloop_socket_create(loop->context.loop, listener_new(), H2O_SOCKET_FLAG_DONT_READ);
    listener->data = loop;
    h2o_socket_read_start(listener, on_accept);
    for (;;)
        h2o_evloop_run(loop->context.loop, INT32_MAX);
    return NULL;
}

int main(int argc, char **argv)
{
    if (argc != 3)
        sample_fail("usage: hello PORT THREADS");
    port = (uint16_t)sample_number("PORT", argv[1]);
    uint64_t threads = sample_number("THREADS", argv[2]);
    signal(SIGPIPE, SIG_IGN);
    memset(body, 'x', sizeof(body));
    h2o_config_init(&config);
    h2o_hostconf_t *host = h2o_config_register_host(&config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    h2o_create_handler(h2o_config_register_path(host, "/", 0), sizeof(h2o_handler_t))->on_req = answer;
    static struct loop loops[MOST_THREADS];
    pthread_t thread;
    for (uint64_t i = 1; i < threads && i < MOST_THREADS; i++)
        if (pthread_create(&thread, NULL, run, &loops[i]))
            sample_fail("cannot start a thread");
    run(&loops[0]);
}
