/* What waits to be written to the request log: a list, bounded by records and by bytes. */
#include "request_ring.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/must.h"
#include "health.h"
#include "obs/metrics.h"

enum { MOST_RECORDS = 8192, MOST_BYTES = 16 << 20, WAKE_RECORDS = MOST_RECORDS / 4, IDLE_MS = 1000, GATHER_MS = 100 };

static struct {
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct store_request *first, **end;
    size_t count, bytes;
    bool stopping;
} ring = {.mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER, .end = &ring.first};

struct store_request *store_request_new(size_t text_bytes)
{
    struct store_request *request = malloc(sizeof *request + text_bytes);
    must(request);
    *request = (struct store_request){.bytes = sizeof *request}; /* the texts count it up */
    return request;
}

struct slice store_request_text(struct store_request *request, struct slice text, size_t most)
{
    char *at = (char *)request + request->bytes;
    size_t len = text.len < most ? text.len : most;
    if (len > 0)
        memcpy(at, text.data, len);
    request->bytes += len;
    return slice_of(at, len);
}

void store_request_free(struct store_request *request) { free(request); }

void request_drop(struct store_request *list)
{
    while (list) {
        struct store_request *next = list->next;
        if (list->proved)
            health_skip(list->directory, list->received_ms);
        metric_add(metric_series(METRIC_REQUEST_LOG, "dropped", NULL), 1);
        free(list);
        list = next;
    }
}

static bool add(struct store_request *request)
{
    if (ring.count == MOST_RECORDS || ring.bytes + request->bytes > MOST_BYTES)
        return false;
    request->next = NULL;
    *ring.end = request;
    ring.end = &request->next;
    ring.bytes += request->bytes;
    ring.count++;
    return true;
}

void store_request_push(struct store_request *request)
{
    pthread_mutex_lock(&ring.mutex);
    bool fits = add(request);
    if (fits && (ring.count == 1 || ring.count == WAKE_RECORDS))
        pthread_cond_signal(&ring.changed);
    pthread_mutex_unlock(&ring.mutex);
    if (!fits) {
        request->next = NULL;
        request_drop(request);
    }
}

/* --- the other end --- */

/* Until there are so many records, or for so long; false: it took as long. */
static void wait_for(size_t records, long ms)
{
    struct timespec until;
    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_nsec += ms % 1000 * 1000000;
    until.tv_sec += ms / 1000 + until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    int waited = 0;
    while (!ring.stopping && ring.count < records && waited == 0)
        waited = pthread_cond_timedwait(&ring.changed, &ring.mutex, &until);
}

struct store_request *request_ring_take(bool *stopping_out)
{
    pthread_mutex_lock(&ring.mutex);
    wait_for(1, IDLE_MS);
    if (ring.count > 0)
        wait_for(WAKE_RECORDS, GATHER_MS);
    struct store_request *taken = ring.first;
    ring.first = NULL;
    ring.end = &ring.first;
    ring.count = ring.bytes = 0;
    *stopping_out = ring.stopping;
    pthread_mutex_unlock(&ring.mutex);
    return taken;
}

void request_ring_give_back(struct store_request *first)
{
    struct store_request *lost = NULL;
    pthread_mutex_lock(&ring.mutex);
    struct store_request *newer = ring.first;
    ring.first = NULL;
    ring.end = &ring.first;
    ring.count = ring.bytes = 0;
    for (int i = 0; i < 2; i++, first = newer) {
        while (first) {
            struct store_request *next = first->next;
            if (!add(first)) {
                first->next = lost;
                lost = first;
            }
            first = next;
        }
    }
    pthread_mutex_unlock(&ring.mutex);
    request_drop(lost);
}

void request_ring_open(void) { ring.stopping = false; }

void request_ring_stop(void)
{
    pthread_mutex_lock(&ring.mutex);
    ring.stopping = true;
    pthread_cond_signal(&ring.changed);
    pthread_mutex_unlock(&ring.mutex);
}
