#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

#include "obs/metrics.h"

static char *render(void)
{
    struct buf out;
    buf_init(&out, 1 << 20);
    metrics_render(&out);
    buf_add_char(&out, '\0');
    assert_false(out.overflowed);
    return out.data;
}

static void assert_rendered(const char *line)
{
    char *text = render();
    if (!strstr(text, line))
        fail_msg("no line \"%s\" in:\n%s", line, text);
    free(text);
}

static void test_counters_add_up_per_label_values(void **state)
{
    (void)state;
    metric_add(metric_series(METRIC_REQUESTS, "user.get", "200"), 2);
    metric_add(metric_series(METRIC_REQUESTS, "user.get", "200"), 1);
    metric_add(metric_series(METRIC_REQUESTS, "user.get", "404"), 1);
    assert_rendered("rollcall_requests_total{operation=\"user.get\",status=\"200\"} 3\n");
    assert_rendered("rollcall_requests_total{operation=\"user.get\",status=\"404\"} 1\n");
    assert_rendered("# TYPE rollcall_requests_total counter\n");
}

static void test_the_same_values_give_the_same_series(void **state)
{
    (void)state;
    assert_ptr_equal(metric_series(METRIC_CUT, "idle", NULL), metric_series(METRIC_CUT, "idle", NULL));
    assert_ptr_not_equal(metric_series(METRIC_CUT, "idle", NULL), metric_series(METRIC_CUT, "resets", NULL));
}

static void test_gauges_go_up_and_down(void **state)
{
    (void)state;
    struct metric_series *open = metric_series(METRIC_CONNECTIONS_OPEN, NULL, NULL);
    metric_add(open, 5);
    metric_add(open, -7);
    assert_rendered("rollcall_connections_open -2\n");
    metric_set(open, 9);
    assert_rendered("rollcall_connections_open 9\n");
}

static void test_histograms_of_seconds_are_cumulative(void **state)
{
    (void)state;
    struct metric_series *series = metric_series(METRIC_REQUEST_SECONDS, "seconds", NULL);
    metric_observe_ns(series, 1000000);     /* exactly on a bound */
    metric_observe_ns(series, 1000001);     /* just over it */
    metric_observe_ns(series, 99000000000); /* beyond the last */
    assert_rendered("rollcall_request_seconds_bucket{operation=\"seconds\",le=\"0.0005\"} 0\n");
    assert_rendered("rollcall_request_seconds_bucket{operation=\"seconds\",le=\"0.001\"} 1\n");
    assert_rendered("rollcall_request_seconds_bucket{operation=\"seconds\",le=\"0.0025\"} 2\n");
    assert_rendered("rollcall_request_seconds_bucket{operation=\"seconds\",le=\"10\"} 2\n");
    assert_rendered("rollcall_request_seconds_bucket{operation=\"seconds\",le=\"+Inf\"} 3\n");
    assert_rendered("rollcall_request_seconds_sum{operation=\"seconds\"} 99.002000001\n");
    assert_rendered("rollcall_request_seconds_count{operation=\"seconds\"} 3\n");
}

static void test_histograms_of_counts_have_bounds_of_jobs(void **state)
{
    (void)state;
    struct metric_series *series = metric_series(METRIC_BATCH, "read", NULL);
    metric_observe(series, 1);
    metric_observe(series, 32);
    assert_rendered("rollcall_batch_jobs_bucket{lane=\"read\",le=\"1\"} 1\n");
    assert_rendered("rollcall_batch_jobs_bucket{lane=\"read\",le=\"32\"} 2\n");
    assert_rendered("rollcall_batch_jobs_sum{lane=\"read\"} 33\n");
}

static void test_label_values_are_escaped(void **state)
{
    (void)state;
    metric_add(metric_series(METRIC_REFUSED, "a\"b\\c\nd", NULL), 1);
    assert_rendered("rollcall_requests_refused_total{reason=\"a\\\"b\\\\c\\nd\"} 1\n");
}

static void test_beyond_512_series_there_is_one_called_other(void **state)
{
    (void)state;
    char name[16];
    for (int i = 0; i < 512; i++) {
        snprintf(name, sizeof name, "kind-%d", i);
        metric_add(metric_series(METRIC_DATABASE_ERRORS, name, NULL), 1);
    }
    metric_add(metric_series(METRIC_DATABASE_ERRORS, "one more", NULL), 1);
    metric_add(metric_series(METRIC_DATABASE_ERRORS, "and another", NULL), 1);
    assert_rendered("rollcall_database_errors_total{kind=\"other\"} 2\n");
    metric_add(metric_series(METRIC_DATABASE_ERRORS, "kind-511", NULL), 1);
    assert_rendered("rollcall_database_errors_total{kind=\"kind-511\"} 2\n");
}

static void *count_a_lot(void *series)
{
    for (int i = 0; i < 100000; i++)
        metric_add(series, 1);
    return NULL;
}

static void test_threads_lose_no_increment(void **state)
{
    (void)state;
    struct metric_series *series = metric_series(METRIC_COMMITS, NULL, NULL);
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count_a_lot, series), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    assert_rendered("rollcall_commits_total 400000\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counters_add_up_per_label_values),
        cmocka_unit_test(test_the_same_values_give_the_same_series),
        cmocka_unit_test(test_gauges_go_up_and_down),
        cmocka_unit_test(test_histograms_of_seconds_are_cumulative),
        cmocka_unit_test(test_histograms_of_counts_have_bounds_of_jobs),
        cmocka_unit_test(test_label_values_are_escaped),
        cmocka_unit_test(test_beyond_512_series_there_is_one_called_other),
        cmocka_unit_test(test_threads_lose_no_increment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
