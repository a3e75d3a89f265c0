/* Rows that came after their directory was erased: the server writes its request log behind, without a foreign key, so
 * that it neither waits for a directory nor keeps one. */
#include "admin_api_sql.h"
#include "erase.h"
#include "obs/log.h"

enum { MOST_AT_A_TIME = 32 };

static const struct {
    const char *find; /* directories that have rows and are not there */
    const char *erase;
} late_tables[] = {
    {sql_late_requests, sql_erase_requests},
    {sql_late_request_bodies, sql_erase_request_bodies},
    {sql_late_hours, sql_erase_hours},
    {sql_late_health, sql_erase_health},
};

static bool find(struct chore *chore, const char *sql, struct id *list, size_t *count_out, struct err *err)
{
    struct db_value parameters[] = {db_integer(MOST_AT_A_TIME)};
    struct db_rows *rows = db_query(chore->db, sql, parameters, 1, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows)))
        db_id_out(&row[0], &list[(*count_out)++]);
    return rows && db_rows_end(rows, err);
}

static bool erase_late(struct chore *chore, size_t table, bool *stopped_out, struct err *err)
{
    struct id list[MOST_AT_A_TIME];
    size_t count;
    uint64_t total = 0;
    if (!find(chore, late_tables[table].find, list, &count, err))
        return false;
    for (size_t i = 0; i < count && !*stopped_out; i++) {
        uint64_t erased;
        struct db_value parameters[] = {db_id(&list[i])};
        if (!chore_delete(chore, late_tables[table].erase, parameters, 1, &erased, stopped_out, err))
            return false;
        total += erased;
    }
    if (total > 0)
        log_event(LOG_INFO, "admin", "erased what came late", LOG_NUMBER("rows", total));
    return true;
}

bool erase_late_chore(struct chore *chore, struct err *err)
{
    bool stopped = false;
    for (size_t i = 0; i < sizeof late_tables / sizeof late_tables[0] && !stopped; i++)
        if (!erase_late(chore, i, &stopped, err))
            return false;
    return true;
}
