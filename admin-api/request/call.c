#include "call.h"

#include <sodium.h>
#include <time.h>

#include "accept.h"
#include "access.h"
#include "audit.h"
#include "base/json.h"
#include "body.h"
#include "housekeeping.h"
#include "idempotency.h"
#include "jobs.h"
#include "ops/inside.h"
#include "precondition.h"
#include "problem.h"
#include "query.h"
#include "rate.h"
#include "reply.h"

enum { MOST_TRIES = 5 };

/* The answer is kept before COMMIT is sent: when the connection is lost in it, a second run finds out by the audit row
 * whether the change was made, and then this is what to say, a secret that is shown once included. */
static void keep_reply(struct op *op)
{
    struct kept_reply *kept = &call_state(op)->kept;
    kept->reply = op->reply;
    kept->body = arena_slice(&op->arena, buf_slice(&op->reply.body));
    kept->commit_sent = true;
}

static void restore_reply(struct op *op)
{
    const struct kept_reply *kept = &call_state(op)->kept;
    struct buf body = op->reply.body;
    op->reply = kept->reply;
    op->reply.body = body;
    buf_clear(&op->reply.body);
    buf_add(&op->reply.body, kept->body);
    op->err = ERR_INIT;
}

static bool change(struct call *call, const struct admin_operation *operation, struct err *err)
{
    bool replayed;
    if (!db_begin(call->db, err) || !idempotency_begin(call, &replayed, err))
        return false;
    if (replayed) {
        db_rollback(call->db);
        return true;
    }
    if (!access_spend(call, err) || !precondition_check(call, operation, err) || !operation->handle(call, err) ||
        !precondition_answer(call, operation, err) || !audit_write(call, err) || !idempotency_keep(call, err))
        return false;
    keep_reply(call->op);
    return db_commit(call->db, err);
}

static void pause_jittered(unsigned try)
{
    struct timespec length = {.tv_nsec = 1000000 * (long)(1 + randombytes_uniform(4u << try))};
    nanosleep(&length, NULL);
}

/* Collisions with other transactions are nobody's fault: the whole is run again. */
static bool change_with_retries(struct call *call, const struct admin_operation *operation, struct err *err)
{
    for (unsigned try = 1;; try++) {
        *err = ERR_INIT;
        if (change(call, operation, err))
            return true;
        bool collided = call->acts ? inside_again(call->db) : db_failure(call->db) == DB_RETRY;
        db_rollback(call->db);
        audit_forget(call);
        reply_clear(call->op);
        if (!collided || try == MOST_TRIES)
            return false;
        pause_jittered(try);
    }
}

/* A first run on another connection ended in the middle of its COMMIT. */
static bool was_committed(struct call *call, bool *was_out, struct err *err)
{
    *was_out = false;
    const struct call_state *state = call->op->state;
    if (!state || !state->kept.commit_sent)
        return true;
    return audit_find(call->db, &call->op->operation_id, was_out, err);
}

static bool run_change(struct call *call, const struct admin_operation *operation, struct err *err)
{
    bool committed;
    if (!was_committed(call, &committed, err))
        return false;
    if (!committed && change_with_retries(call, operation, err)) {
        if (operation->erases && call->settings->housekeeping)
            housekeeping_wake(call->settings->housekeeping);
        if (call->started_job && call->settings->jobs)
            job_runner_wake(call->settings->jobs);
        return true;
    }
    /* The first run may have been committed while this one was refused because of it. */
    struct err ignored = ERR_INIT;
    bool again = !committed && db_failure(call->db) != DB_LOST;
    if (again && !was_committed(call, &committed, &ignored))
        return false;
    if (committed)
        restore_reply(call->op);
    return committed;
}

static bool look(struct call *call, const struct admin_operation *operation, struct err *err)
{
    return operation->handle(call, err) && precondition_answer(call, operation, err);
}

static bool answer(struct call *call, const struct admin_operation *operation, struct err *err)
{
    return access_authenticate(call, err) && rate_take(call, err) && access_authorise(call, err) &&
           accept_check(call->op->accept, operation->produces, err) && query_parse(call, operation->queries, err) &&
           body_read(call, operation, err) &&
           (operation->writes ? run_change(call, operation, err) : look(call, operation, err));
}

bool admin_run(struct op *op, struct db *db, struct err *err)
{
    struct call call = {.op = op, .db = db, .settings = op->service->context};
    bool answered = answer(&call, (const struct admin_operation *)op->operation, err);
    json_decref(call.body);
    audit_forget(&call);
    if (!answered && db_failure(db) == DB_LOST)
        return false;
    if (!answered) {
        op->err = *err; /* problem_refuse adds the fields */
    } else if (op->reply.body.overflowed) {
        err_set(&op->err, ERR_TOO_LARGE, "The answer would be too large: ask for a smaller page with ?limit=.");
    } else {
        rate_add_fields(op);
    }
    return true;
}
