/* Load over HTTP/2, measured: see usage. Prints one JSON object; fails when an answer was no success. */
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "client.h"

static const char usage[] =
    "generate --request NAME --port N [--data DIR] [option ...]\n"
    "  --seconds N       how long to measure (default 5)\n"
    "  --warm-up-ms N    load before that (default 500)\n"
    "  --connections N   (default 64)      --streams N   requests at a time on each (default 10)\n"
    "  --rate N          so many per second, evenly spaced, latency counted from when each was due; 0: as fast as\n"
    "                    answers come (default)\n"
    "  --first N         number of the first request (default 0): numbers make requests distinct\n"
    "  --round N         requests that change members go in rounds of N (default 4000), undone in between, unmeasured\n"
    "  --server-pid N --database-pid N   whose CPU time to count\n";

enum { DRAIN_SECONDS = 30 };

struct options {
    const char *request, *data;
    uint64_t port, seconds, warm_up_ms, connections, streams, rate, first, round, server_pid, database_pid, seed;
};

struct meter {
    struct latencies latencies;
    uint64_t begin_ns, end_ns; /* answers that come in between count */
    uint64_t answers, failures;
    uint64_t measured_ns, server_cpu_ns, database_cpu_ns, client_cpu_ns;
};

struct run {
    const struct options *options;
    struct plan plan;
    struct client *client;
    struct meter meter;
    uint64_t next;
};

static void on_answer(void *context, const struct answer *answer)
{
    struct meter *meter = context;
    meter->answers++;
    if (answer->status / 100 != 2) {
        if (meter->failures++ == 0)
            fprintf(stderr, "generate: an answer of status %d: %.*s\n", answer->status, (int)answer->text.len,
                    answer->text.data ? answer->text.data : "");
    } else if (answer->ended_ns >= meter->begin_ns && answer->ended_ns < meter->end_ns) {
        latencies_add(&meter->latencies, answer->ended_ns - answer->begun_ns);
    }
}

/* Starts (sign -1) or stops (sign 1) the clocks: time and CPU of all. */
static void count_cpu(struct run *run, int sign)
{
    struct meter *meter = &run->meter;
    uint64_t direction = (uint64_t)(int64_t)sign;
    meter->measured_ns += direction * sample_now_ns();
    meter->server_cpu_ns += direction * sample_cpu_ns((int)run->options->server_pid);
    meter->database_cpu_ns += direction * sample_cpu_ns((int)run->options->database_pid);
    meter->client_cpu_ns += direction * sample_cpu_ns(getpid());
}

static bool send_one(struct run *run, uint64_t begun_ns)
{
    struct request *request = client_place(run->client);
    if (!request)
        return false;
    plan_make(&run->plan, run->next++, request);
    client_send(run->client, request, begun_ns);
    return true;
}

static void drain(struct run *run)
{
    uint64_t deadline = sample_now_ns() + DRAIN_SECONDS * 1000000000ull;
    while (client_outstanding(run->client) > 0) {
        if (sample_now_ns() > deadline)
            sample_fail("%zu answers did not come within %d s", client_outstanding(run->client), DRAIN_SECONDS);
        client_step(run->client, deadline);
    }
}

/* Keeps every place busy until the time is over. */
static void run_flat_out(struct run *run, uint64_t until_ns)
{
    for (uint64_t now = sample_now_ns(); now < until_ns; now = sample_now_ns()) {
        while (send_one(run, now))
            ;
        client_step(run->client, until_ns);
    }
}

/* One request each 1/rate seconds. When all places are taken the late ones wait, and their waiting counts. */
static void run_paced(struct run *run, uint64_t from_ns, uint64_t until_ns)
{
    double gap = 1e9 / (double)run->options->rate;
    uint64_t sent = 0, due = from_ns;
    while (due < until_ns) {
        uint64_t now = sample_now_ns();
        bool has_place = true;
        while (due <= now && due < until_ns && (has_place = send_one(run, due)))
            due = from_ns + (uint64_t)(gap * (double)++sent);
        client_step(run->client, has_place ? due : now + 1000000000u);
    }
}

static void run_until(struct run *run, uint64_t until_ns)
{
    if (run->options->rate)
        run_paced(run, sample_now_ns(), until_ns);
    else
        run_flat_out(run, until_ns);
}

static void run_for_time(struct run *run)
{
    const struct options *options = run->options;
    uint64_t begin = sample_now_ns() + options->warm_up_ms * 1000000u, end = begin + options->seconds * 1000000000u;
    run->meter.begin_ns = begin;
    run->meter.end_ns = end;
    run_until(run, begin);
    count_cpu(run, -1);
    run_until(run, end);
    count_cpu(run, 1);
    drain(run);
}

