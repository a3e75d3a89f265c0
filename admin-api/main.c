/* rollcall-admin: a command, or serving: start in order, wait for a signal, stop in reverse. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "address.h"
#include "commands.h"
#include "dispatcher.h"
#include "exports.h"
#include "housekeeping.h"
#include "hub.h"
#include "jobs.h"
#include "obs/log.h"
#include "process/process.h"
#include "sequencer.h"
#include "service.h"

#ifndef ROLLCALL_VERSION
#define ROLLCALL_VERSION "0.1.0"
#endif

enum { URL_BYTES = 512 };

enum { MOST_EXPORTS = 4 }; /* at a time */

struct process {
    struct settings settings;
    struct auth_peppers *peppers;
    struct auth_guard *guard;
    struct auth_limiter *requests;
    struct store *store;
    struct housekeeping *housekeeping;
    struct job_runner *jobs;
    struct sequencer *sequencer;
    struct hub *hub;
    struct dispatcher *dispatcher;
    struct http_server *server;
    struct outbound_rules outbound;
    struct admin_settings admin;
    char public_url[URL_BYTES], admin_url[URL_BYTES];
    int access_log_fd;
};

/* Other URLs begin with these, so one slash too many would be handed to every customer. */
static bool read_url(const char *setting, const char *otherwise, const char *flag, char out[URL_BYTES], struct err *err)
{
    struct slice url = slice_str(*setting ? setting : otherwise);
    while (url.len > 0 && url.data[url.len - 1] == '/')
        url.len--;
    bool has_scheme =
        slice_starts_with(url, SLICE_LITERAL("https://")) || slice_starts_with(url, SLICE_LITERAL("http://"));
    if (!has_scheme || url.len >= URL_BYTES)
        return err_set(err, ERR_INVALID_VALUE, "%s must begin with https:// or http://", flag);
    memcpy(out, url.data, url.len);
    out[url.len] = '\0';
    return true;
}

static bool read_urls(struct process *process, struct err *err)
{
    char listener[URL_BYTES];
    const struct settings *settings = &process->settings;
    bool is_socket = strncmp(settings->admin_listen, "unix:", 5) == 0;
    snprintf(listener, sizeof listener, "%s://%s", *settings->tls_certificate ? "https" : "http",
             is_socket ? "localhost" : settings->admin_listen);
    return read_url(settings->public_url, "http://127.0.0.1:8080", "--public-url", process->public_url, err) &&
           read_url(settings->admin_url, listener, "--admin-url", process->admin_url, err);
}

static bool start_store(struct process *process, struct err *err)
{
    const struct settings *settings = &process->settings;
    struct store_settings store = {
        .db = process_database(settings),
        .workers = {[STORE_QUERY] = (unsigned)settings->query_workers},
        .queue_capacity = settings->queue_capacity,
        .batch = 1,
    };
    store_keep_history((int64_t)settings->change_retention_days * 86400 * 1000);
    process->store = store_start(&store, err);
    return process->store != NULL;
}

static bool start_listener(struct process *process, struct err *err)
{
    struct http_settings http =
        process_http(&process->settings, process->settings.admin_listen, process->access_log_fd, process->store);
    struct queue *const queues[STORE_LANES] = {[STORE_QUERY] = store_queue(process->store, STORE_QUERY)};
    process->server = http_server_start(&http, admin_service(&process->admin), queues, err);
    return process->server != NULL;
}

/* Whoever waits is a job in flight: the others need room, too. */
static unsigned most_waiters(const struct settings *settings)
{
    uint64_t most = settings->max_in_flight / 2;
    return (unsigned)(settings->feed_waiters < most ? settings->feed_waiters : most);
}

static bool start_dispatcher(struct process *process, struct err *err)
{
    const struct settings *settings = &process->settings;
    const struct dispatcher_settings dispatcher = {
        .database = process_database(settings),
        .peppers = process->peppers,
        .sequencer = process->sequencer,
        .outbound = {.rules = &process->outbound, .ca_file = settings->webhook_ca},
        .in_flight = (unsigned)settings->webhook_in_flight,
        .lanes = (unsigned)settings->webhook_lanes,
        .timeout_ms = (unsigned)settings->webhook_timeout_ms,
        .haste = (unsigned)settings->webhook_haste,
    };
    if (dispatcher.in_flight == 0)
        return true;
    process->dispatcher = dispatcher_start(&dispatcher, err);
    return process->dispatcher != NULL;
}

static void check_retentions(const struct settings *settings)
{
    if (settings->event_retention_days > settings->change_retention_days)
        log_event(LOG_WARN, "admin", "events are kept no longer than changes: --event-retention is above it",
                  LOG_NUMBER("change_retention", settings->change_retention_days));
}

