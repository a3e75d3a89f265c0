#include "sequencer.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "admin_api_sql.h"
#include "base/clock.h"
#include "base/must.h"
#include "number.h"
#include "obs/log.h"
#include "obs/metrics.h"

enum {
    LOOK_MS = 25,
    IDLE_SHARE = 20, /* it rests so many times as long as it has worked, to take little from those who write, */
    REST_MS = 50,    /* but no longer than this: nobody waits long to be told */
    AWAY_MS = 500,
    SETTLE_MS = 1000,
    WHOLE_LOOK_MS = 60000, /* a transaction that has lasted longer than GAPS_PATIENCE_MS is found by then */
    MEASURE_MS = 5000,
    MOST_COUNTED = 100000,
    LATE_MS = 60000,    /* whoever waits longer is worth a warning, */
    COMPLAIN_MS = 60000 /* once in so long */
};

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
    struct numbering numbering;
    struct number_result result;
    uint64_t turns, orders, low; /* of all processes, as last seen */
    int64_t whole_look_ms;       /* when it last looked at the outbox from its beginning, */
    int64_t measured_ms;         /* at how much waits, */
    bool is_late;
    int64_t complained_ms; /* and when it told the log that something is wrong; 0: nothing is */
    struct metric_series *numbered, *taken, *waited, *waiting, *oldest;
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

/* Has it been so long since *last_ms? Then now is the last time. */
static bool is_time(int64_t *last_ms, int64_t every_ms)
{
    int64_t now_ms = (int64_t)(clock_monotonic_ns() / 1000000);
    if (*last_ms != 0 && now_ms - *last_ms < every_ms)
        return false;
    *last_ms = now_ms;
    return true;
}

/* --- what the thread says --- */

static void tell_listeners(struct sequencer *sequencer)
{
    pthread_mutex_lock(&sequencer->listening);
    for (struct feed_listener *listener = sequencer->listeners; listener; listener = listener->next)
        listener->wake(listener->context);
    pthread_mutex_unlock(&sequencer->listening);
}

static void complain(struct sequencer *sequencer, const struct err *err)
{
    if (is_time(&sequencer->complained_ms, COMPLAIN_MS))
        log_event(LOG_WARN, "admin", "the feed stands still", LOG_TEXT("cause", err->detail));
}

static void be_content(struct sequencer *sequencer)
{
    if (sequencer->is_late)
        return;
    if (sequencer->complained_ms != 0)
        log_event(LOG_INFO, "admin", "the feed goes on");
    sequencer->complained_ms = 0;
}

static void count(struct sequencer *sequencer)
{
    const struct number_result *result = &sequencer->result;
    metric_add(sequencer->numbered, (int64_t)result->numbered);
    metric_add(sequencer->taken, 1);
    for (size_t i = 0; i < result->rows; i++)
        metric_observe_ns(sequencer->waited, result->waited_us[i] > 0 ? (uint64_t)result->waited_us[i] * 1000 : 0);
}

/* Before it numbers, so that it is told even where numbering fails. */
static bool measure(struct sequencer *sequencer, struct err *err)
{
    const struct db_value parameters[] = {db_integer((int64_t)sequencer->low), db_integer(MOST_COUNTED)}, *row;
    if (!is_time(&sequencer->measured_ms, MEASURE_MS))
        return true;
    if (!db_query_one(sequencer->db, sql_number_waiting, parameters, 2, &row, err))
        return false;
    must(row);
    int64_t rows = row[0].integer, oldest_ms = row[1].integer;
    metric_set(sequencer->waiting, rows);
    metric_set(sequencer->oldest, oldest_ms / 1000);
    sequencer->is_late = oldest_ms > LATE_MS;
    if (sequencer->is_late && is_time(&sequencer->complained_ms, COMPLAIN_MS))
        log_event(LOG_WARN, "admin", "the feed lags behind", LOG_NUMBER("rows", rows),
                  LOG_NUMBER("oldest_ms", oldest_ms));
    return true;
}

/* --- what it does --- */

static bool is_stopping(struct sequencer *sequencer)
{
    pthread_mutex_lock(&sequencer->mutex);
    bool stopping = sequencer->stopping;
    pthread_mutex_unlock(&sequencer->mutex);
    return stopping;
}

