/* rollcall-admin audit-verify. */
#include <sodium.h>
#include <stdio.h>

#include "admin_api_sql.h"
#include "audit_verify.h"
#include "commands.h"
#include "process/process.h"
#include "store/store.h"

static bool print_verdict(struct db *db, const struct auth_peppers *peppers, const struct id *chain, bool *intact,
                          struct err *err)
{
    struct audit_verdict verdict;
    char name[ID_PREFIXED_CHARS + 1] = "operators", hash[2 * AUDIT_HASH_BYTES + 1];
    if (!id_is_zero(chain))
        id_to_prefixed(ID_PREFIX_ENVIRONMENT, chain, name);
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

/* Chain by chain, in the order of their ids: the operators' has none and comes first. */
static bool verify_chains(struct db *db, const struct auth_peppers *peppers, bool *intact, struct err *err)
{
    struct id chain = {{0}};
    const struct db_value *row;
    do {
        struct db_value parameters[] = {db_id(&chain)};
        if (!print_verdict(db, peppers, &chain, intact, err) ||
            !db_query_one(db, sql_audit_head_next, parameters, 1, &row, err))
            return false;
        if (row)
            db_id_out(&row[0], &chain);
    } while (row);
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
