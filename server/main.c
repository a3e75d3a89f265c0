/* rollcall-server: start in order, wait for a signal, stop in reverse. */
#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "auth/token.h"
#include "config/settings.h"
#include "http/server.h"
#include "obs/log.h"
#include "ops/scim.h"
#include "store/store.h"

#ifndef ROLLCALL_VERSION
#define ROLLCALL_VERSION "0.1.0"
#endif

enum {
    CONNECT_TIMEOUT_S = 2,
    IO_TIMEOUT_S = 10,
    MOST_REPLY = 100 * 1024 * 1024,
    MALLOC_ARENAS = 4 /* one per thread would keep idle memory in each */
};

struct process {
    struct settings settings;
    struct scim_service_settings scim;
    struct auth_peppers *peppers;
    struct store *store;
    struct http_server *server;
    int access_log_fd;
};

static bool refuse(const struct err *err)
{
    fprintf(stderr, "rollcall-server: %s\n", err->detail);
    return false;
}

static bool check_settings(const struct settings *settings, struct err *err)
{
    enum log_level level;
    if (!log_level_parse(settings->log_level, &level))
        return err_set(err, ERR_INVALID_VALUE, "--log-level must be debug, info, warn or error");
    if (!settings->database_url[0])
        return err_set(err, ERR_INVALID_VALUE, "--database-url or ROLLCALL_DATABASE_URL must name the database");
    if (!settings->pepper_file[0])
        return err_set(err, ERR_INVALID_VALUE, "--pepper-file or ROLLCALL_PEPPER_FILE must name the pepper file");
    if (!settings->tls_certificate[0] != !settings->tls_key[0])
        return err_set(err, ERR_INVALID_VALUE, "--tls-certificate and --tls-key go together");
    log_open(STDERR_FILENO, level);
    return true;
}

/* --- the process --- */

/* Memory holds tokens: no core dumps, no reading by other processes of the same user. */
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

/* --- the access log --- */

static bool is_file(const char *path) { return path[0] && strcmp(path, "-") != 0; }

static int open_log_file(const char *path) { return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640); }

static bool open_access_log(struct process *process, struct err *err)
{
    const char *path = process->settings.access_log;
    if (path[0])
        process->access_log_fd = is_file(path) ? open_log_file(path) : dup(STDOUT_FILENO);
    return !path[0] || process->access_log_fd >= 0 ||
           err_set(err, ERR_UNAVAILABLE, "The access log %s cannot be opened: %s.", path, strerror(errno));
}

/* After a rotation. The loops go on with the same descriptor. */
static void reopen_access_log(struct process *process)
{
    const char *path = process->settings.access_log;
    int fd = is_file(path) ? open_log_file(path) : -1;
    if (is_file(path) && (fd < 0 || dup3(fd, process->access_log_fd, O_CLOEXEC) < 0))
        log_event(LOG_ERROR, "server", "the access log cannot be opened again", LOG_TEXT("path", path),
                  LOG_TEXT("cause", strerror(errno)));
    if (fd >= 0)
        close(fd);
}

/* --- start --- */

static const char *text_or_null(const char *text) { return text[0] ? text : NULL; }

static bool start_store(struct process *process, struct err *err)
{
    const struct settings *settings = &process->settings;
    struct store_settings store = {
        .db = {.url = settings->database_url,
               .password_file = text_or_null(settings->database_password_file),
               .connect_timeout_s = CONNECT_TIMEOUT_S,
               .io_timeout_s = IO_TIMEOUT_S,
               .statement_timeout_ms = (unsigned)settings->statement_timeout_ms},
        .workers = {[STORE_READ] = (unsigned)settings->read_workers,
                    [STORE_WRITE] = (unsigned)settings->write_workers,
                    [STORE_QUERY] = (unsigned)settings->query_workers},
        .queue_capacity = settings->queue_capacity,
        .batch = settings->batch,
    };
    process->store = store_start(&store, err);
    return process->store != NULL;
}

static bool is_ready(void *context, struct err *err)
{
    struct process *process = context;
    return store_ready(process->store, err);
}

static struct http_settings http_settings_of(struct process *process)
{
    const struct settings *settings = &process->settings;
    return (struct http_settings){
        .listen = settings->listen,
        .inherited_fd = -1,
        .tls_certificate = text_or_null(settings->tls_certificate),
        .tls_key = text_or_null(settings->tls_key),
        .loops = (unsigned)settings->loops,
        .public_url = text_or_null(settings->public_url),
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
        .ready_context = process,
    };
}

