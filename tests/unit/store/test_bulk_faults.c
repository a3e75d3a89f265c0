/* Bulk requests on real workers whose store or database ends in the middle: every operation has its answer, and what it
 * says is true. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/clock.h"
#include "base/must.h"
#include "database.h"
#include "store/store.h"
#include "tenant.h"

enum { OPERATIONS = 100, WAVE = 32, PATIENCE_S = 60 };

static struct db *db;
static struct tenant tenant;
static struct office office;
static struct store *store;
static struct op *op;
static json_t *answer;

static int set_up(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    database_migrate();
    db = database_connect();
    tenant_make(&tenant, db);
    office_init(&office);
    static struct store_settings settings;
    settings =
        (struct store_settings){.db = office_database(), .workers = {1, 1, 1}, .queue_capacity = 64, .batch = WAVE};
    store = store_start(&settings, &err);
    must(store);
    tenant.settings.write_queue = store_queue(store, STORE_WRITE);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    json_decref(answer);
    answer = NULL;
    if (op)
        request_free(op);
    op = NULL;
    if (store)
        store_stop(store);
    tenant_free(&tenant);
    db_close(db);
    return 0;
}

/* Creations. more: members of the message beside the operations. */
static struct op *bulk_op(const char *more)
{
    struct buf body;
    buf_init(&body, 1 << 20);
    buf_printf(&body, "{'schemas':['urn:ietf:params:scim:api:messages:2.0:BulkRequest'],%s'Operations':[", more);
    for (size_t i = 0; i < OPERATIONS; i++)
        buf_printf(&body,
                   "%s{'method':'POST','path':'/Users','bulkId':'%zu','data':{'schemas':"
                   "['urn:ietf:params:scim:schemas:core:2.0:User'],'userName':'u%zu'}}",
                   i ? "," : "", i, i);
    buf_add_str(&body, "]}");
    buf_add_char(&body, '\0');
    struct request request = {.method = "POST", .path = "/Bulk", .body = body.data};
    struct op *made = request_op(&tenant.caller, &request, 1750000000000);
    made->job.deadline_ns = clock_monotonic_ns() + UINT64_C(1000000000) * PATIENCE_S;
    buf_fini(&body);
    return made;
}

static void send_bulk(const char *more)
{
    op = bulk_op(more);
    office_send(&office, store, STORE_QUERY, &op, 1);
}

static void wait_for_answer(void)
{
    office_wait(&office, 1);
    answer = json_loadb(op->reply.body.data, op->reply.body.len, 0, NULL);
    must(answer);
}

static int status_of(size_t operation)
{
    json_t *result = json_array_get(json_object_get(answer, "Operations"), operation);
    int status = 0;
    must(sscanf(json_string_value(json_object_get(result, "status")), "%d", &status) == 1);
    return status;
}

static void assert_results(size_t created, size_t unavailable)
{
    assert_int_equal(op->reply.status, 200);
    assert_int_equal(json_array_size(json_object_get(answer, "Operations")), created + unavailable);
    for (size_t i = 0; i < created + unavailable; i++)
        assert_int_equal(status_of(i), i < created ? 201 : 503);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM resource"), created);
    assert_int_equal(database_integer(db, "SELECT resources FROM resource_count WHERE type = 1"), created);
}

/* While this is held, the worker gets as far as COMMIT and waits there. */
static void hold_commits(void)
{
    database_run(db, "BACKUP STAGE START;\nBACKUP STAGE FLUSH;\nBACKUP STAGE BLOCK_DDL;\nBACKUP STAGE BLOCK_COMMIT;\n");
}

static void release_commits(void) { database_run(db, "BACKUP STAGE END;\n"); }

static void wait_for_commit(void)
{
    static const char sql[] = "SELECT COUNT(*) FROM information_schema.processlist "
                              "WHERE info = 'COMMIT' AND state LIKE 'Waiting%'";
    uint64_t deadline = clock_monotonic_ns() + UINT64_C(1000000000) * PATIENCE_S;
    while (database_integer(db, sql) == 0)
        must(clock_monotonic_ns() < deadline);
}

