#include "purge.h"

#include "admin_api_sql.h"
#include "idempotency.h"
#include "jobs.h"
#include "obs/log.h"
#include "scim/policy.h"
#include "setup_links.h"
#include "signing_keys.h"
#include "webhooks.h"

enum { PURGE_ROWS = 200, DAY_MS = 86400000 };

static bool purge_deleted(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    struct db_value parameters[] = {db_integer(before_ms), db_integer((int64_t)most)};
    return db_execute(db, sql_deleted_purge, parameters, 2, purged_out, err);
}

static bool purge_deleted_memberships(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out,
                                      struct err *err)
{
    struct db_value parameters[] = {db_integer(before_ms), db_integer((int64_t)most)};
    return db_execute(db, sql_deleted_membership_purge, parameters, 2, purged_out, err);
}

static bool purge_departed(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    struct db_value parameters[] = {db_integer(before_ms), db_integer((int64_t)most)};
    return db_execute(db, sql_departed_purge, parameters, 2, purged_out, err);
}

/* Departures that no guard counts any more. */
static bool purge_departures(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    struct db_value parameters[] = {db_integer(before_ms), db_integer((int64_t)most)};
    return db_execute(db, sql_guard_purge, parameters, 2, purged_out, err);
}

static bool purge_import_problems(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out,
                                  struct err *err)
{
    struct db_value parameters[] = {db_integer(before_ms), db_integer((int64_t)most)};
    return db_execute(db, sql_import_purge_problems, parameters, 2, purged_out, err);
}

/* Files of imports that were cancelled before they began. */
static bool purge_import_pieces(struct db *db, int64_t before_ms, uint64_t most, uint64_t *purged_out, struct err *err)
{
    (void)before_ms;
    struct db_value parameters[] = {db_integer((int64_t)most)};
    return db_execute(db, sql_import_purge_pieces, parameters, 1, purged_out, err);
}

enum { JOB_RETENTION = -1, DELETED_RETENTION = -2 };

static const struct {
    const char *what; /* for the log */
    int64_t kept_ms;  /* or one of those above, which are settings */
    purge_fn *drop;
} purges[] = {
    {"jobs", JOB_RETENTION, admin_jobs_purge},
    {"memberships of deleted people", DELETED_RETENTION, purge_deleted_memberships},
    {"deleted people", DELETED_RETENTION, purge_deleted},
    {"people who left", DELETED_RETENTION, purge_departed},
    {"departures", (int64_t)SCIM_GUARD_LONGEST_S * 1000, purge_departures},
    {"problems of imports", JOB_RETENTION, purge_import_problems},
    {"files of imports", JOB_RETENTION, purge_import_pieces},
    {"signed tokens' ids", 0, signing_uses_purge},
    {"secrets of webhooks that were replaced", 0, webhook_secrets_purge},
    {"setup links", (int64_t)SETUP_KEEP_DAYS *DAY_MS, setup_links_purge},
    {"idempotency keys", IDEMPOTENCY_MS, idempotency_purge},
};
enum { PURGES = sizeof purges / sizeof purges[0] };

static int64_t kept_ms(const struct chore *chore, int64_t kept)
{
    const struct settings *settings = chore->settings;
    if (kept == DELETED_RETENTION)
        return (int64_t)settings->deleted_retention_days * DAY_MS;
    return kept == JOB_RETENTION ? (int64_t)settings->job_retention_days * DAY_MS : kept;
}

static bool purge(struct chore *chore, size_t line, struct err *err)
{
    int64_t before_ms = chore->now_ms - kept_ms(chore, purges[line].kept_ms);
    uint64_t purged = PURGE_ROWS, total = 0;
    while (purged == PURGE_ROWS && !chore_is_stopping(chore)) {
        if (!purges[line].drop(chore->db, before_ms, PURGE_ROWS, &purged, err))
            return false;
        total += purged;
        (void)!chore_pause(chore);
    }
    if (total > 0)
        log_event(LOG_INFO, "admin", "dropped what is old", LOG_TEXT("what", purges[line].what),
                  LOG_NUMBER("rows", total));
    return true;
}

bool purge_chore(struct chore *chore, struct err *err)
{
    for (size_t i = 0; i < PURGES; i++)
        if (!purge(chore, i, err))
            return false;
    return true;
}
