#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "admin_api_sql.h"
#include "audit.h"
#include "auth/scope.h"
#include "base/clock.h"
#include "keys.h"
#include "process/process.h"
#include "store/store.h"

int command_fail(const struct err *err)
{
    fprintf(stderr, "rollcall-admin: %s\n", err->detail);
    return 1;
}

static void say(const char *line) { fprintf(stderr, "%s\n", line); }

static int migrate(const struct settings *settings, bool another)
{
    (void)another;
    struct err err = ERR_INIT;
    struct db_settings database = process_database(settings);
    database.statement_timeout_ms = 0; /* a migration takes as long as it takes */
    database.io_timeout_s = 3600;
    return store_migrate(&database, say, &err) ? 0 : command_fail(&err);
}

static bool has_pepper_file(const struct settings *settings, struct err *err)
{
    return *settings->pepper_file ||
           err_set(err, ERR_INVALID_VALUE, "--pepper-file or ROLLCALL_PEPPER_FILE must say where the pepper file is");
}

static int make_pepper_file(const struct settings *settings, bool another)
{
    (void)another;
    struct err err = ERR_INIT;
    if (!has_pepper_file(settings, &err) || !auth_peppers_create(settings->pepper_file, &err))
        return command_fail(&err);
    fprintf(stderr, "Made %s. Keep a copy in a safe place: without it every token and key is void.\n",
            settings->pepper_file);
    return 0;
}

static bool count_operator_keys(struct db *db, int64_t *count_out, struct err *err)
{
    const struct db_value *row;
    if (!db_query_one(db, sql_key_count_operators, NULL, 0, &row, err))
        return false;
    *count_out = row ? row[0].integer : 0;
    return true;
}

static bool insert_operator_key(struct db *db, const struct auth_peppers *peppers, struct auth_fresh *fresh_out,
                                struct err *err)
{
    struct key_new key = {.id = {id_new()},
                          .label = SLICE_LITERAL("made by rollcall-admin operator-key"),
                          .scopes = SCOPE_OPERATOR | SCOPE_ADMIN_ALL,
                          .created_ms = clock_wall_ms()};
    bool inserted = db_begin(db, err) && key_insert(db, peppers, &key, fresh_out, err) &&
                    audit_write_command(db, peppers, "operator_key.create", &key.id.id, key.created_ms, err) &&
                    db_commit(db, err);
    if (!inserted)
        db_rollback(db);
    return inserted;
}

static bool make_operator_key(struct db *db, const struct auth_peppers *peppers, bool another,
                              struct auth_fresh *fresh_out, struct err *err)
{
    int64_t count;
    if (!store_check_schema(db, err) || !count_operator_keys(db, &count, err))
        return false;
    if (count > 0 && !another)
        return err_set(err, ERR_CONFLICT, "There is an operator key already; --another makes one more");
    return insert_operator_key(db, peppers, fresh_out, err);
}

struct auth_peppers *command_peppers(const struct settings *settings, struct err *err)
{
    return has_pepper_file(settings, err) ? auth_peppers_load(settings->pepper_file, err) : NULL;
}

/* The key is the only line on standard output, so that scripts can take it. */
static int print_operator_key(const struct settings *settings, bool another)
{
    struct err err = ERR_INIT;
    struct db_settings database = process_database(settings);
    struct auth_fresh fresh;
    struct auth_peppers *peppers = command_peppers(settings, &err);
    struct db *db = peppers ? db_open(&database, &err) : NULL;
    bool made = db && make_operator_key(db, peppers, another, &fresh, &err);
    db_close(db);
    auth_peppers_free(peppers);
    if (!made)
        return command_fail(&err);
    fprintf(stderr, "This operator key is shown only now:\n");
    printf("%s\n", fresh.text);
    return 0;
}

static int print_settings_page(const struct settings *settings, bool another)
{
    (void)settings, (void)another;
    struct buf page;
    buf_init(&page, 1 << 20);
    buf_add_str(&page, "# Settings\n\n"
                       "Made by `rollcall-admin settings-markdown` from `include/config/settings.def`; a test compares "
                       "them.\n\nA flag wins over the environment variable, that over the default.\n");
    settings_markdown(BOTH, &page);
    fwrite(page.data, 1, page.len, stdout);
    buf_fini(&page);
    return 0;
}

static const struct command commands[] = {
    {"migrate", "bring the database to this version's schema", migrate},
    {"pepper", "make the pepper file, which tokens and keys are hashed with", make_pepper_file},
    {"operator-key", "make the operator key and print it once; --another: although there is one", print_operator_key},
    {"audit-verify", "check the audit log's chains; ends with 3 when one is broken", command_verify_audit},
    {"audit-trim", "take records away that are older than --audit-retention; needs the owner's account",
     command_trim_audit},
    {"settings-markdown", "print docs/settings.md", print_settings_page},
};

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        if (strcmp(commands[i].name, name) == 0)
            return &commands[i];
    return NULL;
}

void commands_help(struct buf *out)
{
    for (size_t i = 0; i < sizeof commands / sizeof commands[0]; i++)
        buf_printf(out, "  %-20s %s\n", commands[i].name, commands[i].help);
}