static bool start_listener(struct process *process, struct err *err)
{
    const struct settings *settings = &process->settings;
    process->scim = (struct scim_service_settings){
        .peppers = process->peppers,
        .default_page = settings->default_page,
        .max_page = settings->max_page,
        .max_scan = settings->max_scan,
        .max_reply = MOST_REPLY,
        .max_body = settings->max_body,
    };
    struct queue *const queues[STORE_LANES] = {[STORE_READ] = store_queue(process->store, STORE_READ),
                                               [STORE_WRITE] = store_queue(process->store, STORE_WRITE),
                                               [STORE_QUERY] = store_queue(process->store, STORE_QUERY)};
    struct http_settings http = http_settings_of(process);
    process->server = http_server_start(&http, scim_service(&process->scim), queues, err);
    return process->server != NULL;
}

static bool start(struct process *process, struct err *err)
{
    if (!open_access_log(process, err))
        return false;
    process->peppers = auth_peppers_load(process->settings.pepper_file, err);
    return process->peppers && start_store(process, err) && start_listener(process, err);
}

/* One line for people and scripts that wait for it. Port 0 in the setting becomes the one that was bound. */
static void announce(const struct process *process)
{
    const char *listen = process->settings.listen;
    const char *colon = strrchr(listen, ':');
    bool is_tcp = strncmp(listen, "unix:", 5) != 0 && colon;
    if (is_tcp)
        printf("rollcall-server: serving %s://%.*s:%u\n", process->settings.tls_certificate[0] ? "https" : "http",
               (int)(colon - listen), listen, http_server_port(process->server));
    else
        printf("rollcall-server: serving %s\n", listen);
    fflush(stdout);
}

/* --- the end --- */

static void reload(struct process *process)
{
    struct err err = ERR_INIT;
    reopen_access_log(process);
    if (!http_server_reload(process->server, &err))
        log_event(LOG_ERROR, "server", "the certificate was not loaded, the old one stays",
                  LOG_TEXT("cause", err.detail));
}

static void wait_for_end(struct process *process, const sigset_t *signals)
{
    int number = 0;
    while (sigwait(signals, &number) != 0 || number == SIGHUP)
        if (number == SIGHUP)
            reload(process);
    log_event(LOG_INFO, "server", "stopping", LOG_TEXT("signal", strsignal(number)));
    pthread_sigmask(SIG_UNBLOCK, signals, NULL); /* a second signal ends the process at once */
}

static bool stop(struct process *process)
{
    bool clean = !process->server || http_server_drain(process->server);
    if (!clean)
        log_plain(LOG_WARN, "server", "requests were cut: the drain timeout passed");
    if (process->store)
        store_stop(process->store); /* brings the last jobs home */
    http_server_free(process->server);
    auth_peppers_free(process->peppers);
    if (process->access_log_fd >= 0)
        close(process->access_log_fd);
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

static bool has_word(int argc, char **argv, const char *word)
{
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], word) == 0)
            return true;
    return false;
}

static bool read_settings(int argc, char **argv, struct settings *settings)
{
    struct err err = ERR_INIT;
    if (!settings_load(SERVER, &argc, argv, settings, &err) || !check_settings(settings, &err))
        return refuse(&err);
    if (argc > 1) {
        err_set(&err, ERR_INVALID_VALUE, "What is \"%s\"? See --help.", argv[1]);
        return refuse(&err);
    }
    return true;
}

int main(int argc, char **argv)
{
    if (has_word(argc, argv, "--help") || has_word(argc, argv, "-h"))
        return show_help();
    if (has_word(argc, argv, "--version"))
        return puts("rollcall-server " ROLLCALL_VERSION) < 0;
    static struct process process = {.access_log_fd = -1};
    struct err err = ERR_INIT;
    sigset_t signals;
    if (!read_settings(argc, argv, &process.settings))
        return 2;
    prepare_process(&signals);
    if (!start(&process, &err)) {
        refuse(&err);
        stop(&process);
        return 1;
    }
    announce(&process);
    wait_for_end(&process, &signals);
    return stop(&process) ? 0 : 1;
}
