/* The thread behind the request log: takes records and notes, writes them, and waits while the database is away. */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "health.h"
#include "obs/log.h"
#include "request_ring.h"

enum { BATCH_RECORDS = 512, BATCH_BYTES = 2 << 20, HEALTH_MS = 2000, COMPLAIN_MS = 60000 };

struct request_writer {
    pthread_t thread;
    const struct db_settings *settings;
    struct db *db; /* NULL: not connected */
    int64_t complained_ms;
};

/* The first ones, as a list of their own. */
static struct store_request *cut_batch(struct store_request **list)
{
    struct store_request *first = *list, **end = list;
    size_t count = 0, bytes = 0;
    while (*end && count < BATCH_RECORDS && bytes < BATCH_BYTES) {
        bytes += (*end)->bytes;
        count++;
        end = &(*end)->next;
    }
    *list = *end;
    *end = NULL;
    return first;
}

static void free_all(struct store_request *list)
{
    while (list) {
        struct store_request *next = list->next;
        store_request_free(list);
        list = next;
    }
}

static struct store_request *join(struct store_request *first, struct store_request *second)
{
    struct store_request **end = &first;
    while (*end)
        end = &(*end)->next;
    *end = second;
    return first;
}

static void complain(struct request_writer *writer, const struct err *err)
{
    int64_t now_ms = clock_wall_ms();
    if (now_ms - writer->complained_ms < COMPLAIN_MS && now_ms >= writer->complained_ms)
        return;
    writer->complained_ms = now_ms;
    log_event(LOG_WARN, "store", "the request log cannot be written", LOG_TEXT("cause", err->detail));
}

static bool connect(struct request_writer *writer, struct err *err)
{
    if (!writer->db)
        writer->db = db_open(writer->settings, err);
    return writer->db != NULL;
}

/* Worth trying again, unlike a statement that the database will not have. */
static bool may_pass(const struct request_writer *writer)
{
    if (!writer->db)
        return true;
    enum db_failure failure = db_failure(writer->db);
    return failure == DB_LOST || failure == DB_RETRY || failure == DB_TIMED_OUT || failure == DB_FULL;
}

static void after_failure(struct request_writer *writer, const struct err *err)
{
    complain(writer, err);
    if (writer->db && db_failure(writer->db) == DB_LOST) {
        db_close(writer->db);
        writer->db = NULL;
    }
}

/* false: the rest waits. */
static bool write_requests(struct request_writer *writer, struct store_request *list)
{
    while (list) {
        struct err err = ERR_INIT;
        struct store_request *batch = cut_batch(&list);
        bool good = connect(writer, &err) && request_write(writer->db, batch, &err);
        if (!good && may_pass(writer)) {
            after_failure(writer, &err);
            request_ring_give_back(join(batch, list));
            return false;
        }
        if (good) {
            free_all(batch);
            continue;
        }
        after_failure(writer, &err);
        request_drop(batch);
    }
    return true;
}

static void free_notes(struct health_note *notes)
{
    while (notes) {
        struct health_note *next = notes->next;
        free(notes);
        notes = next;
    }
}

static void write_health(struct request_writer *writer, bool all)
{
    struct err err = ERR_INIT;
    struct health_note *notes = health_take(all ? INT64_MAX : clock_wall_ms() - HEALTH_MS);
    if (!notes)
        return;
    if (connect(writer, &err) && health_write(writer->db, notes, &err)) {
        free_notes(notes);
        return;
    }
    if (may_pass(writer))
        health_give_back(notes);
    else
        free_notes(notes);
    after_failure(writer, &err);
}

static void pause_a_moment(void)
{
    struct timespec moment = {.tv_nsec = 300000000};
    nanosleep(&moment, NULL);
}

static void *run(void *argument)
{
    struct request_writer *writer = argument;
    bool stopping = false;
    while (!stopping) {
        struct store_request *list = request_ring_take(&stopping);
        bool written = write_requests(writer, list);
        write_health(writer, stopping);
        if (!written && !stopping)
            pause_a_moment();
    }
    bool ignored;
    free_all(request_ring_take(&ignored)); /* what could not be written at last */
    free_notes(health_take(INT64_MAX));
    db_close(writer->db);
    return NULL;
}

struct request_writer *request_writer_start(const struct db_settings *settings)
{
    struct request_writer *writer = calloc(1, sizeof *writer);
    must(writer);
    writer->settings = settings;
    request_ring_open();
    must(pthread_create(&writer->thread, NULL, run, writer) == 0);
    return writer;
}

void request_writer_stop(struct request_writer *writer)
{
    if (!writer)
        return;
    request_ring_stop();
    pthread_join(writer->thread, NULL);
    free(writer);
}
