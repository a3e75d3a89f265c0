/* rollcall-admin: a command, or serving: start in order, wait for a signal, stop in reverse. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "commands.h"
#include "housekeeping.h"
#include "http/server.h"
#include "obs/log.h"
#include "service.h"

#ifndef ROLLCALL_VERSION
#define ROLLCALL_VERSION "0.1.0"
#endif

enum { MALLOC_ARENAS = 4 /* one per thread would keep idle memory in each */ };

struct process {
    struct settings settings;
    struct auth_peppers *peppers;
    struct store *store;
    struct housekeeping *housekeeping;
    struct http_server *server;
    struct admin_settings admin;
    char public_url[512];
    int access_log_fd;
};

static bool check_settings(const struct settings *settings, struct err *err)
{
    if (!*settings->database_url)
        return err_set(err, ERR_INVALID_VALUE, "--database-url or ROLLCALL_DATABASE_URL must name the database");
    if (!*settings->pepper_file)
        return err_set(err, ERR_INVALID_VALUE, "--pepper-file or ROLLCALL_PEPPER_FILE must name the pepper file");
    return true;
}

/* Connector URLs begin with it, so one slash too many would be handed to every customer. */
static bool read_public_url(struct process *process, struct err *err)
{
    struct slice url = slice_str(process->settings.public_url);
    if (url.len == 0)
        url = SLICE_LITERAL("http://127.0.0.1:8080");
    while (url.len > 0 && url.data[url.len - 1] == '/')
        url.len--;
    bool has_scheme =
        slice_starts_with(url, SLICE_LITERAL("https://")) || slice_starts_with(url, SLICE_LITERAL("http://"));
    if (!has_scheme || url.len >= sizeof process->public_url)
        return err_set(err, ERR_INVALID_VALUE, "--public-url must begin with https:// or http://");
    memcpy(process->public_url, url.data, url.len);
    process->public_url[url.len] = '\0';
    return true;
}

static bool open_access_log(struct process *process, struct err *err)
{
    const char *path = process->settings.access_log;
    process->access_log_fd = -1;
    if (!*path)
        return true;
    process->access_log_fd =
        strcmp(path, "-") == 0 ? dup(STDOUT_FILENO) : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    return process->access_log_fd >= 0 ||
           err_set(err, ERR_UNAVAILABLE, "the access log %s cannot be opened: %s", path, strerror(errno));
}

/* After the log was rotated. The loops keep writing to the same descriptor. */
static void reopen_access_log(struct process *process)
{
    const char *path = process->settings.access_log;
    if (!*path || strcmp(path, "-") == 0)
        return;
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
    if (fd < 0 || dup3(fd, process->access_log_fd, O_CLOEXEC) < 0)
        log_event(LOG_ERROR, "admin", "access log cannot be opened again", LOG_TEXT("path", path));
    if (fd >= 0)
        close(fd);
}

static bool start_store(struct process *process, struct err *err)
{
    const struct settings *settings = &process->settings;
    struct store_settings store = {
        .db = command_database(settings),
        .workers = {[STORE_QUERY] = (unsigned)settings->query_workers},
        .queue_capacity = settings->queue_capacity,
        .batch = 1,
    };
    process->store = store_start(&store, err);
    return process->store != NULL;
}

static const char *text_or_null(const char *text) { return *text ? text : NULL; }

static bool is_ready(void *context, struct err *err) { return store_ready(context, err); }

static struct http_settings http_settings_of(const struct process *process)
{
    const struct settings *settings = &process->settings;
    return (struct http_settings){
        .listen = settings->admin_listen,
        .inherited_fd = -1,
        .tls_certificate = text_or_null(settings->tls_certificate),
        .tls_key = text_or_null(settings->tls_key),
        .loops = (unsigned)settings->loops,
        .trusted_proxies = text_or_null(settings->trusted_proxies),
        .max_body = settings->max_body,
        .max_header = settings->max_header,
        .max_connections = (unsigned)settings->max_connections,
        .max_streams = (unsigned)settings->max_streams,
        .max_in_flight = (unsigned)settings->max_in_flight,
        .max_resets = (unsigned)settings->max_resets,
        .request_timeout_ms = (unsigned)settings->request_timeout_ms,
        .response_timeout_ms = (unsigned)settings->response_timeout_ms,
        .queue_timeout_ms = (unsigned)settings->queue_timeout_ms,
        .idle_timeout_ms = (unsigned)settings->idle_timeout_ms,
        .drain_timeout_ms = (unsigned)settings->drain_timeout_ms,
        .access_log_fd = process->access_log_fd,
        .ready = is_ready,
        .ready_context = process->store,
    };
}

