/* The thread that numbers, on a real database: who waits is not left waiting, whatever happens meanwhile. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>
#include <pthread.h>

#include "base/must.h"
#include "database.h"
#include "orders.h"
#include "sequencer.h"
#include "store/outbox.h"

enum { FUSE_S = 60 };

static struct db *db;
static struct db_settings settings;
static const struct environment_id environment = {{{1}}};

static int start(void **state)
{
    static char url[512];
    if (database_start(state) != 0)
        return 1;
    database_migrate();
    settings = database_settings();
    snprintf(url, sizeof url, "%s", settings.url); /* the fixture writes its own anew for each thread */
    settings.url = url;
    db = database_connect();
    database_run(db,
                 "INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (RPAD(CHAR(1), 16, CHAR(0)), 'a',"
                 " 0, 0);\n");
    return 0;
}

static int stop(void **state)
{
    db_close(db);
    return database_stop(state);
}

static bool leave_event(struct db *on)
{
    struct err err = ERR_INIT;
    const struct id id = id_new();
    const struct db_value parameters[] = {db_id(&id), db_id(&environment.id)};
    return db_execute(on,
                      "INSERT INTO outbox (source, operation_id, ordinal, environment_id, type, kind) "
                      "VALUES (2, ?, 0, ?, 0, 0)",
                      parameters, 2, NULL, &err);
}

static int64_t waiting(void) { return database_integer(db, "SELECT COUNT(*) FROM outbox"); }
static int64_t numbered(void) { return database_integer(db, "SELECT COUNT(*) FROM feed"); }

static void nap(void) { nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL); }

/* A fuse, not an assertion on time. */
static void wait_until_numbered(void)
{
    for (int i = 0; i < FUSE_S * 200 && waiting() > 0; i++)
        nap();
    assert_int_equal(waiting(), 0);
}

/* Does who settles find what was committed before? A settle ends after a second at the latest, so on a machine that is
 * very busy one may miss it. */
static bool finds(struct sequencer *sequencer)
{
    int64_t before = numbered();
    must(leave_event(db));
    sequencer_settle(sequencer);
    bool found = numbered() == before + 1;
    wait_until_numbered();
    return found;
}

enum { ROUNDS = 50, FEW = 3 };

static void count_wake(void *context) { atomic_fetch_add((atomic_int *)context, 1); }

static void test_who_has_settled_finds_what_was_committed_before(void **state)
{
    (void)state;
    struct sequencer *sequencer = sequencer_start(&settings);
    sequencer_settle(sequencer); /* it has its connection */
    int missed = 0;
    for (int i = 0; i < ROUNDS; i++)
        missed += !finds(sequencer);
    assert_true(missed <= FEW);
    sequencer_stop(sequencer);
}

static void test_it_is_also_found_when_another_process_is_at_work(void **state)
{
    (void)state;
    struct sequencer *one = sequencer_start(&settings), *two = sequencer_start(&settings);
    sequencer_settle(one);
    sequencer_settle(two);
    int missed = 0;
    for (int i = 0; i < ROUNDS; i++)
        missed += !finds(i % 2 ? one : two);
    assert_true(missed <= FEW);
    sequencer_stop(one);
    sequencer_stop(two);
}

static void test_listeners_hear_of_what_another_process_has_numbered(void **state)
{
    (void)state;
    atomic_int wakes = 0;
    struct feed_listener listener = {.wake = count_wake, .context = &wakes};
    struct sequencer *one = sequencer_start(&settings), *two = sequencer_start(&settings);
    sequencer_settle(one);
    sequencer_listen(one, &listener);
    must(leave_event(db));
    sequencer_settle(two);
    for (int i = 0; i < FUSE_S * 200 && atomic_load(&wakes) == 0; i++)
        nap();
    assert_true(atomic_load(&wakes) > 0);
    sequencer_ignore(one, &listener);
    sequencer_stop(one);
    sequencer_stop(two);
}

struct noise {
    atomic_bool ends;
    atomic_int made;
};

/* As orders to the dispatchers do: nothing is numbered by it. */
static void *wake_all(void *argument)
{
    struct noise *noise = argument;
    struct err err = ERR_INIT;
    struct db *own = db_open(&settings, &err);
    must(own);
    for (; !atomic_load(&noise->ends); atomic_fetch_add(&noise->made, 1))
        must(webhook_order_look(own, &environment.id, &err));
    db_close(own);
    return NULL;
}

