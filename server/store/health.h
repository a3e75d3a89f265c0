/* The health of a directory as a row and what is added to it. Pure. */
#ifndef STORE_HEALTH_H
#define STORE_HEALTH_H

#include "store/request.h"

enum { HEALTH_DETAIL_BYTES = 600, HEALTH_BURST_MS = 2 * 60 * 1000 };

struct health_error {
    int64_t at_ms; /* 0: none */
    struct id id;
    int status;
    enum err_kind problem;
    const char *operation;
    char detail[256];
};

/* What came in a few seconds. */
struct health_note {
    struct health_note *next;
    struct directory_id directory;
    uint32_t hour;
    int64_t began_ms, last_ms; /* of its requests */
    int64_t last_success_ms;   /* 0: none */
    struct health_error error; /* the last one */
    uint64_t requests, failures, skipped;
    uint64_t failures_in_row; /* since the last success of these, or since they began */
};
void health_add(struct health_note *note, const struct store_ending *ending);

/* The columns of directory_health that depend on what they were. */
struct health_row {
    bool exists;
    int64_t first_ms, last_ms, last_success_ms;
    uint64_t failures_in_row;
    int64_t usual_gap_ms; /* 0: nothing was learned yet */
    uint64_t gaps;
};
/* Gaps longer than HEALTH_BURST_MS are learned from: a longer one than usual at once by half, a shorter one slowly, so
 * that what is learned is how long it can take without anything being wrong. */
void health_merge(struct health_row *row, const struct health_note *note);

/* --- the notes of the process --- */

/* A request that was noted is not in the log all the same. */
void health_skip(struct directory_id directory, int64_t now_ms);

/* Those that began before then, oldest first; they are the caller's. */
struct health_note *health_take(int64_t before_ms);
void health_give_back(struct health_note *notes); /* could not be written: for the next take */

struct db;
/* Writes them in one transaction; false: nothing was. */
MUST_CHECK bool health_write(struct db *db, const struct health_note *notes, struct err *err);

#endif
