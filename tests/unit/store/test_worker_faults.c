/* Workers whose database goes away: between turns, in the middle, and while COMMIT is on its way. Whatever happens, an
 * acknowledged change is there once, and a refused one is not there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/must.h"
#include "database.h"
#include "store/store.h"
#include "tenant.h"

#define USER "'schemas':['urn:ietf:params:scim:schemas:core:2.0:User']"

enum { BATCH = 8, PATIENCE_S = 60 };

static struct db *db; /* the test's own: survives what is done to the workers */
static struct tenant tenant;
static struct office office;
static struct store *store;
static unsigned serial; /* of user names */

static void start(unsigned writers)
{
    struct err err = ERR_INIT;
    static struct store_settings settings;
    settings = (struct store_settings){
        .db = office_database(), .workers = {1, writers, 0}, .queue_capacity = 1024, .batch = BATCH};
    store = store_start(&settings, &err);
    must(store);
}

static int set_up(void **state)
{
    (void)state;
    database_migrate();
    db = database_connect();
    tenant_make(&tenant, db);
    office_init(&office);
    start(1);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    store_stop(store);
    tenant_free(&tenant);
    db_close(db);
    return 0;
}

static struct op *create(void)
{
    struct request request = {
        .method = "POST", .path = "/Users", .body = format("{" USER ",'userName':'user%u'}", serial++)};
    return request_op(&tenant.caller, &request, 1750000000000);
}

static int create_one(void)
{
    struct op *op = create();
    office_run(&office, store, &op, 1);
    int status = op->reply.status;
    request_free(op);
    return status;
}

static void send_batch(struct op **ops)
{
    for (size_t i = 0; i < BATCH; i++)
        ops[i] = create();
    office_send(&office, store, STORE_WRITE, ops, BATCH);
}

/* After a crash the server numbers its sessions anew, and a worker that makes sure that its old one is gone may hit
 * ours.
 */
static int64_t count_of(const char *sql, struct db_value id)
{
    struct err err = ERR_INIT;
    const struct db_value *row;
    if (!db_query_one(db, sql, &id, 1, &row, &err)) {
        must(db_failure(db) == DB_LOST);
        db_close(db);
        db = database_connect();
        must(db_query_one(db, sql, &id, 1, &row, &err));
    }
    return row[0].integer;
}

static void count_rows(const struct op *op, int64_t *resources_out, int64_t *changes_out)
{
    static const char resources[] = "SELECT COUNT(*) FROM resource WHERE id = ?";
    static const char changes[] = "SELECT COUNT(*) FROM `change` WHERE operation_id = ?";
    *resources_out = count_of(resources, db_id(&op->fresh_id.id));
    *changes_out = count_of(changes, db_id(&op->operation_id.id));
}

/* Every reply against the rows. Frees the ops; how many were created. */
static size_t check_ledger(struct op **ops, size_t count)
{
    size_t created = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t resources, changes;
        count_rows(ops[i], &resources, &changes);
        int status = ops[i]->reply.status;
        if (status != 201 && status != 503)
            fail_msg("%d %.*s", status, (int)ops[i]->reply.body.len, ops[i]->reply.body.data);
        assert_int_equal(resources, status == 201);
        assert_int_equal(changes, status == 201);
        created += status == 201;
        request_free(ops[i]);
    }
    return created;
}

static void assert_counter_is_right(void)
{
    assert_int_equal(database_integer(db, "SELECT resources FROM resource_count WHERE type = 1"),
                     database_integer(db, "SELECT COUNT(*) FROM resource"));
}

static void revive(void)
{
    database_resume();
    db_close(db);
    db = database_connect();
}

/* Until the workers have found the database again. */
static void wait_until_served(void)
{
    uint64_t deadline = clock_monotonic_ns() + (uint64_t)PATIENCE_S * 1000000000;
    while (create_one() != 201)
        must(clock_monotonic_ns() < deadline);
}

static void kill_session(int64_t id)
{
    struct err err = ERR_INIT;
    struct db_value value = db_integer(id);
    (void)!db_execute(db, "KILL ?", &value, 1, NULL, &err); /* it may be gone already */
}

static void kill_every_other_session(void)
{
    int64_t ids[64];
    size_t count = 0;
    struct err err = ERR_INIT;
    const struct db_value *row;
    struct db_rows *rows =
        db_query(db, "SELECT id FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = 'root'",
                 NULL, 0, &err);
    must(rows);
    while ((row = db_next(rows)) && count < 64)
        ids[count++] = row[0].integer;
    must(db_rows_end(rows, &err));
    for (size_t i = 0; i < count; i++)
        kill_session(ids[i]);
}

/* While this is held, writers get as far as COMMIT and wait there. */
static void hold_commits(void)
{
    database_run(db, "BACKUP STAGE START;\nBACKUP STAGE FLUSH;\nBACKUP STAGE BLOCK_DDL;\nBACKUP STAGE BLOCK_COMMIT;\n");
}

static void release_commits(void) { database_run(db, "BACKUP STAGE END;\n"); }

/* The session that waits in COMMIT and is not `other`. */
static int64_t wait_for_commit(int64_t other)
{
    static const char sql[] = "SELECT COALESCE(MAX(id), 0) FROM information_schema.processlist "
                              "WHERE info = 'COMMIT' AND state LIKE 'Waiting%' AND id <> ?";
    uint64_t deadline = clock_monotonic_ns() + (uint64_t)PATIENCE_S * 1000000000;
    for (;;) {
        struct err err = ERR_INIT;
        const struct db_value *row;
        struct db_value value = db_integer(other);
        must(db_query_one(db, sql, &value, 1, &row, &err));
        if (row[0].integer)
            return row[0].integer;
        must(clock_monotonic_ns() < deadline);
    }
}

