#include "obs/metrics.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/must.h"

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };
enum unit { UNIT_NONE, UNIT_SECONDS, UNIT_COUNT };
enum { MOST_SERIES = 512, MOST_BUCKETS = 16, VALUE_BYTES = 64 };

static const struct metric {
    enum kind kind;
    enum unit unit;
    const char *name, *label, *help;
} metrics[METRIC_IDS] = {
#define SECONDS                                UNIT_SECONDS
#define COUNT                                  UNIT_COUNT
#define COUNTER(id, name, label, help)         [id] = {KIND_COUNTER, UNIT_NONE, name, label, help},
#define GAUGE(id, name, label, help)           [id] = {KIND_GAUGE, UNIT_NONE, name, label, help},
#define HISTOGRAM(id, name, label, help, unit) [id] = {KIND_HISTOGRAM, unit, name, label, help},
#include "obs/metrics.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
#undef SECONDS
#undef COUNT
};

static const uint64_t bounds_ns[] = {250000,    500000,     1000000,    2500000,    5000000,
                                     10000000,  25000000,   50000000,   100000000,  250000000,
                                     500000000, 1000000000, 2500000000, 5000000000, 10000000000};
static const char *const bounds_seconds[] = {"0.00025", "0.0005", "0.001", "0.0025", "0.005", "0.01", "0.025", "0.05",
                                             "0.1",     "0.25",   "0.5",   "1",      "2.5",   "5",    "10"};
static const uint64_t bounds_count[] = {1, 2, 4, 8, 16, 32, 64, 128};

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
_Static_assert(LENGTH(bounds_ns) == LENGTH(bounds_seconds) && LENGTH(bounds_ns) < MOST_BUCKETS, "one text per bound");

struct metric_series {
    struct metric_series *next; /* written before the series is published */
    const struct metric *metric;
    char values[2][VALUE_BYTES];
    /* A cache line of its own: loops and workers count different series at the same time. */
    _Alignas(64) _Atomic int64_t value; /* counter, gauge; sum of a histogram (ns in seconds) */
    _Atomic uint64_t buckets[MOST_BUCKETS];
};

static struct {
    pthread_mutex_t lock;
    struct metric_series *first[METRIC_IDS];
    size_t count[METRIC_IDS];
} registry = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct metric_series *find(enum metric_id id, const char *value1, const char *value2)
{
    for (struct metric_series *series = registry.first[id]; series; series = series->next)
        if (strncmp(series->values[0], value1, VALUE_BYTES - 1) == 0 &&
            strncmp(series->values[1], value2, VALUE_BYTES - 1) == 0)
            return series;
    return NULL;
}

static struct metric_series *add(enum metric_id id, const char *value1, const char *value2)
{
    struct metric_series *series = aligned_alloc(64, sizeof *series);
    must(series != NULL);
    memset(series, 0, sizeof *series);
    series->metric = &metrics[id];
    snprintf(series->values[0], VALUE_BYTES, "%s", value1);
    snprintf(series->values[1], VALUE_BYTES, "%s", value2);
    series->next = registry.first[id];
    registry.first[id] = series;
    registry.count[id]++;
    return series;
}

struct metric_series *metric_series(enum metric_id id, const char *value1, const char *value2)
{
    value1 = value1 ? value1 : "";
    value2 = value2 ? value2 : "";
    pthread_mutex_lock(&registry.lock);
    struct metric_series *series = find(id, value1, value2);
    if (!series && registry.count[id] >= MOST_SERIES) {
        value1 = "other";
        value2 = value2[0] ? "other" : "";
        series = find(id, value1, value2);
    }
    if (!series)
        series = add(id, value1, value2);
    pthread_mutex_unlock(&registry.lock);
    return series;
}

void metric_add(struct metric_series *series, int64_t amount)
{
    atomic_fetch_add_explicit(&series->value, amount, memory_order_relaxed);
}

void metric_set(struct metric_series *series, int64_t value)
{
    atomic_store_explicit(&series->value, value, memory_order_relaxed);
}

