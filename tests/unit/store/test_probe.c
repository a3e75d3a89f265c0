#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "database.h"
#include "probe.h"

static struct err err;
static struct db_settings settings;

static int start_migrated(void **state)
{
    (void)state;
    database_migrate();
    settings = database_settings();
    return 0;
}

/* Looks until the answer is as expected and its text holds `text`, or is empty where that is; false after half a
 * minute.
 */
static bool comes_to(struct probe *probe, bool ready, const char *text)
{
    uint64_t deadline_ns = clock_monotonic_ns() + UINT64_C(30000000000);
    while (clock_monotonic_ns() < deadline_ns) {
        if (probe_ready(probe, &err) == ready && (text[0] ? strstr(err.detail, text) != NULL : !err.detail[0]))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 10000000}, NULL);
    }
    return false;
}

static void test_a_good_database_is_ready(void **state)
{
    (void)state;
    struct probe *probe = probe_start(&settings);
    assert_true(comes_to(probe, true, ""));
    assert_int_equal(err.kind, ERR_NONE);
    probe_stop(probe);
}

static void test_commits_that_are_not_durable_are_warned_of(void **state)
{
    (void)state;
    struct db *db = database_connect();
    database_run(db, "SET GLOBAL innodb_flush_log_at_trx_commit = 2");
    struct probe *probe = probe_start(&settings);
    assert_true(comes_to(probe, true, "innodb_flush_log_at_trx_commit"));
    assert_int_equal(err.kind, ERR_NONE);
    database_run(db, "SET GLOBAL innodb_flush_log_at_trx_commit = 1");
    assert_true(comes_to(probe, true, ""));
    probe_stop(probe);
    db_close(db);
}

static void test_a_database_that_goes_and_comes_back(void **state)
{
    (void)state;
    struct probe *probe = probe_start(&settings);
    assert_true(comes_to(probe, true, ""));
    database_kill();
    assert_true(comes_to(probe, false, "not available"));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    database_resume();
    assert_true(comes_to(probe, true, ""));
    probe_stop(probe);
}

static void test_a_schema_that_is_too_old_is_not_ready_and_a_newer_one_is(void **state)
{
    (void)state;
    struct db *db = database_connect();
    struct probe *probe = probe_start(&settings);
    assert_true(comes_to(probe, true, ""));
    database_run(db, "DELETE FROM schema_migration WHERE version > 1");
    assert_true(comes_to(probe, false, "run rollcall-admin migrate"));
    database_run(db, "INSERT INTO schema_migration SELECT seq, 'future', '', 1, 1 FROM seq_2_to_99");
    assert_true(comes_to(probe, true, ""));
    probe_stop(probe);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_good_database_is_ready, start_migrated),
        cmocka_unit_test_setup(test_commits_that_are_not_durable_are_warned_of, start_migrated),
        cmocka_unit_test_setup(test_a_database_that_goes_and_comes_back, start_migrated),
        cmocka_unit_test_setup(test_a_schema_that_is_too_old_is_not_ready_and_a_newer_one_is, start_migrated),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