static void test_a_killed_server_is_503_until_it_is_back(void **state)
{
    (void)state;
    assert_int_equal(create_one(), 201);
    database_kill();
    struct op *ops[BATCH];
    send_batch(ops);
    office_wait(&office, BATCH);
    for (size_t i = 0; i < BATCH; i++) {
        assert_int_equal(ops[i]->reply.status, 503);
        assert_non_null(request_header(ops[i], "retry-after"));
    }
    revive();
    assert_int_equal(check_ledger(ops, BATCH), 0);
    wait_until_served();
    assert_counter_is_right();
}

static void test_a_session_that_was_closed_costs_no_request(void **state)
{
    (void)state;
    for (int round = 0; round < 5; round++) {
        assert_int_equal(create_one(), 201);
        kill_every_other_session();
        assert_int_equal(create_one(), 201);
        struct request read = {.method = "GET", .path = "/Users?filter=userName%20eq%20%22user0%22"};
        assert_int_equal(office_ask(&office, store, &tenant, &read, NULL), 200);
    }
    assert_counter_is_right();
}

static void test_a_commit_that_was_cut_off_is_made_once(void **state)
{
    (void)state;
    assert_int_equal(create_one(), 201);
    struct op *ops[BATCH];
    hold_commits();
    send_batch(ops);
    int64_t first = wait_for_commit(0);
    kill_session(first);
    wait_for_commit(first); /* the second try, on a new connection, under the same operation ids */
    release_commits();
    office_wait(&office, BATCH);
    assert_int_equal(check_ledger(ops, BATCH), BATCH);
    assert_counter_is_right();
}

/* COMMIT is let through and its session killed at nearly the same time: sometimes it took effect, sometimes not. */
static void test_a_commit_whose_answer_is_lost_is_looked_up(void **state)
{
    (void)state;
    assert_int_equal(create_one(), 201);
    for (int round = 0; round < 40; round++) {
        struct op *ops[BATCH];
        hold_commits();
        send_batch(ops);
        int64_t session = wait_for_commit(0);
        if (round % 2)
            kill_session(session);
        release_commits();
        if (round % 2 == 0) {
            uint64_t until = clock_monotonic_ns() + (uint64_t)round * 20000;
            while (clock_monotonic_ns() < until)
                ;
            kill_session(session);
        }
        office_wait(&office, BATCH);
        assert_int_equal(check_ledger(ops, BATCH), BATCH);
    }
    assert_counter_is_right();
}

static void test_kills_at_any_time_lose_nothing_and_double_nothing(void **state)
{
    (void)state;
    enum { ROUNDS = 60 };
    store_stop(store);
    start(3);
    for (int round = 0; round < ROUNDS; round++) {
        struct op *ops[3 * BATCH];
        for (size_t i = 0; i < 3; i++)
            send_batch(ops + i * BATCH);
        uint64_t until = clock_monotonic_ns() + (uint64_t)round * 70000;
        while (clock_monotonic_ns() < until)
            ;
        kill_every_other_session();
        kill_every_other_session();
        office_wait(&office, 3 * BATCH);
        check_ledger(ops, 3 * BATCH);
    }
    wait_until_served();
    assert_counter_is_right();
}

static void test_crashes_of_the_server_at_any_time_lose_nothing(void **state)
{
    (void)state;
    for (int round = 0; round < 6; round++) {
        struct op *ops[4 * BATCH];
        for (size_t i = 0; i < 4; i++)
            send_batch(ops + i * BATCH);
        uint64_t until = clock_monotonic_ns() + (uint64_t)round * 2000000;
        while (clock_monotonic_ns() < until)
            ;
        database_kill();
        revive();
        office_wait(&office, 4 * BATCH);
        check_ledger(ops, 4 * BATCH);
        wait_until_served();
    }
    assert_counter_is_right();
}

/* Longer away than a worker waits for: then nobody knows, and the caller is told so. */
static void test_a_server_that_stays_away_in_the_middle_of_a_commit_is_503(void **state)
{
    (void)state;
    assert_int_equal(create_one(), 201);
    struct op *ops[BATCH];
    hold_commits();
    send_batch(ops);
    wait_for_commit(0);
    database_kill();
    office_wait(&office, BATCH);
    for (size_t i = 0; i < BATCH; i++) {
        assert_int_equal(ops[i]->reply.status, 503);
        assert_non_null(memmem(ops[i]->reply.body.data, ops[i]->reply.body.len, "read it before", 14));
    }
    revive();
    assert_int_equal(check_ledger(ops, BATCH), 0); /* it had not got through */
    wait_until_served();
    assert_counter_is_right();
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_killed_server_is_503_until_it_is_back),
        TEST(test_a_session_that_was_closed_costs_no_request),
        TEST(test_a_commit_that_was_cut_off_is_made_once),
        TEST(test_a_commit_whose_answer_is_lost_is_looked_up),
        TEST(test_kills_at_any_time_lose_nothing_and_double_nothing),
        TEST(test_crashes_of_the_server_at_any_time_lose_nothing),
        TEST(test_a_server_that_stays_away_in_the_middle_of_a_commit_is_503),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
