#include "touch.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/clock.h"
#include "base/must.h"
#include "obs/log.h"
#include "store/store.h"
#include "store_sql.h"
#include "undeclared.h"

enum { TOUCH_INTERVAL_MS = 60 * 1000, TOUCH_MOST = 4096 };

struct noted {
    struct directory_id directory;
    struct token_id token;
    int64_t now_ms;
};

struct touch {
    pthread_t thread;
    const struct db_settings *settings;
};

/* One per process, like the tokens themselves: noting must be possible from everywhere. */
static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    bool stopping;
    size_t count;
    struct noted list[TOUCH_MOST];
} notes = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER};

static bool is_noted(struct token_id token)
{
    for (size_t i = 0; i < notes.count; i++)
        if (id_equals(&notes.list[i].token.id, &token.id))
            return true;
    return false;
}

void touch_note(struct directory_id directory, struct token_id token, int64_t last_used_ms, int64_t now_ms)
{
    if (now_ms - last_used_ms < TOUCH_INTERVAL_MS)
        return;
    pthread_mutex_lock(&notes.mutex);
    if (notes.count < TOUCH_MOST && !is_noted(token)) /* past the limit the next use notes it */
        notes.list[notes.count++] = (struct noted){directory, token, now_ms};
    pthread_mutex_unlock(&notes.mutex);
}

void store_token_used(const struct view_token *token, int64_t now_ms)
{
    touch_note(token->directory, token->id, token->last_used_ms, now_ms);
}

static size_t take_notes(struct noted *list)
{
    pthread_mutex_lock(&notes.mutex);
    size_t count = notes.count;
    memcpy(list, notes.list, count * sizeof(*list));
    notes.count = 0;
    pthread_mutex_unlock(&notes.mutex);
    return count;
}

static bool write_notes(struct db *db, const struct noted *list, size_t count, struct err *err)
{
    struct db_value *values = malloc(count * 4 * sizeof(*values));
    must(values);
    for (size_t i = 0; i < count; i++) {
        values[i * 4] = db_integer(list[i].now_ms);
        values[i * 4 + 1] = db_id(&list[i].directory.id);
        values[i * 4 + 2] = db_id(&list[i].token.id);
        values[i * 4 + 3] = db_integer(list[i].now_ms);
    }
    bool good = count == 1 ? db_execute(db, sql_view_touch_token, values, 4, NULL, err)
                           : db_execute_bulk(db, sql_view_touch_token, values, 4, count, NULL, err);
    free(values);
    return good;
}

static bool write_all(const struct touch *touch, struct db **db, const struct noted *list, size_t count, bool stopping,
                      int64_t now_ms)
{
    struct err err = ERR_INIT;
    if (!*db)
        *db = db_open(touch->settings, &err);
    return *db && (count == 0 || write_notes(*db, list, count, &err)) && undeclared_write(*db, now_ms, stopping, &err);
}

/* What cannot be written is dropped: the token's, or the attribute's, next use notes it again. */
static void write_behind(const struct touch *touch, struct db **db, struct noted *list, bool stopping)
{
    size_t count = take_notes(list);
    int64_t now_ms = clock_wall_ms();
    if ((count == 0 && !undeclared_is_due(now_ms, stopping)) || write_all(touch, db, list, count, stopping, now_ms))
        return;
    db_close(*db);
    *db = NULL;
}

/* true: time to stop. */
static bool wait_a_second(void)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec++;
    pthread_mutex_lock(&notes.mutex);
    if (!notes.stopping)
        pthread_cond_timedwait(&notes.changed, &notes.mutex, &until);
    bool stopping = notes.stopping;
    pthread_mutex_unlock(&notes.mutex);
    return stopping;
}

static void *touch_main(void *argument)
{
    const struct touch *touch = argument;
    struct db *db = NULL;
    struct noted *list = malloc(sizeof(notes.list));
    must(list);
    bool stopping;
    do {
        stopping = wait_a_second();
        write_behind(touch, &db, list, stopping);
    } while (!stopping);
    db_close(db);
    free(list);
    return NULL;
}

struct touch *touch_start(const struct db_settings *settings)
{
    struct touch *touch = calloc(1, sizeof(*touch));
    must(touch);
    touch->settings = settings;
    notes.stopping = false;
    must(pthread_create(&touch->thread, NULL, touch_main, touch) == 0);
    return touch;
}

void touch_stop(struct touch *touch)
{
    pthread_mutex_lock(&notes.mutex);
    notes.stopping = true;
    pthread_cond_signal(&notes.changed);
    pthread_mutex_unlock(&notes.mutex);
    pthread_join(touch->thread, NULL);
    free(touch);
}