static void undo(struct run *run, uint64_t first)
{
    struct request *request = client_place(run->client);
    plan_make_undo(&run->plan, first, run->next - first, request);
    client_send(run->client, request, sample_now_ns());
    drain(run);
}

/* So that a group is about as large at the end as at the beginning: a round of additions, measured from the first
 * request to the last answer, then all of them are taken back at once. */
static void run_in_rounds(struct run *run)
{
    uint64_t wanted_ns = run->options->seconds * 1000000000u;
    while (run->meter.measured_ns < wanted_ns && run->meter.failures == 0) {
        uint64_t first = run->next;
        run->meter.begin_ns = 0;
        run->meter.end_ns = UINT64_MAX;
        count_cpu(run, -1);
        while (run->next < first + run->options->round) {
            while (run->next < first + run->options->round && send_one(run, sample_now_ns()))
                ;
            client_step(run->client, sample_now_ns() + 1000000000u);
        }
        drain(run);
        count_cpu(run, 1);
        run->meter.end_ns = 0;
        undo(run, first);
    }
}

static void print(struct run *run)
{
    struct meter *meter = &run->meter;
    double count = (double)meter->latencies.count, us = count > 0 ? 1000 * count : 1000;
    printf("{\"rate\": %.1f, \"p50_ms\": %.3f, \"p99_ms\": %.3f, \"server_cpu_us\": %.2f, \"db_cpu_us\": %.2f, "
           "\"client_cpu_us\": %.2f, \"count\": %zu, \"failures\": %" PRIu64 ", \"received_bytes\": %" PRIu64
           ", \"next\": %" PRIu64 "}\n",
           count * 1e9 / (double)meter->measured_ns, latencies_percentile(&meter->latencies, 50),
           latencies_percentile(&meter->latencies, 99), (double)meter->server_cpu_ns / us,
           (double)meter->database_cpu_ns / us, (double)meter->client_cpu_ns / us, meter->latencies.count,
           meter->failures, client_received(run->client), run->next);
}

static void read_options(int argc, char **argv, struct options *options)
{
    uint64_t *numbers[] = {&options->port,       &options->seconds,      &options->warm_up_ms, &options->connections,
                           &options->streams,    &options->rate,         &options->first,      &options->round,
                           &options->server_pid, &options->database_pid, &options->seed};
    static const struct option words[] = {
        {"port", required_argument, NULL, 0},       {"seconds", required_argument, NULL, 1},
        {"warm-up-ms", required_argument, NULL, 2}, {"connections", required_argument, NULL, 3},
        {"streams", required_argument, NULL, 4},    {"rate", required_argument, NULL, 5},
        {"first", required_argument, NULL, 6},      {"round", required_argument, NULL, 7},
        {"server-pid", required_argument, NULL, 8}, {"database-pid", required_argument, NULL, 9},
        {"seed", required_argument, NULL, 10},      {"request", required_argument, NULL, 11},
        {"data", required_argument, NULL, 12},      {NULL, 0, NULL, 0}};
    int word, index = 0;
    while ((word = getopt_long(argc, argv, "", words, &index)) != -1) {
        if (word == 11)
            options->request = optarg;
        else if (word == 12)
            options->data = optarg;
        else if (word >= 0 && word <= 10)
            *numbers[word] = sample_number(words[index].name, optarg);
        else
            sample_fail("%s", usage);
    }
    if (!options->request || options->port == 0 || options->port > 65535 || optind != argc)
        sample_fail("%s", usage);
    if (options->connections == 0 || options->streams == 0 || options->streams > 100 || options->round == 0)
        sample_fail("%s", usage);
}

int main(int argc, char **argv)
{
    struct options options = {
        .seconds = 5, .warm_up_ms = 500, .connections = 64, .streams = 10, .round = 4000, .seed = 1};
    read_options(argc, argv, &options);
    char authority[32];
    snprintf(authority, sizeof(authority), "127.0.0.1:%" PRIu64, options.port);
    static struct run run;
    run.options = &options;
    run.next = options.first;
    plan_init(&run.plan, options.request, authority, options.data, options.seed);
    run.client =
        client_new((uint16_t)options.port, authority, options.connections, options.streams, on_answer, &run.meter);
    if (plan_needs_undo(&run.plan))
        run_in_rounds(&run);
    else
        run_for_time(&run);
    print(&run);
    client_free(run.client);
    return run.meter.failures ? 1 : 0;
}
