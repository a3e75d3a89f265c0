/* Real use cases on real workers and a real MariaDB: batches, and the conflicts in them. */
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

#define USER     "'schemas':['urn:ietf:params:scim:schemas:core:2.0:User']"
#define GROUP    "'schemas':['urn:ietf:params:scim:schemas:core:2.0:Group']"
#define PATCH_OP "'schemas':['urn:ietf:params:scim:api:messages:2.0:PatchOp']"

enum { MOST = 32 };

static struct db *db;
static struct tenant tenant;
static struct office office;
static struct store *store;

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
        (struct store_settings){.db = office_database(), .workers = {1, 1, 1}, .queue_capacity = 1024, .batch = MOST};
    store = store_start(&settings, &err);
    if (!store)
        fprintf(stderr, "%s\n", err.detail);
    return store ? 0 : -1;
}

static int tear_down(void **state)
{
    (void)state;
    store_stop(store);
    tenant_free(&tenant);
    db_close(db);
    return 0;
}

static struct op *packed(const char *method, const char *path, const char *body)
{
    struct request request = {.method = method, .path = path, .body = body};
    return request_op(&tenant.caller, &request, 1750000000000);
}

static int ask(const char *method, const char *path, const char *body, char id_out[ID_UUID_CHARS + 1])
{
    struct request request = {.method = method, .path = path, .body = body};
    return office_ask(&office, store, &tenant, &request, id_out);
}

static const char *made_user(const char *name)
{
    char id[ID_UUID_CHARS + 1];
    assert_int_equal(ask("POST", "/Users", format("{" USER ",'userName':'%s'}", name), id), 201);
    return format("%s", id);
}

static const char *made_group(const char *name, const char *members)
{
    char id[ID_UUID_CHARS + 1];
    assert_int_equal(ask("POST", "/Groups", format("{" GROUP ",'displayName':'%s','members':[%s]}", name, members), id),
                     201);
    return format("%s", id);
}

static int64_t count_of(const char *sql) { return database_integer(db, sql); }

static void free_all(struct op **ops, size_t count)
{
    for (size_t i = 0; i < count; i++)
        request_free(ops[i]);
}

static void assert_counts(int64_t users, int64_t groups)
{
    assert_int_equal(count_of("SELECT COUNT(*) FROM resource WHERE type = 1"), users);
    assert_int_equal(count_of("SELECT COUNT(*) FROM resource WHERE type = 2"), groups);
    assert_int_equal(count_of("SELECT resources FROM resource_count WHERE type = 1"), users);
    assert_int_equal(count_of("SELECT resources FROM resource_count WHERE type = 2"), groups);
}

static void test_a_batch_of_mixed_jobs_is_answered_one_by_one(void **state)
{
    (void)state;
    const char *ids[8];
    struct op *ops[MOST];
    for (size_t i = 0; i < 8; i++)
        ids[i] = made_user(format("old%zu", i));
    const char *group = made_group("g", format("{'value':'%s'}", ids[0]));
    size_t n = 0;
    for (size_t i = 0; i < 12; i++)
        ops[n++] = packed("POST", "/Users", format("{" USER ",'userName':'new%zu'}", i));
    for (size_t i = 0; i < 4; i++)
        ops[n++] = packed("PATCH", format("/Users/%s", ids[i]),
                          "{" PATCH_OP ",'Operations':[{'op':'add','path':'title','value':'t'}]}");
    for (size_t i = 4; i < 6; i++)
        ops[n++] = packed("PUT", format("/Users/%s", ids[i]), format("{" USER ",'userName':'put%zu'}", i));
    for (size_t i = 6; i < 8; i++)
        ops[n++] = packed("DELETE", format("/Users/%s", ids[i]), NULL);
    for (size_t i = 1; i < 6; i++)
        ops[n++] = packed(
            "PATCH", format("/Groups/%s", group),
            format("{" PATCH_OP ",'Operations':[{'op':'add','path':'members','value':[{'value':'%s'}]}]}", ids[i]));
    for (size_t i = 0; i < 4; i++)
        ops[n++] = packed("POST", "/Groups", format("{" GROUP ",'displayName':'group%zu'}", i));
    ops[n++] = packed("POST", "/Users", "{");
    ops[n++] = packed("PATCH", "/Users/x", "{" PATCH_OP ",'Operations':[]}");
    ops[n++] = packed("DELETE", "/Groups/x", NULL);
    assert_int_equal(n, MOST);
    office_run(&office, store, ops, n);
    static const int statuses[] = {201, 201, 201, 201, 201, 201, 201, 201, 201, 201, 201, 201, 200, 200, 200, 200,
                                   200, 200, 204, 204, 204, 204, 204, 204, 204, 201, 201, 201, 201, 400, 404, 404};
    for (size_t i = 0; i < n; i++)
        assert_int_equal(ops[i]->reply.status, statuses[i]);
    free_all(ops, n);
    assert_counts(18, 5);
    assert_int_equal(count_of("SELECT COUNT(*) FROM membership"), 6);
    assert_int_equal(count_of("SELECT COUNT(*) FROM `change`"), 10 + 29);
    assert_int_equal(count_of("SELECT version FROM resource WHERE type = 2 AND display = 'g'"), 7);
}