static void test_B_01_every_operation_of_many_waves_is_done(void **state)
{
    (void)state;
    send_bulk("");
    wait_for_answer();
    assert_results(OPERATIONS, 0);
    assert_int_equal(op->record_count, OPERATIONS);
}

static void test_a_lane_that_closes_in_the_middle_leaves_the_rest_undone(void **state)
{
    (void)state;
    hold_commits();
    send_bulk("");
    wait_for_commit();
    queue_close(store_queue(store, STORE_WRITE));
    release_commits();
    wait_for_answer();
    assert_results(WAVE, OPERATIONS - WAVE);
}

static void test_a_store_that_stops_in_the_middle_brings_the_request_home(void **state)
{
    (void)state;
    hold_commits();
    send_bulk("");
    wait_for_commit();
    queue_close(store_queue(store, STORE_WRITE)); /* as store_stop begins, which then waits for what is under way */
    release_commits();
    store_stop(store);
    store = NULL;
    wait_for_answer();
    assert_results(WAVE, OPERATIONS - WAVE);
}

static void test_a_closed_lane_refuses_the_whole_request(void **state)
{
    (void)state;
    queue_close(store_queue(store, STORE_WRITE));
    send_bulk("");
    wait_for_answer();
    assert_int_equal(op->reply.status, 503);
    assert_non_null(request_header(op, "retry-after"));
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM resource"), 0);
}

static void test_B_07_the_rest_of_an_unavailable_store_counts_as_errors(void **state)
{
    (void)state;
    hold_commits();
    send_bulk("'failOnErrors':3,");
    wait_for_commit();
    queue_close(store_queue(store, STORE_WRITE));
    release_commits();
    wait_for_answer();
    assert_results(WAVE, 3);
}

static void test_a_request_that_takes_too_long_starts_no_further_wave(void **state)
{
    (void)state;
    tenant.settings.bulk_timeout_ms = 2000;
    hold_commits();
    send_bulk("");
    wait_for_commit();
    uint64_t until = clock_monotonic_ns() + UINT64_C(2000000000);
    while (clock_monotonic_ns() < until)
        ;
    release_commits();
    wait_for_answer();
    assert_results(WAVE, OPERATIONS - WAVE);
}

static void test_a_database_that_dies_in_the_middle_leaves_only_what_is_acknowledged(void **state)
{
    (void)state;
    hold_commits();
    send_bulk("");
    wait_for_commit();
    database_kill();
    wait_for_answer();
    database_resume();
    db_close(db);
    db = database_connect();
    assert_results(0, OPERATIONS);
}

/* Each holds its whole message as objects: so many at a time and no more. */
static void test_bulk_requests_beyond_what_memory_is_meant_for_are_503(void **state)
{
    (void)state;
    enum { AT_A_TIME = 16 };
    struct op *ops[AT_A_TIME + 1];
    for (size_t i = 0; i <= AT_A_TIME; i++)
        ops[i] = bulk_op("");
    hold_commits();
    office_send(&office, store, STORE_QUERY, ops, AT_A_TIME + 1);
    office_wait(&office, 1);
    assert_int_equal(ops[AT_A_TIME]->reply.status, 503);
    assert_non_null(request_header(ops[AT_A_TIME], "retry-after"));
    release_commits();
    office_wait(&office, AT_A_TIME);
    for (size_t i = 0; i <= AT_A_TIME; i++) {
        assert_int_equal(ops[i]->reply.status, i < AT_A_TIME ? 200 : 503);
        request_free(ops[i]);
    }
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM resource"), OPERATIONS);
    send_bulk("");
    wait_for_answer();
    assert_int_equal(op->reply.status, 200);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_B_01_every_operation_of_many_waves_is_done),
        TEST(test_a_lane_that_closes_in_the_middle_leaves_the_rest_undone),
        TEST(test_a_store_that_stops_in_the_middle_brings_the_request_home),
        TEST(test_a_closed_lane_refuses_the_whole_request),
        TEST(test_B_07_the_rest_of_an_unavailable_store_counts_as_errors),
        TEST(test_a_request_that_takes_too_long_starts_no_further_wave),
        TEST(test_bulk_requests_beyond_what_memory_is_meant_for_are_503),
        TEST(test_a_database_that_dies_in_the_middle_leaves_only_what_is_acknowledged),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
