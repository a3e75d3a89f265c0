/* How the connection of a directory to its identity provider is. */
#ifndef ADMIN_HEALTH_H
#define ADMIN_HEALTH_H

#include "cadence.h"
#include "call.h"
#include "housekeeping.h"

extern const struct admin_operation health_list;

struct health {                       /* texts where the row's are, or in the arena */
    int64_t set_cadence_s;            /* 0: not set */
    int64_t first_ms;                 /* 0: nobody has come yet */
    int64_t last_ms, last_success_ms; /* 0: never */
    int64_t last_error_ms;            /* 0: never; else: */
    struct id last_error_id;
    int64_t last_error_status;
    struct slice last_error_problem, last_error_operation, last_error_detail;
    int64_t failures_in_row, usual_gap_ms, gaps;
    int64_t stalled_ms;                  /* 0: not */
    int64_t requests, failures, skipped; /* of the last 24 hours */
};
enum { HEALTH_COLUMNS = 17 }; /* of the statements that have them, see sql/health.sql */

struct health health_read(const struct db_value *row, struct arena *arena);
json_t *health_show(const struct health *health, struct slice idp, bool paused);

/* directory.stalled and directory.recovered, once for each, however many processes watch. */
MUST_CHECK bool health_watch_chore(struct chore *chore, struct err *err);

#endif
