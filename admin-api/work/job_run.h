/* A job in the hands of a worker: taken by a lease, kept at its steps, ended or given back. */
#ifndef ADMIN_JOB_RUN_H
#define ADMIN_JOB_RUN_H

#include "jobs.h"

struct job_worker { /* one thread */
    struct job_runner *owner;
    struct id id;                 /* the name it takes leases by */
    struct db *db;                /* NULL while the database is away */
    struct environment_id served; /* whose job it took last */
};

/* Takes one job that waits and runs it to its end, or until it is cut. *ran_out false: there was none. */
MUST_CHECK bool job_worker_turn(struct job_worker *worker, const struct admin_settings *settings, bool *ran_out,
                                struct err *err);

#endif
