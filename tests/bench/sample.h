/* What every generator measures: latencies, and the CPU time that processes spend meanwhile. */
#ifndef BENCH_SAMPLE_H
#define BENCH_SAMPLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct latencies { /* microseconds */
    uint32_t *list;
    size_t count, capacity;
};

void latencies_add(struct latencies *latencies, uint64_t ns);
double latencies_percentile(struct latencies *latencies, double percent); /* ms; sorts the list */

uint64_t sample_now_ns(void); /* monotonic */

/* CPU time that a process has used so far, in ns; 0 for pid 0. Ends the program when there is no such process. */
uint64_t sample_cpu_ns(int pid);

/* Reads a whole number of a command line; ends the program with a message that names the option. */
uint64_t sample_number(const char *option, const char *text);

_Noreturn void sample_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* A file of lines `first second`, as the loader writes them. */
struct pairs {
    char (*first)[128], (*second)[128];
    size_t count;
};
void sample_pairs(const char *directory, const char *name, struct pairs *pairs_out);

#endif
