#include "probe.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "migrations_embedded.h"
#include "obs/log.h"
#include "store_sql.h"

enum { CONNECT_S = 1, ANSWER_S = 2, STATEMENT_MS = 1000 };

static const uint64_t second_ns = 1000000000;
/* An answer older than this means that the probe itself hangs: longer than all of its timeouts together. */
static const uint64_t stale_ns = 6 * second_ns;

struct probe {
    pthread_t thread;
    struct db_settings settings;
    struct db *db;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
    bool ready;          /* of the last answer, */
    struct err report;   /* why not, or what to warn of, */
    uint64_t checked_ns; /* and when it came */
};

/* Reads a real table. A newer schema is fine for a server that already runs: it is being upgraded. */
static bool check_schema(struct db *db, struct err *report)
{
    const struct db_value *row;
    if (!db_query_one(db, sql_probe_schema, NULL, 0, &row, report))
        return false;
    if (!row || row[0].integer < (int64_t)migration_count)
        return err_set(report, ERR_UNAVAILABLE, "The database's schema is too old: run rollcall-admin migrate");
    return true;
}

/* Commits would not be durable: a crash of the database's host loses what was acknowledged. */
static bool check_durability(struct db *db, struct err *report)
{
    const struct db_value *row;
    if (!db_query_one(db, sql_probe_durability, NULL, 0, &row, report))
        return false;
    if (!row || row[0].kind != DB_INTEGER || row[0].integer != 1)
        err_set(report, ERR_NONE, "innodb_flush_log_at_trx_commit is not 1: a crash loses acknowledged writes");
    return true;
}

static bool ask(struct probe *probe, struct err *report)
{
    if (!probe->db)
        probe->db = db_open(&probe->settings, report);
    bool ready = probe->db && check_schema(probe->db, report) && check_durability(probe->db, report);
    if (probe->db && !ready) {
        db_close(probe->db);
        probe->db = NULL;
    }
    return ready;
}

static void log_change(const struct err *before, bool ready, const struct err *report)
{
    if (strcmp(before->detail, report->detail) == 0)
        return;
    if (report->detail[0])
        log_event(LOG_WARN, "store", ready ? "database warning" : "not ready", LOG_TEXT("why", report->detail));
    else
        log_plain(LOG_INFO, "store", "database ready");
}

static void note_answer(struct probe *probe, bool ready, const struct err *report)
{
    log_change(&probe->report, ready, report);
    probe->ready = ready;
    probe->report = *report;
    probe->checked_ns = clock_monotonic_ns();
}

static void wait_a_second(struct probe *probe)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    while (!probe->stopping && pthread_cond_timedwait(&probe->wake, &probe->lock, &until) == 0)
        continue;
}

static void *probe_main(void *context)
{
    struct probe *probe = context;
    pthread_mutex_lock(&probe->lock);
    while (!probe->stopping) {
        struct err report = ERR_INIT;
        pthread_mutex_unlock(&probe->lock);
        bool ready = ask(probe, &report);
        pthread_mutex_lock(&probe->lock);
        note_answer(probe, ready, &report);
        wait_a_second(probe);
    }
    pthread_mutex_unlock(&probe->lock);
    db_close(probe->db);
    return NULL;
}

struct probe *probe_start(const struct db_settings *settings)
{
    struct probe *probe = calloc(1, sizeof(*probe));
    must(probe);
    probe->settings = *settings;
    probe->settings.connect_timeout_s = CONNECT_S;
    probe->settings.io_timeout_s = ANSWER_S;
    probe->settings.statement_timeout_ms = STATEMENT_MS;
    err_set(&probe->report, ERR_UNAVAILABLE, "The database has not been asked yet");

    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    must(pthread_cond_init(&probe->wake, &monotonic) == 0);
    pthread_condattr_destroy(&monotonic);
    must(pthread_mutex_init(&probe->lock, NULL) == 0);
    must(pthread_create(&probe->thread, NULL, probe_main, probe) == 0);
    return probe;
}

void probe_stop(struct probe *probe)
{
    if (!probe)
        return;
    pthread_mutex_lock(&probe->lock);
    probe->stopping = true;
    pthread_cond_signal(&probe->wake);
    pthread_mutex_unlock(&probe->lock);
    pthread_join(probe->thread, NULL);
    pthread_cond_destroy(&probe->wake);
    pthread_mutex_destroy(&probe->lock);
    free(probe);
}

bool probe_ready(struct probe *probe, struct err *err)
{
    pthread_mutex_lock(&probe->lock);
    bool ready = probe->ready;
    *err = probe->report;
    if (ready && clock_monotonic_ns() - probe->checked_ns > stale_ns)
        ready = err_set(err, ERR_UNAVAILABLE, "The database does not answer");
    pthread_mutex_unlock(&probe->lock);
    return ready;
}
