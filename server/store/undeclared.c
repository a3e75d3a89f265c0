#include "undeclared.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/must.h"
#include "store/store.h"
#include "store_sql.h"

enum { INTERVAL_MS = 60 * 1000, MOST_NOTES = 4096, TAKEN_AT_ONCE = 256, MOST_OF_A_DIRECTORY = 1000 };

struct note {
    struct undeclared_seen seen; /* uses 0: nothing since it was written */
    int64_t written_ms;          /* 0: never */
};

/* One per process, open addressing. A place is given up when another path needs it and its note has been written. */
static struct {
    pthread_mutex_t mutex;
    struct note *notes; /* MOST_NOTES; made at the first note */
} seen = {.mutex = PTHREAD_MUTEX_INITIALIZER};

static bool is_of(const struct note *note, const struct directory_id *directory, uint16_t type, struct slice path)
{
    return note->seen.type == type && id_equals(&note->seen.directory.id, &directory->id) &&
           slice_equals(slice_of(note->seen.path, note->seen.path_len), path);
}

static size_t first_place(const struct directory_id *directory, uint16_t type, struct slice path)
{
    uint32_t hash = 2166136261u ^ type;
    for (size_t i = 0; i < ID_BYTES; i++)
        hash = (hash ^ directory->id.bytes[i]) * 16777619u;
    for (size_t i = 0; i < path.len; i++)
        hash = (hash ^ (unsigned char)path.data[i]) * 16777619u;
    return hash % MOST_NOTES;
}

/* The note's place, or one that it may have; NULL: all near ones are taken. */
static struct note *find_place(const struct directory_id *directory, uint16_t type, struct slice path)
{
    enum { NEAR = 16 };
    struct note *idle = NULL;
    size_t first = first_place(directory, type, path);
    for (size_t i = 0; i < NEAR; i++) {
        struct note *note = &seen.notes[(first + i) % MOST_NOTES];
        if (is_of(note, directory, type, path))
            return note;
        if (!idle && note->seen.uses == 0)
            idle = note;
    }
    return idle;
}

static void start(struct note *note, const struct directory_id *directory, uint16_t type, struct slice path,
                  int64_t now_ms)
{
    *note = (struct note){.seen = {.directory = *directory, .type = type, .path_len = (uint16_t)path.len}};
    note->seen.first_ms = now_ms;
    memcpy(note->seen.path, path.data, path.len);
}

void store_undeclared_seen(struct directory_id directory, uint16_t type, struct slice path, int64_t now_ms)
{
    if (path.len == 0 || path.len > SCIM_UNDECLARED_PATH_BYTES)
        return;
    pthread_mutex_lock(&seen.mutex);
    if (!seen.notes)
        seen.notes = calloc(MOST_NOTES, sizeof(*seen.notes));
    must(seen.notes);
    struct note *note = find_place(&directory, type, path);
    if (note) {
        if (!is_of(note, &directory, type, path))
            start(note, &directory, type, path, now_ms);
        if (note->seen.uses++ == 0)
            note->seen.first_ms = now_ms;
        if (note->seen.last_ms < now_ms)
            note->seen.last_ms = now_ms;
    }
    pthread_mutex_unlock(&seen.mutex);
}

static bool is_due(const struct note *note, int64_t now_ms, bool all)
{
    return note->seen.uses > 0 && (all || now_ms - note->written_ms >= INTERVAL_MS);
}

size_t undeclared_take(int64_t now_ms, bool all, struct undeclared_seen *list, size_t most)
{
    size_t count = 0;
    pthread_mutex_lock(&seen.mutex);
    for (size_t i = 0; seen.notes && i < MOST_NOTES && count < most; i++) {
        struct note *note = &seen.notes[i];
        if (!is_due(note, now_ms, all))
            continue;
        list[count++] = note->seen;
        note->seen.uses = 0;
        note->written_ms = now_ms;
    }
    pthread_mutex_unlock(&seen.mutex);
    return count;
}

/* A path that is new to the directory is added while there is room: names are chosen by clients. */
static bool write_one(struct db *db, const struct undeclared_seen *one, struct err *err)
{
    struct db_value directory = db_id(&one->directory.id), type = db_integer(one->type);
    struct db_value path = db_bytes(slice_of(one->path, one->path_len));
    struct db_value uses = db_integer((int64_t)one->uses), last = db_integer(one->last_ms);
    const struct db_value again[] = {last, uses, directory, type, path};
    const struct db_value fresh[] = {directory, type,      path,      db_integer(one->first_ms),      last,
                                     uses,      directory, directory, db_integer(MOST_OF_A_DIRECTORY)};
    uint64_t changed = 0;
    return db_execute(db, sql_undeclared_update, again, sizeof(again) / sizeof(again[0]), &changed, err) &&
           (changed > 0 || db_execute(db, sql_undeclared_insert, fresh, sizeof(fresh) / sizeof(fresh[0]), NULL, err));
}

bool undeclared_write(struct db *db, int64_t now_ms, bool all, struct err *err)
{
    struct undeclared_seen *list = calloc(TAKEN_AT_ONCE, sizeof(*list));
    must(list);
    bool good = true;
    size_t count = TAKEN_AT_ONCE;
    while (good && count == TAKEN_AT_ONCE) {
        count = undeclared_take(now_ms, all, list, TAKEN_AT_ONCE);
        for (size_t i = 0; good && i < count; i++)
            good = write_one(db, &list[i], err);
    }
    free(list);
    return good;
}

bool undeclared_is_due(int64_t now_ms, bool all)
{
    bool due = false;
    pthread_mutex_lock(&seen.mutex);
    for (size_t i = 0; seen.notes && i < MOST_NOTES && !due; i++)
        due = is_due(&seen.notes[i], now_ms, all);
    pthread_mutex_unlock(&seen.mutex);
    return due;
}
