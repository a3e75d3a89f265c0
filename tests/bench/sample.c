#include "sample.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void sample_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputc('\n', stderr);
    exit(1);
}

static void *grown(void *list, size_t bytes)
{
    list = realloc(list, bytes);
    if (!list)
        sample_fail("out of memory");
    return list;
}

void latencies_add(struct latencies *latencies, uint64_t ns)
{
    if (latencies->count == latencies->capacity) {
        latencies->capacity = latencies->capacity ? latencies->capacity * 2 : 65536;
        latencies->list = grown(latencies->list, latencies->capacity * sizeof(*latencies->list));
    }
    latencies->list[latencies->count++] = ns / 1000 > UINT32_MAX ? UINT32_MAX : (uint32_t)(ns / 1000);
}

static int compare(const void *a, const void *b)
{
    uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return (left > right) - (left < right);
}

double latencies_percentile(struct latencies *latencies, double percent)
{
    if (latencies->count == 0)
        return 0;
    qsort(latencies->list, latencies->count, sizeof(*latencies->list), compare);
    size_t at = (size_t)((double)(latencies->count - 1) * percent / 100);
    return latencies->list[at] / 1000.0;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now))
        sample_fail("clock_gettime: %s", strerror(errno));
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint64_t sample_now_ns(void) { return clock_ns(CLOCK_MONOTONIC); }

uint64_t sample_cpu_ns(int pid)
{
    clockid_t clock;
    if (pid == 0)
        return 0;
    if (clock_getcpuclockid(pid, &clock))
        sample_fail("process %d has gone", pid);
    return clock_ns(clock);
}

uint64_t sample_number(const char *option, const char *text)
{
    char *end;
    errno = 0;
    unsigned long long number = strtoull(text, &end, 10);
    if (errno || end == text || *end || *text == '-')
        sample_fail("%s %s: a number is needed", option, text);
    return number;
}

void sample_pairs(const char *directory, const char *name, struct pairs *pairs_out)
{
    char path[4096];
    snprintf(path, sizeof(path), "%s/%s", directory, name);
    FILE *file = fopen(path, "r");
    if (!file)
        sample_fail("%s: %s", path, strerror(errno));
    *pairs_out = (struct pairs){NULL, NULL, 0};
    char first[128], second[128];
    size_t capacity = 0;
    while (fscanf(file, "%127s %127s", first, second) == 2) {
        if (pairs_out->count == capacity) {
            capacity = capacity ? capacity * 2 : 1024;
            pairs_out->first = grown(pairs_out->first, capacity * sizeof(*pairs_out->first));
            pairs_out->second = grown(pairs_out->second, capacity * sizeof(*pairs_out->second));
        }
        memcpy(pairs_out->first[pairs_out->count], first, sizeof(first));
        memcpy(pairs_out->second[pairs_out->count++], second, sizeof(second));
    }
    fclose(file);
    if (pairs_out->count == 0)
        sample_fail("%s is empty", path);
}
