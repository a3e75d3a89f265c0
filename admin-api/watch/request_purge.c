/* The request log keeps so many days, and so many requests of each directory. */
#include "admin_api_sql.h"
#include "obs/log.h"
#include "requests.h"

enum { DAY_MS = 86400000, HOUR_MS = 3600000, HOURS_KEPT = 35 * 24 };

/* *first_kept_out: the oldest id that stays. */
static bool find_border(struct chore *chore, const struct id *directory, struct id *first_kept_out, struct err *err)
{
    struct db_value parameters[] = {db_id(directory), db_integer((int64_t)chore->settings->request_log_rows - 1)};
    const struct db_value *row;
    struct id nth;
    *first_kept_out = housekeeping_first_id(chore->now_ms - (int64_t)chore->settings->request_log_days * DAY_MS);
    if (!db_query_one(chore->db, sql_request_nth, parameters, 2, &row, err))
        return false;
    if (!row)
        return true;
    db_id_out(&row[0], &nth);
    if (id_compare(&nth, first_kept_out) > 0)
        *first_kept_out = nth;
    return true;
}

/* Bodies first: without them a row is still right, but not the other way round. */
static bool purge_directory(struct chore *chore, const struct id *directory, uint64_t *purged_out, bool *stopped_out,
                            struct err *err)
{
    struct id first_kept;
    if (!find_border(chore, directory, &first_kept, err))
        return false;
    struct db_value parameters[] = {db_id(directory), db_id(&first_kept)};
    struct db_value hours[] = {db_id(directory), db_integer(chore->now_ms / HOUR_MS - HOURS_KEPT)};
    return chore_delete(chore, sql_request_purge_bodies, parameters, 2, NULL, stopped_out, err) &&
           (*stopped_out || chore_delete(chore, sql_request_purge, parameters, 2, purged_out, stopped_out, err)) &&
           (*stopped_out || chore_delete(chore, sql_request_purge_hours, hours, 2, NULL, stopped_out, err));
}

bool request_purge_chore(struct chore *chore, struct err *err)
{
    struct id directory = {{0}};
    uint64_t total = 0;
    bool stopped = false;
    while (!stopped && !chore_is_stopping(chore)) {
        struct db_value after[] = {db_id(&directory), db_id(&directory)};
        const struct db_value *row;
        uint64_t purged = 0;
        if (!db_query_one(chore->db, sql_request_next_directory, after, 2, &row, err))
            return false;
        if (!row)
            break;
        db_id_out(&row[0], &directory);
        if (!purge_directory(chore, &directory, &purged, &stopped, err))
            return false;
        total += purged;
    }
    if (total > 0)
        log_event(LOG_INFO, "admin", "dropped old requests of the log", LOG_NUMBER("requests", total));
    return true;
}
