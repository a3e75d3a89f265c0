/* Rows of `change` and of event that nothing needs any more. */
#include "admin_api_sql.h"
#include "feed_retention.h"
#include "obs/log.h"

enum {
    BATCH = 200,
    DAY_MS = 86400000,
    MARGIN_MS = DAY_MS /* from the making of an id to its number: long jobs, clocks, and no process that numbers */
};

/* The moment before which nothing is told any more: the oldest of what is kept in a feed or waits for its number. */
static bool needed_since(struct chore *chore, int64_t *since_ms_out, struct err *err)
{
    const struct db_value *row, now = db_integer(chore->now_ms), parameters[] = {now, now};
    if (!db_query_one(chore->db, sql_feed_needs, parameters, 2, &row, err))
        return false;
    *since_ms_out = (row ? row[0].integer : 0) - MARGIN_MS;
    return true;
}

static int64_t earlier(int64_t a, int64_t b) { return a < b ? a : b; }

static void say_dropped(const char *what, uint64_t rows)
{
    if (rows > 0)
        log_event(LOG_INFO, "admin", "dropped what is old", LOG_TEXT("what", what), LOG_NUMBER("rows", rows));
}

/* --- changes --- */

struct purge {
    struct chore *chore;
    struct id operation; /* where it goes on: behind this row, */
    uint32_t ordinal;
    struct id until, needed; /* up to here, leaving what changes from here on were made of */
    uint64_t rows;
};

struct page {
    struct db_value keys[BATCH * 2]; /* of those that go */
    struct id operations[BATCH];
    size_t rows, going;
};

static bool read_page(struct purge *purge, struct page *page, struct err *err)
{
    const struct db_value parameters[] = {db_id(&purge->needed),    db_id(&purge->operation),
                                          db_id(&purge->operation), db_integer(purge->ordinal),
                                          db_id(&purge->until),     db_integer(BATCH)};
    struct db_rows *rows = db_query(purge->chore->db, sql_change_old, parameters, 6, err);
    const struct db_value *row;
    page->rows = page->going = 0;
    while (rows && (row = db_next(rows))) {
        struct id *operation = &page->operations[page->rows++];
        db_id_out(&row[0], operation);
        purge->operation = *operation;
        purge->ordinal = (uint32_t)row[1].integer;
        if (row[2].integer)
            continue;
        page->keys[page->going * 2] = db_id(operation);
        page->keys[page->going++ * 2 + 1] = db_integer(row[1].integer);
    }
    return rows && db_rows_end(rows, err);
}

static bool drop_page(struct purge *purge, bool *more_out, struct err *err)
{
    struct page page;
    if (!read_page(purge, &page, err))
        return false;
    *more_out = page.rows == BATCH;
    purge->rows += page.going;
    return page.going == 0 || db_execute_bulk(purge->chore->db, sql_change_drop, page.keys, 2, page.going, NULL, err);
}

/* Everything that is older than this goes, whatever comes behind it. */
static bool drop_very_old(struct chore *chore, int64_t before_ms, uint64_t *rows, struct err *err)
{
    const struct id first_kept = housekeeping_first_id(before_ms);
    const struct db_value parameter = db_id(&first_kept);
    return chore_delete(chore, sql_change_purge, &parameter, 1, rows, NULL, err);
}

/* Where this process has looked already: what stands before was left because of what came behind it, and goes when it
 * is very old. In memory alone: a new process looks at those once more. Housekeeping has one thread. */
static struct id looked_until;

/* A version before is needed for as long as events are kept, which is the change's retention at most. */
bool change_purge_chore(struct chore *chore, struct err *err)
{
    int64_t since_ms, kept_ms = (int64_t)chore->settings->change_retention_days * DAY_MS;
    if (!needed_since(chore, &since_ms, err))
        return false;
    int64_t before_ms = earlier(chore->now_ms - kept_ms, since_ms);
    uint64_t very_old = 0;
    if (!drop_very_old(chore, earlier(before_ms, since_ms - kept_ms), &very_old, err))
        return false;
    struct purge purge = {.chore = chore,
                          .operation = looked_until,
                          .until = housekeeping_first_id(before_ms),
                          .needed = housekeeping_first_id(since_ms)};
    for (bool more = true; more && !chore_is_stopping(chore);) {
        if (!drop_page(&purge, &more, err))
            return false;
        looked_until = purge.operation;
        (void)!chore_pause(chore);
    }
    say_dropped("changes", very_old + purge.rows);
    return true;
}

/* --- events --- */

bool event_purge_chore(struct chore *chore, struct err *err)
{
    int64_t since_ms, kept_ms = (int64_t)chore->settings->event_retention_days * DAY_MS;
    uint64_t rows = 0;
    if (!needed_since(chore, &since_ms, err))
        return false;
    const struct id first_kept = housekeeping_first_id(earlier(chore->now_ms - kept_ms, since_ms));
    const struct db_value parameter = db_id(&first_kept);
    if (!chore_delete(chore, sql_event_purge, &parameter, 1, &rows, NULL, err))
        return false;
    say_dropped("events", rows);
    return true;
}
