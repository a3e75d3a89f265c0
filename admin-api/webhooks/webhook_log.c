#include "webhook_log.h"

#include "admin_api_sql.h"
#include "obs/log.h"

enum { DAY_MS = 86400000, FAILED_TIMES = 10 /* as many rows, of a receiver that refuses all */ };

/* Those of the endpoint whose ids are below. */
static bool drop(struct chore *chore, const struct id *endpoint, struct id below, const char *sql, uint64_t *total,
                 bool *stopped_out, struct err *err)
{
    uint64_t erased;
    const struct db_value parameters[] = {db_id(endpoint), db_id(&below)};
    if (!chore_delete(chore, sql, parameters, 2, &erased, stopped_out, err))
        return false;
    *total += erased;
    return true;
}

/* Those behind the newest `rows`, by `sql`. */
static bool drop_behind(struct chore *chore, const struct id *endpoint, uint64_t rows, const char *sql, uint64_t *total,
                        bool *stopped_out, struct err *err)
{
    struct id nth;
    const struct db_value parameters[] = {db_id(endpoint), db_integer((int64_t)rows - 1)}, *row;
    if (!db_query_one(chore->db, sql_webhook_log_nth, parameters, 2, &row, err))
        return false;
    if (!row)
        return true;
    db_id_out(&row[0], &nth);
    return drop(chore, endpoint, nth, sql, total, stopped_out, err);
}

static bool trim(struct chore *chore, const struct id *endpoint, uint64_t *total, bool *stopped_out, struct err *err)
{
    struct id oldest = housekeeping_first_id(chore->now_ms - (int64_t)chore->settings->webhook_log_days * DAY_MS);
    uint64_t rows = chore->settings->webhook_log_rows;
    return drop(chore, endpoint, oldest, sql_webhook_log_purge, total, stopped_out, err) &&
           (*stopped_out || drop_behind(chore, endpoint, rows, sql_webhook_log_trim, total, stopped_out, err)) &&
           (*stopped_out ||
            drop_behind(chore, endpoint, rows * FAILED_TIMES, sql_webhook_log_purge, total, stopped_out, err));
}

static bool next(struct chore *chore, struct id *endpoint, bool *found_out, bool *exists_out, struct err *err)
{
    const struct db_value after = db_id(endpoint), *row;
    if (!db_query_one(chore->db, sql_webhook_log_next, &after, 1, &row, err))
        return false;
    *found_out = row != NULL;
    *exists_out = row && row[1].integer != 0;
    if (row)
        db_id_out(&row[0], endpoint);
    return true;
}

bool webhook_log_chore(struct chore *chore, struct err *err)
{
    struct id endpoint = {{0}}, last = {{0}};
    uint64_t total = 0;
    bool found = true, exists, stopped = false;
    memset(last.bytes, 0xff, sizeof last.bytes);
    while (found && !stopped && !chore_is_stopping(chore)) {
        if (!next(chore, &endpoint, &found, &exists, err))
            return false;
        if (found && !(exists ? trim(chore, &endpoint, &total, &stopped, err)
                              : drop(chore, &endpoint, last, sql_webhook_log_purge, &total, &stopped, err)))
            return false;
    }
    if (total > 0)
        log_event(LOG_INFO, "admin", "dropped old deliveries of webhooks", LOG_NUMBER("deliveries", total));
    return true;
}
