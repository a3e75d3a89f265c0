#include "sequencer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/must.h"
#include "gaps.h"
#include "number.h"
#include "obs/log.h"

enum { LOOK_MS = 25, AWAY_MS = 500, SETTLE_MS = 1000, WHOLE_LOOK_MS = 60000 };

struct sequencer {
    struct db_settings database;
    pthread_t thread;
    pthread_mutex_t mutex; /* for all but what is the thread's */
    pthread_cond_t changed;
    uint64_t wanted, looked; /* looks that were asked for, and up to which of them one has been made */
    bool stopping;
    pthread_mutex_t listening;
    struct feed_listener *listeners; /* under `listening` */

    /* the thread's */
    struct db *db; /* NULL while the database is away */
    struct gaps gaps;
    int64_t whole_look_ms; /* when it last looked at the outbox from its beginning */
    uint64_t turns;        /* of all processes, as last seen */
};

static struct timespec in_ms(int64_t ms)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += (ms % 1000) * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    return until;
}

/* --- the thread --- */

static void tell_listeners(struct sequencer *sequencer)
{
    pthread_mutex_lock(&sequencer->listening);
    for (struct feed_listener *listener = sequencer->listeners; listener; listener = listener->next)
        listener->wake(listener->context);
    pthread_mutex_unlock(&sequencer->listening);
}

/* From the beginning once a minute: should a transaction have lasted longer than anybody thought, its rows are found.
 */
static uint64_t where_to_look(struct sequencer *sequencer)
{
    int64_t now_ms = (int64_t)(clock_monotonic_ns() / 1000000);
    uint64_t low = gaps_low(&sequencer->gaps, now_ms);
    if (now_ms - sequencer->whole_look_ms < WHOLE_LOOK_MS)
        return low;
    sequencer->whole_look_ms = now_ms;
    return 0;
}

static bool look(struct sequencer *sequencer, uint64_t low, bool *any_out, struct err *err)
{
    const struct db_value parameter = db_integer((int64_t)low), *row;
    if (!db_query_one(sequencer->db, sql_number_look, &parameter, 1, &row, err))
        return false;
    must(row);
    uint64_t turns = (uint64_t)row[0].integer;
    *any_out = row[1].integer != 0;
    if (turns != sequencer->turns)
        tell_listeners(sequencer);
    sequencer->turns = turns;
    return true;
}

/* Until nothing is left of what was committed when it began. */
static bool number(struct sequencer *sequencer, struct err *err)
{
    uint64_t positions[NUMBER_MOST];
    size_t count = NUMBER_MOST;
    uint64_t low = where_to_look(sequencer);
    bool any;
    if (!look(sequencer, low, &any, err))
        return false;
    while (any && count == NUMBER_MOST) {
        if (!number_turn(sequencer->db, low, clock_wall_ms(), positions, &count, err))
            return false;
        gaps_take(&sequencer->gaps, positions, count, (int64_t)(clock_monotonic_ns() / 1000000));
        low = low ? gaps_low(&sequencer->gaps, (int64_t)(clock_monotonic_ns() / 1000000)) : 0;
        if (count > 0)
            tell_listeners(sequencer);
    }
    return true;
}

static bool turn(struct sequencer *sequencer)
{
    struct err err = ERR_INIT;
    if (!sequencer->db)
        sequencer->db = db_open(&sequencer->database, &err);
    if (sequencer->db && number(sequencer, &err))
        return true;
    bool is_collision = sequencer->db && db_failure(sequencer->db) == DB_RETRY;
    if (!is_collision) {
        log_event(LOG_WARN, "admin", "the feed stands still", LOG_TEXT("cause", err.detail));
        db_close(sequencer->db);
        sequencer->db = NULL;
    }
    return false;
}

/* false: stop. */
static bool wait_for_work(struct sequencer *sequencer, uint64_t looked, bool good)
{
    struct timespec until = in_ms(good || sequencer->db ? LOOK_MS : AWAY_MS);
    pthread_mutex_lock(&sequencer->mutex);
    if (good && sequencer->looked < looked) {
        sequencer->looked = looked;
        pthread_cond_broadcast(&sequencer->changed);
    }
    int waited = 0;
    while (!sequencer->stopping && (sequencer->wanted == looked || !good) && waited == 0)
        waited = pthread_cond_timedwait(&sequencer->changed, &sequencer->mutex, &until);
    bool go_on = !sequencer->stopping;
    pthread_mutex_unlock(&sequencer->mutex);
    return go_on;
}

static uint64_t looks_wanted(struct sequencer *sequencer)
{
    pthread_mutex_lock(&sequencer->mutex);
    uint64_t wanted = sequencer->wanted;
    pthread_mutex_unlock(&sequencer->mutex);
    return wanted;
}

static void *run(void *argument)
{
    struct sequencer *sequencer = argument;
    uint64_t wanted;
    bool good;
    do {
        wanted = looks_wanted(sequencer);
        good = turn(sequencer);
    } while (wait_for_work(sequencer, wanted, good));
    db_close(sequencer->db);
    return NULL;
}

/* --- for everybody --- */

struct sequencer *sequencer_start(const struct db_settings *database)
{
    struct sequencer *sequencer = calloc(1, sizeof *sequencer);
    pthread_condattr_t attributes;
    must(sequencer);
    sequencer->database = *database;
    pthread_mutex_init(&sequencer->mutex, NULL);
    pthread_mutex_init(&sequencer->listening, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&sequencer->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    must(pthread_create(&sequencer->thread, NULL, run, sequencer) == 0);
    return sequencer;
}

void sequencer_stop(struct sequencer *sequencer)
{
    pthread_mutex_lock(&sequencer->mutex);
    sequencer->stopping = true;
    pthread_cond_broadcast(&sequencer->changed);
    pthread_mutex_unlock(&sequencer->mutex);
    pthread_join(sequencer->thread, NULL);
    pthread_cond_destroy(&sequencer->changed);
    pthread_mutex_destroy(&sequencer->mutex);
    pthread_mutex_destroy(&sequencer->listening);
    free(sequencer);
}

void sequencer_listen(struct sequencer *sequencer, struct feed_listener *listener)
{
    pthread_mutex_lock(&sequencer->listening);
    listener->next = sequencer->listeners;
    sequencer->listeners = listener;
    pthread_mutex_unlock(&sequencer->listening);
}

void sequencer_ignore(struct sequencer *sequencer, struct feed_listener *listener)
{
    pthread_mutex_lock(&sequencer->listening);
    struct feed_listener **at = &sequencer->listeners;
    while (*at && *at != listener)
        at = &(*at)->next;
    if (*at)
        *at = listener->next;
    pthread_mutex_unlock(&sequencer->listening);
}

void sequencer_settle(struct sequencer *sequencer)
{
    struct timespec until = in_ms(SETTLE_MS);
    int waited = 0;
    pthread_mutex_lock(&sequencer->mutex);
    uint64_t wanted = ++sequencer->wanted;
    pthread_cond_broadcast(&sequencer->changed);
    while (sequencer->looked < wanted && !sequencer->stopping && waited == 0)
        waited = pthread_cond_timedwait(&sequencer->changed, &sequencer->mutex, &until);
    pthread_mutex_unlock(&sequencer->mutex);
}
