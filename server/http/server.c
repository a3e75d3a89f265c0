#include "http/server.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/must.h"
#include "endpoints.h"
#include "exchange.h"
#include "fallback.h"
#include "listener.h"
#include "origin.h"
#include "router.h"
#include "tls.h"

enum {
    LEAST_BUFFERED = 64 * 1024 * 1024,
    BUFFERED_BODIES = 128,
    LEAST_OF_LARGEST = 8,
    NEVER_MS = 24 * 60 * 60 * 1000,
    BODIES_BEFORE_RESET = 4 /* up to here an oversized HTTP/2 body is answered 413; libh2o resets what is beyond */
};

#if defined(__SANITIZE_ADDRESS__)
/* libh2o keeps per-thread free lists that end with their thread. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void) { return "leak:libh2o-evloop\n"; }
const char *__lsan_default_options(void);
const char *__lsan_default_options(void) { return "print_suppressions=0"; }
#endif

static void find_largest_body(struct http_server *server)
{
    const struct service *service = server->service;
    server->largest_body = server->settings.max_body;
    for (size_t i = 0; i < service->route_count; i++)
        if (service->routes[i].body_limit > server->largest_body)
            server->largest_body = service->routes[i].body_limit;
    server->most_buffered = BUFFERED_BODIES * server->settings.max_body; /* of ordinary ones: few are the largest */
    if (server->most_buffered < LEAST_BUFFERED)
        server->most_buffered = LEAST_BUFFERED;
    if (server->most_buffered < LEAST_OF_LARGEST * server->largest_body)
        server->most_buffered = LEAST_OF_LARGEST * server->largest_body;
}

static void add_handler(h2o_pathconf_t *path)
{
    h2o_handler_t *handler = h2o_create_handler(path, sizeof *handler);
    handler->on_req = exchange_on_request;
}

static void configure(struct http_server *server)
{
    h2o_globalconf_t *config = &server->config;
    h2o_config_init(config);
    config->server_name = h2o_iovec_init("", 0);
    config->max_request_entity_size = BODIES_BEFORE_RESET * server->largest_body;
    config->http1.req_timeout = NEVER_MS; /* deadlines are our own: see sweep.c */
    config->http1.upgrade_to_http2 = 0;   /* by "Upgrade: h2c"; prior knowledge is recognised by us */
    config->http2.idle_timeout = server->settings.idle_timeout_ms;
    h2o_socket_buffer_mmap_settings.threshold = SIZE_MAX; /* bodies never go to files in /tmp */
    h2o_hostconf_t *host = h2o_config_register_host(config, h2o_iovec_init(H2O_STRLIT("default")), 65535);
    add_handler(h2o_config_register_path(host, "/", 0));
    add_handler(&host->fallback_path); /* "*" and absolute targets */
    fallback_install(&host->fallback_path);
}

static bool load(struct http_server *server, struct err *err)
{
    const struct http_settings *settings = &server->settings;
    server->proxies = proxies_parse(settings->trusted_proxies, err);
    if (!server->proxies)
        return false;
    if (settings->tls_certificate && settings->tls_certificate[0]) {
        server->tls = tls_new(settings->tls_certificate, settings->tls_key, err);
        if (!server->tls)
            return false;
    }
    return listener_open(server, err);
}

static void find_metrics(struct http_server *server)
{
    server->accepted = metric_series(METRIC_CONNECTIONS, NULL, NULL);
    server->open_gauge = metric_series(METRIC_CONNECTIONS_OPEN, NULL, NULL);
    server->in_flight_gauge = metric_series(METRIC_IN_FLIGHT, NULL, NULL);
    server->abandoned = metric_series(METRIC_ABANDONED, NULL, NULL);
}

static void free_server(struct http_server *server)
{
    listener_close(server);
    tls_free(server->tls);
    proxies_free(server->proxies);
    router_free(server->router);
    free(server->loops);
    free(server);
}

static void check_lanes(const struct http_server *server)
{
    for (size_t i = 0; i < server->service->route_count; i++) {
        enum op_lane lane = server->service->routes[i].operation->lane;
        must(lane != OP_READ || server->queues[STORE_READ]);
        must(lane != OP_WRITE || server->queues[STORE_WRITE]);
        must(lane != OP_QUERY || server->queues[STORE_QUERY]);
    }
}

static struct http_server *prepare(const struct http_settings *settings, const struct service *service,
                                   struct queue *const queues[STORE_LANES])
{
    struct http_server *server = calloc(1, sizeof *server);
    must(server != NULL);
    server->settings = *settings;
    if (settings->public_url && !settings->public_url[0])
        server->settings.public_url = NULL;
    server->service = service;
    memcpy(server->queues, queues, sizeof server->queues);
    server->listen_fd = -1;
    server->route_count = service->route_count + endpoint_route_count;
    server->router = router_new(service->routes, service->route_count, endpoint_routes, endpoint_route_count,
                                service->lenient_slashes);
    check_lanes(server);
    find_largest_body(server);
    find_metrics(server);
    return server;
}

static void start_loops(struct http_server *server)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    server->loop_count = server->settings.loops ? server->settings.loops : (unsigned)(cores > 0 ? cores : 1);
    server->loops = calloc(server->loop_count, sizeof *server->loops);
    must(server->loops != NULL);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_init(&server->loops[i], server);
    listener_start(&server->loops[0]);
    server->capacity = listener_capacity(server->settings.max_connections);
    for (unsigned i = 0; i < server->loop_count; i++)
        loop_start(&server->loops[i]);
}

struct http_server *http_server_start(const struct http_settings *settings, const struct service *service,
                                      struct queue *const queues[STORE_LANES], struct err *err)
{
    struct http_server *server = prepare(settings, service, queues);
    if (!load(server, err)) {
        free_server(server);
        return NULL;
    }
    configure(server);
    start_loops(server);
    return server;
}

bool http_server_reload(struct http_server *server, struct err *err)
{
    return !server->tls || tls_reload(server->tls, err);
}

bool http_server_drain(struct http_server *server)
{
    atomic_store(&server->draining, true);
    listener_close(server);
    for (unsigned i = 0; i < server->loop_count; i++) {
        atomic_store(&server->loops[i].drain_wanted, true);
        loop_announce(&server->loops[i]);
    }
    bool clean = true;
    for (unsigned i = 0; i < server->loop_count; i++) {
        loop_join(&server->loops[i]);
        clean &= !server->loops[i].was_cut;
    }
    return clean;
}

void http_server_free(struct http_server *server)
{
    if (!server)
        return;
    bool quiet = true;
    for (unsigned i = 0; i < server->loop_count; i++)
        quiet &= loop_fini(&server->loops[i]);
    if (!quiet) { /* connections that were cut off while a job was out: libh2o's parts of them cannot be freed */
        static struct http_server *kept;
        kept = server;
        (void)kept;
        return;
    }
    h2o_config_dispose(&server->config);
    free_server(server);
}

unsigned http_server_port(const struct http_server *server) { return server->port; }
