#include "resolve.h"

#include <netdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/must.h"

/* getaddrinfo knows no deadline, so a thread of its own waits for it. Both sides hold the errand; the one that leaves
 * it last frees it. */
struct errand {
    char name[ALLOWED_NAME_BYTES];
    pthread_mutex_t mutex;
    pthread_cond_t done;
    int holders;
    bool is_done;
    struct resolved resolved;
};

static atomic_int under_way;

static void leave(struct errand *errand)
{
    bool is_last = --errand->holders == 0;
    pthread_mutex_unlock(&errand->mutex);
    if (!is_last)
        return;
    pthread_cond_destroy(&errand->done);
    pthread_mutex_destroy(&errand->mutex);
    free(errand);
}

static void look_up(struct errand *errand)
{
    const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;
    if (getaddrinfo(errand->name, NULL, &hints, &list) != 0)
        return;
    struct resolved *resolved = &errand->resolved;
    for (const struct addrinfo *at = list; at && resolved->count < RESOLVED_MOST; at = at->ai_next)
        if (address_of_socket(at->ai_addr, &resolved->list[resolved->count]))
            resolved->count++;
    freeaddrinfo(list);
}

static void *run(void *argument)
{
    struct errand *errand = argument;
    look_up(errand);
    atomic_fetch_sub(&under_way, 1);
    pthread_mutex_lock(&errand->mutex);
    errand->is_done = true;
    pthread_cond_signal(&errand->done);
    leave(errand);
    return NULL;
}

static struct errand *errand_new(struct slice name)
{
    struct errand *errand = calloc(1, sizeof *errand);
    pthread_condattr_t attributes;
    must(errand && name.len < sizeof errand->name);
    memcpy(errand->name, name.data, name.len);
    pthread_mutex_init(&errand->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&errand->done, &attributes);
    pthread_condattr_destroy(&attributes);
    errand->holders = 2;
    return errand;
}

static void start(struct errand *errand)
{
    pthread_t thread;
    pthread_attr_t attributes;
    pthread_attr_init(&attributes);
    pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
    must(pthread_create(&thread, &attributes, run, errand) == 0);
    pthread_attr_destroy(&attributes);
}

/* The errand's mutex is held. */
static bool wait_for(struct errand *errand, int wait_ms)
{
    struct timespec until;
    int waited = 0;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += wait_ms % 1000 * 1000000L;
    until.tv_sec += until.tv_nsec / 1000000000L;
    until.tv_nsec %= 1000000000L;
    while (!errand->is_done && waited == 0)
        waited = pthread_cond_timedwait(&errand->done, &errand->mutex, &until);
    return errand->is_done;
}

/* Whoever waits holds one of the few threads that answer requests: for long, one may at a time, so that names that are
 * slow on purpose stop nobody else. */
static bool wait_with_patience(struct errand *errand, int wait_ms)
{
    static atomic_flag is_taken = ATOMIC_FLAG_INIT;
    int soon_ms = wait_ms < RESOLVE_SOON_MS ? wait_ms : RESOLVE_SOON_MS;
    if (wait_for(errand, soon_ms) || wait_ms == soon_ms)
        return errand->is_done;
    if (atomic_flag_test_and_set(&is_taken))
        return false;
    bool is_done = wait_for(errand, wait_ms - soon_ms);
    atomic_flag_clear(&is_taken);
    return is_done;
}

bool resolve(struct slice name, int wait_ms, struct resolved *resolved_out)
{
    if (atomic_fetch_add(&under_way, 1) >= RESOLVE_MOST_THREADS) {
        atomic_fetch_sub(&under_way, 1);
        return false;
    }
    struct errand *errand = errand_new(name);
    start(errand);
    pthread_mutex_lock(&errand->mutex);
    bool is_done = wait_with_patience(errand, wait_ms);
    if (is_done)
        *resolved_out = errand->resolved;
    leave(errand);
    return is_done;
}