/* *others_out: another process has numbered since. */
static bool look(struct sequencer *sequencer, uint64_t low, bool *any_out, bool *others_out, struct err *err)
{
    const struct db_value parameter = db_integer((int64_t)low), *row;
    if (!db_query_one(sequencer->db, sql_number_look, &parameter, 1, &row, err))
        return false;
    if (!row)
        return err_set(err, ERR_UNAVAILABLE, "feed_turn has no row");
    *others_out = (uint64_t)row[0].integer != sequencer->turns;
    bool is_woken = *others_out || (uint64_t)row[4].integer != sequencer->orders;
    sequencer->turns = (uint64_t)row[0].integer;
    sequencer->orders = (uint64_t)row[4].integer;
    sequencer->low = (uint64_t)row[1].integer;
    sequencer->numbering.news = row[3].integer != 0;
    *any_out = row[2].integer != 0 || sequencer->numbering.news;
    if (is_woken)
        tell_listeners(sequencer);
    return true;
}

/* Until nothing is left of what was committed when it began. */
static bool number_all(struct sequencer *sequencer, bool from_start, struct err *err)
{
    do {
        if (!number_turn(sequencer->db, &sequencer->numbering, from_start, &sequencer->result, err))
            return false;
        if (sequencer->result.rows == 0 && sequencer->result.numbered == 0)
            return true;
        sequencer->turns = sequencer->numbering.turns;
        count(sequencer);
        tell_listeners(sequencer);
    } while (sequencer->result.more && !is_stopping(sequencer));
    return true;
}

/* A process that sees another at work leaves it to that one, unless somebody waits here: so they do not stand in each
 * other's way. When the other one is gone, the next look finds nothing that it has done. */
static bool number(struct sequencer *sequencer, bool somebody_waits, bool *settled_out, struct err *err)
{
    bool any, others, from_start = is_time(&sequencer->whole_look_ms, WHOLE_LOOK_MS);
    if (!look(sequencer, from_start ? 0 : sequencer->low, &any, &others, err) || !measure(sequencer, err))
        return false;
    *settled_out = !any || !others || somebody_waits;
    return !any || !*settled_out || number_all(sequencer, from_start, err);
}

static bool connect(struct sequencer *sequencer, struct err *err)
{
    if (!sequencer->db)
        sequencer->db = db_open(&sequencer->database, err);
    else
        return true;
    return sequencer->db && number_prepare(sequencer->db, err);
}

/* false: to be tried again, a little later. */
static bool turn(struct sequencer *sequencer, bool somebody_waits, bool *settled_out)
{
    struct err err = ERR_INIT;
    *settled_out = false;
    if (connect(sequencer, &err) && number(sequencer, somebody_waits, settled_out, &err)) {
        be_content(sequencer);
        return true;
    }
    *settled_out = false;
    bool is_collision = sequencer->db && db_failure(sequencer->db) == DB_RETRY;
    if (!is_collision) {
        complain(sequencer, &err);
        db_close(sequencer->db);
        sequencer->db = NULL;
    }
    return false;
}

static int64_t rest_ms(const struct sequencer *sequencer, uint64_t began_ns)
{
    if (!sequencer->db)
        return AWAY_MS;
    int64_t fair_ms = (int64_t)((clock_monotonic_ns() - began_ns) / 1000000) * IDLE_SHARE;
    return fair_ms < LOOK_MS ? LOOK_MS : fair_ms > REST_MS ? REST_MS : fair_ms;
}

/* false: stop. */
static bool wait_for_work(struct sequencer *sequencer, uint64_t looked, uint64_t began_ns, bool good, bool settled)
{
    struct timespec until = in_ms(rest_ms(sequencer, began_ns));
    pthread_mutex_lock(&sequencer->mutex);
    if (settled && sequencer->looked < looked) {
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

static uint64_t looks_wanted(struct sequencer *sequencer, bool *somebody_waits_out)
{
    pthread_mutex_lock(&sequencer->mutex);
    uint64_t wanted = sequencer->wanted;
    *somebody_waits_out = wanted != sequencer->looked;
    pthread_mutex_unlock(&sequencer->mutex);
    return wanted;
}

static void *run(void *argument)
{
    struct sequencer *sequencer = argument;
    uint64_t wanted, began_ns;
    bool good, settled, somebody_waits;
    do {
        began_ns = clock_monotonic_ns();
        wanted = looks_wanted(sequencer, &somebody_waits);
        good = turn(sequencer, somebody_waits, &settled);
    } while (wait_for_work(sequencer, wanted, began_ns, good, settled));
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
    sequencer->numbered = metric_series(METRIC_FEED_NUMBERED, NULL, NULL);
    sequencer->taken = metric_series(METRIC_FEED_TURNS, NULL, NULL);
    sequencer->waited = metric_series(METRIC_FEED_WAITED, NULL, NULL);
    sequencer->waiting = metric_series(METRIC_FEED_WAITING, NULL, NULL);
    sequencer->oldest = metric_series(METRIC_FEED_OLDEST, NULL, NULL);
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
