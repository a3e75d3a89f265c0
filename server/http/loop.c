#include "loop.h"

#include <stdlib.h>
#include <unistd.h>

#include "access_log.h"
#include "base/clock.h"
#include "base/must.h"
#include "connection.h"
#include "exchange.h"
#include "listener.h"

enum { SWEEP_MS = 1000, DRAIN_SWEEP_MS = 50, LAST_WORDS_MS = 500 };

/* --- mail from other threads --- */

void loop_announce(struct loop *loop)
{
    if (!atomic_exchange(&loop->announced, true))
        h2o_multithread_send_message(&loop->receiver, &loop->message);
}

/* Called by store workers, for a whole batch. */
static void deliver(struct home *home, struct job *first)
{
    struct loop *loop = (struct loop *)home;
    struct job *head = atomic_load_explicit(&loop->arrived, memory_order_relaxed);
    struct job *newest = NULL;
    while (first) { /* newest first, as the list of arrivals is */
        struct job *next = first->next;
        first->next = newest;
        newest = first;
        first = next;
    }
    if (!newest)
        return;
    struct job *oldest = newest;
    while (oldest->next)
        oldest = oldest->next;
    do
        oldest->next = head;
    while (!atomic_compare_exchange_weak_explicit(&loop->arrived, &head, newest, memory_order_release,
                                                  memory_order_relaxed));
    if (!head)
        loop_announce(loop);
}

void loop_give_fd(struct loop *loop, int fd)
{
    pthread_mutex_lock(&loop->mail_lock);
    struct fd_list *mail = &loop->mail;
    if (mail->count == mail->capacity) {
        mail->capacity = mail->capacity ? mail->capacity * 2 : 16;
        mail->fds = realloc(mail->fds, mail->capacity * sizeof *mail->fds);
        must(mail->fds != NULL);
    }
    mail->fds[mail->count++] = fd;
    pthread_mutex_unlock(&loop->mail_lock);
    loop_announce(loop);
}

static struct fd_list take_fds(struct loop *loop)
{
    pthread_mutex_lock(&loop->mail_lock);
    struct fd_list taken = loop->mail;
    loop->mail = (struct fd_list){NULL, 0, 0};
    pthread_mutex_unlock(&loop->mail_lock);
    return taken;
}

static void begin_drain(struct loop *loop)
{
    loop->draining = true;
    loop->next_sweep_ms = 0;
    loop->drain_deadline_ms = loop->now_ms + loop->server->settings.drain_timeout_ms;
    listener_stop(loop);
    h2o_context_request_shutdown(&loop->context);
    connection_drain_all(loop);
}

static void on_mail(h2o_multithread_receiver_t *receiver, h2o_linklist_t *messages)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, receiver, receiver);
    (void)messages; /* there is one */
    h2o_linklist_unlink(&loop->message.link);
    atomic_store(&loop->announced, false);
    struct job *arrived = atomic_exchange_explicit(&loop->arrived, NULL, memory_order_acquire);
    if (arrived)
        exchange_come_home(loop, arrived);
    struct fd_list fds = take_fds(loop);
    for (size_t i = 0; i < fds.count; i++)
        connection_adopt(loop, fds.fds[i]);
    free(fds.fds);
    listener_reconsider(loop);
    if (atomic_load(&loop->drain_wanted) && !loop->draining)
        begin_drain(loop);
}

/* --- rounds --- */

void loop_need_round_end(struct loop *loop)
{
    if (!h2o_timeout_is_linked(&loop->round_end))
        h2o_timeout_link(loop->context.loop, &loop->context.zero_timeout, &loop->round_end);
}

static void end_drain_when_done(struct loop *loop)
{
    if (!loop->connections && loop->jobs_out == 0) {
        loop->finished = true;
    } else if (loop->now_ms > loop->drain_deadline_ms + LAST_WORDS_MS) {
        loop->was_cut = true;
        loop->finished = true;
    } else if (loop->now_ms > loop->drain_deadline_ms) {
        loop->was_cut = true;
        connection_cut_all(loop);
    }
}

static void sweep(struct loop *loop)
{
    loop->next_sweep_ms = loop->now_ms + (loop->draining ? DRAIN_SWEEP_MS : SWEEP_MS);
    connection_sweep_all(loop);
    access_log_flush(loop);
    listener_reconsider(loop);
    if (loop->draining) {
        connection_drain_all(loop);
        end_drain_when_done(loop);
    }
}

