#include "housekeeping.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "obs/log.h"

enum { MOST_CHORES = 32, SECOND_NS = 1000000000, LONGEST_SLEEP_S = 10 };

struct housekeeping {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping, woken; /* under the mutex */
    struct db_settings database;
    const struct settings *settings;
    struct db *db; /* NULL while the database is away */
    uint64_t due_ns[MOST_CHORES];
};

static bool is_stopping(struct housekeeping *housekeeping)
{
    pthread_mutex_lock(&housekeeping->mutex);
    bool stopping = housekeeping->stopping;
    pthread_mutex_unlock(&housekeeping->mutex);
    return stopping;
}

static uint64_t next_due_ns(const struct housekeeping *housekeeping)
{
    uint64_t next = clock_monotonic_ns() + (uint64_t)LONGEST_SLEEP_S * SECOND_NS;
    for (size_t i = 0; i < chore_kind_count; i++)
        if (housekeeping->due_ns[i] < next)
            next = housekeeping->due_ns[i];
    return next;
}

static void hurry(struct housekeeping *housekeeping)
{
    for (size_t i = 0; i < chore_kind_count; i++)
        housekeeping->due_ns[i] = 0;
}

/* Sleeps until woken, stopped or something is due; false: stopped. */
static bool sleep_until_due(struct housekeeping *housekeeping)
{
    uint64_t due_ns = next_due_ns(housekeeping);
    struct timespec until = {.tv_sec = (time_t)(due_ns / SECOND_NS), .tv_nsec = (long)(due_ns % SECOND_NS)};
    pthread_mutex_lock(&housekeeping->mutex);
    int waited = 0;
    while (!housekeeping->stopping && !housekeeping->woken && waited == 0)
        waited = pthread_cond_timedwait(&housekeeping->changed, &housekeeping->mutex, &until);
    bool woken = housekeeping->woken, stopping = housekeeping->stopping;
    housekeeping->woken = false;
    pthread_mutex_unlock(&housekeeping->mutex);
    if (woken)
        hurry(housekeeping);
    return !stopping;
}

static void close_database(struct housekeeping *housekeeping)
{
    db_close(housekeeping->db);
    housekeeping->db = NULL;
}

static void put_off(struct housekeeping *housekeeping, const char *name, const struct err *err)
{
    enum db_failure failure = housekeeping->db ? db_failure(housekeeping->db) : DB_LOST;
    if (housekeeping->db)
        db_rollback(housekeeping->db);
    if (failure != DB_RETRY)
        log_event(LOG_WARN, "admin", "housekeeping is put off", LOG_TEXT("chore", name),
                  LOG_TEXT("cause", err->detail));
    if (failure == DB_LOST && housekeeping->db)
        close_database(housekeeping);
}

/* Says when its next turn is. */
static uint64_t run_chore(struct housekeeping *housekeeping, const struct chore_kind *kind)
{
    struct err err = ERR_INIT;
    if (!housekeeping->db)
        housekeeping->db = db_open(&housekeeping->database, &err);
    struct chore chore = {.db = housekeeping->db,
                          .settings = housekeeping->settings,
                          .now_ms = clock_wall_ms(),
                          .owner = housekeeping,
                          .began_ns = clock_monotonic_ns(),
                          .busy_since_ns = clock_monotonic_ns()};
    if (!chore.db || !kind->run(&chore, &err))
        put_off(housekeeping, kind->name, &err);
    return chore.cut ? 0 : clock_monotonic_ns() + (uint64_t)kind->every_s * SECOND_NS;
}

static void run_due(struct housekeeping *housekeeping)
{
    for (size_t i = 0; i < chore_kind_count && !is_stopping(housekeeping); i++) {
        if (housekeeping->due_ns[i] > clock_monotonic_ns())
            continue;
        housekeeping->due_ns[i] = run_chore(housekeeping, &chore_kinds[i]);
        if (!housekeeping->db)
            return; /* no use in trying the others */
    }
}

static void *run(void *argument)
{
    struct housekeeping *housekeeping = argument;
    do
        run_due(housekeeping);
    while (sleep_until_due(housekeeping));
    close_database(housekeeping);
    return NULL;
}

bool chore_is_stopping(const struct chore *chore) { return chore->cut || is_stopping(chore->owner); }

struct housekeeping *housekeeping_start(const struct db_settings *database, const struct settings *settings)
{
    struct housekeeping *housekeeping = calloc(1, sizeof *housekeeping);
    pthread_condattr_t attributes;
    must(housekeeping && chore_kind_count <= MOST_CHORES);
    housekeeping->database = *database;
    housekeeping->settings = settings;
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
