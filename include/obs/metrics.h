/* Counters, gauges and histograms, shown as Prometheus text. Adding is a relaxed atomic, callable from any thread. */
#ifndef OBS_METRICS_H
#define OBS_METRICS_H

#include <stdint.h>

#include "base/buf.h"

enum metric_id {
#define COUNTER(id, name, label, help)         id,
#define GAUGE(id, name, label, help)           id,
#define HISTOGRAM(id, name, label, help, unit) id,
#include "obs/metrics.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
    METRIC_IDS
};

/* A series: a metric and its label values. Made once (takes a lock), kept by the caller, never freed. The same metric
 * and values give the same series. Values are in the order of the labels; NULL for none. At most 512 series per metric:
 * beyond that one shared series "other". */
struct metric_series;
struct metric_series *metric_series(enum metric_id id, const char *value1, const char *value2);

void metric_add(struct metric_series *series, int64_t amount);
void metric_set(struct metric_series *series, int64_t value);
void metric_observe_ns(struct metric_series *series, uint64_t nanoseconds); /* histograms in SECONDS */
void metric_observe(struct metric_series *series, uint64_t value);          /* histograms in COUNT */

void metrics_render(struct buf *out); /* text/plain; version=0.0.4 */

#endif
