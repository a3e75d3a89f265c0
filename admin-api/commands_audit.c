/* rollcall-admin audit-verify and audit-trim. */
#include <sodium.h>
#include <stdio.h>

#include "admin_api_sql.h"
#include "audit_trim.h"
#include "audit_verify.h"
#include "base/clock.h"
#include "commands.h"
#include "process/process.h"
#include "store/store.h"

static void name_chain(const struct id *chain, char out[ID_PREFIXED_CHARS + 1])
{
    if (id_is_zero(chain))
        snprintf(out, ID_PREFIXED_CHARS + 1, "operators");
    else
        id_to_prefixed(ID_PREFIX_ENVIRONMENT, chain, out);
}

static bool print_verdict(struct db *db, const struct auth_peppers *peppers, const struct id *chain, bool *intact,
                          struct err *err)
{
    struct audit_verdict verdict;
    char name[ID_PREFIXED_CHARS + 1], hash[2 * AUDIT_HASH_BYTES + 1];
    name_chain(chain, name);
    if (!audit_verify(db, peppers, chain, 0, UINT64_MAX, &verdict, err))
        return false;
    sodium_bin2hex(hash, sizeof hash, verdict.hash.bytes, AUDIT_HASH_BYTES);
    if (verdict.intact)
        printf("%s: intact, records %llu to %llu, %s\n", name, (unsigned long long)verdict.first,
               (unsigned long long)verdict.last, hash);
    else
        printf("%s: BROKEN at record %llu: %s\n", name, (unsigned long long)verdict.broken_at, verdict.problem);
    *intact &= verdict.intact;
    return true;
}

/* Chain by chain, in the order of their ids: that of the operators has zeros for one and comes first. */
static bool find_next_chain(struct db *db, bool is_first, struct id *chain, bool *found_out, struct err *err)
{
    const struct db_value *row;
    struct db_value parameters[] = {db_id(chain)};
    const char *sql = is_first ? sql_audit_head_first : sql_audit_head_next;
    if (!db_query_one(db, sql, parameters, is_first ? 0 : 1, &row, err))
        return false;
    *found_out = row != NULL;
    if (row)
        db_id_out(&row[0], chain);
    return true;
}

static bool verify_chains(struct db *db, const struct auth_peppers *peppers, bool *intact, struct err *err)
{
    struct id chain = {{0}};
    bool is_first = true;
    for (bool found = true; found;) {
        if (!find_next_chain(db, is_first, &chain, &found, err) ||
            (found && !print_verdict(db, peppers, &chain, intact, err)))
            return false;
        is_first = false;
    }
    return true;
}

/* A chain can be taken away as a whole; what the operators' chain says of environments remains. */
static bool verify_that_none_is_lost(struct db *db, bool *intact, struct err *err)
{
    struct db_rows *rows = db_query(db, sql_audit_lost_chains, NULL, 0, err);
    const struct db_value *row;
    while (rows && (row = db_next(rows))) {
        struct id chain;
        char name[ID_PREFIXED_CHARS + 1];
        db_id_out(&row[0], &chain);
        id_to_prefixed(ID_PREFIX_ENVIRONMENT, &chain, name);
        printf("%s: BROKEN: the chain is missing\n", name);
        *intact = false;
    }
    return rows && db_rows_end(rows, err);
}

int command_verify_audit(const struct settings *settings, bool another)
{
    (void)another;
    struct err err = ERR_INIT;
    bool intact = true;
    struct db_settings database = process_database(settings);
    struct auth_peppers *peppers = command_peppers(settings, &err);
    struct db *db = peppers ? db_open(&database, &err) : NULL;
    bool verified = db && store_check_schema(db, &err) && verify_chains(db, peppers, &intact, &err) &&
                    verify_that_none_is_lost(db, &intact, &err);
    db_close(db);
    auth_peppers_free(peppers);
    if (!verified)
        return command_fail(&err);
    return intact ? 0 : 3;
}

/* --- audit-trim --- */

static bool trim_chain(struct db *db, const struct auth_peppers *peppers, const struct id *chain, int64_t before_ms,
                       struct err *err)
{
    uint64_t trimmed;
    char name[ID_PREFIXED_CHARS + 1];
    name_chain(chain, name);
    if (!audit_trim(db, peppers, chain, before_ms, &trimmed, err))
        return false;
    if (trimmed > 0)
        printf("%s: %llu records taken away\n", name, (unsigned long long)trimmed);
    return true;
}

static bool trim_chains(struct db *db, const struct auth_peppers *peppers, int64_t before_ms, struct err *err)
{
    struct id chain = {{0}};
    bool is_first = true;
    for (bool found = true; found;) {
        if (!find_next_chain(db, is_first, &chain, &found, err) ||
            (found && !trim_chain(db, peppers, &chain, before_ms, err)))
            return false;
        is_first = false;
    }
    return true;
}

int command_trim_audit(const struct settings *settings, bool another)
{
    (void)another;
    struct err err = ERR_INIT;
    struct db_settings database = process_database(settings);
    int64_t kept_ms = (int64_t)settings->audit_retention_days * 86400 * 1000;
    if (kept_ms == 0)
        err_set(&err, ERR_INVALID_VALUE, "--audit-retention must say how many days of the audit log are kept");
    struct auth_peppers *peppers = kept_ms ? command_peppers(settings, &err) : NULL;
    struct db *db = peppers ? db_open(&database, &err) : NULL;
    bool trimmed = db && store_check_schema(db, &err) && trim_chains(db, peppers, clock_wall_ms() - kept_ms, &err);
    db_close(db);
    auth_peppers_free(peppers);
    return trimmed ? 0 : command_fail(&err);
}
