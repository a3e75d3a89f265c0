/* Rows of the feed that are older than their environment keeps events. */
#include "admin_api_sql.h"
#include "feed_retention.h"
#include "obs/log.h"

enum { ENVIRONMENTS = 100 /* at a time */, BATCH = 500, DAY_MS = 86400000 };

struct kept { /* an environment's feed */
    struct environment_id environment;
    int64_t before_ms; /* what was numbered earlier goes */
    uint64_t purged;
    bool is_gone; /* the environment; all of its rows go, and its end as well */
};

/* The one that is shorter: events are made of changes. */
static int64_t days_of(const struct settings *settings, const struct db_value *own)
{
    uint64_t days = own->kind == DB_NULL ? settings->event_retention_days : (uint64_t)own->integer;
    return (int64_t)(days < settings->change_retention_days ? days : settings->change_retention_days);
}

static struct kept read_kept(const struct chore *chore, const struct db_value *row)
{
    struct kept kept = {.purged = (uint64_t)row[1].integer, .is_gone = row[2].integer != 0};
    db_id_out(&row[0], &kept.environment.id);
    kept.before_ms = kept.is_gone ? INT64_MAX : chore->now_ms - days_of(chore->settings, &row[3]) * DAY_MS;
    return kept;
}

static bool list_kept(struct chore *chore, const struct id *after, struct kept *list, size_t *count_out,
                      struct err *err)
{
    const struct db_value parameters[] = {db_id(after), db_integer(ENVIRONMENTS)}, *row;
    struct db_rows *rows = db_query(chore->db, sql_feed_kept, parameters, 2, err);
    *count_out = 0;
    while (rows && (row = db_next(rows)))
        list[(*count_out)++] = read_kept(chore, row);
    return rows && db_rows_end(rows, err);
}

/* The last one of the next rows that go, as far as they follow each other. */
static bool find_last(struct chore *chore, const struct kept *kept, uint64_t *last_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&kept->environment.id), db_integer((int64_t)kept->purged),
                                          db_integer(BATCH)};
    struct db_rows *rows = db_query(chore->db, sql_feed_oldest, parameters, 3, err);
    const struct db_value *row;
    bool goes = true;
    *last_out = kept->purged;
    while (rows && (row = db_next(rows)))
        if ((goes &= row[1].integer < kept->before_ms))
            *last_out = (uint64_t)row[0].integer;
    return rows && db_rows_end(rows, err);
}

/* Readers know what was dropped by the end, so it moves with the rows. */
static bool drop(struct chore *chore, const struct kept *kept, uint64_t last, struct err *err)
{
    const struct db_value id = db_id(&kept->environment.id);
    const struct db_value moved[] = {db_integer((int64_t)last), id};
    const struct db_value dropped[] = {id, db_integer((int64_t)last)};
    if (db_begin(chore->db, err) && db_execute(chore->db, sql_feed_purged, moved, 2, NULL, err) &&
        db_execute(chore->db, sql_feed_purge, dropped, 2, NULL, err) && db_commit(chore->db, err))
        return true;
    db_rollback(chore->db);
    return false;
}

static bool forget(struct chore *chore, const struct kept *kept, struct err *err)
{
    const struct db_value parameter = db_id(&kept->environment.id);
    return !kept->is_gone || db_execute(chore->db, sql_feed_forget, &parameter, 1, NULL, err);
}

static bool purge_environment(struct chore *chore, struct kept *kept, uint64_t *rows, struct err *err)
{
    uint64_t last;
    while (!chore_is_stopping(chore)) {
        if (!find_last(chore, kept, &last, err))
            return false;
        if (last == kept->purged)
            return forget(chore, kept, err);
        if (!drop(chore, kept, last, err))
            return false;
        *rows += last - kept->purged;
        kept->purged = last;
        (void)!chore_pause(chore);
    }
    return true;
}

bool feed_purge_chore(struct chore *chore, struct err *err)
{
    static const struct id first;
    struct kept list[ENVIRONMENTS];
    struct id after = first;
    uint64_t rows = 0;
    size_t count = ENVIRONMENTS;
    while (count == ENVIRONMENTS && !chore_is_stopping(chore)) {
        if (!list_kept(chore, &after, list, &count, err))
            return false;
        for (size_t i = 0; i < count && !chore_is_stopping(chore); i++)
            if (!purge_environment(chore, &list[i], &rows, err))
                return false;
        if (count > 0)
            after = list[count - 1].environment.id;
    }
    if (rows > 0)
        log_event(LOG_INFO, "admin", "dropped what is old", LOG_TEXT("what", "events of the feed"),
                  LOG_NUMBER("rows", rows));
    return true;
}
