#include "health.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/must.h"

enum { HOUR_MS = 3600 * 1000, BUCKETS = 1024, MOST_NOTES = 32768, SURE_GAPS = 5 };

/* --- pure --- */

enum store_outcome store_outcome_of(int status)
{
    if (status < 400)
        return OUTCOME_SUCCESS;
    bool belongs = status == 404 || status == 409 || status == 412 || status == STORE_CLIENT_LEFT;
    return belongs ? OUTCOME_REFUSED : OUTCOME_FAILURE;
}

static void keep_error(struct health_note *note, const struct store_ending *ending)
{
    note->error = (struct health_error){.at_ms = ending->now_ms,
                                        .id = ending->id,
                                        .status = ending->status,
                                        .problem = ending->problem,
                                        .operation = ending->operation};
    size_t len = ending->detail ? strnlen(ending->detail, sizeof note->error.detail - 1) : 0;
    memcpy(note->error.detail, ending->detail ? ending->detail : "", len);
}

void health_add(struct health_note *note, const struct store_ending *ending)
{
    note->requests++;
    if (note->began_ms == 0)
        note->began_ms = ending->now_ms;
    if (note->last_ms < ending->now_ms)
        note->last_ms = ending->now_ms;
    note->skipped += ending->skipped;
    if (ending->outcome == OUTCOME_SUCCESS) {
        note->last_success_ms = ending->now_ms;
        note->failures_in_row = 0;
        return;
    }
    if (ending->outcome == OUTCOME_FAILURE) {
        note->failures++;
        note->failures_in_row++;
    }
    if (ending->outcome == OUTCOME_FAILURE || ending->status == 409)
        keep_error(note, ending);
}

/* An outage must not teach that outages are usual, so one gap counts for no more than twice the usual. */
static void learn_gap(struct health_row *row, int64_t gap_ms)
{
    if (gap_ms < HEALTH_BURST_MS)
        return;
    if (row->gaps >= SURE_GAPS && gap_ms > 2 * row->usual_gap_ms)
        gap_ms = 2 * row->usual_gap_ms;
    if (row->gaps == 0)
        row->usual_gap_ms = gap_ms;
    else if (gap_ms > row->usual_gap_ms)
        row->usual_gap_ms += (gap_ms - row->usual_gap_ms) / 2;
    else
        row->usual_gap_ms -= (row->usual_gap_ms - gap_ms) / 8;
    row->gaps++;
}

void health_merge(struct health_row *row, const struct health_note *note)
{
    if (row->exists)
        learn_gap(row, note->began_ms - row->last_ms);
    if (!row->exists || note->began_ms < row->first_ms)
        row->first_ms = note->began_ms;
    row->exists = true;
    if (row->last_ms < note->last_ms)
        row->last_ms = note->last_ms;
    if (row->last_success_ms < note->last_success_ms)
        row->last_success_ms = note->last_success_ms;
    row->failures_in_row = note->last_success_ms ? note->failures_in_row : row->failures_in_row + note->failures_in_row;
}

/* --- the notes of the process --- */

static struct {
    pthread_mutex_t mutex;
    struct health_note *buckets[BUCKETS];
    size_t count;
    struct health_note *returned;
} notes = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* Ids are UUIDv7: their last bytes are random. */
static struct health_note **bucket_of(struct directory_id directory)
{
    const uint8_t *tail = &directory.id.bytes[ID_BYTES - 2];
    return &notes.buckets[(tail[0] << 8 | tail[1]) % BUCKETS];
}

/* NULL: there are too many. */
static struct health_note *find_note(struct directory_id directory, uint32_t hour)
{
    struct health_note **bucket = bucket_of(directory), *note = *bucket;
    while (note && (note->hour != hour || !id_equals(&note->directory.id, &directory.id)))
        note = note->next;
    if (note || notes.count == MOST_NOTES)
        return note;
    note = calloc(1, sizeof *note);
    must(note);
    note->directory = directory;
    note->hour = hour;
    note->next = *bucket;
    *bucket = note;
    notes.count++;
    return note;
}

void store_request_ended(struct directory_id directory, const struct store_ending *ending)
{
    pthread_mutex_lock(&notes.mutex);
    struct health_note *note = find_note(directory, (uint32_t)(ending->now_ms / HOUR_MS));
    if (note)
        health_add(note, ending);
    pthread_mutex_unlock(&notes.mutex);
}

void health_skip(struct directory_id directory, int64_t now_ms)
{
    pthread_mutex_lock(&notes.mutex);
    struct health_note *note = find_note(directory, (uint32_t)(now_ms / HOUR_MS));
    if (note)
        note->skipped++;
    if (note && note->began_ms == 0)
        note->began_ms = note->last_ms = now_ms;
    pthread_mutex_unlock(&notes.mutex);
}

static void take_bucket(struct health_note **bucket, int64_t before_ms, struct health_note **taken)
{
    while (*bucket) {
        struct health_note *note = *bucket;
        if (note->began_ms >= before_ms) {
            bucket = &note->next;
            continue;
        }
        *bucket = note->next;
        note->next = *taken;
        *taken = note;
        notes.count--;
    }
}

static int compare_notes(const void *a, const void *b)
{
    const struct health_note *left = *(struct health_note *const *)a, *right = *(struct health_note *const *)b;
    int order = id_compare(&left->directory.id, &right->directory.id);
    return order ? order : (left->began_ms > right->began_ms) - (left->began_ms < right->began_ms);
}

/* By directory, the order in which their rows are locked; those of one directory by time. */
static struct health_note *sort_notes(struct health_note *list)
{
    size_t count = 0;
    for (struct health_note *note = list; note; note = note->next)
        count++;
    if (count < 2)
        return list;
    struct health_note **order = calloc(count, sizeof(struct health_note *));
    must(order);
    for (size_t i = 0; list; list = list->next)
        order[i++] = list;
    qsort(order, count, sizeof(struct health_note *), compare_notes);
    for (size_t i = 0; i < count; i++)
        order[i]->next = i + 1 < count ? order[i + 1] : NULL;
    list = order[0];
    free(order);
    return list;
}

struct health_note *health_take(int64_t before_ms)
{
    pthread_mutex_lock(&notes.mutex);
    struct health_note *taken = notes.returned;
    notes.returned = NULL;
    for (struct health_note *note = taken; note; note = note->next)
        notes.count--;
    for (size_t i = 0; i < BUCKETS; i++)
        take_bucket(&notes.buckets[i], before_ms, &taken);
    pthread_mutex_unlock(&notes.mutex);
    return sort_notes(taken);
}

void health_give_back(struct health_note *list)
{
    pthread_mutex_lock(&notes.mutex);
    while (list) {
        struct health_note *note = list;
        list = note->next;
        note->next = notes.returned;
        notes.returned = note;
        notes.count++;
    }
    pthread_mutex_unlock(&notes.mutex);
}