static bool start_listener(struct process *process, struct err *err)
{
    struct http_settings http = http_settings_of(process);
    struct queue *const queues[STORE_LANES] = {[STORE_QUERY] = store_queue(process->store, STORE_QUERY)};
    process->admin = (struct admin_settings){
        .peppers = process->peppers,
        .public_url = process->public_url,
        .housekeeping = process->housekeeping,
    };
    process->server = http_server_start(&http, admin_service(&process->admin), queues, err);
    return process->server != NULL;
}

static bool start(struct process *process, struct err *err)
{
    const struct settings *settings = &process->settings;
    struct db_settings database = command_database(settings);
    if (!check_settings(settings, err) || !read_public_url(process, err) || !open_access_log(process, err))
        return false;
    process->peppers = auth_peppers_load(settings->pepper_file, err);
    if (!process->peppers || !start_store(process, err))
        return false;
    process->housekeeping = housekeeping_start(&database, (unsigned)settings->change_retention_days);
    return start_listener(process, err);
}

/* Memory holds keys: no core dumps, no reading by other processes of the same user. */
static void protect_memory(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) /* whose leak check traces the process */
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

static void prepare_process(sigset_t *signals)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    mallopt(M_ARENA_MAX, MALLOC_ARENAS);
    protect_memory();
    sigemptyset(signals);
    sigaddset(signals, SIGTERM);
    sigaddset(signals, SIGINT);
    sigaddset(signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals, NULL); /* before any thread: all inherit it, sigwait alone gets them */
    signal(SIGPIPE, SIG_IGN);
}

/* false: requests were cut. The store stops before the server is freed: it brings the last jobs home. */
static bool stop(struct process *process)
{
    bool clean = !process->server || http_server_drain(process->server);
    if (!clean)
        log_plain(LOG_WARN, "admin", "requests were cut: the drain timeout passed");
    if (process->housekeeping)
        housekeeping_stop(process->housekeeping);
    if (process->store)
        store_stop(process->store);
    http_server_free(process->server);
    auth_peppers_free(process->peppers);
    if (process->access_log_fd >= 0)
        close(process->access_log_fd);
    return clean;
}

static void reload(struct process *process)
{
    struct err err = ERR_INIT;
    reopen_access_log(process);
    if (!http_server_reload(process->server, &err))
        log_event(LOG_ERROR, "admin", "certificate not reloaded, the old one stays", LOG_TEXT("cause", err.detail));
}

static void wait_for_end(struct process *process, const sigset_t *signals)
{
    int number = 0;
    while (sigwait(signals, &number) != 0 || number == SIGHUP)
        if (number == SIGHUP)
            reload(process);
    log_event(LOG_INFO, "admin", "stopping", LOG_TEXT("signal", strsignal(number)));
    pthread_sigmask(SIG_UNBLOCK, signals, NULL); /* a second signal ends the process at once */
}

static int serve(struct process *process)
{
    struct err err = ERR_INIT;
    sigset_t signals;
    prepare_process(&signals);
    if (!start(process, &err)) {
        stop(process);
        return command_fail(&err);
    }
    log_event(LOG_INFO, "admin", "serving", LOG_TEXT("listen", process->settings.admin_listen),
              LOG_NUMBER("port", http_server_port(process->server)));
    wait_for_end(process, &signals);
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

/* Takes a word out of argv; false when it is not there. */
static bool take_word(int *argc, char **argv, const char *word)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], word) != 0)
            continue;
        memmove(&argv[i], &argv[i + 1], sizeof *argv * (size_t)(*argc - i));
        --*argc;
        return true;
    }
    return false;
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
    if (take_word(&argc, argv, "--help") || take_word(&argc, argv, "-h"))
        return show_help();
    if (take_word(&argc, argv, "--version"))
        return puts("rollcall-admin " ROLLCALL_VERSION) < 0;

    static struct process process = {.access_log_fd = -1};
    struct err err = ERR_INIT;
    bool another = take_word(&argc, argv, "--another");
    if (!settings_load(ADMIN, &argc, argv, &process.settings, &err) || !set_up_log(&process.settings, &err)) {
        command_fail(&err);
        return 2;
    }
    return run(argc, argv, &process, another);
}
