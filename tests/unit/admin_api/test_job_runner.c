/* Jobs with kinds of this test's own, on a real database: run once, cut, taken over, cancelled, failed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <time.h>

#include <cmocka.h>

#include "base/must.h"
#include "database.h"
#include "jobs.h"

static struct db *db;
static const struct admin_settings settings;
static atomic_int steps, hold;

static void nap(void) { nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); }

/* Counts to its parameter `to` in steps of one; holds at step `hold` until that is changed. */
static bool count_up(struct admin_job_run *run, struct err *err)
{
    run->total = json_integer_value(json_object_get(run->parameters, "to"));
    bool go_on = true;
    while (run->done < run->total) {
        while (atomic_load(&hold) == run->done + 1 && !job_runner_is_stopping(run->owner) && go_on)
            if (!admin_job_step(run, &go_on, err))
                return false;
        if (!go_on)
            return true;
        run->done++;
        atomic_fetch_add(&steps, 1);
        json_object_set_new(run->checkpoint, "at", json_integer(run->done));
        json_object_set_new(run->result, "counted", json_integer(run->done));
        if (!admin_job_step(run, &go_on, err))
            return false;
        if (!go_on)
            return true;
    }
    return true;
}

static bool give_up(struct admin_job_run *run, struct err *err)
{
    (void)run;
    return err_set(err, ERR_INVALID_VALUE, "It cannot be done, because of this.");
}

/* Loses its connection at the first attempt. */
static bool lose_connection(struct admin_job_run *run, struct err *err)
{
    const struct db_value *row;
    bool again = json_object_get(run->checkpoint, "lost") != NULL, go_on;
    json_object_set_new(run->checkpoint, "lost", json_true());
    if (!admin_job_step(run, &go_on, err))
        return false;
    if (!again) {
        struct db_value id = db_integer((int64_t)db_connection_id(run->db));
        struct db *other = database_connect();
        must(db_execute(other, "KILL ?", &id, 1, NULL, err));
        db_close(other);
    }
    return db_query_one(run->db, "SELECT 1", NULL, 0, &row, err);
}

static const struct admin_job_kind counting = {"count", count_up}, failing = {"fail", give_up},
                                   losing = {"lose", lose_connection};
const struct admin_job_kind *const admin_job_kinds[] = {&counting, &failing, &losing, NULL};

static struct id make(const char *kind, const char *parameters)
{
    struct err err = ERR_INIT;
    struct id id = id_new(), environment = {{7}};
    struct db_value values[] = {db_id(&id), db_id(&environment), db_bytes(slice_str(kind)),
                                db_bytes(slice_str(parameters))};
    must(db_execute(db,
                    "INSERT INTO job (id, environment_id, kind, actor, parameters, checkpoint, created_ms) "
                    "VALUES (?, ?, ?, 'key-x', ?, '{}', 1)",
                    values, 4, NULL, &err));
    return id;
}

static int64_t ask(const char *sql, const struct id *id)
{
    struct err err = ERR_INIT;
    const struct db_value *row;
    struct db_value parameter = db_id(id);
    must(db_query_one(db, sql, &parameter, 1, &row, &err) && row);
    return row[0].integer;
}

static int64_t state_of(const struct id *id) { return ask("SELECT state FROM job WHERE id = ?", id); }
static int64_t done_of(const struct id *id) { return ask("SELECT done FROM job WHERE id = ?", id); }

/* A fuse, not an assertion on time. */
static void wait_for(const struct id *id, int64_t state)
{
    for (int i = 0; i < 6000 && state_of(id) != state; i++)
        nap();
    assert_int_equal(state_of(id), state);
}

static void wait_until_held(int at)
{
    for (int i = 0; i < 6000 && atomic_load(&steps) < at - 1; i++)
        nap();
    assert_int_equal(atomic_load(&steps), at - 1);
}

static struct job_runner *start(unsigned workers)
{
    struct db_settings database = database_settings();
    return job_runner_start(&database, &settings, workers);
}

static void end_lease(const struct id *id)
{
    struct err err = ERR_INIT;
    struct db_value parameter = db_id(id);
    must(db_execute(db, "UPDATE job SET lease_ms = 1 WHERE id = ?", &parameter, 1, NULL, &err));
}

static void test_each_job_runs_once_with_several_workers(void **state)
{
    (void)state;
    struct id ids[12];
    for (int i = 0; i < 12; i++)
        ids[i] = make("count", "{\"to\": 3}");
    struct job_runner *one = start(3), *other = start(3);
    for (int i = 0; i < 12; i++)
        wait_for(&ids[i], 3);
    job_runner_stop(one);
    job_runner_stop(other);
    assert_int_equal(atomic_load(&steps), 36);
    assert_int_equal(done_of(&ids[11]), 3);
    assert_int_equal(ask("SELECT JSON_VALUE(result, '$.counted') = 3 AND ended_ms > 0 FROM job WHERE id = ?", &ids[0]),
                     1);
}