static void test_two_creates_of_one_name_in_a_batch_make_one(void **state)
{
    (void)state;
    struct op *ops[4];
    for (size_t i = 0; i < 4; i++)
        ops[i] = packed("POST", "/Users", format("{" USER ",'userName':'%s'}", i % 2 ? "ADA" : "ada"));
    office_run(&office, store, ops, 4);
    assert_int_equal(ops[0]->reply.status, 201);
    for (size_t i = 1; i < 4; i++)
        assert_int_equal(ops[i]->reply.status, 409);
    free_all(ops, 4);
    assert_counts(1, 0);
}

static void test_a_name_that_is_freed_in_a_batch_can_be_taken_in_it(void **state)
{
    (void)state;
    const char *ada = made_user("ada"), *bob = made_user("bob");
    struct op *ops[] = {
        packed("PATCH", format("/Users/%s", ada),
               "{" PATCH_OP ",'Operations':[{'op':'replace','path':'userName','value':'eve'}]}"),
        packed("POST", "/Users", "{" USER ",'userName':'ada'}"),
        packed("POST", "/Users", "{" USER ",'userName':'eve'}"),
        packed("DELETE", format("/Users/%s", bob), NULL),
        packed("POST", "/Users", "{" USER ",'userName':'bob'}"),
    };
    static const int statuses[] = {200, 201, 409, 204, 201};
    office_run(&office, store, ops, 5);
    for (size_t i = 0; i < 5; i++)
        assert_int_equal(ops[i]->reply.status, statuses[i]);
    free_all(ops, 5);
    assert_counts(3, 0);
}

/* Each PUT of a group looks at the members as the one before left them. */
static void test_a_batch_may_replace_one_group_many_times(void **state)
{
    (void)state;
    const char *ids[2] = {made_user("ada"), made_user("bob")};
    const char *group = made_group("g", "");
    struct op *ops[MOST];
    for (size_t i = 0; i < MOST; i++)
        ops[i] = packed("PUT", format("/Groups/%s", group),
                        format("{" GROUP ",'displayName':'g','members':[{'value':'%s'}]}", ids[i % 2]));
    office_run(&office, store, ops, MOST);
    for (size_t i = 0; i < MOST; i++) {
        assert_int_equal(ops[i]->reply.status, 200);
        json_t *body = json_loadb(ops[i]->reply.body.data, ops[i]->reply.body.len, 0, NULL);
        const json_t *members = json_object_get(body, "members");
        assert_int_equal(json_array_size(members), 1);
        assert_string_equal(json_string_value(json_object_get(json_array_get(members, 0), "value")), ids[i % 2]);
        assert_string_equal(json_string_value(json_object_get(json_object_get(body, "meta"), "version")),
                            format("W/\"%zu\"", i + 2));
        json_decref(body);
    }
    free_all(ops, MOST);
    assert_int_equal(count_of("SELECT COUNT(*) FROM membership"), 1);
}

/* Another connection has inserted a name and not committed yet: no job sees it, and the batch's INSERT waits for it. */
static void test_a_duplicate_that_only_the_database_sees_is_that_jobs_alone(void **state)
{
    (void)state;
    static const char insert[] = "INSERT INTO resource (directory_id, type, id, unique_key, open_braces, version, "
                                 "created_ms, modified_ms, document) "
                                 "VALUES (?, 1, ?, 'taken', 1, 1, 0, 0, '{\"userName\":\"taken\"')";
    const char *ada = made_user("ada");
    struct err err = ERR_INIT;
    struct id id = id_new();
    must(db_begin(db, &err));
    must(db_execute(db, insert, (struct db_value[]){db_id(&tenant.directory.id), db_id(&id)}, 2, NULL, &err));
    struct op *ops[] = {
        packed("POST", "/Users", "{" USER ",'userName':'one'}"),
        packed("POST", "/Users", "{" USER ",'userName':'taken'}"),
        packed("POST", "/Users", "{" USER ",'userName':'two'}"),
        packed("PATCH", format("/Users/%s", ada),
               "{" PATCH_OP ",'Operations':[{'op':'add','path':'title','value':'t'}]}"),
    };
    office_send(&office, store, STORE_WRITE, ops, 4);
    struct db *other = database_connect();
    uint64_t deadline = clock_monotonic_ns() + UINT64_C(30000000000);
    while (database_integer(other, "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status "
                                   "WHERE variable_name = 'Innodb_row_lock_current_waits'") == 0)
        must(clock_monotonic_ns() < deadline);
    db_close(other);
    must(db_commit(db, &err));
    office_wait(&office, 4);
    static const int statuses[] = {201, 409, 201, 200};
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(ops[i]->reply.status, statuses[i]);
    free_all(ops, 4);
    assert_int_equal(count_of("SELECT COUNT(*) FROM resource"), 4);
    assert_int_equal(count_of("SELECT COUNT(*) FROM `change`"), 4);
}

