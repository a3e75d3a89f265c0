#include "act.h"

#include <sodium.h>
#include <time.h>

#include "auth/token.h"

enum { MOST_TRIES = 8 };

struct inside act_for_call(struct call *call, struct directory_id directory, struct organization_id organization,
                           enum view_cause cause)
{
    call->acts = true;
    return (struct inside){.directory = directory,
                           .organization = organization,
                           .public_url = call->settings->public_url,
                           .actor = call->principal.key.id,
                           .cause = cause};
}

bool act_in_call(struct call *call, struct directory_id directory, struct organization_id organization,
                 enum view_cause cause, struct inside_op *ops, size_t count, struct err *err)
{
    struct inside inside = act_for_call(call, directory, organization, cause);
    return inside_run(call->db, &inside, ops, count, err);
}

static struct id id_of_actor(struct slice actor)
{
    struct id id;
    if (id_from_prefixed(ID_PREFIX_KEY, actor, &id) || id_from_prefixed(ID_PREFIX_OPERATOR_KEY, actor, &id) ||
        id_from_prefixed(ID_PREFIX_SIGNING_KEY, actor, &id))
        return id;
    return (struct id){{0}};
}

struct inside act_for_job(const struct admin_job_run *run, enum view_cause cause)
{
    return (struct inside){.directory = run->directory,
                           .organization = run->organization,
                           .public_url = run->settings->public_url,
                           .actor = id_of_actor(slice_str(run->actor)),
                           .cause = cause};
}

bool act_in_job(struct admin_job_run *run, enum view_cause cause, struct inside_op *ops, size_t count, struct err *err)
{
    struct inside inside = act_for_job(run, cause);
    return inside_run(run->db, &inside, ops, count, err);
}

struct before { /* of a try */
    json_t *checkpoint, *result;
    int64_t done, total;
};

static struct before remember(const struct admin_job_run *run)
{
    return (struct before){.checkpoint = json_deep_copy(run->checkpoint),
                           .result = json_deep_copy(run->result),
                           .done = run->done,
                           .total = run->total};
}

/* In place: whoever works on a job has its objects at hand. */
static void put_back(struct admin_job_run *run, const struct before *before)
{
    json_object_clear(run->checkpoint);
    json_object_update(run->checkpoint, before->checkpoint);
    json_object_clear(run->result);
    json_object_update(run->result, before->result);
    run->done = before->done;
    run->total = before->total;
}

static void forget(struct before *before)
{
    json_decref(before->checkpoint);
    json_decref(before->result);
}

static bool try_once(struct admin_job_run *run, act_work *work, void *context, bool *go_on_out, struct err *err)
{
    if (!db_begin(run->db, err) || !work(run, context, err) || !admin_job_step(run, go_on_out, err))
        return false;
    if (!run->lost)
        return db_commit(run->db, err);
    db_rollback(run->db); /* somebody else does it */
    return true;
}

static void pause_jittered(unsigned try)
{
    struct timespec length = {.tv_nsec = 1000000 * (long)(1 + randombytes_uniform(4u << try))};
    nanosleep(&length, NULL);
}

bool act_once(struct admin_job_run *run, act_work *work, void *context, bool *go_on_out, struct err *err)
{
    bool done = false, again = true;
    *go_on_out = false;
    for (unsigned try = 1; again && !done; try++) {
        struct before before = remember(run);
        *err = ERR_INIT;
        done = try_once(run, work, context, go_on_out, err);
        again = !done && inside_again(run->db) && try < MOST_TRIES;
        if (!done) {
            db_rollback(run->db);
            put_back(run, &before);
        }
        forget(&before);
        if (again)
            pause_jittered(try);
    }
    return done;
}
