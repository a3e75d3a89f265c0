#include "schema.h"

#include "migrations_embedded.h"
#include "store/store.h"
#include "store_sql.h"

static bool refuse_version(int64_t version, size_t expected, struct err *err)
{
    if (version > (int64_t)migration_count)
        return err_set(err, ERR_UNAVAILABLE,
                       "The database is at schema version %lld, this build knows %zu: run a newer Rollcall",
                       (long long)version, migration_count);
    return err_set(err, ERR_UNAVAILABLE, "The database lacks migration %zu but has %lld: restore schema_migration",
                   expected, (long long)version);
}

static bool check_row(const struct db_value *row, const struct migration *known, const char *checksum, struct err *err)
{
    if (!slice_equals(row[1].bytes, slice_str(known->name)))
        return err_set(
            err, ERR_UNAVAILABLE,
            "Migration %u of the database is \"%.*s\", this build's is \"%s\": it is another product's schema",
            known->version, (int)row[1].bytes.len, row[1].bytes.data, known->name);
    if (checksum && !slice_equals(row[2].bytes, slice_str(checksum)))
        return err_set(err, ERR_UNAVAILABLE,
                       "Migration %u (%s) is not the one that was applied: its text was changed afterwards",
                       known->version, known->name);
    return true;
}

static bool read_rows(struct db_rows *rows, char (*checksums)[SCHEMA_CHECKSUM_CHARS + 1], size_t *applied_out,
                      const struct migration **half_out, struct err *err)
{
    const struct db_value *row;
    size_t count = 0;
    for (; (row = db_next(rows)) != NULL; count++) {
        if (row[0].integer != (int64_t)count + 1 || count >= migration_count)
            return refuse_version(row[0].integer, count + 1, err);
        bool applied = row[3].integer != 0;
        if (!check_row(row, &migrations[count], checksums && applied ? checksums[count] : NULL, err))
            return false;
        if (applied)
            *applied_out = count + 1;
        else
            *half_out = &migrations[count];
    }
    return true;
}

bool schema_read(struct db *db, char (*checksums)[SCHEMA_CHECKSUM_CHARS + 1], size_t *applied_out,
                 const struct migration **half_out, struct err *err)
{
    *applied_out = 0;
    *half_out = NULL;
    struct db_rows *rows = db_query(db, sql_migrate_recorded, NULL, 0, err);
    if (!rows)
        return false;
    struct err ending;
    bool good = read_rows(rows, checksums, applied_out, half_out, err);
    bool ended = db_rows_end(rows, &ending);
    if (good && !ended)
        *err = ending;
    return good && ended;
}

bool store_check_schema(struct db *db, struct err *err)
{
    size_t applied;
    const struct migration *half;
    if (!schema_read(db, NULL, &applied, &half, err)) {
        if (db_failure(db) == DB_BROKEN)
            err_set(err, ERR_UNAVAILABLE,
                    "The database has no schema that this account may read: run rollcall-admin migrate");
        return false;
    }
    if (half)
        return err_set(err, ERR_UNAVAILABLE,
                       "Migration %u (%s) is under way or stopped half-way: run rollcall-admin migrate", half->version,
                       half->name);
    if (applied < migration_count)
        return err_set(err, ERR_UNAVAILABLE,
                       "The database is at schema version %zu, this build needs %zu: run rollcall-admin migrate",
                       applied, migration_count);
    return true;
}
