/* Rows of indexes that are gone. */
#include "admin_api_sql.h"
#include "housekeeping.h"
#include "indexes.h"

enum { MOST_AT_A_TIME = 32, QUIET_MS = 15000 /* so long may a request read that was let in before the change */ };

struct dropped {
    struct id directory;
    int64_t type, attribute;
};

static bool find(struct chore *chore, struct dropped *list, size_t *count_out, struct err *err)
{
    const struct db_value parameters[] = {db_integer(chore->now_ms - QUIET_MS), db_integer(MOST_AT_A_TIME)}, *row;
    struct db_rows *rows = db_query(chore->db, sql_dropped_find, parameters, 2, err);
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        struct dropped *one = &list[(*count_out)++];
        db_id_out(&row[0], &one->directory);
        one->type = row[1].integer;
        one->attribute = row[2].integer;
    }
    return rows && db_rows_end(rows, err);
}

static bool drop(struct chore *chore, const struct dropped *one, bool *stopped_out, struct err *err)
{
    const struct db_value parameters[] = {db_id(&one->directory), db_integer(one->type), db_integer(one->attribute)};
    if (!chore_delete(chore, sql_dropped_rows, parameters, 3, NULL, stopped_out, err))
        return false;
    return *stopped_out || db_execute(chore->db, sql_dropped_forget, parameters, 3, NULL, err);
}

bool index_drop_chore(struct chore *chore, struct err *err)
{
    struct dropped list[MOST_AT_A_TIME];
    size_t count = MOST_AT_A_TIME;
    bool stopped = false;
    while (count == MOST_AT_A_TIME && !stopped) { /* else those behind many without rows would wait for long */
        if (!find(chore, list, &count, err))
            return false;
        for (size_t i = 0; i < count && !stopped; i++)
            if (!drop(chore, &list[i], &stopped, err))
                return false;
        stopped = stopped || !chore_pause(chore);
    }
    return true;
}
