/* The lanes and their workers. */
#include "store/store.h"

#include <stdlib.h>

#include "base/must.h"
#include "probe.h"
#include "request_ring.h"
#include "touch.h"
#include "worker.h"

static const char *const lane_names[STORE_LANES] = {"read", "write", "query"};

struct store {
    struct store_settings settings;
    struct queue *queues[STORE_LANES];
    struct worker *workers;
    size_t worker_count;
    struct touch *touch;
    struct probe *probe;
    struct request_writer *request_writer; /* NULL: this process has none */
};

static void start_worker(struct store *store, enum store_lane lane)
{
    struct worker *worker = &store->workers[store->worker_count++];
    worker->lane = lane;
    worker->queue = store->queues[lane];
    worker->settings = &store->settings.db;
    worker->most = lane == STORE_QUERY ? 1 : store->settings.batch;
    must(worker->most >= 1 && worker->most <= WORKER_MOST_JOBS);
    must(pthread_create(&worker->thread, NULL, worker_main, worker) == 0);
}

static bool check_database(const struct db_settings *settings, struct err *err)
{
    struct db *db = db_open(settings, err);
    bool good = db && store_check_schema(db, err);
    db_close(db);
    return good;
}

struct store *store_start(const struct store_settings *settings, struct err *err)
{
    if (!check_database(&settings->db, err))
        return NULL;
    struct store *store = calloc(1, sizeof(*store));
    must(store);
    store->settings = *settings;
    size_t workers = 0;
    for (enum store_lane lane = STORE_READ; lane < STORE_LANES; lane++)
        workers += settings->workers[lane];
    store->workers = calloc(workers, sizeof(*store->workers));
    must(store->workers);
    store->touch = touch_start(&store->settings.db);
    store->probe = probe_start(&store->settings.db);
    if (settings->logs_requests)
        store->request_writer = request_writer_start(&store->settings.db);
    for (enum store_lane lane = STORE_READ; lane < STORE_LANES; lane++) {
        if (settings->workers[lane])
            store->queues[lane] = queue_new(lane_names[lane], settings->queue_capacity);
        for (unsigned i = 0; i < settings->workers[lane]; i++)
            start_worker(store, lane);
    }
    return store;
}

/* The query lane is closed last: the others hand jobs on to it. */
static void end_lane(struct store *store, enum store_lane lane)
{
    if (!store->queues[lane])
        return;
    queue_close(store->queues[lane]);
    for (size_t i = 0; i < store->worker_count; i++)
        if (store->workers[i].lane == lane)
            pthread_join(store->workers[i].thread, NULL);
}

void store_stop(struct store *store)
{
    for (enum store_lane lane = STORE_READ; lane < STORE_LANES; lane++)
        end_lane(store, lane);
    for (enum store_lane lane = STORE_READ; lane < STORE_LANES; lane++)
        queue_free(store->queues[lane]); /* now: the last queries may have tried to push to a closed lane */
    request_writer_stop(store->request_writer);
    probe_stop(store->probe);
    touch_stop(store->touch);
    free(store->workers);
    free(store);
}

struct queue *store_queue(struct store *store, enum store_lane lane) { return store->queues[lane]; }

bool store_ready(struct store *store, struct err *err) { return probe_ready(store->probe, err); }