static bool start(struct process *process, struct err *err)
{
    const struct settings *settings = &process->settings;
    struct db_settings database = process_database(settings);
    if (!process_check_settings(settings, err) || !read_urls(process, err) ||
        !outbound_rules_parse(slice_str(settings->webhook_allow), settings->webhook_allow_http != 0, &process->outbound,
                              err) ||
        !process_open_access_log(settings->access_log, &process->access_log_fd, err))
        return false;
    check_retentions(settings);
    process->peppers = auth_peppers_load(settings->pepper_file, err);
    process->guard = auth_guard_new(settings->auth_failures);
    process->requests = auth_limiter_new(auth_limit_of(settings->admin_rate, 1, settings->admin_burst));
    if (!process->peppers || !start_store(process, err))
        return false;
    process->housekeeping = housekeeping_start(&database, settings);
    process->admin = (struct admin_settings){
        .peppers = process->peppers,
        .guard = process->guard,
        .requests = process->requests,
        .rate_fields = settings->rate_fields != 0,
        .public_url = process->public_url,
        .admin_url = process->admin_url,
        .deletion_grace_days = (unsigned)settings->deletion_grace_days,
        .housekeeping = process->housekeeping,
        .history_ms = (int64_t)settings->change_retention_days * 86400 * 1000,
        .require_if_match = settings->require_if_match != 0,
        .outbound = &process->outbound,
    };
    process->sequencer = process->admin.sequencer = sequencer_start(&database);
    process->hub = process->admin.hub = hub_start(&database, process->sequencer, most_waiters(settings));
    process->admin.exports = exports_start(&database, MOST_EXPORTS);
    process->jobs = process->admin.jobs = job_runner_start(&database, &process->admin, (unsigned)settings->job_workers);
    return start_dispatcher(process, err) && start_listener(process, err);
}

/* false: requests were cut. The store stops first, for its last jobs may begin an export, wake housekeeping or wait for
 * the sequencer; and before the server is freed, for it brings them home. */
static bool stop(struct process *process)
{
    hub_close(process->hub);
    bool clean = !process->server || http_server_drain(process->server);
    if (!clean)
        log_plain(LOG_WARN, "admin", "requests were cut: the drain timeout passed");
    if (process->store)
        store_stop(process->store);
    exports_stop(process->admin.exports);
    if (process->jobs)
        job_runner_stop(process->jobs);
    if (process->dispatcher)
        dispatcher_stop(process->dispatcher);
    if (process->housekeeping)
        housekeeping_stop(process->housekeeping);
    hub_stop(process->hub);
    if (process->sequencer)
        sequencer_stop(process->sequencer);
    http_server_free(process->server);
    auth_guard_free(process->guard);
    auth_limiter_free(process->requests);
    auth_peppers_free(process->peppers);
    if (process->access_log_fd >= 0)
        close(process->access_log_fd);
    return clean;
}

static int serve(struct process *process)
{
    struct err err = ERR_INIT;
    sigset_t signals;
    process_prepare(&signals);
    if (!start(process, &err)) {
        stop(process);
        return command_fail(&err);
    }
    process_announce("rollcall-admin", &process->settings, process->settings.admin_listen, process->server);
    process_wait(&signals, &process->settings, process->server, process->access_log_fd);
    return stop(process) ? 0 : 1;
}

static int show_help(void)
{
    struct buf help;
    buf_init(&help, 1 << 20);
    buf_add_str(&help, "rollcall-admin [COMMAND] [SETTING...]\n\nCommands\n");
    buf_printf(&help, "  %-20s %s\n", "serve", "serve the admin API (what it does without a command)");
    commands_help(&help);
    buf_add_str(&help, "  --help, --version\n");
    settings_help(ADMIN, &help);
    fwrite(help.data, 1, help.len, stdout);
    buf_fini(&help);
    return 0;
}

static bool set_up_log(const struct settings *settings, struct err *err)
{
    enum log_level level;
    if (!log_level_parse(settings->log_level, &level))
        return err_set(err, ERR_INVALID_VALUE, "--log-level must be debug, info, warn or error");
    log_open(STDERR_FILENO, level);
    return true;
}

static int run(int argc, char **argv, struct process *process, bool another)
{
    const char *name = argc > 1 ? argv[1] : "serve";
    const struct command *command = argc <= 2 ? command_find(name) : NULL;
    if (command)
        return command->run(&process->settings, another);
    if (argc <= 2 && strcmp(name, "serve") == 0)
        return serve(process);
    fprintf(stderr, "rollcall-admin: unknown command \"%s\"; see --help\n", argv[argc - 1]);
    return 2;
}

int main(int argc, char **argv)
{
    if (process_take_word(&argc, argv, "--help") || process_take_word(&argc, argv, "-h"))
        return show_help();
    if (process_take_word(&argc, argv, "--version"))
        return puts("rollcall-admin " ROLLCALL_VERSION) < 0;

    static struct process process = {.access_log_fd = -1};
    struct err err = ERR_INIT;
    bool another = process_take_word(&argc, argv, "--another");
    if (!settings_load(ADMIN, &argc, argv, &process.settings, &err) || !set_up_log(&process.settings, &err)) {
        command_fail(&err);
        return 2;
    }
    return run(argc, argv, &process, another);
}
