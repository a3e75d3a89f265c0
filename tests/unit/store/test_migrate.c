#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "base/must.h"
#include "database.h"
#include "migrations_embedded.h"
#include "store/store.h"

static struct db *db;
static struct err err;
static unsigned applied; /* how many migrations were said to be applied */
static char said[4096];  /* everything that was said */
static pthread_mutex_t saying = PTHREAD_MUTEX_INITIALIZER;

static void say(const char *line)
{
    pthread_mutex_lock(&saying);
    applied += strncmp(line, "Applied", 7) == 0;
    size_t used = strlen(said);
    snprintf(said + used, sizeof(said) - used, "%s\n", line);
    pthread_mutex_unlock(&saying);
}

static bool was_said(const char *text)
{
    pthread_mutex_lock(&saying);
    bool found = strstr(said, text) != NULL;
    pthread_mutex_unlock(&saying);
    return found;
}

static void pause_briefly(void) { nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); }

static bool migrate(void)
{
    struct db_settings settings = database_settings();
    applied = 0;
    said[0] = '\0';
    return store_migrate(&settings, say, &err);
}

static int start_empty(void **state)
{
    (void)state;
    database_reset();
    db = database_connect();
    err = ERR_INIT;
    return 0;
}

static int start_migrated(void **state)
{
    (void)state;
    database_migrate();
    db = database_connect();
    err = ERR_INIT;
    return 0;
}

static int finish(void **state)
{
    (void)state;
    db_close(db);
    return 0;
}

#define assert_says(text) assert_non_null(strstr(err.detail, (text)))

static void test_an_empty_database_gets_every_migration_once(void **state)
{
    (void)state;
    assert_true(migrate());
    assert_int_equal(applied, migration_count);
    assert_true(store_check_schema(db, &err));
    assert_true(migrate());
    assert_int_equal(applied, 0);
    assert_true(database_integer(db, "SELECT COUNT(*) FROM schema_migration WHERE applied_ms >= "
                                     "started_ms AND started_ms > 1700000000000 AND LENGTH(checksum) = 64") ==
                (int64_t)migration_count);
}

