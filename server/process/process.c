#include "process/process.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/num.h"
#include "obs/log.h"

enum {
    CONNECT_TIMEOUT_S = 2,
    IO_TIMEOUT_S = 10,
    MALLOC_ARENAS = 4,     /* one per thread would keep idle memory in each */
    FIRST_INHERITED_FD = 3 /* SD_LISTEN_FDS_START */
};

/* jemalloc's settings, where it is the allocator: few arenas, and memory of a burst goes back after a second. */
extern const char *malloc_conf;
const char *malloc_conf = "narenas:4,dirty_decay_ms:1000,muzzy_decay_ms:0";

static const char *text_or_null(const char *text) { return text[0] ? text : NULL; }

bool process_check_settings(const struct settings *settings, struct err *err)
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

/* Memory holds tokens: no core dumps, no reading by other processes of the same user. */
static void protect_memory(void)
{
    struct rlimit none = {0, 0};
    setrlimit(RLIMIT_CORE, &none);
#if !defined(__SANITIZE_ADDRESS__) /* whose leak check traces the process */
    prctl(PR_SET_DUMPABLE, 0);
#endif
}

static void raise_descriptor_limit(void)
{
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

void process_prepare(sigset_t *signals_out)
{
    raise_descriptor_limit();
    mallopt(M_ARENA_MAX, MALLOC_ARENAS);
    protect_memory();
    sigemptyset(signals_out);
    sigaddset(signals_out, SIGTERM);
    sigaddset(signals_out, SIGINT);
    sigaddset(signals_out, SIGHUP);
    pthread_sigmask(SIG_BLOCK, signals_out, NULL); /* threads inherit it: sigwait alone gets them */
    signal(SIGPIPE, SIG_IGN);
}

struct db_settings process_database(const struct settings *settings)
{
    return (struct db_settings){
        .url = settings->database_url,
        .password_file = text_or_null(settings->database_password_file),
        .connect_timeout_s = CONNECT_TIMEOUT_S,
        .io_timeout_s = IO_TIMEOUT_S,
        .statement_timeout_ms = (unsigned)settings->statement_timeout_ms,
    };
}

static bool is_file(const char *path) { return path[0] && strcmp(path, "-") != 0; }

static int open_log_file(const char *path) { return open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640); }

bool process_open_access_log(const char *path, int *fd_out, struct err *err)
{
    *fd_out = -1;
    if (!path[0])
        return true;
    *fd_out = is_file(path) ? open_log_file(path) : dup(STDOUT_FILENO);
    return *fd_out >= 0 ||
           err_set(err, ERR_UNAVAILABLE, "The access log %s cannot be opened: %s.", path, strerror(errno));
}

bool process_open_audit_log(const struct settings *settings, struct err *err)
{
    const char *path = settings->audit_log;
    if (!path[0])
        return true;
    int fd = is_file(path) ? open_log_file(path) : dup(STDERR_FILENO);
    log_audit_open(fd);
    return fd >= 0 || err_set(err, ERR_UNAVAILABLE, "The audit log %s cannot be opened: %s.", path, strerror(errno));
}

/* After a rotation. Threads go on with the same descriptor. */
static void reopen_log(const char *path, int log_fd)
{
    if (!is_file(path))
        return;
    int fd = open_log_file(path);
    if (fd < 0 || dup3(fd, log_fd, O_CLOEXEC) < 0)
        log_event(LOG_ERROR, "process", "a log cannot be opened again", LOG_TEXT("path", path),
                  LOG_TEXT("cause", strerror(errno)));
    if (fd >= 0)
        close(fd);
}

static bool variable_is(const char *name, uint64_t least, uint64_t most)
{
    const char *text = getenv(name);
    uint64_t number;
    return text && num_parse_uint(slice_str(text), least, most, &number);
}

static int inherited_listener(void)
{
    uint64_t self = (uint64_t)getpid();
    bool handed_over = variable_is("LISTEN_PID", self, self) && variable_is("LISTEN_FDS", 1, 1);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    if (!handed_over)
        return -1;
    fcntl(FIRST_INHERITED_FD, F_SETFD, FD_CLOEXEC);
    return FIRST_INHERITED_FD;
}

static bool store_is_ready(void *store, struct err *err) { return store_ready(store, err); }

struct http_settings process_http(const struct settings *settings, const char *listen, int access_log_fd,
                                  struct store *store)
{
    return (struct http_settings){
        .listen = listen,
        .inherited_fd = inherited_listener(),
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
        .access_log_fd = access_log_fd,
        .ready = store_is_ready,
        .ready_context = store,
    };
}

void process_announce(const char *executable, const struct settings *settings, const char *listen,
                      const struct http_server *server)
{
    const char *colon = strrchr(listen, ':');
    bool is_tcp = strncmp(listen, "unix:", 5) != 0 && colon;
    if (is_tcp)
        printf("%s: serving %s://%.*s:%u\n", executable, settings->tls_certificate[0] ? "https" : "http",
               (int)(colon - listen), listen, http_server_port(server));
    else
        printf("%s: serving %s\n", executable, listen);
    fflush(stdout);
}

static void reload(const struct settings *settings, struct http_server *server, int access_log_fd)
{
    struct err err = ERR_INIT;
    reopen_log(settings->access_log, access_log_fd);
    if (log_audits())
        reopen_log(settings->audit_log, log_audit_descriptor());
    if (!http_server_reload(server, &err))
        log_event(LOG_ERROR, "process", "the certificate was not loaded, the old one stays",
                  LOG_TEXT("cause", err.detail));
}

void process_wait(const sigset_t *signals, const struct settings *settings, struct http_server *server,
                  int access_log_fd)
{
    int number = 0;
    while (sigwait(signals, &number) != 0 || number == SIGHUP)
        if (number == SIGHUP)
            reload(settings, server, access_log_fd);
    log_event(LOG_INFO, "process", "stopping", LOG_TEXT("signal", strsignal(number)));
    pthread_sigmask(SIG_UNBLOCK, signals, NULL);
}

bool process_take_word(int *argc, char **argv, const char *word)
{
    for (int i = 1; i < *argc; i++) {
        if (strcmp(argv[i], word) != 0)
            continue;
        memmove(&argv[i], &argv[i + 1], sizeof(*argv) * (size_t)(*argc - i));
        --*argc;
        return true;
    }
    return false;
}
