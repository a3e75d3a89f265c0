/* A listener without a database, for the tests of the HTTP room: http_driver [name=value …], names as in http_settings
 * and below. Says "listening <port>" when it serves. SIGHUP loads the certificate anew, SIGTERM drains; it exits with 0
 * when nothing was cut. */
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/must.h"
#include "base/num.h"
#include "http/server.h"
#include "obs/log.h"

/* --- the lane's only worker, behind a gate that tests close to make jobs wait --- */

static struct {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    bool closed;
    uint64_t ran;
} gate = {.lock = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static struct queue *read_queue;

static void set_gate(bool closed)
{
    pthread_mutex_lock(&gate.lock);
    gate.closed = closed;
    pthread_cond_broadcast(&gate.changed);
    pthread_mutex_unlock(&gate.lock);
}

static void pass_gate(void)
{
    pthread_mutex_lock(&gate.lock);
    while (gate.closed)
        pthread_cond_wait(&gate.changed, &gate.lock);
    gate.ran++;
    pthread_mutex_unlock(&gate.lock);
}

static void run_job(struct job *job)
{
    if (clock_monotonic_ns() > job->deadline_ns) {
        struct err err;
        err_set(&err, ERR_BUSY, "It waited too long.");
        job->class->fail(job, &err);
        return;
    }
    pass_gate();
    (void)job->class->step(job, NULL);
}

static void *work(void *unused)
{
    (void)unused;
    size_t count;
    for (struct job *first; (first = queue_take(read_queue, 32, &count));) {
        for (struct job *job = first; job; job = job->next)
            run_job(job);
        while (first) { /* each to its own loop */
            struct job *job = first;
            first = first->next;
            job->next = NULL;
            job->home->deliver(job->home, job);
        }
    }
    return NULL;
}

/* --- the service --- */

static void reply(struct op *op, const char *type)
{
    op->reply.status = 200;
    op->reply.content_type = type;
}

static void answer_hello(struct op *op)
{
    reply(op, "text/plain");
    buf_add_str(&op->reply.body, "hello\n");
}

static void answer_echo(struct op *op)
{
    reply(op, "application/octet-stream");
    buf_add(&op->reply.body, op->body);
}

static void answer_big(struct op *op)
{
    uint64_t bytes = 0;
    if (!num_parse_uint(op->parameters[0], 0, 200 * 1024 * 1024, &bytes)) {
        err_set(&op->err, ERR_INVALID_VALUE, "Not a number of bytes.");
        return;
    }
    reply(op, "application/octet-stream");
    char *room = buf_reserve(&op->reply.body, bytes);
    must(room != NULL);
    memset(room, 'x', bytes);
    op->reply.body.len += bytes;
}

static void add_member(struct buf *out, const char *name, struct slice value)
{
    buf_add_json_string(out, slice_str(name));
    buf_add_char(out, ':');
    buf_add_json_string(out, value);
    buf_add_char(out, ',');
}

/* What the use case sees of the request. */
static void answer_inspect(struct op *op)
{
    struct buf *out = &op->reply.body;
    reply(op, "application/json");
    buf_add_char(out, '{');
    add_member(out, "method", op->method);
    add_member(out, "path", op->path);
    add_member(out, "query", op->query);
    add_member(out, "origin", op->origin);
    add_member(out, "peer", op->peer);
    add_member(out, "authorization", op->authorization);
    add_member(out, "accept", op->accept);
    add_member(out, "if_match", op->if_match);
    for (size_t i = 0; i < op->parameter_count; i++)
        add_member(out, "parameter", op->parameters[i]);
    buf_printf(out, "\"body\":%zu}", op->body.len);
}

static void answer_made(struct op *op)
{
    op->reply.status = 204;
    op_header(op, "etag", SLICE_LITERAL("W/\"1\""));
}

static void answer_gate(struct op *op)
{
    set_gate(slice_equals(op->parameters[0], SLICE_LITERAL("close")));
    op->reply.status = 204;
}

static void answer_ran(struct op *op)
{
    reply(op, "text/plain");
    pthread_mutex_lock(&gate.lock);
    buf_add_uint(&op->reply.body, gate.ran);
    pthread_mutex_unlock(&gate.lock);
}

static enum job_step step_slow(struct op *op, struct view *view)
{
    (void)view;
    answer_inspect(op);
    return JOB_DONE;
}

static const struct operation hello = {.name = "hello", .lane = OP_INLINE, .answer = answer_hello};
static const struct operation echo = {.name = "echo", .lane = OP_INLINE, .answer = answer_echo};
static const struct operation big = {.name = "big", .lane = OP_INLINE, .answer = answer_big};
static const struct operation inspect = {.name = "inspect", .lane = OP_INLINE, .answer = answer_inspect};
static const struct operation made = {.name = "made", .lane = OP_INLINE, .answer = answer_made};
static const struct operation move_gate = {.name = "gate", .lane = OP_INLINE, .answer = answer_gate};
static const struct operation ran = {.name = "ran", .lane = OP_INLINE, .answer = answer_ran};
static const struct operation slow = {.name = "slow", .lane = OP_READ, .step = step_slow};

static const struct route routes[] = {
    {"GET", "/", 0, &inspect},
    {"GET", "/hello", 0, &hello},
    {"POST", "/echo", 0, &echo},
    {"POST", "/little", 1000, &echo},
    {"GET", "/big/{}", 0, &big},
    {"GET", "/inspect", 0, &inspect},
    {"POST", "/inspect", 0, &inspect},
    {"PUT", "/inspect/{}", 0, &inspect},
    {"GET", "/inspect/{}", 0, &inspect},
    {"GET", "/inspect/literal", 0, &hello},
    {"DELETE", "/made", 0, &made},
    {"POST", "/gate/{}", 0, &move_gate},
    {"GET", "/ran", 0, &ran},
    {"GET", "/slow", 0, &slow},
    {"POST", "/slow", 0, &slow},
};

static void refuse(struct op *op)
{
    struct buf *out = &op->reply.body;
    op->reply.status = err_status(op->err.kind);
    op->reply.content_type = "application/problem+json";
    buf_add_char(out, '{');
    add_member(out, "title", slice_str(err_title(op->err.kind)));
    add_member(out, "detail", slice_str(op->err.detail));
    buf_printf(out, "\"status\":%d}", op->reply.status);
}

static const struct service service = {.name = "test",
                                       .routes = routes,
                                       .route_count = sizeof routes / sizeof routes[0],
                                       .refuse = refuse,
                                       .lenient_slashes = true};

/* --- settings --- */

static struct http_settings settings = {
    .listen = "127.0.0.1:0",
    .inherited_fd = -1,
    .loops = 2,
    .max_body = 1024 * 1024,
    .max_header = 32768,
    .max_connections = 10000,
    .max_streams = 100,
    .max_in_flight = 4096,
    .max_resets = 200,
    .request_timeout_ms = 30000,
    .response_timeout_ms = 30000,
    .queue_timeout_ms = 10000,
    .idle_timeout_ms = 60000,
    .drain_timeout_ms = 25000,
    .access_log_fd = -1,
};
static uint64_t queue_capacity = 4096, access_log, descriptors;

static const struct {
    const char *name;
    const char **text;
    unsigned *number;
    uint64_t *other;
    size_t *size;
} names[] = {
    {"listen", &settings.listen, NULL, NULL, NULL},
    {"tls_certificate", &settings.tls_certificate, NULL, NULL, NULL},
    {"tls_key", &settings.tls_key, NULL, NULL, NULL},
    {"public_url", &settings.public_url, NULL, NULL, NULL},
    {"trusted_proxies", &settings.trusted_proxies, NULL, NULL, NULL},
    {"loops", NULL, &settings.loops, NULL, NULL},
    {"max_connections", NULL, &settings.max_connections, NULL, NULL},
    {"max_streams", NULL, &settings.max_streams, NULL, NULL},
    {"max_in_flight", NULL, &settings.max_in_flight, NULL, NULL},
    {"max_resets", NULL, &settings.max_resets, NULL, NULL},
    {"request_timeout_ms", NULL, &settings.request_timeout_ms, NULL, NULL},
    {"response_timeout_ms", NULL, &settings.response_timeout_ms, NULL, NULL},
    {"queue_timeout_ms", NULL, &settings.queue_timeout_ms, NULL, NULL},
    {"idle_timeout_ms", NULL, &settings.idle_timeout_ms, NULL, NULL},
    {"drain_timeout_ms", NULL, &settings.drain_timeout_ms, NULL, NULL},
    {"max_body", NULL, NULL, NULL, &settings.max_body},
    {"max_header", NULL, NULL, NULL, &settings.max_header},
    {"queue_capacity", NULL, NULL, &queue_capacity, NULL},
    {"access_log_fd", NULL, NULL, &access_log, NULL},
    {"descriptors", NULL, NULL, &descriptors, NULL},
};

static bool set(size_t i, const char *value)
{
    uint64_t number = 0;
    if (names[i].text) {
        *names[i].text = value;
        return true;
    }
    if (!num_parse_uint(slice_str(value), 0, UINT32_MAX, &number))
        return false;
    if (names[i].number)
        *names[i].number = (unsigned)number;
    else if (names[i].size)
        *names[i].size = number;
    else
        *names[i].other = number;
    return true;
}

static bool read_argument(const char *argument)
{
    const char *equals = strchr(argument, '=');
    for (size_t i = 0; equals && i < sizeof names / sizeof names[0]; i++)
        if (slice_equals(slice_of(argument, (size_t)(equals - argument)), slice_str(names[i].name)))
            return set(i, equals + 1);
    fprintf(stderr, "http_driver: what is %s?\n", argument);
    return false;
}

static bool read_arguments(int argc, char **argv)
{
    for (int i = 1; i < argc; i++)
        if (!read_argument(argv[i]))
            return false;
    if (access_log)
        settings.access_log_fd = (int)access_log;
    struct rlimit limit = {descriptors, descriptors};
    if (descriptors)
        setrlimit(RLIMIT_NOFILE, &limit);
    return true;
}

static void wait_for_the_end(struct http_server *server, const sigset_t *signals)
{
    for (int number = 0; number != SIGTERM;) {
        struct err err = ERR_INIT;
        if (sigwait(signals, &number) != 0)
            continue;
        if (number == SIGHUP && !http_server_reload(server, &err))
            log_event(LOG_ERROR, "http", "the certificate was not replaced", LOG_TEXT("why", err.detail));
    }
}

int main(int argc, char **argv)
{
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (!read_arguments(argc, argv))
        return 2;
    read_queue = queue_new("read", queue_capacity);
    pthread_t worker;
    must(pthread_create(&worker, NULL, work, NULL) == 0);
    struct queue *const queues[STORE_LANES] = {[STORE_READ] = read_queue};
    struct err err = ERR_INIT;
    struct http_server *server = http_server_start(&settings, &service, queues, &err);
    if (!server) {
        fprintf(stderr, "http_driver: %s\n", err.detail);
        _exit(3);
    }
    printf("listening %u\n", http_server_port(server));
    fflush(stdout);
    wait_for_the_end(server, &signals);
    bool clean = http_server_drain(server);
    set_gate(false);
    queue_close(read_queue);
    pthread_join(worker, NULL);
    http_server_free(server);
    queue_free(read_queue);
    return clean ? 0 : 1;
}