static void test_an_empty_database_is_not_served(void **state)
{
    (void)state;
    assert_false(store_check_schema(db, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_says("run rollcall-admin migrate");
}

static void test_an_old_database_is_not_served_and_catches_up(void **state)
{
    (void)state;
    database_run(db, "DELETE FROM schema_migration WHERE version > 1");
    assert_false(store_check_schema(db, &err));
    assert_says("at schema version 1, this build needs");
    assert_true(migrate());
    assert_int_equal(applied, migration_count - 1);
    assert_true(store_check_schema(db, &err));
}

static void test_a_newer_database_is_neither_served_nor_migrated(void **state)
{
    (void)state;
    char text[160];
    snprintf(text, sizeof(text), "INSERT INTO schema_migration VALUES (%zu, 'future', REPEAT('0', 64), 1, 1)",
             migration_count + 1);
    database_run(db, text);
    assert_false(store_check_schema(db, &err));
    assert_says("run a newer Rollcall");
    assert_false(migrate());
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_says("run a newer Rollcall");
}

static void test_a_changed_migration_is_noticed(void **state)
{
    (void)state;
    database_run(db, "UPDATE schema_migration SET checksum = REVERSE(checksum) WHERE version = 1");
    assert_false(migrate());
    assert_says("Migration 1 (core)");
    assert_says("changed");
}

static void test_another_product_s_history_and_gaps_are_noticed(void **state)
{
    (void)state;
    database_run(db, "UPDATE schema_migration SET name = 'apples' WHERE version = 1");
    assert_false(store_check_schema(db, &err));
    assert_says("another product");
    database_run(db, "DELETE FROM schema_migration WHERE version = 1");
    assert_false(store_check_schema(db, &err));
    assert_says("lacks migration 1");
    assert_false(migrate());
}

static void test_a_migration_that_fails_at_once_leaves_no_trace(void **state)
{
    (void)state;
    database_run(db, "CREATE TABLE environment (id INT) ENGINE=InnoDB");
    assert_false(migrate());
    assert_says("Migration 1 (core) stopped at its statement 1. MariaDB said: ");
    assert_says("already exists");
    assert_int_equal(said[0], '\0');
    database_run(db, "DROP TABLE environment");
    assert_true(migrate());
}

static void test_a_migration_that_stops_half_way_is_explained_and_not_repeated(void **state)
{
    (void)state;
    database_run(db, "CREATE TABLE membership (id INT) ENGINE=InnoDB");
    assert_false(migrate());
    assert_says("already exists");
    assert_non_null(strstr(said, "cannot roll back"));
    database_run(db, "DROP TABLE membership");
    for (unsigned i = 0; i < 2; i++) {
        assert_false(migrate());
        assert_says("Migration 1 (core) was begun and not finished");
        assert_non_null(strstr(said, "DELETE FROM schema_migration WHERE applied_ms IS NULL"));
    }
    assert_false(store_check_schema(db, &err));
    assert_says("stopped half-way");
}

static void test_a_repeatable_migration_is_repeated(void **state)
{
    (void)state;
    database_run(db, "UPDATE schema_migration SET applied_ms = NULL, checksum = 'older text' WHERE version = 2");
    database_run(db, "DELETE FROM schema_migration WHERE version > 2");
    assert_false(store_check_schema(db, &err));
    assert_true(migrate());
    assert_int_equal(applied, migration_count - 1);
    assert_true(store_check_schema(db, &err));
}

static void *migrate_in_thread(void *result_out)
{
    struct db_settings settings = database_settings();
    struct err ignored;
    *(bool *)result_out = store_migrate(&settings, say, &ignored);
    return NULL;
}

static void test_of_two_at_a_time_one_migrates(void **state)
{
    (void)state;
    enum { THREADS = 3 };
    pthread_t threads[THREADS];
    bool results[THREADS] = {false};
    applied = 0;
    said[0] = '\0';
    for (unsigned i = 0; i < THREADS; i++)
        pthread_create(&threads[i], NULL, migrate_in_thread, &results[i]);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    for (unsigned i = 0; i < THREADS; i++)
        assert_true(results[i]);
    assert_int_equal(applied, migration_count);
}

static void test_who_waits_for_another_s_migration_says_so(void **state)
{
    (void)state;
    pthread_t thread;
    bool result = false;
    assert_true(db_begin(db, &err));
    database_run(db, "INSERT INTO schema_migration VALUES (0, 'lock', '', 0, NULL)");
    said[0] = '\0';
    pthread_create(&thread, NULL, migrate_in_thread, &result);
    while (!was_said("waiting"))
        pause_briefly();
    db_rollback(db);
    pthread_join(thread, NULL);
    assert_true(result);
}

/* The accounts as docs/operations.md makes them. Whoever makes a role is the only one who can give it away, so it is
 * root who makes them, not the migration. */
static void test_the_accounts_of_the_handbook_may_what_they_need(void **state)
{
    (void)state;
    database_run(db, "DROP USER IF EXISTS owner@localhost, server@localhost;\n"
                     "DROP ROLE IF EXISTS rollcall_data;\nDROP ROLE IF EXISTS rollcall_control;\n"
                     "CREATE USER owner@localhost;\nCREATE USER server@localhost;\n"
                     "CREATE ROLE rollcall_data;\nCREATE ROLE rollcall_control;\n"
                     "GRANT ALL ON rollcall.* TO owner@localhost WITH GRANT OPTION;\n"
                     "GRANT CREATE USER ON *.* TO owner@localhost;\n"
                     "GRANT rollcall_data TO server@localhost;\n"
                     "SET DEFAULT ROLE rollcall_data FOR server@localhost");
    struct db_settings settings = database_settings_of("owner", "", "");
    assert_true(store_migrate(&settings, say, &err));
    settings = database_settings_of("server", "", "");
    struct db *server = db_open(&settings, &err);
    assert_non_null(server);
    assert_true(store_check_schema(server, &err));
    db_close(server);
}

static struct db *connect_with_role(const char *role)
{
    char script[256];
    snprintf(script, sizeof(script),
             "DROP USER IF EXISTS someone@localhost;\nCREATE USER someone@localhost;\n"
             "GRANT `%s` TO someone@localhost;\nSET DEFAULT ROLE `%s` FOR someone@localhost",
             role, role);
    database_run(db, script);
    struct db_settings settings = database_settings_of("someone", "", "");
    struct db *someone = db_open(&settings, &err);
    assert_non_null(someone);
    return someone;
}

static void assert_denied(struct db *someone, const char *const *statements)
{
    for (; *statements; statements++) {
        err = ERR_INIT;
        if (db_script(someone, *statements, &err))
            fail_msg("allowed: %s", *statements);
        if (!strstr(err.detail, "denied"))
            fail_msg("%s: %s", *statements, err.detail);
    }
}

static void test_the_server_s_role_cannot_touch_tenants_tokens_and_keys(void **state)
{
    (void)state;
    static const char *const denied[] = {
        "INSERT INTO scim_token (directory_id, id, hash, pepper_version, scopes, label, hint, created_ms) VALUES ('', "
        "'', '', 1, 1, '', '', 0)",
        "DELETE FROM scim_token",
        "UPDATE scim_token SET revoked_ms = NULL",
        "UPDATE scim_token SET hash = ''",
        "DELETE FROM organization",
        "UPDATE organization SET display_name = ''",
        "INSERT INTO organization (id) VALUES ('')",
        "DELETE FROM directory",
        "UPDATE directory SET state = 1",
        "DELETE FROM primary_directory",
        "SELECT COUNT(*) FROM environment",
        "SELECT COUNT(*) FROM api_key",
        "INSERT INTO api_key (id) VALUES ('')",
        "SELECT COUNT(*) FROM audit",
        "DELETE FROM audit",
        "DELETE FROM `change`",
        "UPDATE `change` SET kind = 1",
        "DELETE FROM undeclared_attribute",
        "UPDATE directory SET catalog = NULL",
        "DELETE FROM schema_migration",
        "DROP TABLE resource",
        "CREATE TABLE more (id INT)",
        "SELECT COUNT(*) FROM mysql.global_priv",
        NULL,
    };
    struct db *server = connect_with_role("rollcall_data");
    assert_true(store_check_schema(server, &err));
    database_run(server, "UPDATE scim_token SET last_used_ms = 1;\nSELECT COUNT(*) FROM scim_token;\n"
                         "DELETE FROM resource;\nDELETE FROM attribute_value;\nDELETE FROM membership;\n"
                         "UPDATE resource_count SET resources = 0;\nSELECT COUNT(*) FROM `change`;\n"
                         "SELECT COUNT(*) FROM directory JOIN organization JOIN primary_directory;\n"
                         "UPDATE undeclared_attribute SET uses = 1;\n");
    assert_denied(server, denied);
    db_close(server);
}

static void test_the_admin_s_role_cannot_rewrite_the_audit_or_the_schema(void **state)
{
    (void)state;
    static const char *const denied[] = {
        "DELETE FROM audit",   "UPDATE audit SET detail = ''", "DELETE FROM schema_migration",
        "DROP TABLE resource", "CREATE USER other@localhost",  NULL,
    };
    struct db *admin = connect_with_role("rollcall_control");
    assert_true(store_check_schema(admin, &err));
    database_run(admin, "DELETE FROM primary_directory;\nDELETE FROM scim_token;\nDELETE FROM directory;\n"
                        "DELETE FROM organization;\nDELETE FROM api_key;\nDELETE FROM environment;\n"
                        "SELECT COUNT(*) FROM audit");
    assert_denied(admin, denied);
    db_close(admin);
}

static void test_every_table_is_granted_to_the_admin(void **state)
{
    (void)state;
    assert_true(database_integer(db,
                                 "SELECT COUNT(*) FROM information_schema.tables t WHERE t.table_schema = DATABASE() "
                                 "AND NOT EXISTS (SELECT 1 FROM mysql.tables_priv p WHERE p.Db = DATABASE() AND "
                                 "p.User = 'rollcall_control' AND p.Table_name = t.table_name)") == 0);
}

/* What the first release had: migrations 1 to 4, and rows of each kind that later ones care for. */
static const char old_rows[] =
    "INSERT INTO environment VALUES (REPEAT('e', 16), 'env', 1, 1);\n"
    "INSERT INTO organization (id, environment_id, external_id, display_name, domains, created_ms, updated_ms) VALUES "
    "(REPEAT('o', 16), REPEAT('e', 16), 'here', 'Here', '[\"a.example\", \"b.example\"]', 1, 1), "
    "(REPEAT('g', 16), REPEAT('e', 16), 'gone', 'Gone', '[]', 1, 1);\n"
    "INSERT INTO directory (id, organization_id, name, state, policy, created_ms, updated_ms) VALUES "
    "(REPEAT('d', 16), REPEAT('o', 16), 'Main', 1, '{}', 1, 1), (REPEAT('x', 16), REPEAT('g', 16), 'Main', 3, '{}', 1, "
    "77);\n"
    "INSERT INTO primary_directory VALUES (REPEAT('o', 16), REPEAT('d', 16)), (REPEAT('g', 16), REPEAT('x', 16));\n"
    "INSERT INTO scim_token (directory_id, id, hash, pepper_version, scopes, label, hint, created_ms, expires_ms, "
    "revoked_ms) "
    "VALUES (REPEAT('d', 16), REPEAT('1', 16), REPEAT('h', 32), 1, 1, 'ended', 'abcd', 1, 5, NULL), "
    "(REPEAT('d', 16), REPEAT('2', 16), REPEAT('h', 32), 1, 1, 'revoked', 'abcd', 1, NULL, 5), "
    "(REPEAT('d', 16), REPEAT('3', 16), REPEAT('h', 32), 1, 1, 'good', 'abcd', 1, NULL, NULL);\n"
    "INSERT INTO resource (directory_id, type, id, open_braces, version, created_ms, modified_ms, document) VALUES "
    "(REPEAT('d', 16), 1, REPEAT('a', 16), 1, 1, 1, 258, '{\"userName\":\"\\u00e9\",\"active\":true'), "
    "(REPEAT('d', 16), 1, REPEAT('i', 16), 1, 2, 1, 258, '{\"userName\":\"i\",\"active\":false'), "
    "(REPEAT('d', 16), 1, REPEAT('m', 16), 3, 2, 1, 259, '{\"active\":false,\"x\":{\"manager\":{\"value\":\"v\"'), "
    "(REPEAT('d', 16), 2, REPEAT('g', 16), 1, 2, 1, 258, '{\"displayName\":\"g\"');\n"
    "INSERT INTO `change` (operation_id, ordinal, directory_id, type, resource_id, kind, version, created_ms) VALUES "
    "(REPEAT('c', 16), 0, REPEAT('d', 16), 1, REPEAT('z', 16), 3, 2, 9)";

static void run_migration(const struct migration *migration)
{
    static const char mark[] = "{database}";
    static char script[65536];
    size_t used = 0;
    const char *sql = migration->sql;
    for (const char *at; (at = strstr(sql, mark)) != NULL; sql = at + sizeof(mark) - 1)
        used += (size_t)snprintf(script + used, sizeof(script) - used, "%.*srollcall", (int)(at - sql), sql);
    snprintf(script + used, sizeof(script) - used, "%s", sql);
    database_run(db, script);
}

static void make_old(void)
{
    enum { OLD = 4 };
    assert_true(migrate());
    database_run(db, "CREATE DATABASE IF NOT EXISTS aside;\nDROP TABLE IF EXISTS aside.schema_migration;\n"
                     "CREATE TABLE aside.schema_migration LIKE schema_migration;\n"
                     "INSERT INTO aside.schema_migration SELECT * FROM schema_migration WHERE version <= 4");
    db_close(db);
    database_reset();
    db = database_connect();
    database_run(db, "RENAME TABLE aside.schema_migration TO schema_migration");
    for (size_t i = 0; i < OLD; i++)
        run_migration(&migrations[i]);
    database_run(db, old_rows);
}

static void check_new(void)
{
    static const char *const truths[] = {
        "SELECT COUNT(*) = 2 FROM deactivated_user",
        "SELECT COUNT(*) = 1 FROM deactivated_user WHERE resource_id = REPEAT('i', 16) AND since_ms = 258 AND "
        "place = CONCAT(UNHEX('000000000102'), REPEAT('i', 10))",
        "SELECT COUNT(*) = 1 FROM deactivated_user WHERE resource_id = REPEAT('m', 16) AND since_ms = 259",
        "SELECT GROUP_CONCAT(warned ORDER BY id) = '4,4,0' FROM scim_token",
        "SELECT deleted_ms = 77 AND erase_ms = 77 AND erasing = 0 AND with_organization = 1 FROM directory WHERE state "
        "= 3",
        "SELECT deleted_ms IS NULL AND erase_ms IS NULL FROM directory WHERE state = 1",
        "SELECT deleted_ms = 77 AND erase_ms = 77 AND erasing = 0 FROM organization WHERE external_id = 'gone'",
        "SELECT deleted_ms IS NULL AND erase_ms IS NULL FROM organization WHERE external_id = 'here'",
        "SELECT GROUP_CONCAT(domain ORDER BY domain) = 'a.example,b.example' FROM organization_domain",
        "SELECT cause = 1 AND actor IS NULL AND born_ms IS NULL AND document IS NULL FROM `change`",
        "SELECT has_departed = 0 AND has_vendor_users = 0 AND indexes IS NULL FROM directory WHERE state = 1",
    };
    for (size_t i = 0; i < sizeof truths / sizeof truths[0]; i++)
        if (database_integer(db, truths[i]) != 1)
            fail_msg("not so: %s", truths[i]);
}

static void test_rows_of_the_first_release_are_right_afterwards(void **state)
{
    (void)state;
    make_old();
    assert_true(migrate());
    assert_int_equal(applied, migration_count - 4);
    check_new();
    database_run(db, "DELETE FROM schema_migration WHERE version > 4");
    assert_true(migrate());
    check_new();
}

/* Three of one environment, one of another, one of an environment that is gone; and a third that has none. */
static const char old_events[] =
    "INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (REPEAT('e', 16), 'e', 1, 1), "
    "(REPEAT('f', 16), 'f', 1, 1), (REPEAT('n', 16), 'n', 1, 1);\n"
    "INSERT INTO event (id, environment_id, type, data, created_ms) VALUES "
    "(REPEAT('2', 16), REPEAT('e', 16), 'token.expired', '{}', 7), (REPEAT('1', 16), REPEAT('e', 16), "
    "'token.expiring', "
    "'{}', 6), (REPEAT('3', 16), REPEAT('f', 16), 'token.expired', '{}', 8), (REPEAT('4', 16), REPEAT('e', 16), "
    "'token.expired', '{}', 9), (REPEAT('5', 16), REPEAT('g', 16), 'token.expired', '{}', 9)";

static void test_events_of_before_the_feed_have_numbers_afterwards(void **state)
{
    (void)state;
    const struct migration *feed = &migrations[13];
    assert_string_equal(feed->name, "feed");
    database_run(db, old_events);
    for (int again = 0; again < 2; again++) { /* it may be repeated */
        run_migration(feed);
        assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM feed"), 4);
        assert_int_equal(database_integer(db,
                                          "SELECT GROUP_CONCAT(LEFT(operation_id, 1) ORDER BY sequence) = '1,2,4' AND "
                                          "MIN(sequence) = 1 AND MAX(sequence) = 3 FROM feed WHERE "
                                          "environment_id = REPEAT('e', 16)"),
                         1);
        assert_int_equal(database_integer(db,
                                          "SELECT GROUP_CONCAT(last_sequence ORDER BY environment_id) = '3,1,0' FROM "
                                          "feed_end"),
                         1);
    }
}

/* The tables are there and the numbers given, but not the ends: it was cut in between. Then the eldest event was
 * dropped, and one has come. */
static void test_events_have_their_numbers_when_it_is_cut_between_them_and_their_ends(void **state)
{
    (void)state;
    database_run(db, old_events);
    run_migration(&migrations[13]);
    database_run(db, "DELETE FROM feed_end;\nDELETE FROM event WHERE id = REPEAT('1', 16);\n"
                     "INSERT INTO event (id, environment_id, type, data, created_ms) VALUES "
                     "(REPEAT('6', 16), REPEAT('e', 16), 'token.expired', '{}', 10)");
    run_migration(&migrations[13]);
    assert_int_equal(
        database_integer(db, "SELECT GROUP_CONCAT(LEFT(operation_id, 1) ORDER BY sequence) = '2,4,6' FROM feed "
                             "WHERE environment_id = REPEAT('e', 16)"),
        1);
}

#define EMPTY(test)    cmocka_unit_test_setup_teardown(test, start_empty, finish)
#define MIGRATED(test) cmocka_unit_test_setup_teardown(test, start_migrated, finish)

int main(void)
{
    const struct CMUnitTest tests[] = {
        EMPTY(test_an_empty_database_gets_every_migration_once),
        EMPTY(test_an_empty_database_is_not_served),
        MIGRATED(test_an_old_database_is_not_served_and_catches_up),
        EMPTY(test_rows_of_the_first_release_are_right_afterwards),
        MIGRATED(test_events_of_before_the_feed_have_numbers_afterwards),
        MIGRATED(test_events_have_their_numbers_when_it_is_cut_between_them_and_their_ends),
        MIGRATED(test_a_newer_database_is_neither_served_nor_migrated),
        MIGRATED(test_a_changed_migration_is_noticed),
        MIGRATED(test_another_product_s_history_and_gaps_are_noticed),
        EMPTY(test_a_migration_that_fails_at_once_leaves_no_trace),
        EMPTY(test_a_migration_that_stops_half_way_is_explained_and_not_repeated),
        MIGRATED(test_a_repeatable_migration_is_repeated),
        EMPTY(test_of_two_at_a_time_one_migrates),
        MIGRATED(test_who_waits_for_another_s_migration_says_so),
        EMPTY(test_the_accounts_of_the_handbook_may_what_they_need),
        MIGRATED(test_the_server_s_role_cannot_touch_tenants_tokens_and_keys),
        MIGRATED(test_the_admin_s_role_cannot_rewrite_the_audit_or_the_schema),
        MIGRATED(test_every_table_is_granted_to_the_admin),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
