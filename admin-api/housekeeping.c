#include "housekeeping.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "erase.h"
#include "obs/log.h"
#include "purge.h"

enum { ROUND_MS = 10000, PURGE_SECONDS = 600 };

struct housekeeping {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping, woken; /* under the mutex */
    struct db_settings database;
    struct db *db; /* NULL while the database is away */
    int64_t retention_ms;
    uint64_t next_purge_ns;
};

static bool is_stopping(struct housekeeping *housekeeping)
{
    pthread_mutex_lock(&housekeeping->mutex);
    bool stopping = housekeeping->stopping;
    pthread_mutex_unlock(&housekeeping->mutex);
    return stopping;
}

/* Sleeps until woken, stopped or the time has passed; false: stopped. */
static bool sleep_ms(struct housekeeping *housekeeping, int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t ns = until.tv_nsec + ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + ns / 1000000000;
    until.tv_nsec = ns % 1000000000;
    pthread_mutex_lock(&housekeeping->mutex);
    int waited = 0;
    while (!housekeeping->stopping && !housekeeping->woken && waited == 0)
        waited = pthread_cond_timedwait(&housekeeping->changed, &housekeeping->mutex, &until);
    housekeeping->woken = false;
    bool stopping = housekeeping->stopping;
    pthread_mutex_unlock(&housekeeping->mutex);
    return !stopping;
}

/* Between two batches, so that others get at the rows and the disk. */
static bool pause_briefly(void *context)
{
    struct timespec length = {.tv_nsec = 2000000};
    nanosleep(&length, NULL);
    return !is_stopping(context);
}

struct id housekeeping_first_id(int64_t wall_ms)
{
    struct id id = {{0}};
    for (size_t i = 0; i < 6; i++)
        id.bytes[i] = (uint8_t)((uint64_t)wall_ms >> (40 - 8 * i));
    return id;
}

static bool work(struct housekeeping *housekeeping, struct err *err)
{
    if (!housekeeping->db)
        housekeeping->db = db_open(&housekeeping->database, err);
    if (!housekeeping->db || !erase_deleted(housekeeping->db, pause_briefly, housekeeping, err))
        return false;
    if (clock_monotonic_ns() < housekeeping->next_purge_ns)
        return true;
    housekeeping->next_purge_ns = clock_monotonic_ns() + (uint64_t)PURGE_SECONDS * 1000000000;
    return purge_old(housekeeping->db, housekeeping->retention_ms, pause_briefly, housekeeping, err);
}

static void *run(void *argument)
{
    struct housekeeping *housekeeping = argument;
    do {
        struct err err = ERR_INIT;
        if (work(housekeeping, &err))
            continue;
        log_event(LOG_WARN, "admin", "housekeeping is put off", LOG_TEXT("cause", err.detail));
        if (housekeeping->db && db_failure(housekeeping->db) == DB_LOST) {
            db_close(housekeeping->db);
            housekeeping->db = NULL;
        }
    } while (sleep_ms(housekeeping, ROUND_MS));
    db_close(housekeeping->db);
    return NULL;
}

struct housekeeping *housekeeping_start(const struct db_settings *database, unsigned change_retention_days)
{
    struct housekeeping *housekeeping = calloc(1, sizeof *housekeeping);
    pthread_condattr_t attributes;
    must(housekeeping);
    housekeeping->database = *database;
    housekeeping->retention_ms = (int64_t)change_retention_days * 86400 * 1000;
    pthread_mutex_init(&housekeeping->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&housekeeping->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    must(pthread_create(&housekeeping->thread, NULL, run, housekeeping) == 0);
    return housekeeping;
}

void housekeeping_wake(struct housekeeping *housekeeping)
{
    pthread_mutex_lock(&housekeeping->mutex);
    housekeeping->woken = true;
    pthread_cond_signal(&housekeeping->changed);
    pthread_mutex_unlock(&housekeeping->mutex);
}

void housekeeping_stop(struct housekeeping *housekeeping)
{
    pthread_mutex_lock(&housekeeping->mutex);
    housekeeping->stopping = true;
    pthread_cond_signal(&housekeeping->changed);
    pthread_mutex_unlock(&housekeeping->mutex);
    pthread_join(housekeeping->thread, NULL);
    pthread_cond_destroy(&housekeeping->changed);
    pthread_mutex_destroy(&housekeeping->mutex);
    free(housekeeping);
}
