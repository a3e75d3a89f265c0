#include "purge.h"

#include "admin_api_sql.h"
#include "base/clock.h"
#include "housekeeping.h"
#include "idempotency.h"
#include "jobs.h"
#include "obs/log.h"

enum { PURGE_ROWS = 1000 };

static bool purge_changes(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    struct id first_kept = housekeeping_first_id(before_ms);
    struct db_value parameters[] = {db_id(&first_kept), db_integer((int64_t)most)};
    return db_execute(db, sql_change_purge, parameters, 2, purged_out, err);
}

enum { CHANGE_RETENTION = 0 };

static const struct {
    const char *what; /* for the log */
    int64_t kept_ms;  /* or CHANGE_RETENTION */
    purge_fn *drop;
} purges[] = {
    {"changes", CHANGE_RETENTION, purge_changes},
    {"jobs", CHANGE_RETENTION, admin_jobs_purge},
    {"idempotency keys", IDEMPOTENCY_MS, idempotency_purge},
};

bool purge_old(struct db *db, int64_t change_retention_ms, purge_pause_fn *pause, void *context, struct err *err)
{
    for (size_t i = 0; i < sizeof purges / sizeof purges[0]; i++) {
        int64_t kept_ms = purges[i].kept_ms == CHANGE_RETENTION ? change_retention_ms : purges[i].kept_ms;
        uint64_t purged = PURGE_ROWS, total = 0;
        while (purged == PURGE_ROWS && pause(context)) {
            if (!purges[i].drop(db, clock_wall_ms() - kept_ms, PURGE_ROWS, &purged, err))
                return false;
            total += purged;
        }
        if (total > 0)
            log_event(LOG_INFO, "admin", "dropped what is old", LOG_TEXT("what", purges[i].what),
                      LOG_NUMBER("rows", total));
    }
    return true;
}