static void observe(struct metric_series *series, const uint64_t *bounds, size_t count, uint64_t value)
{
    size_t bucket = 0;
    while (bucket < count && value > bounds[bucket])
        bucket++;
    atomic_fetch_add_explicit(&series->buckets[bucket], 1, memory_order_relaxed);
    metric_add(series, (int64_t)value);
}

void metric_observe_ns(struct metric_series *series, uint64_t nanoseconds)
{
    observe(series, bounds_ns, LENGTH(bounds_ns), nanoseconds);
}

void metric_observe(struct metric_series *series, uint64_t value)
{
    observe(series, bounds_count, LENGTH(bounds_count), value);
}

static void add_escaped(struct buf *out, const char *text)
{
    for (; *text; text++) {
        if (*text == '\\' || *text == '"')
            buf_add_char(out, '\\');
        if (*text == '\n')
            buf_add_str(out, "\\n");
        else
            buf_add_char(out, *text);
    }
}

static void add_label(struct buf *out, char *opening, struct slice name, const char *value)
{
    buf_add_char(out, *opening);
    *opening = ',';
    buf_add(out, name);
    buf_add_str(out, "=\"");
    add_escaped(out, value);
    buf_add_char(out, '"');
}

/* name{label="value",…,le="bound"}; bound may be NULL. */
static void add_name(struct buf *out, const struct metric_series *series, const char *suffix, const char *bound)
{
    buf_add_str(out, series->metric->name);
    buf_add_str(out, suffix);
    char opening = '{';
    const char *label = series->metric->label;
    for (size_t i = 0; label && i < 2; i++) {
        const char *comma = strchr(label, ',');
        add_label(out, &opening, slice_of(label, comma ? (size_t)(comma - label) : strlen(label)), series->values[i]);
        label = comma ? comma + 1 : NULL;
    }
    if (bound)
        add_label(out, &opening, SLICE_LITERAL("le"), bound);
    buf_add_str(out, opening == ',' ? "} " : " ");
}

static void add_bound(char *out, size_t size, const struct metric *metric, size_t bucket)
{
    if (metric->unit == UNIT_SECONDS)
        snprintf(out, size, "%s", bounds_seconds[bucket]);
    else
        snprintf(out, size, "%llu", (unsigned long long)bounds_count[bucket]);
}

static void render_histogram(struct buf *out, struct metric_series *series)
{
    const struct metric *metric = series->metric;
    size_t bounds = metric->unit == UNIT_SECONDS ? LENGTH(bounds_ns) : LENGTH(bounds_count);
    uint64_t total = 0;
    for (size_t i = 0; i <= bounds; i++) {
        char bound[24] = "+Inf";
        if (i < bounds)
            add_bound(bound, sizeof bound, metric, i);
        total += atomic_load_explicit(&series->buckets[i], memory_order_relaxed);
        add_name(out, series, "_bucket", bound);
        buf_printf(out, "%llu\n", (unsigned long long)total);
    }
    int64_t sum = atomic_load_explicit(&series->value, memory_order_relaxed);
    add_name(out, series, "_sum", NULL);
    if (metric->unit == UNIT_SECONDS)
        buf_printf(out, "%lld.%09lld\n", (long long)(sum / 1000000000), (long long)(sum % 1000000000));
    else
        buf_printf(out, "%lld\n", (long long)sum);
    add_name(out, series, "_count", NULL);
    buf_printf(out, "%llu\n", (unsigned long long)total);
}

static void render_series(struct buf *out, struct metric_series *series)
{
    if (series->metric->kind == KIND_HISTOGRAM) {
        render_histogram(out, series);
        return;
    }
    add_name(out, series, "", NULL);
    buf_printf(out, "%lld\n", (long long)atomic_load_explicit(&series->value, memory_order_relaxed));
}

void metrics_render(struct buf *out)
{
    static const char *const kinds[] = {"counter", "gauge", "histogram"};
    pthread_mutex_lock(&registry.lock);
    for (size_t id = 0; id < METRIC_IDS; id++) {
        const struct metric *metric = &metrics[id];
        buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", metric->name, metric->help, metric->name, kinds[metric->kind]);
        for (struct metric_series *series = registry.first[id]; series; series = series->next)
            render_series(out, series);
    }
    pthread_mutex_unlock(&registry.lock);
}