/* Runs inside libh2o's round, because what libh2o writes outside of one waits for the next event. */
static void on_round_end(h2o_timeout_entry_t *entry)
{
    struct loop *loop = H2O_STRUCT_FROM_MEMBER(struct loop, round_end, entry);
    connection_resume_all(loop);
    if (loop->now_ms >= loop->next_sweep_ms)
        sweep(loop);
    exchange_push_all(loop);
}

/* libh2o times by the wall clock, and would sleep for as long as that was set back. */
static void repair_timeouts(struct loop *loop)
{
    int64_t before = loop->wall_ms;
    loop->wall_ms = clock_wall_ms();
    if (loop->wall_ms >= before)
        return;
    uint64_t now = (uint64_t)loop->wall_ms;
    h2o_linklist_t *timeouts = &loop->context.loop->_timeouts;
    for (h2o_linklist_t *node = timeouts->next; node != timeouts; node = node->next) {
        h2o_timeout_t *timeout = H2O_STRUCT_FROM_MEMBER(h2o_timeout_t, _link, node);
        h2o_linklist_t *entries = &timeout->_entries;
        for (h2o_linklist_t *link = entries->next; link != entries; link = link->next) {
            h2o_timeout_entry_t *timed = H2O_STRUCT_FROM_MEMBER(h2o_timeout_entry_t, _link, link);
            if (timed->registered_at > now)
                timed->registered_at = now;
        }
    }
}

static void read_clocks(struct loop *loop)
{
    loop->now_ms = clock_monotonic_ns() / 1000000;
    repair_timeouts(loop);
    if (loop->now_ms >= loop->next_sweep_ms)
        loop_need_round_end(loop);
}

static int wait_ms(const struct loop *loop)
{
    return loop->next_sweep_ms > loop->now_ms ? (int)(loop->next_sweep_ms - loop->now_ms) : 0;
}

static void *run(void *data)
{
    struct loop *loop = data;
    read_clocks(loop);
    while (!loop->finished) {
        h2o_evloop_run(loop->context.loop, wait_ms(loop));
        read_clocks(loop);
        connection_hook_all(loop);
    }
    access_log_flush(loop);
    return NULL;
}

/* --- life --- */

void loop_init(struct loop *loop, struct http_server *server)
{
    *loop = (struct loop){.home = {.deliver = deliver}, .server = server, .round_end = {.cb = on_round_end}};
    /* The socket of the loop's queue is made here, and its buffers belong to this thread's list of spare ones, which
     * every loop would use without a lock: no spare ones, then. */
    h2o_socket_buffer_prototype.allocator.max = 0;
    h2o_context_init(&loop->context, h2o_evloop_create(), &server->config);
    loop->accept = (h2o_accept_ctx_t){.ctx = &loop->context, .hosts = server->config.hosts};
    must(pthread_mutex_init(&loop->mail_lock, NULL) == 0);
    h2o_multithread_register_receiver(loop->context.queue, &loop->receiver, on_mail);
    loop->metrics = calloc(server->route_count + 1, sizeof *loop->metrics);
    must(loop->metrics != NULL);
    loop->now_ms = clock_monotonic_ns() / 1000000;
    loop->next_sweep_ms = loop->now_ms + SWEEP_MS;
}

void loop_start(struct loop *loop)
{
    must(pthread_create(&loop->thread, NULL, run, loop) == 0);
    loop->started = true;
}

void loop_join(struct loop *loop)
{
    if (loop->started)
        pthread_join(loop->thread, NULL);
    loop->started = false;
}

/* Mail that came after the last round. */
static void empty_mail(struct loop *loop)
{
    exchange_drop_home(loop, atomic_exchange_explicit(&loop->arrived, NULL, memory_order_acquire));
    struct fd_list fds = take_fds(loop);
    for (size_t i = 0; i < fds.count; i++)
        close(fds.fds[i]);
    free(fds.fds);
}

static bool is_quiet(const struct loop *loop)
{
    return !loop->connections && loop->jobs_out == 0 && !loop->resumable && !atomic_load(&loop->announced);
}

bool loop_fini(struct loop *loop)
{
    empty_mail(loop);
    exchange_free_spare(loop);
    buf_fini(&loop->access_log);
    if (!is_quiet(loop))
        return false;
    h2o_loop_t *evloop = loop->context.loop;
    if (h2o_timeout_is_linked(&loop->round_end))
        h2o_timeout_unlink(&loop->round_end);
    h2o_timeout_unlink(&loop->context.http2._graceful_shutdown_timeout);
    h2o_multithread_unregister_receiver(loop->context.queue, &loop->receiver);
    h2o_context_dispose(&loop->context);
    h2o_evloop_destroy(evloop);
    pthread_mutex_destroy(&loop->mail_lock);
    free(loop->metrics);
    return true;
}
