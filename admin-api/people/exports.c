#include "exports.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/must.h"
#include "obs/log.h"

enum { PIECE_BYTES = 256 * 1024 };

struct exports {
    struct db_settings database;
    unsigned most;
    pthread_mutex_t mutex;
    pthread_cond_t ended;
    struct export_stream *first; /* under the mutex, as count and stopping are */
    unsigned count;
    bool stopping;
};

enum turn { TURN_OURS, TURN_CLIENTS, TURN_OVER }; /* whose the op is; over: ours, and nobody waits */

struct export_stream {
    struct exports *exports;
    struct export_stream *next, *previous;
    struct environment_id whose;
    struct op *op;
    const struct export_kind *kind;
    void *context;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    enum turn turn;      /* under the mutex, as stopping is */
    bool stopping, lost; /* lost: the loops are gone, and the op with them */
};

struct exports *exports_start(const struct db_settings *database, unsigned most)
{
    struct exports *exports = calloc(1, sizeof *exports);
    must(exports);
    exports->database = *database;
    exports->most = most;
    pthread_mutex_init(&exports->mutex, NULL);
    pthread_cond_init(&exports->ended, NULL);
    return exports;
}

/* --- one --- */

static void on_proceed(struct op *op, bool wanted)
{
    struct export_stream *stream = op->state;
    pthread_mutex_lock(&stream->mutex);
    stream->turn = wanted ? TURN_OURS : TURN_OVER;
    pthread_cond_signal(&stream->changed);
    pthread_mutex_unlock(&stream->mutex);
}

static bool wait_for_turn(struct export_stream *stream)
{
    pthread_mutex_lock(&stream->mutex);
    while (stream->turn == TURN_CLIENTS && !stream->stopping)
        pthread_cond_wait(&stream->changed, &stream->mutex);
    stream->lost = stream->turn == TURN_CLIENTS;
    bool go_on = stream->turn == TURN_OURS && !stream->stopping;
    pthread_mutex_unlock(&stream->mutex);
    return go_on;
}

void export_flush(struct export_stream *stream, bool *go_on_out)
{
    *go_on_out = true;
    if (stream->op->reply.body.len < PIECE_BYTES)
        return;
    pthread_mutex_lock(&stream->mutex);
    stream->turn = TURN_CLIENTS;
    pthread_mutex_unlock(&stream->mutex);
    stream->op->reply.more = true;
    op_send_piece(stream->op);
    *go_on_out = wait_for_turn(stream);
}

static void leave(struct export_stream *stream)
{
    struct exports *exports = stream->exports;
    pthread_mutex_lock(&exports->mutex);
    if (stream->previous)
        stream->previous->next = stream->next;
    else
        exports->first = stream->next;
    if (stream->next)
        stream->next->previous = stream->previous;
    exports->count--;
    pthread_cond_signal(&exports->ended);
    pthread_mutex_unlock(&exports->mutex);
    pthread_cond_destroy(&stream->changed);
    pthread_mutex_destroy(&stream->mutex);
    free(stream);
}

static bool run_stream(struct export_stream *stream, struct err *err)
{
    struct db *db = db_open(&stream->exports->database, err);
    bool good = db && stream->kind->run(stream, stream->op, db, stream->context, err);
    if (db && !good)
        db_rollback(db);
    db_close(db);
    return good;
}

static void *run(void *argument)
{
    struct export_stream *stream = argument;
    struct op *op = stream->op;
    struct err err = ERR_INIT;
    bool good = run_stream(stream, &err);
    if (!good && !stream->lost)
        log_event(LOG_WARN, "admin", "an export was cut short", LOG_TEXT("cause", err.detail));
    stream->kind->free(stream->context);
    if (!stream->lost) {
        op->state = NULL;
        if (!good)
            op->err = err;
        op_finish(op);
    }
    leave(stream);
    return NULL;
}

/* --- all --- */

static unsigned count_of(const struct exports *exports, const struct environment_id *whose)
{
    unsigned count = 0;
    for (const struct export_stream *stream = exports->first; stream; stream = stream->next)
        count += id_equals(&stream->whose.id, &whose->id);
    return count;
}

static bool enter(struct exports *exports, struct export_stream *stream)
{
    pthread_mutex_lock(&exports->mutex);
    bool room = exports->count < exports->most && count_of(exports, &stream->whose) < (exports->most + 1) / 2 &&
                !exports->stopping;
    if (room) {
        exports->count++;
        stream->next = exports->first;
        if (stream->next)
            stream->next->previous = stream;
        exports->first = stream;
    }
    pthread_mutex_unlock(&exports->mutex);
    return room;
}

bool exports_begin(struct exports *exports, const struct environment_id *whose, struct op *op,
                   const struct export_kind *kind, void *context, struct err *err)
{
    pthread_t thread;
    struct export_stream *stream = calloc(1, sizeof *stream);
    must(stream);
    *stream = (struct export_stream){.exports = exports, .whose = *whose, .op = op, .kind = kind, .context = context};
    pthread_mutex_init(&stream->mutex, NULL);
    pthread_cond_init(&stream->changed, NULL);
    if (!enter(exports, stream)) {
        pthread_cond_destroy(&stream->changed);
        pthread_mutex_destroy(&stream->mutex);
        free(stream);
        return err_set(err, ERR_BUSY, "Too many exports are under way, try again later.");
    }
    op->state = stream;
    op->proceed = on_proceed;
    must(pthread_create(&thread, NULL, run, stream) == 0);
    pthread_detach(thread);
    return true;
}

void exports_stop(struct exports *exports)
{
    if (!exports)
        return;
    pthread_mutex_lock(&exports->mutex);
    exports->stopping = true;
    for (struct export_stream *stream = exports->first; stream; stream = stream->next) {
        pthread_mutex_lock(&stream->mutex);
        stream->stopping = true;
        pthread_cond_signal(&stream->changed);
        pthread_mutex_unlock(&stream->mutex);
    }
    while (exports->count > 0)
        pthread_cond_wait(&exports->ended, &exports->mutex);
    pthread_mutex_unlock(&exports->mutex);
    pthread_mutex_destroy(&exports->mutex);
    pthread_cond_destroy(&exports->ended);
    free(exports);
}
