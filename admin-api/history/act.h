/* Acting on users and groups (ops/inside.h) from a handler or from a job: who does it, and what happens when it
 * collides with what identity providers do meanwhile. */
#ifndef ADMIN_ACT_H
#define ADMIN_ACT_H

#include "jobs.h"
#include "ops/inside.h"

/* Who acts: the caller, in the transaction of a writing call, or the key that asked for a job, on its directory. */
struct inside act_for_call(struct call *call, struct directory_id directory, struct organization_id organization,
                           enum view_cause cause);
struct inside act_for_job(const struct admin_job_run *run, enum view_cause cause);

/* In the transaction of a writing call, by the caller's key. A collision has the whole call run again. */
MUST_CHECK bool act_in_call(struct call *call, struct directory_id directory, struct organization_id organization,
                            enum view_cause cause, struct inside_op *ops, size_t count, struct err *err);

/* In a transaction of run->db, by the key that asked for the job, on the job's directory. */
MUST_CHECK bool act_in_job(struct admin_job_run *run, enum view_cause cause, struct inside_op *ops, size_t count,
                           struct err *err);

/* A piece of a job that happens exactly once: begin, work, admin_job_step, commit. `work` acts and moves checkpoint,
 * progress and result on; after a collision all three are as before, and it is called again. */
typedef bool act_work(struct admin_job_run *run, void *context, struct err *err);
MUST_CHECK bool act_once(struct admin_job_run *run, act_work *work, void *context, bool *go_on_out, struct err *err);

#endif
