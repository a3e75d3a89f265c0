/* The requests of the benchmark, by name. */
#ifndef BENCH_REQUESTS_H
#define BENCH_REQUESTS_H

#include "base/buf.h"
#include "sample.h"

struct plan { /* what to ask for; made once */
    const struct request_kind *kind;
    const char *authority;
    char base[128];          /* /orgs/org-…/scim/v2 of the big organization */
    char authorization[160]; /* its token */
    struct pairs users, tenants, others;
    char group[64]; /* whose members change */
    uint64_t seed;
};

struct request { /* one of them; its texts are valid until the next one is made in it */
    const char *method;
    char path[512];
    char other_authorization[160];
    const char *authorization;
    struct buf body; /* empty: none */
};

/* Ends the program for an unknown name. data is the loader's directory, not needed by "hello". */
void plan_init(struct plan *plan, const char *name, const char *authority, const char *data, uint64_t seed);

/* Does a round of it have to be undone before the next one? */
bool plan_needs_undo(const struct plan *plan);

/* Request number n. The same n makes the same request, but where it picks at random. */
void plan_make(struct plan *plan, uint64_t n, struct request *request);

/* Undoes requests first to first+count-1. */
void plan_make_undo(struct plan *plan, uint64_t first, uint64_t count, struct request *request);

#endif
