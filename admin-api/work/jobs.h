/* Long work that a request asks for and that is done behind it: imports, bulk deletions, building an index.
 *
 * A job is a row. The request that starts it is answered 202 with its Location, /v1/jobs/{id}; a worker of this
 * process or another one takes it by a lease, runs it, and keeps progress, checkpoint and result in the row. A run that
 * is cut (kill -9 included) is taken over when its lease ends and goes on from its checkpoint: what a run does between
 * two checkpoints must bear being done again. */
#ifndef ADMIN_JOBS_H
#define ADMIN_JOBS_H

#include "call.h"
#include "store/db.h"

extern const struct admin_operation job_list, job_get, job_cancel;

struct admin_job_run {
    /* for the kind's function */
    struct db *db; /* a connection of the worker's own; no transaction is open at entry or exit */
    const struct admin_settings *settings;
    struct id id;
    struct environment_id environment;
    struct organization_id organization; /* zero: none */
    struct directory_id directory;       /* zero: none */
    const char *actor;                   /* id of the key that asked for it */
    const json_t *parameters;            /* object, as it was created */
    json_t *checkpoint;                  /* object, {} at first: the function changes it in place */
    int64_t done, total;                 /* progress; total -1: not known yet */
    json_t *result;                      /* object, {} at first: shown to the vendor when the job ends, and meanwhile */

    /* the runner's own */
    struct id runner;
    bool cancelled, lost;
    const struct job_runner *owner;
};

struct admin_job_kind {
    const char *name; /* "user_import": `kind` of the API */
    /* true: done, or told to stop by admin_job_step. false: failed; err->detail is shown to the vendor. A lost
     * connection is no failure: the job is taken again. */
    bool (*run)(struct admin_job_run *run, struct err *err);
};
/* Every kind, NULL at its end (job_kinds.c). */
extern const struct admin_job_kind *const admin_job_kinds[];

/* Keeps progress, checkpoint and result, and renews the lease (30 s: call it at least every 10 s). *go_on_out false:
 * return true without doing more, the job was cancelled, the process stops, or somebody else has the lease. May be
 * called inside a transaction of run->db: then the checkpoint is kept exactly when that commits. */
MUST_CHECK bool admin_job_step(struct admin_job_run *run, bool *go_on_out, struct err *err);

struct admin_job_new { /* zero ids: none */
    const struct admin_job_kind *kind;
    struct environment_id environment;
    struct organization_id organization;
    struct directory_id directory;
    json_t *parameters; /* object; borrowed */
    int64_t total;      /* -1: not known */
};
/* In the transaction of a writing call: makes the job, id = the call's fresh id. The answer is the caller's affair.
 * Refused with ERR_CONFLICT where the environment has too many that wait. */
MUST_CHECK bool admin_job_add(struct call *call, const struct admin_job_new *job, struct err *err);
/* The same, and answers 202 with it. It starts when the transaction is committed. */
MUST_CHECK bool admin_job_create(struct call *call, const struct admin_job_new *job, struct err *err);

/* ERR_CONFLICT where such a job of the directory waits or runs. Exact while the directory is locked. */
MUST_CHECK bool admin_job_alone(struct call *call, const struct admin_job_kind *kind, struct directory_id directory,
                                struct err *err);

/* Workers of this process, each with a thread and a connection of its own. */
struct job_runner;
struct job_runner *job_runner_start(const struct db_settings *database, const struct admin_settings *settings,
                                    unsigned workers);
void job_runner_wake(struct job_runner *runner); /* from any thread */
/* Runs are cut at their next step and go on elsewhere, or here after the next start. */
void job_runner_stop(struct job_runner *runner);
bool job_runner_is_stopping(const struct job_runner *runner);

/* Drops jobs that ended before then, at most `most`. For housekeeping. */
MUST_CHECK bool admin_jobs_purge(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out,
                                 struct err *err);

#endif
