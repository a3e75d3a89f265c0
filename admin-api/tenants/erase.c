#include "erase.h"

#include "admin_api_sql.h"
#include "base/clock.h"
#include "obs/log.h"
#include "store/event.h"

enum { MOST_AT_A_TIME = 32 };

/* Every table that has rows of a directory: children before parents, as foreign keys want it. A new table that has a
 * column directory_id gets a statement in sql/erase.sql and a line here. */
static const char *const directory_tables[] = {
    sql_erase_memberships,
    sql_erase_attribute_values,
    sql_erase_resources,
    sql_erase_undeclared,
    sql_erase_dropped_indexes,
    sql_erase_vendor_users,
    sql_erase_import_pieces,
    sql_erase_import_problems,
    sql_erase_deactivated,
    sql_erase_departed,
    sql_erase_incarnations,
    sql_erase_tokens,
    sql_erase_changes,
    sql_erase_jobs,
    sql_erase_requests,
    sql_erase_request_bodies,
    sql_erase_hours,
    sql_erase_health,
    sql_erase_deleted,
    sql_erase_deleted_memberships,
    sql_erase_departure_groups,
    sql_erase_departures,
    sql_erase_guard,
    sql_erase_guard_news,
    sql_erase_guard_events,
    sql_erase_role_rules,
    sql_erase_role_mapping,
    sql_erase_setup_sessions_of_directory,
    sql_erase_setup_links_of_directory,
};

/* The same for a column organization_id, where rows are of the organization and of no directory. */
static const char *const organization_tables[] = {
    sql_erase_organization_domains,
    sql_erase_organization_jobs,
    sql_erase_setup_sessions,
    sql_erase_setup_links,
};

struct due {
    struct id id, organization; /* of an organization: the same */
    struct environment_id environment;
};

static bool find_due(struct chore *chore, const char *sql, struct due *list, size_t *count_out, struct err *err)
{
    struct db_value parameters[] = {db_integer(chore->now_ms), db_integer(MOST_AT_A_TIME)};
    struct db_rows *rows = db_query(chore->db, sql, parameters, 2, err);
    const struct db_value *row;
    *count_out = 0;
    while (rows && (row = db_next(rows))) {
        struct due *due = &list[(*count_out)++];
        db_id_out(&row[0], &due->id);
        db_id_out(&row[1], &due->organization);
        db_id_out(&row[2], &due->environment.id);
    }
    return rows && db_rows_end(rows, err);
}

static bool erase_rows(struct chore *chore, const char *const *statements, size_t count, const struct id *id,
                       bool *stopped_out, struct err *err)
{
    struct db_value parameters[] = {db_id(id)};
    *stopped_out = false;
    for (size_t i = 0; i < count && !*stopped_out; i++)
        if (!chore_delete(chore, statements[i], parameters, 1, NULL, stopped_out, err))
            return false;
    return true;
}

/* What failed because of somebody else's rows or locks is left for the next turn. When the same comes turn after turn,
 * a table is missing above: hence the line in the log. */
static bool left_for_later(struct chore *chore, struct err *err)
{
    enum db_failure failure = db_failure(chore->db);
    db_rollback(chore->db);
    if (failure != DB_REFERENCE && failure != DB_RETRY)
        return false;
    if (failure == DB_REFERENCE)
        log_event(LOG_WARN, "admin", "erasing is put off: rows refer to it", LOG_TEXT("cause", err->detail));
    *err = ERR_INIT;
    return true;
}

static bool raise_erased(struct chore *chore, const char *type, const struct due *due, const struct id *directory,
                         struct err *err)
{
    struct event_new event = {
        .type = type,
        .environment = due->environment,
        .organization = {due->organization},
        .now_ms = clock_wall_ms(),
    };
    if (directory)
        event.directory = (struct directory_id){*directory};
    return store_event_raise(chore->db, &event, err);
}