static void test_two_workers_lose_no_change_of_one_group(void **state)
{
    (void)state;
    enum { JOBS = 48 };
    struct op *ops[JOBS];
    const char *group = made_group("g", "");
    const char *path = format("/Groups/%s", group);
    char ids[JOBS][ID_UUID_CHARS + 1];
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(ask("POST", "/Users", format("{" USER ",'userName':'u%zu'}", i), ids[i]), 201);
    struct err err = ERR_INIT;
    struct store_settings settings = {
        .db = office_database(), .workers = {0, 4, 0}, .queue_capacity = 1024, .batch = 4};
    struct store *busy = store_start(&settings, &err);
    assert_non_null(busy);
    for (size_t i = 0; i < JOBS; i++) {
        char body[512];
        snprintf(body, sizeof(body),
                 "{" PATCH_OP ",'Operations':[{'op':'add','path':'members','value':[{'value':'%.36s'}]}]}", ids[i]);
        ops[i] = packed("PATCH", path, body);
        ops[i]->job.home = &office.home;
        must(queue_push(store_queue(busy, STORE_WRITE), &ops[i]->job));
    }
    office_wait(&office, JOBS);
    for (size_t i = 0; i < JOBS; i++)
        assert_int_equal(ops[i]->reply.status, 204);
    free_all(ops, JOBS);
    store_stop(busy);
    assert_int_equal(count_of("SELECT COUNT(*) FROM membership"), JOBS);
    assert_int_equal(count_of("SELECT version FROM resource WHERE type = 2"), JOBS + 1);
}

static void test_an_ended_transaction_leaves_no_lock(void **state)
{
    (void)state;
    const char *ada = made_user("ada");
    assert_int_equal(ask("PATCH", format("/Users/%s", ada), "{", NULL), 400); /* locked, then refused */
    struct err err = ERR_INIT;
    must(db_begin(db, &err));
    assert_int_equal(count_of("SELECT COUNT(*) FROM (SELECT id FROM resource FOR UPDATE NOWAIT) x"), 1);
    must(db_commit(db, &err));
}

static void test_a_late_job_is_answered_without_being_run(void **state)
{
    (void)state;
    struct op *op = packed("POST", "/Users", "{" USER ",'userName':'late'}");
    op->job.deadline_ns = 1;
    office_run(&office, store, &op, 1);
    assert_int_equal(op->reply.status, 503);
    request_free(op);
    assert_counts(0, 0);
}

static void test_reads_and_lists_see_what_was_written(void **state)
{
    (void)state;
    const char *ada = made_user("ada");
    const char *group = made_group("g", format("{'value':'%s'}", ada));
    const char *const paths[] = {format("/Users/%s", ada),
                                 "/Users?filter=userName%20eq%20%22ada%22",
                                 "/Users",
                                 format("/Groups/%s", group),
                                 "/Groups",
                                 "/ServiceProviderConfig"};
    struct op *ops[6];
    for (size_t i = 0; i < 6; i++)
        ops[i] = packed("GET", paths[i], NULL);
    office_run(&office, store, ops, 6);
    for (size_t i = 0; i < 6; i++) {
        assert_int_equal(ops[i]->reply.status, 200);
        if (i < 5)
            assert_non_null(memmem(ops[i]->reply.body.data, ops[i]->reply.body.len, ada, ID_UUID_CHARS));
    }
    free_all(ops, 6);
}

static void test_a_token_that_was_used_is_noted_once_stopped(void **state)
{
    (void)state;
    made_user("ada");
    store_stop(store);
    assert_int_equal(count_of("SELECT last_used_ms FROM scim_token"), 1750000000000);
    struct err err = ERR_INIT;
    struct store_settings settings = {
        .db = office_database(), .workers = {1, 1, 1}, .queue_capacity = 1024, .batch = MOST};
    store = store_start(&settings, &err);
    assert_non_null(store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_batch_of_mixed_jobs_is_answered_one_by_one),
        TEST(test_two_creates_of_one_name_in_a_batch_make_one),
        TEST(test_a_name_that_is_freed_in_a_batch_can_be_taken_in_it),
        TEST(test_a_batch_may_replace_one_group_many_times),
        TEST(test_a_duplicate_that_only_the_database_sees_is_that_jobs_alone),
        TEST(test_two_workers_lose_no_change_of_one_group),
        TEST(test_an_ended_transaction_leaves_no_lock),
        TEST(test_a_late_job_is_answered_without_being_run),
        TEST(test_reads_and_lists_see_what_was_written),
        TEST(test_a_token_that_was_used_is_noted_once_stopped),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
