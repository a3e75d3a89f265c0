/* The threads that run jobs. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>

#include "base/must.h"
#include "job_run.h"
#include "obs/log.h"

enum { LOOK_MS = 1000, MOST_WORKERS = 16 };

struct job_runner {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    uint64_t woken; /* how often, under the mutex */
    atomic_bool stopping;
    struct db_settings database;
    const struct admin_settings *settings;
    struct job_worker workers[MOST_WORKERS];
    pthread_t threads[MOST_WORKERS];
    unsigned count;
};

bool job_runner_is_stopping(const struct job_runner *runner) { return atomic_load(&runner->stopping); }

/* Until somebody woke the workers after `seen`, or it is time to look for what other processes left. */
static void wait_for_jobs(struct job_runner *runner, uint64_t *seen)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += LOOK_MS / 1000;
    pthread_mutex_lock(&runner->mutex);
    int waited = 0;
    while (runner->woken == *seen && waited == 0)
        waited = pthread_cond_timedwait(&runner->changed, &runner->mutex, &until);
    *seen = runner->woken;
    pthread_mutex_unlock(&runner->mutex);
}

static bool turn(struct job_worker *worker, bool *ran_out, struct err *err)
{
    *ran_out = false;
    if (!worker->db)
        worker->db = db_open(&worker->owner->database, err);
    return worker->db && job_worker_turn(worker, worker->owner->settings, ran_out, err);
}

static void *work(void *argument)
{
    struct job_worker *worker = argument;
    uint64_t seen = 0;
    while (!job_runner_is_stopping(worker->owner)) {
        struct err err = ERR_INIT;
        bool ran;
        if (!turn(worker, &ran, &err)) {
            log_event(LOG_WARN, "admin", "jobs are put off", LOG_TEXT("cause", err.detail));
            db_close(worker->db);
            worker->db = NULL;
        }
        if (!ran)
            wait_for_jobs(worker->owner, &seen);
    }
    db_close(worker->db);
    return NULL;
}

struct job_runner *job_runner_start(const struct db_settings *database, const struct admin_settings *settings,
                                    unsigned workers)
{
    struct job_runner *runner = calloc(1, sizeof *runner);
    pthread_condattr_t attributes;
    must(runner && workers <= MOST_WORKERS);
    runner->database = *database;
    runner->settings = settings;
    runner->count = workers;
    pthread_mutex_init(&runner->mutex, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&runner->changed, &attributes);
    pthread_condattr_destroy(&attributes);
    for (unsigned i = 0; i < workers; i++) {
        runner->workers[i] = (struct job_worker){.owner = runner, .id = id_new()};
        must(pthread_create(&runner->threads[i], NULL, work, &runner->workers[i]) == 0);
    }
    return runner;
}

void job_runner_wake(struct job_runner *runner)
{
    pthread_mutex_lock(&runner->mutex);
    runner->woken++;
    pthread_cond_broadcast(&runner->changed);
    pthread_mutex_unlock(&runner->mutex);
}

void job_runner_stop(struct job_runner *runner)
{
    atomic_store(&runner->stopping, true);
    job_runner_wake(runner);
    for (unsigned i = 0; i < runner->count; i++)
        pthread_join(runner->threads[i], NULL);
    pthread_cond_destroy(&runner->changed);
    pthread_mutex_destroy(&runner->mutex);
    free(runner);
}