static void log_erased(const char *what, const char *prefix, const struct id *id)
{
    char text[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(prefix, id, text);
    log_event(LOG_INFO, "admin", what, LOG_TEXT("id", text));
}

/* From here on nobody can restore it, nor the organization that it went with. The organization is locked first, as by
 * everybody. */
static bool claim(struct chore *chore, const struct due *due, bool *claimed_out, struct err *err)
{
    struct db_value organization[] = {db_id(&due->organization)};
    struct db_value directory[] = {db_id(&due->id), db_integer(chore->now_ms)};
    struct db_value both[] = {db_id(&due->organization), db_id(&due->id)};
    uint64_t claimed = 0;
    bool fine = db_begin(chore->db, err) &&
                db_execute(chore->db, sql_erase_lock_organization, organization, 1, NULL, err) &&
                db_execute(chore->db, sql_erase_claim, directory, 2, &claimed, err) &&
                db_execute(chore->db, sql_erase_claim_organization, both, 2, NULL, err) && db_commit(chore->db, err);
    *claimed_out = fine && claimed == 1;
    return fine;
}

static bool erase_row_itself(struct chore *chore, const struct due *due, struct err *err)
{
    struct db *db = chore->db;
    uint64_t erased;
    struct db_value directory[] = {db_id(&due->id)};
    struct db_value both[] = {db_id(&due->organization), db_id(&due->id)};
    struct db_value organization[] = {db_id(&due->organization)};
    return db_begin(db, err) && db_execute(db, sql_erase_lock_organization, organization, 1, NULL, err) &&
           db_execute(db, sql_erase_primary, both, 2, NULL, err) &&
           db_execute(db, sql_erase_counters, directory, 1, NULL, err) &&
           db_execute(db, sql_erase_directory, directory, 1, &erased, err) &&
           (erased == 0 || raise_erased(chore, "directory.erased", due, &due->id, err)) && db_commit(db, err);
}

/* A write that was under way when the directory was marked may put a row behind the erasing; its reference keeps the
 * directory, and the next turn erases both. */
static bool erase_directory(struct chore *chore, const struct due *due, bool *stopped_out, struct err *err)
{
    bool claimed;
    if (!claim(chore, due, &claimed, err))
        return false;
    if (!claimed)
        return true;
    if (!erase_rows(chore, directory_tables, sizeof directory_tables / sizeof directory_tables[0], &due->id,
                    stopped_out, err))
        return false;
    if (*stopped_out)
        return true;
    if (!erase_row_itself(chore, due, err))
        return false;
    log_erased("erased a directory", ID_PREFIX_DIRECTORY, &due->id);
    return true;
}

static bool erase_organization_itself(struct chore *chore, const struct due *due, struct err *err)
{
    uint64_t erased;
    struct db_value parameters[] = {db_id(&due->id), db_id(&due->id)};
    return db_begin(chore->db, err) && db_execute(chore->db, sql_erase_organization, parameters, 2, &erased, err) &&
           (erased == 0 || raise_erased(chore, "organization.erased", due, NULL, err)) && db_commit(chore->db, err);
}

static bool erase_organization(struct chore *chore, const struct due *due, bool *stopped_out, struct err *err)
{
    if (!erase_rows(chore, organization_tables, sizeof organization_tables / sizeof organization_tables[0], &due->id,
                    stopped_out, err))
        return false;
    if (*stopped_out)
        return true;
    if (!erase_organization_itself(chore, due, err))
        return false;
    log_erased("erased an organization", ID_PREFIX_ORGANIZATION, &due->id);
    return true;
}

typedef bool erase_one_fn(struct chore *chore, const struct due *due, bool *stopped_out, struct err *err);

static bool erase_all(struct chore *chore, const char *sql_find, erase_one_fn *erase, bool *stopped_out,
                      struct err *err)
{
    struct due list[MOST_AT_A_TIME];
    size_t count;
    *stopped_out = false;
    if (!find_due(chore, sql_find, list, &count, err))
        return false;
    for (size_t i = 0; i < count && !*stopped_out; i++)
        if (!erase(chore, &list[i], stopped_out, err) && !left_for_later(chore, err))
            return false;
    return true;
}

bool erase_chore(struct chore *chore, struct err *err)
{
    bool stopped;
    return erase_all(chore, sql_erase_find, erase_directory, &stopped, err) &&
           (stopped || erase_all(chore, sql_erase_find_organizations, erase_organization, &stopped, err));
}
