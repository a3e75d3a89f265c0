/* The work behind a change of indexes: rows for the resources that were there before. */
#include <time.h>

#include "admin_api_sql.h"
#include "base/json.h"
#include "indexes.h"
#include "store/indexes.h"

enum {
    BATCH = 200,      /* resources in a transaction: a writer of one of them waits for it */
    MOST_TRIES = 100, /* of a batch that collides with writers */
    BREATH_MS = 2     /* between two batches, so that others get at rows and disk */
};

static void breathe(long ms)
{
    struct timespec length = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&length, NULL);
}

static json_int_t number_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

/* --- building --- */

static struct resource_id place_of(const struct admin_job_run *run)
{
    struct resource_id after = {{{0}}};
    if (!id_from_uuid(json_slice(json_object_get(run->checkpoint, "after")), false, &after.id))
        after = (struct resource_id){{{0}}};
    return after;
}

static void keep_place(const struct admin_job_run *run, json_int_t item, const struct resource_id *after)
{
    char text[ID_UUID_CHARS + 1] = "";
    if (after)
        id_to_uuid(&after->id, text);
    json_object_set_new(run->checkpoint, "item", json_integer(item));
    json_object_set_new(run->checkpoint, "after", json_string(text));
}

struct step {
    json_int_t item;
    const json_t *what; /* {"type", "code"} */
    bool ended, go_on;
};

static bool finish_build(struct admin_job_run *run, const struct store_index_batch *batch, struct step *step,
                         struct err *err)
{
    keep_place(run, step->item + 1, NULL);
    step->ended = true;
    return batch->gone || store_index_finish(run->db, run->directory, batch->code, err);
}

/* One transaction: rows of the next resources, or the end. */
static bool build_batch(struct admin_job_run *run, struct step *step, struct err *err)
{
    struct store_index_batch batch = {.directory = run->directory,
                                      .type = (uint16_t)number_of(step->what, "type"),
                                      .code = (uint16_t)number_of(step->what, "code"),
                                      .after = place_of(run),
                                      .limit = BATCH};
    int64_t done = run->done;
    if (!db_begin(run->db, err) || !store_index_build(run->db, &batch, err))
        return false;
    run->done += (int64_t)batch.read;
    keep_place(run, step->item, &batch.after);
    bool good = (!batch.gone && batch.read == BATCH) || finish_build(run, &batch, step, err);
    good = good && admin_job_step(run, &step->go_on, err) && db_commit(run->db, err);
    if (!good)
        run->done = done;
    return good;
}

/* The checkpoint in memory goes back with what the transaction did. */
static bool build_batch_with_retries(struct admin_job_run *run, struct step *step, struct err *err)
{
    json_scoped *before = json_deep_copy(run->checkpoint);
    for (unsigned try = 1;; try++) {
        *err = ERR_INIT;
        step->ended = false;
        if (build_batch(run, step, err))
            return true;
        bool collided = db_failure(run->db) == DB_RETRY;
        db_rollback(run->db);
        json_object_update(run->checkpoint, before);
        bool ignored;
        if (!collided || try == MOST_TRIES || !admin_job_step(run, &ignored, err))
            return false;
        breathe(20);
    }
}

static bool build(struct admin_job_run *run, struct step *step, struct err *err)
{
    while (!step->ended && step->go_on) {
        if (!build_batch_with_retries(run, step, err))
            return false;
        breathe(BREATH_MS);
    }
    return true;
}

/* --- the whole --- */

static bool count_resources(struct admin_job_run *run, const json_t *builds, struct err *err)
{
    if (run->total >= 0)
        return true;
    run->total = 0;
    for (size_t i = 0; i < json_array_size(builds); i++) {
        const struct db_value parameters[] = {db_id(&run->directory.id),
                                              db_integer(number_of(json_array_get(builds, i), "type"))},
                              *row;
        if (!db_query_one(run->db, sql_index_count, parameters, 2, &row, err))
            return false;
        run->total += row ? row[0].integer : 0;
    }
    return true;
}

static bool run_items(struct admin_job_run *run, struct err *err)
{
    const json_t *builds = json_object_get(run->parameters, "build");
    struct step step = {.go_on = true};
    if (!count_resources(run, builds, err))
        return false;
    while (step.go_on) {
        step.item = number_of(run->checkpoint, "item");
        step.ended = false;
        step.what = json_array_get(builds, (size_t)step.item);
        if (!step.what)
            break;
        if (!build(run, &step, err))
            return false;
    }
    return true;
}

const struct admin_job_kind index_job = {"index_build", run_items};

bool index_job_add(struct call *call, const struct directory *directory, json_t *work, struct err *err)
{
    char text[ID_PREFIXED_CHARS + 1];
    if (json_array_size(work) == 0)
        return true;
    json_scoped *parameters = json_pack("{s:O}", "build", work);
    const struct admin_job_new job = {.kind = &index_job,
                                      .environment = directory->environment,
                                      .organization = directory->organization,
                                      .directory = directory->id,
                                      .parameters = parameters,
                                      .total = -1};
    id_to_prefixed(ID_PREFIX_JOB, &call->op->fresh_id.id, text);
    return admin_job_add(call, &job, err) && store_index_set_job(call->db, directory->id, work, slice_str(text), err);
}
