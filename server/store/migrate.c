/* Applying migrations. MariaDB commits every change of a table at once, so a migration that stops half-way cannot be
 * rolled back: a row written before its first statement and completed after its last one makes that visible.
 *
 * Two processes that migrate at a time: one holds a lock on a connection of its own (changes of tables would end its
 * transaction); where locks do not reach, on another node of a cluster, the primary key of the row written
 * first decides. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buf.h"
#include "base/clock.h"
#include "base/must.h"
#include "db_script.h"
#include "migrations_embedded.h"
#include "schema.h"
#include "store/store.h"
#include "store_sql.h"

enum { IDLE_S = 24 * 60 * 60, SCRIPT_BYTES = 16 << 20 };

/* First line of a migration all of whose statements may run twice. */
static const char repeatable_mark[] = "-- repeatable";

static bool is_repeatable(const struct migration *migration)
{
    return strncmp(migration->sql, repeatable_mark, sizeof(repeatable_mark) - 1) == 0;
}

/* Asked first, because even IF NOT EXISTS waits, silently, until no transaction uses the table: the lock's does. */
static bool make_table(struct db *db, struct err *err)
{
    const struct db_value *row;
    return db_query_one(db, sql_migrate_has_table, NULL, 0, &row, err) &&
           (row || db_script(db, sql_migrate_table, err));
}

/* The lock is a row that is inserted and never committed: nobody else can insert it until this transaction ends, which
 * the database sees to when this process dies. */
static bool take_lock(struct db *db, void (*say)(const char *line), struct err *err)
{
    bool said = false;
    while (!(db_begin(db, err) && db_execute(db, sql_migrate_lock, NULL, 0, NULL, err))) {
        if (db_failure(db) != DB_RETRY)
            return false;
        db_rollback(db);
        if (!said)
            say("Another process migrates this database; waiting for it");
        said = true;
    }
    return true;
}

static bool read_text(struct db *db, const char *sql, struct slice parameter, char *out, size_t size, struct err *err)
{
    const struct db_value value = db_bytes(parameter), *row;
    if (!db_query_one(db, sql, &value, parameter.data ? 1 : 0, &row, err))
        return false;
    must(row && row[0].bytes.len < size);
    memcpy(out, row[0].bytes.data, row[0].bytes.len);
    out[row[0].bytes.len] = '\0';
    return true;
}

/* {database} in a migration stands between backticks, as in `{database}_data`: names that are global to a server carry
 * the database's, so that two Rollcalls can share one. */
static void expand(const char *sql, const char *database, struct buf *out)
{
    static const char mark[] = "{database}";
    const char *at;
    for (; (at = strstr(sql, mark)) != NULL; sql = at + sizeof(mark) - 1) {
        buf_add(out, slice_of(sql, (size_t)(at - sql)));
        for (const char *c = database; *c; c++) {
            buf_add_char(out, *c);
            if (*c == '`')
                buf_add_char(out, '`');
        }
    }
    buf_add_str(out, sql);
    buf_add_char(out, '\0');
    must(!out->overflowed);
}

static bool run_script(struct db *db, const struct migration *migration, size_t *done_out, struct err *err)
{
    char database[256];
    *done_out = 0;
    if (!read_text(db, sql_migrate_database, SLICE_EMPTY, database, sizeof(database), err))
        return false;
    struct buf script;
    buf_init(&script, SCRIPT_BYTES);
    expand(migration->sql, database, &script);
    bool ran = db_script_counted(db, script.data, done_out, err);
    buf_fini(&script);
    return ran;
}

static void explain_half(const struct migration *migration, void (*say)(const char *line))
{
    if (is_repeatable(migration)) {
        say("It can be run again: mend the cause, then run rollcall-admin migrate once more.");
        return;
    }
    say("MariaDB cannot roll back changes of tables, so a part of it is in the database. Restore the database as it "
        "was");
    say("before; or undo by hand what took effect, DELETE FROM schema_migration WHERE applied_ms IS NULL, and run");
    say("rollcall-admin migrate again.");
}

