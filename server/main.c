/* rollcall-server: start in order, wait for a signal, stop in reverse. */
#include <stdio.h>
#include <unistd.h>

#include "auth/token.h"
#include "obs/log.h"
#include "ops/scim.h"
#include "process/process.h"

#ifndef ROLLCALL_VERSION
#define ROLLCALL_VERSION "0.1.0"
#endif

enum { MOST_REPLY = 100 * 1024 * 1024 };

struct server {
    struct settings settings;
    struct scim_service_settings scim;
    struct auth_peppers *peppers;
    struct auth_guard *guard;
    struct auth_limiter *requests;
    struct request_log *log;
    struct store *store;
    struct http_server *http;
    int access_log_fd;
};

static bool start_store(struct server *server, struct err *err)
{
    const struct settings *settings = &server->settings;
    struct store_settings store = {
        .db = process_database(settings),
        .workers = {[STORE_READ] = (unsigned)settings->read_workers,
                    [STORE_WRITE] = (unsigned)settings->write_workers,
                    [STORE_QUERY] = (unsigned)settings->query_workers},
        .queue_capacity = settings->queue_capacity,
        .batch = settings->batch,
        .logs_requests = server->log != NULL,
    };
    store_keep_history((int64_t)settings->change_retention_days * 86400 * 1000);
    server->store = store_start(&store, err);
    return server->store != NULL;
}

static bool start_listener(struct server *server, struct err *err)
{
    const struct settings *settings = &server->settings;
    server->scim = (struct scim_service_settings){
        .peppers = server->peppers,
        .guard = server->guard,
        .requests = server->requests,
        .log = server->log,
        .rate_fields = settings->rate_fields != 0,
        .default_page = settings->default_page,
        .max_page = settings->max_page,
        .max_scan = settings->max_scan,
        .cursor_timeout_s = settings->cursor_timeout,
        .max_reply = MOST_REPLY,
        .max_body = settings->max_body,
        .group_max_body = settings->group_max_body,
        .bulk_max_operations = settings->bulk_max_operations,
        .bulk_max_payload = settings->bulk_max_payload,
        .bulk_timeout_ms = (unsigned)settings->bulk_timeout_ms,
        .write_queue = store_queue(server->store, STORE_WRITE),
    };
    struct queue *const queues[STORE_LANES] = {[STORE_READ] = store_queue(server->store, STORE_READ),
                                               [STORE_WRITE] = store_queue(server->store, STORE_WRITE),
                                               [STORE_QUERY] = store_queue(server->store, STORE_QUERY)};
    struct http_settings http = process_http(settings, settings->listen, server->access_log_fd, server->store);
    http.public_url = settings->public_url[0] ? settings->public_url : NULL;
    server->http = http_server_start(&http, scim_service(&server->scim), queues, err);
    return server->http != NULL;
}

static bool start(struct server *server, struct err *err)
{
    if (!process_open_access_log(server->settings.access_log, &server->access_log_fd, err) ||
        !process_open_audit_log(&server->settings, err))
        return false;
    server->peppers = auth_peppers_load(server->settings.pepper_file, err);
    server->guard = auth_guard_new(server->settings.auth_failures);
    server->requests = auth_limiter_new(auth_limit_of(server->settings.scim_rate, 1, server->settings.scim_burst));
    if (server->settings.request_log)
        server->log = request_log_new(server->settings.request_log_rate, server->settings.request_log_total);
    return server->peppers && start_store(server, err) && start_listener(server, err);
}

/* false: requests were cut. The store stops before the listener is freed: it brings the last jobs home. */
static bool stop(struct server *server)
{
    bool clean = !server->http || http_server_drain(server->http);
    if (!clean)
        log_plain(LOG_WARN, "server", "requests were cut: the drain timeout passed");
    if (server->store)
        store_stop(server->store);
    http_server_free(server->http);
    auth_guard_free(server->guard);
    auth_limiter_free(server->requests);
    request_log_free(server->log);
    auth_peppers_free(server->peppers);
    if (server->access_log_fd >= 0)
        close(server->access_log_fd);
    return clean;
}

static int show_help(void)
{
    struct buf help;
    buf_init(&help, 1 << 20);
    buf_add_str(&help, "rollcall-server [SETTING...]\n\n  --help, --version\n");
    settings_help(SERVER, &help);
    fwrite(help.data, 1, help.len, stdout);
    buf_fini(&help);
    return 0;
}

static bool read_settings(int argc, char **argv, struct settings *settings, struct err *err)
{
    if (!settings_load(SERVER, &argc, argv, settings, err) || !process_check_settings(settings, err))
        return false;
    return argc == 1 || err_set(err, ERR_INVALID_VALUE, "What is \"%s\"? See --help.", argv[1]);
}

static int fail(const struct err *err, int status)
{
    fprintf(stderr, "rollcall-server: %s\n", err->detail);
    return status;
}

int main(int argc, char **argv)
{
    if (process_take_word(&argc, argv, "--help") || process_take_word(&argc, argv, "-h"))
        return show_help();
    if (process_take_word(&argc, argv, "--version"))
        return puts("rollcall-server " ROLLCALL_VERSION) < 0;
    static struct server server = {.access_log_fd = -1};
    struct err err = ERR_INIT;
    sigset_t signals;
    if (!read_settings(argc, argv, &server.settings, &err))
        return fail(&err, 2);
    process_prepare(&signals);
    if (!start(&server, &err)) {
        stop(&server);
        return fail(&err, 1);
    }
    process_announce("rollcall-server", &server.settings, server.settings.listen, server.http);
    process_wait(&signals, &server.settings, server.http, server.access_log_fd);
    return stop(&server) ? 0 : 1;
}
