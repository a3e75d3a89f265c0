#include "erase.h"

#include "admin_api_sql.h"
#include "obs/log.h"

enum { BATCH_ROWS = 500, MOST_DIRECTORIES = 32 };

struct marked {
    struct id directory, organization;
};

static bool find_marked(struct db *db, struct marked *list, size_t *count_out, struct err *err)
{
    struct db_value parameters[] = {db_integer(MOST_DIRECTORIES)};
    struct db_rows *rows = db_query(db, sql_erase_find, parameters, 1, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        db_id_out(&row[0], &list[*count_out].directory);
        db_id_out(&row[1], &list[*count_out].organization);
        ++*count_out;
    }
    return rows && db_rows_end(rows, err);
}

/* Children before parents, as the foreign keys want it. *paused_out: told to stop. */
static bool erase_rows(struct db *db, const struct id *directory, erase_pause_fn *pause, void *context,
                       bool *paused_out, struct err *err)
{
    static const char *const statements[] = {
        sql_erase_memberships,  sql_erase_attribute_values, sql_erase_resources,       sql_erase_undeclared,
        sql_erase_vendor_users, sql_erase_import_pieces,    sql_erase_import_problems, sql_erase_deactivated,
        sql_erase_departed,     sql_erase_incarnations,     sql_erase_tokens};
    struct db_value parameters[] = {db_id(directory), db_integer(BATCH_ROWS)};
    *paused_out = false;
    for (size_t i = 0; i < sizeof statements / sizeof statements[0]; i++) {
        uint64_t erased = BATCH_ROWS;
        while (erased == BATCH_ROWS) {
            if (!db_execute(db, statements[i], parameters, 2, &erased, err))
                return false;
            *paused_out = erased > 0 && !pause(context);
            if (*paused_out)
                return true;
        }
    }
    return true;
}

static bool erase_row_itself(struct db *db, const struct marked *marked, struct err *err)
{
    struct db_value directory[] = {db_id(&marked->directory)};
    struct db_value both[] = {db_id(&marked->organization), db_id(&marked->directory)};
    struct db_value organization[] = {db_id(&marked->organization), db_id(&marked->organization)};
    return db_begin(db, err) && db_execute(db, sql_erase_lock_organization, organization, 1, NULL, err) &&
           db_execute(db, sql_erase_primary, both, 2, NULL, err) &&
           db_execute(db, sql_erase_counters, directory, 1, NULL, err) &&
           db_execute(db, sql_erase_directory, directory, 1, NULL, err) &&
           db_execute(db, sql_erase_organization, organization, 2, NULL, err) && db_commit(db, err);
}

/* A write that was under way when the directory was marked may have put a row behind the erasing; its reference keeps
 * the directory, and the next call erases both. */
static bool finish(struct db *db, const struct marked *marked, struct err *err)
{
    if (erase_row_itself(db, marked, err)) {
        char text[ID_PREFIXED_CHARS + 1];
        id_to_prefixed(ID_PREFIX_DIRECTORY, &marked->directory, text);
        log_event(LOG_INFO, "admin", "erased a directory", LOG_TEXT("directory", text));
        return true;
    }
    db_rollback(db);
    return db_failure(db) == DB_REFERENCE || db_failure(db) == DB_RETRY;
}

bool erase_deleted(struct db *db, erase_pause_fn *pause, void *context, struct err *err)
{
    struct marked list[MOST_DIRECTORIES];
    size_t count;
    if (!find_marked(db, list, &count, err))
        return false;
    for (size_t i = 0; i < count; i++) {
        bool paused;
        if (!erase_rows(db, &list[i].directory, pause, context, &paused, err))
            return db_failure(db) == DB_REFERENCE || db_failure(db) == DB_RETRY;
        if (paused)
            return true;
        if (!finish(db, &list[i], err))
            return false;
    }
    return true;
}
