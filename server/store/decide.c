/* Beats two and three of a turn: what the jobs of a batch want is loaded, and they decide. */
#include "base/must.h"
#include "worker.h"

enum { MOST_ROUNDS = 20 };

/* Hands a job on to the query lane; a full lane is an answer, too. */
static void hand_on(struct job *job)
{
    struct err err = ERR_INIT;
    if (queue_push(job->query_queue, job))
        return;
    err_set(&err, ERR_BUSY, "Too many requests are waiting, try again");
    worker_fail(job, &err);
    worker_deliver(&job, 1);
}

static void leave_batch(struct batch *batch, size_t at)
{
    memmove(&batch->jobs[at], &batch->jobs[at + 1], (batch->count - at - 1) * sizeof(batch->jobs[0]));
    batch->count--;
}

/* One round of decisions. true: some job wants rows. */
static bool step_any(struct batch *batch, struct view *view, bool *done)
{
    bool wanting = false;
    for (size_t i = 0; i < batch->count; i++) {
        if (done[i])
            continue;
        struct job *job = batch->jobs[i];
        switch (job->class->step(job, view)) {
        case JOB_DONE:
            done[i] = true;
            break;
        case JOB_WANTS:
            wanting = true;
            break;
        case JOB_QUERY:
            leave_batch(batch, i);
            memmove(&done[i], &done[i + 1], (batch->count - i) * sizeof(done[0]));
            i--;
            hand_on(job);
            break;
        }
    }
    return wanting;
}

/* The same for those that are in order. Behind one that wants rows, the others look ahead: what they want is loaded
 * with it, but their answers do not count yet. */
static bool step_in_order(struct batch *batch, struct view *view, bool *done)
{
    for (size_t i = 0; i < batch->count; i++) {
        if (done[i])
            continue;
        enum job_step next = batch->jobs[i]->class->step(batch->jobs[i], view);
        must(next != JOB_QUERY);
        done[i] = next == JOB_DONE && !view->looks_ahead;
        view->looks_ahead = view->looks_ahead || !done[i];
    }
    bool wanting = view->looks_ahead;
    view->looks_ahead = false;
    return wanting;
}

static bool step_all(struct batch *batch, struct view *view, bool *done)
{
    return batch->in_order ? step_in_order(batch, view, done) : step_any(batch, view, done);
}

bool batch_decide(struct batch *batch, struct view *view, struct db *db, struct err *err)
{
    bool done[WORKER_MOST_JOBS] = {false};
    size_t most = batch->in_order ? MOST_ROUNDS * batch->count : MOST_ROUNDS;
    for (size_t round = 0; step_all(batch, view, done); round++) {
        must(round < most); /* a use case that never has enough is a bug */
        if (!view_load(view, db, err))
            return false;
    }
    return true;
}
