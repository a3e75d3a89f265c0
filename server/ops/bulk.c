/* POST /Bulk (RFC 7644 section 3.7): admitted, read and planned in the query lane, then run in waves. */
#include "bulk.h"

#include "base/clock.h"
#include "base/json.h"
#include "door.h"
#include "use_cases.h"

enum { MOST_AT_A_TIME = 16 }; /* of the process: each holds its message as objects */

static unsigned under_way;

static bool take_place(struct err *err)
{
    if (__atomic_add_fetch(&under_way, 1, __ATOMIC_RELAXED) <= MOST_AT_A_TIME)
        return true;
    __atomic_sub_fetch(&under_way, 1, __ATOMIC_RELAXED);
    return err_set(err, ERR_BUSY, "Too many bulk requests are being worked on, try again.");
}

static void give_back_place(void) { __atomic_sub_fetch(&under_way, 1, __ATOMIC_RELAXED); }

/* --- its way --- */

static void end(struct bulk *bulk)
{
    json_decref(bulk->message);
    bulk->message = NULL;
    give_back_place();
}

/* The last that is done with a parked bulk: it may be gone afterwards. */
static void finish(struct bulk *bulk)
{
    struct op *op = bulk->call->op;
    bulk_reply(bulk);
    end(bulk);
    op_finish(op);
}

/* true: the next wave is with the store, and the bulk is no longer the caller's. */
static bool send_wave(struct bulk *bulk, struct err *err)
{
    uint64_t now_ns = clock_monotonic_ns();
    struct job *job = &bulk->wave.job;
    if (now_ns > bulk->deadline_ns)
        return err_set(err, ERR_BUSY, "The bulk request took too long: this operation was not run, try it again.");
    job->deadline_ns = bulk->queue_wait_ns ? now_ns + bulk->queue_wait_ns : 0;
    return queue_push(bulk->call->settings->write_queue, job) ||
           err_set(err, ERR_BUSY, "Too many requests are waiting: this operation was not run, try it again.");
}

static bool is_unavailable(const struct bulk_child *child)
{
    return child->op.err.kind == ERR_BUSY || child->op.err.kind == ERR_UNAVAILABLE;
}

/* The store is overloaded or the database away: what follows would fare no better, and only add to it. */
static bool has_failed_wholly(const struct bulk *bulk, struct err *err_out)
{
    for (size_t i = 0; i < bulk->wave.count; i++)
        if (!is_unavailable(&bulk->children[i]))
            return false;
    *err_out = bulk->children[0].op.err;
    return true;
}

/* On a worker's thread. */
static void on_wave_home(struct home *home, struct job *first)
{
    struct bulk *bulk = (struct bulk *)home;
    struct err err = ERR_INIT;
    (void)first; /* there is one */
    bool lost = has_failed_wholly(bulk, &err);
    bulk_wave_collect(bulk);
    if (lost && bulk->next_step < bulk->step_count)
        bulk_wave_refuse_rest(bulk, &err);
    while (!bulk->is_over && bulk->next_step < bulk->step_count) {
        bulk_wave_prepare(bulk);
        if (send_wave(bulk, &err))
            return;
        bulk_wave_refuse_rest(bulk, &err);
    }
    finish(bulk);
}

static void choose_ids(struct bulk *bulk)
{
    bulk->ids = arena_array(&bulk->call->op->arena, struct resource_id, bulk->request.count + 1);
    for (size_t i = 0; i < bulk->request.count; i++)
        bulk->ids[i].id = id_new();
}

static struct bulk *bulk_new(struct call *call, json_t *message)
{
    struct op *op = call->op;
    struct bulk *bulk = arena_new(&op->arena, struct bulk);
    *bulk = (struct bulk){.home = {.deliver = on_wave_home}, .call = call, .message = message};
    bulk->deadline_ns = clock_monotonic_ns() + (uint64_t)call->settings->bulk_timeout_ms * 1000000;
    if (op->job.deadline_ns > op->job.queued_ns)
        bulk->queue_wait_ns = op->job.deadline_ns - op->job.queued_ns;
    return bulk;
}

static bool read_message(struct bulk *bulk)
{
    struct call *call = bulk->call;
    struct arena *arena = &call->op->arena;
    if (!scim_bulk_parse(bulk->message, call->settings->bulk_max_operations, arena, &bulk->request, &call->op->err))
        return false;
    if (bulk->request.count > 1)
        door_count_more(call, bulk->request.count - 1);
    scim_bulk_plan(&bulk->request, JOB_GROUP_MOST, arena, &bulk->steps, &bulk->step_count);
    bulk->outcomes = arena_array(arena, struct bulk_outcome, bulk->request.count + 1);
    bulk->children = arena_array(arena, struct bulk_child, JOB_GROUP_MOST);
    choose_ids(bulk);
    return true;
}

/* The first wave. Nothing has been done yet when it cannot be sent, so the whole request is refused. */
static enum job_run begin(struct bulk *bulk)
{
    struct op *op = bulk->call->op;
    if (!read_message(bulk)) {
        end(bulk);
        return JOB_RAN;
    }
    if (bulk->step_count == 0) {
        bulk_reply(bulk);
        end(bulk);
        return JOB_RAN;
    }
    bulk_wave_prepare(bulk);
    struct err err = ERR_INIT;
    if (send_wave(bulk, &err))
        return JOB_PARKED;
    bulk_wave_drop(bulk);
    end(bulk);
    err_set(&op->err, ERR_BUSY, "Too many requests are waiting, try again.");
    return JOB_RAN;
}

enum job_run scim_bulk(struct op *op, struct db *db, struct err *err)
{
    struct call *call = call_of(op);
    bool good;
    if (!call_admit_loading(call, db, &good, err))
        return good ? JOB_RAN : JOB_FAILED;
    if (op->body.len == 0)
        err_set(&op->err, ERR_INVALID_SYNTAX, "The request needs a JSON object as its body.");
    if (op->err.kind != ERR_NONE || !take_place(&op->err))
        return JOB_RAN;
    json_t *message = json_parse_object(op->body, &scim_bulk_json_limits, &op->err);
    if (!message) {
        give_back_place();
        return JOB_RAN;
    }
    return begin(bulk_new(call, message));
}