static bool refuse_half(const struct migration *half, void (*say)(const char *line), struct err *err)
{
    explain_half(half, say);
    return err_set(err, ERR_UNAVAILABLE, "Migration %u (%s) was begun and not finished", half->version, half->name);
}

static bool fail_half_way(struct db *db, const struct migration *migration, size_t done, void (*say)(const char *line),
                          struct err *err)
{
    struct err ignored, cause = *err;
    const struct db_value version = db_integer(migration->version);
    err_set(err, ERR_UNAVAILABLE, "Migration %u (%s) stopped at its statement %zu. %s", migration->version,
            migration->name, done + 1, cause.detail);
    bool untouched = done == 0 && db_failure(db) != DB_LOST;
    if (!untouched || !db_execute(db, sql_migrate_forget, &version, 1, NULL, &ignored))
        explain_half(migration, say);
    return false;
}

static bool apply(struct db *db, const struct migration *migration, const char *checksum, void (*say)(const char *line),
                  struct err *err)
{
    const struct db_value begin[] = {db_integer(migration->version), db_bytes(slice_str(migration->name)),
                                     db_bytes(slice_str(checksum)), db_integer(clock_wall_ms())};
    size_t statements;
    if (!db_execute(db, sql_migrate_begin, begin, 4, NULL, err))
        return false;
    if (!run_script(db, migration, &statements, err))
        return fail_half_way(db, migration, statements, say, err);
    const struct db_value done[] = {db_integer(clock_wall_ms()), db_integer(migration->version)};
    return db_execute(db, sql_migrate_done, done, 2, NULL, err);
}

static bool apply_missing(struct db *db, size_t applied, char (*checksums)[SCHEMA_CHECKSUM_CHARS + 1],
                          void (*say)(const char *line), struct err *err)
{
    char line[160];
    for (size_t i = applied; i < migration_count; i++) {
        if (!apply(db, &migrations[i], checksums[i], say, err))
            return false;
        snprintf(line, sizeof(line), "Applied migration %u (%s)", migrations[i].version, migrations[i].name);
        say(line);
    }
    snprintf(line, sizeof(line), "The database is at schema version %zu", migration_count);
    say(line);
    return true;
}

static bool forget_repeatable(struct db *db, const struct migration *half, void (*say)(const char *line),
                              struct err *err)
{
    const struct db_value version = db_integer(half->version);
    if (!is_repeatable(half))
        return refuse_half(half, say, err);
    return db_execute(db, sql_migrate_forget, &version, 1, NULL, err);
}

static bool migrate_locked(struct db *db, void (*say)(const char *line), struct err *err)
{
    char(*checksums)[SCHEMA_CHECKSUM_CHARS + 1] = calloc(migration_count + 1, sizeof(*checksums));
    must(checksums);
    bool done = true;
    for (size_t i = 0; i < migration_count && done; i++)
        done = read_text(db, sql_migrate_checksum, slice_str(migrations[i].sql), checksums[i], sizeof(*checksums), err);
    size_t applied;
    const struct migration *half;
    done = done && schema_read(db, checksums, &applied, &half, err) &&
           (!half || forget_repeatable(db, half, say, err)) && apply_missing(db, applied, checksums, say, err);
    free(checksums);
    return done;
}

bool store_migrate(const struct db_settings *settings, void (*say)(const char *line), struct err *err)
{
    struct db_settings patient = *settings;
    patient.statement_timeout_ms = 0;
    patient.io_timeout_s = IDLE_S;
    struct db *lock = db_open(&patient, err);
    struct db *work = lock ? db_open(&patient, err) : NULL;
    bool done = work && make_table(work, err) && take_lock(lock, say, err) && migrate_locked(work, say, err);
    if (lock)
        db_rollback(lock);
    db_close(work);
    db_close(lock);
    return done;
}