static void test_a_stopped_process_gives_its_job_back_and_the_next_goes_on(void **state)
{
    (void)state;
    struct id id = make("count", "{\"to\": 9}");
    atomic_store(&hold, 5);
    struct job_runner *runner = start(1);
    wait_until_held(5);
    job_runner_stop(runner);
    assert_int_equal(state_of(&id), 1);
    atomic_store(&hold, 0);
    runner = start(1);
    wait_for(&id, 3);
    job_runner_stop(runner);
    assert_int_equal(atomic_load(&steps), 9); /* nothing was counted twice */
}

static void test_a_job_whose_lease_has_ended_is_taken_over_and_the_first_worker_writes_no_more(void **state)
{
    (void)state;
    struct id id = make("count", "{\"to\": 4}");
    atomic_store(&hold, 3);
    struct job_runner *first = start(1);
    wait_until_held(3);
    /* As if the first process hung: the lease ends, and the runner of another takes the job. */
    struct err err = ERR_INIT;
    struct id thief = id_new();
    struct db_value values[] = {db_id(&thief), db_id(&id)};
    must(db_execute(db, "UPDATE job SET runner = ? WHERE id = ?", values, 2, NULL, &err));
    atomic_store(&hold, 0);
    job_runner_stop(first);
    assert_int_equal(state_of(&id), 2);
    assert_true(atomic_load(&steps) <= 3);
    end_lease(&id);
    struct job_runner *second = start(1);
    wait_for(&id, 3);
    job_runner_stop(second);
    assert_int_equal(done_of(&id), 4);
}

static void test_a_running_job_is_cancelled_at_its_next_step(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct id id = make("count", "{\"to\": 5}");
    atomic_store(&hold, 2);
    struct job_runner *runner = start(1);
    wait_until_held(2);
    struct db_value parameter = db_id(&id);
    must(db_execute(db, "UPDATE job SET cancel_asked = 1 WHERE id = ?", &parameter, 1, NULL, &err));
    wait_for(&id, 5);
    job_runner_stop(runner);
    assert_int_equal(done_of(&id), 1);
}

static void test_a_job_that_fails_says_why(void **state)
{
    (void)state;
    struct id id = make("fail", "{}");
    struct job_runner *runner = start(1);
    wait_for(&id, 4);
    job_runner_stop(runner);
    assert_int_equal(ask("SELECT problem = 'It cannot be done, because of this.' FROM job WHERE id = ?", &id), 1);
}

static void test_a_lost_connection_is_no_failure(void **state)
{
    (void)state;
    struct id id = make("lose", "{}");
    struct job_runner *runner = start(1);
    for (int i = 0; i < 6000 && state_of(&id) != 3; i++, nap())
        if (ask("SELECT state = 2 AND JSON_VALUE(checkpoint, '$.lost') = 1 FROM job WHERE id = ?", &id))
            end_lease(&id);
    wait_for(&id, 3);
    job_runner_stop(runner);
    assert_true(ask("SELECT attempts FROM job WHERE id = ?", &id) >= 2);
}

static void test_a_job_of_an_unknown_kind_waits_for_a_process_that_knows_it(void **state)
{
    (void)state;
    struct id id = make("newer", "{}"), mine = make("count", "{\"to\": 1}");
    struct job_runner *runner = start(2);
    wait_for(&mine, 3);
    job_runner_stop(runner);
    assert_int_equal(state_of(&id), 1);
}

static void test_only_jobs_that_ended_are_purged(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct id waiting = make("count", "{\"to\": 1}"), ended = make("count", "{\"to\": 1}");
    struct db_value parameter = db_id(&ended);
    must(db_execute(db, "UPDATE job SET state = 3 WHERE id = ?", &parameter, 1, NULL, &err));
    uint64_t purged;
    must(admin_jobs_purge(db, 1000, 10, &purged, &err));
    assert_int_equal(purged, 0);
    must(admin_jobs_purge(db, INT64_C(1) << 46, 10, &purged, &err));
    assert_int_equal(purged, 1);
    assert_int_equal(state_of(&waiting), 1);
}

static int begin(void **state)
{
    (void)state;
    database_run(db, "DELETE FROM job");
    atomic_store(&steps, 0);
    atomic_store(&hold, 0);
    return 0;
}

static int start_all(void **state)
{
    database_start(state);
    database_migrate();
    db = database_connect();
    return 0;
}

static int stop_all(void **state)
{
    db_close(db);
    return database_stop(state);
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_job_runs_once_with_several_workers),
        TEST(test_a_stopped_process_gives_its_job_back_and_the_next_goes_on),
        TEST(test_a_job_whose_lease_has_ended_is_taken_over_and_the_first_worker_writes_no_more),
        TEST(test_a_running_job_is_cancelled_at_its_next_step),
        TEST(test_a_job_that_fails_says_why),
        TEST(test_a_lost_connection_is_no_failure),
        TEST(test_a_job_of_an_unknown_kind_waits_for_a_process_that_knows_it),
        TEST(test_only_jobs_that_ended_are_purged),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