static void test_who_only_wakes_listeners_is_not_taken_for_somebody_who_numbers(void **state)
{
    (void)state;
    static struct noise noise;
    struct sequencer *sequencer = sequencer_start(&settings);
    pthread_t thread;
    sequencer_settle(sequencer);
    database_run(db, "SET GLOBAL innodb_flush_log_at_trx_commit = 0;\n"); /* no disk slows it down */
    must(pthread_create(&thread, NULL, wake_all, &noise) == 0);
    for (int i = 0; i < 5; i++) {
        must(leave_event(db));
        wait_until_numbered();
    }
    atomic_store(&noise.ends, true);
    pthread_join(thread, NULL);
    assert_true(atomic_load(&noise.made) > 0);
    database_run(db, "SET GLOBAL innodb_flush_log_at_trx_commit = 1;\n");
    sequencer_stop(sequencer);
}

static void test_whoever_has_not_committed_an_order_holds_nobody_up(void **state)
{
    (void)state;
    atomic_int wakes = 0;
    struct err err = ERR_INIT;
    struct feed_listener listener = {.wake = count_wake, .context = &wakes};
    struct sequencer *sequencer = sequencer_start(&settings);
    struct db *slow = db_open(&settings, &err);
    must(slow && db_begin(slow, &err) && webhook_order_look(slow, &environment.id, &err));
    must(leave_event(db));
    wait_until_numbered();
    sequencer_settle(sequencer);
    sequencer_listen(sequencer, &listener);
    must(db_commit(slow, &err));
    for (int i = 0; i < FUSE_S * 200 && atomic_load(&wakes) == 0; i++)
        nap();
    assert_true(atomic_load(&wakes) > 0);
    sequencer_ignore(sequencer, &listener);
    sequencer_stop(sequencer);
    db_close(slow);
}

struct load {
    atomic_bool ends;
    atomic_int left;
    struct sequencer *sequencer;
};

static void *write_on(void *argument)
{
    struct load *load = argument;
    struct err err = ERR_INIT;
    struct db *own = db_open(&settings, &err);
    must(own);
    while (!atomic_load(&load->ends)) {
        must(leave_event(own));
        atomic_fetch_add(&load->left, 1);
    }
    db_close(own);
    return NULL;
}

static void *settle_on(void *argument)
{
    struct load *load = argument;
    while (!atomic_load(&load->ends))
        sequencer_settle(load->sequencer);
    return NULL;
}

static void test_it_stops_under_load_and_another_goes_on(void **state)
{
    (void)state;
    struct load load = {.sequencer = sequencer_start(&settings)};
    pthread_t writer, settler;
    int64_t before = numbered();
    must(pthread_create(&writer, NULL, write_on, &load) == 0 && pthread_create(&settler, NULL, settle_on, &load) == 0);
    for (int i = 0; i < 3; i++) {
        int left = atomic_load(&load.left);
        while (atomic_load(&load.left) < left + 200)
            nap();
        struct sequencer *another = sequencer_start(&settings);
        sequencer_settle(another);
        sequencer_stop(another);
    }
    atomic_store(&load.ends, true);
    pthread_join(writer, NULL);
    pthread_join(settler, NULL);
    wait_until_numbered();
    sequencer_stop(load.sequencer);
    assert_int_equal(numbered(), before + atomic_load(&load.left));
}

static void test_it_goes_on_when_the_database_is_back(void **state)
{
    (void)state;
    struct sequencer *sequencer = sequencer_start(&settings);
    sequencer_settle(sequencer);
    database_kill();
    sequencer_settle(sequencer); /* a second at most */
    database_resume();
    db_close(db);
    db = database_connect();
    int64_t before = numbered();
    must(leave_event(db));
    wait_until_numbered();
    assert_int_equal(numbered(), before + 1);
    sequencer_stop(sequencer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_who_has_settled_finds_what_was_committed_before),
        cmocka_unit_test(test_it_is_also_found_when_another_process_is_at_work),
        cmocka_unit_test(test_listeners_hear_of_what_another_process_has_numbered),
        cmocka_unit_test(test_who_only_wakes_listeners_is_not_taken_for_somebody_who_numbers),
        cmocka_unit_test(test_whoever_has_not_committed_an_order_holds_nobody_up),
        cmocka_unit_test(test_it_stops_under_load_and_another_goes_on),
        cmocka_unit_test(test_it_goes_on_when_the_database_is_back),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
