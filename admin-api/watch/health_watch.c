/* Directories that have become silent, and those that come again. Who changes the row raises the event, in the same
 * transaction: so there is one of each, however many processes watch. */
#include "admin_api_sql.h"
#include "base/json.h"
#include "health.h"
#include "reply.h"
#include "store/event.h"

enum { AT_A_TIME = 200, SECOND_MS = 1000 };

struct watched { /* columns of health_find_silent and health_find_back */
    struct directory_id directory;
    struct organization_id organization;
    struct environment_id environment;
    int64_t last_ms, expected_ms, patience_ms, stalled_ms;
};

static struct watched read_row(const struct db_value *row)
{
    struct cadence_source source = {row[3].bytes, row[4].integer, row[6].integer, row[7].integer};
    struct cadence cadence = cadence_of(&source);
    struct watched watched = {.last_ms = row[5].integer,
                              .expected_ms = cadence.expected_ms,
                              .patience_ms = cadence.patience_ms,
                              .stalled_ms = row[8].integer};
    db_id_out(&row[0], &watched.directory.id);
    db_id_out(&row[1], &watched.organization.id);
    db_id_out(&row[2], &watched.environment.id);
    return watched;
}

static bool find(struct chore *chore, const char *sql, const struct db_value *parameters, size_t count,
                 struct watched *list, size_t *count_out, struct err *err)
{
    struct db_rows *rows = db_query(chore->db, sql, parameters, count, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows)))
        list[(*count_out)++] = read_row(row);
    return rows && db_rows_end(rows, err);
}

static bool raise(struct chore *chore, const struct watched *watched, const char *type, json_t *data, struct err *err)
{
    json_scoped *owned = data;
    struct event_new event = {.type = type,
                              .environment = watched->environment,
                              .organization = watched->organization,
                              .directory = watched->directory,
                              .data = owned,
                              .now_ms = chore->now_ms};
    return store_event_raise(chore->db, &event, err);
}

/* Nothing happens when a request came, or another process was faster. */
static bool stall(struct chore *chore, const struct watched *watched, struct err *err)
{
    struct db_value parameters[] = {db_integer(chore->now_ms), db_id(&watched->directory.id),
                                    db_integer(watched->last_ms)};
    uint64_t changed;
    if (!db_begin(chore->db, err) || !db_execute(chore->db, sql_health_stall, parameters, 3, &changed, err))
        return false;
    json_t *data = changed ? json_pack("{s:o, s:I}", "last_request_at", show_time(watched->last_ms),
                                       "expected_cadence_seconds", (json_int_t)(watched->expected_ms / SECOND_MS))
                           : NULL;
    return (!changed || raise(chore, watched, "directory.stalled", data, err)) && db_commit(chore->db, err);
}

static bool recover(struct chore *chore, const struct watched *watched, struct err *err)
{
    struct db_value parameters[] = {db_id(&watched->directory.id), db_integer(watched->stalled_ms)};
    uint64_t changed;
    if (!db_begin(chore->db, err) || !db_execute(chore->db, sql_health_recover, parameters, 2, &changed, err))
        return false;
    json_t *data = changed ? json_pack("{s:o, s:o}", "stalled_at", show_time(watched->stalled_ms), "last_request_at",
                                       show_time(watched->last_ms))
                           : NULL;
    return (!changed || raise(chore, watched, "directory.recovered", data, err)) && db_commit(chore->db, err);
}

static bool watch_silence(struct chore *chore, struct err *err)
{
    struct watched list[AT_A_TIME];
    struct id after = {{0}};
    size_t count = AT_A_TIME;
    while (count == AT_A_TIME) {
        struct db_value parameters[] = {db_id(&after), db_integer(chore->now_ms - CADENCE_LEAST_MS),
                                        db_integer(AT_A_TIME)};
        if (!find(chore, sql_health_find_silent, parameters, 3, list, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            if (chore->now_ms - list[i].last_ms > list[i].patience_ms && !stall(chore, &list[i], err))
                return false;
        if (count > 0)
            after = list[count - 1].directory.id;
        if (count == AT_A_TIME && !chore_pause(chore))
            return true;
    }
    return true;
}

static bool watch_returns(struct chore *chore, struct err *err)
{
    struct watched list[AT_A_TIME];
    size_t count = AT_A_TIME;
    while (count == AT_A_TIME) {
        struct db_value parameters[] = {db_integer(AT_A_TIME)};
        if (!find(chore, sql_health_find_back, parameters, 1, list, &count, err))
            return false;
        for (size_t i = 0; i < count; i++)
            if (!recover(chore, &list[i], err))
                return false;
        if (count == AT_A_TIME && !chore_pause(chore))
            return true;
    }
    return true;
}

bool health_watch_chore(struct chore *chore, struct err *err)
{
    return watch_silence(chore, err) && watch_returns(chore, err);
}
