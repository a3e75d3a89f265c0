/* Groups of jobs on real workers and a real MariaDB: in order, as one batch, with a say before the commit. */
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

enum { BATCH = 32, REFUSED = 409 };

static struct db *db;
static struct tenant tenant;
static struct office office;
static struct store *store;

static struct job_group group;
static struct op *ops[JOB_GROUP_MOST];
static bool is_refused[JOB_GROUP_MOST];
static size_t asked; /* how often the group was asked whether it stands */

static void start(unsigned writers)
{
    struct err err = ERR_INIT;
    static struct store_settings settings;
    settings = (struct store_settings){
        .db = office_database(), .workers = {1, writers, 1}, .queue_capacity = 64, .batch = BATCH};
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
    memset(&group, 0, sizeof(group));
    memset(is_refused, 0, sizeof(is_refused));
    asked = 0;
    start(1);
    return 0;
}

static void free_parts(void)
{
    for (size_t i = 0; i < group.count; i++)
        request_free(ops[i]);
    group.count = 0;
}

static int tear_down(void **state)
{
    (void)state;
    free_parts();
    store_stop(store);
    tenant_free(&tenant);
    db_close(db);
    return 0;
}

/* A part that its group has decided against refuses without looking. */
static enum job_step step_part(struct job *job, struct view *view)
{
    struct op *op = (struct op *)job;
    for (size_t i = 0; i < group.count; i++) {
        if (ops[i] == op && is_refused[i]) {
            op->reply.status = REFUSED;
            return JOB_DONE;
        }
    }
    return op_job_class.step(job, view);
}

static struct op *add_part(const char *method, const char *path, const char *body)
{
    static struct job_class part_class;
    part_class = op_job_class;
    part_class.step = step_part;
    struct request request = {.method = method, .path = path, .body = body};
    struct op *op = request_op(&tenant.caller, &request, 1750000000000);
    op->job.class = &part_class;
    ops[group.count] = op;
    group.parts[group.count++] = &op->job;
    return op;
}

static const char *id_of(const struct op *op)
{
    char uuid[ID_UUID_CHARS + 1];
    id_to_uuid(&op->fresh_id.id, uuid);
    return format("%s", uuid);
}

static struct op *add_user(const char *name)
{
    return add_part("POST", "/Users", format("{" USER ",'userName':'%s'}", name));
}

static void send_group(void)
{
    group.job.class = &job_group_class;
    group.job.home = &office.home;
    must(queue_push(store_queue(store, STORE_WRITE), &group.job));
}

static void run_group(void)
{
    send_group();
    office_wait(&office, 1);
}

static int64_t count_of(const char *sql) { return database_integer(db, sql); }

#define assert_statuses(...)                                                                                           \
    do {                                                                                                               \
        static const int expected[] = {__VA_ARGS__};                                                                   \
        assert_int_equal(group.count, sizeof(expected) / sizeof(expected[0]));                                         \
        for (size_t part = 0; part < group.count; part++)                                                              \
            assert_int_equal(ops[part]->reply.status, expected[part]);                                                 \
    } while (0)

static void assert_counts(int64_t users, int64_t groups)
{
    assert_int_equal(count_of("SELECT COUNT(*) FROM resource WHERE type = 1"), users);
    assert_int_equal(count_of("SELECT COUNT(*) FROM resource WHERE type = 2"), groups);
    assert_int_equal(count_of("SELECT resources FROM resource_count WHERE type = 1"), users);
    assert_int_equal(count_of("SELECT resources FROM resource_count WHERE type = 2"), groups);
}

static int64_t commits(void)
{
    return count_of("SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status "
                    "WHERE variable_name = 'Com_commit'");
}

static void test_each_part_sees_what_the_parts_before_it_made(void **state)
{
    (void)state;
    const char *ada = id_of(add_user("ada"));
    const char *team =
        id_of(add_part("POST", "/Groups", format("{" GROUP ",'displayName':'t','members':[{'value':'%s'}]}", ada)));
    add_part("POST", "/Groups", format("{" GROUP ",'displayName':'outer','members':[{'value':'%s'}]}", team));
    add_part("PATCH", format("/Users/%s", ada),
             "{" PATCH_OP ",'Operations':[{'op':'replace','path':'userName','value':'eve'}]}");
    const char *bob = id_of(add_user("ada"));
    add_part("PATCH", format("/Groups/%s", team),
             format("{" PATCH_OP ",'Operations':[{'op':'add','path':'members','value':[{'value':'%s'}]}]}", bob));
    add_part("DELETE", format("/Users/%s", ada), NULL);
    add_part("DELETE", format("/Users/%s", ada), NULL);
    add_user("eve");
    run_group();
    assert_statuses(201, 201, 201, 200, 201, 204, 204, 404, 201);
    assert_counts(2, 2);
    assert_int_equal(count_of("SELECT COUNT(*) FROM membership"), 2);
}

static void test_a_group_that_is_made_filled_and_deleted_leaves_nothing(void **state)
{
    (void)state;
    const char *ada = id_of(add_user("ada"));
    const char *team =
        id_of(add_part("POST", "/Groups", format("{" GROUP ",'displayName':'t','members':[{'value':'%s'}]}", ada)));
    add_part("DELETE", format("/Groups/%s", team), NULL);
    add_part("GET", "/ServiceProviderConfig", NULL); /* a read decides in its turn like any other */
    add_part("DELETE", format("/Users/%s", ada), NULL);
    run_group();
    assert_statuses(201, 201, 204, 200, 204);
    assert_counts(0, 0);
    assert_int_equal(count_of("SELECT COUNT(*) FROM membership"), 0);
    assert_int_equal(count_of("SELECT COUNT(*) FROM `change`"), 5);
}

/* The deleted one is decided on before the two that come after it, although they know all they want sooner. */
static void test_parts_that_need_less_do_not_overtake(void **state)
{
    (void)state;
    add_user("ada");
    const char *team = id_of(add_part("POST", "/Groups", "{" GROUP ",'displayName':'t'}"));
    run_group();
    const char *ada = id_of(ops[0]);
    free_parts();
    add_part("PATCH", format("/Groups/%s", team),
             format("{" PATCH_OP ",'Operations':[{'op':'add','path':'members','value':[{'value':'%s'}]}]}", ada));
    add_part("DELETE", format("/Users/%s", ada), NULL);
    add_part("GET", format("/Users/%s", ada), NULL);
    add_user("ada");
    add_user("ADA");
    run_group();
    assert_statuses(204, 204, 404, 201, 409);
    assert_int_equal(count_of("SELECT COUNT(*) FROM membership"), 0);
    assert_int_equal(count_of("SELECT version FROM resource WHERE type = 2"), 3);
}

static void test_a_group_is_one_transaction(void **state)
{
    (void)state;
    for (size_t i = 0; i < BATCH; i++)
        add_user(format("u%zu", i));
    int64_t before = commits();
    run_group();
    assert_int_equal(commits() - before, 1);
    assert_counts(BATCH, 0);
}

static bool refuse_from_third(struct job_group *this, size_t from, size_t count)
{
    asked++;
    for (size_t i = from; i < from + count; i++) {
        if (i >= 2 && !is_refused[i]) {
            must(ops[i]->reply.status == 201); /* it is asked with all answers there */
            is_refused[i] = true;
            must(this->parts[i] == &ops[i]->job);
            return false;
        }
    }
    return true;
}

static void test_a_group_that_does_not_stand_is_run_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < 5; i++)
        add_user(format("u%zu", i));
    group.stands = refuse_from_third;
    run_group();
    assert_statuses(201, 201, REFUSED, REFUSED, REFUSED);
    assert_int_equal(asked, 4);
    assert_counts(2, 0);
}

static bool fall_together(struct job_group *this, size_t from, size_t count)
{
    (void)this;
    asked++;
    bool failed = false, again = false;
    for (size_t i = from; i < from + count; i++)
        failed |= i >= 1 && i <= 3 && ops[i]->reply.status != 201;
    for (size_t i = from; failed && i < from + count; i++) {
        if (i >= 1 && i <= 3 && ops[i]->reply.status == 201) {
            is_refused[i] = true;
            again = true;
        }
    }
    return !again;
}

/* Another connection holds a name: the batch collides and is taken apart, and the joined parts are still one. */
static void test_joined_parts_stand_or_fall_together_in_a_collision(void **state)
{
    (void)state;
    static const char insert[] = "INSERT INTO resource (directory_id, type, id, unique_key, open_braces, version, "
                                 "created_ms, modified_ms, document) "
                                 "VALUES (?, 1, ?, 'taken', 1, 1, 0, 0, '{\"userName\":\"taken\"')";
    struct err err = ERR_INIT;
    struct id id = id_new();
    must(db_begin(db, &err));
    must(db_execute(db, insert, (struct db_value[]){db_id(&tenant.directory.id), db_id(&id)}, 2, NULL, &err));
    add_user("one");
    add_user("two");
    add_user("three");
    add_user("taken");
    add_user("four");
    group.joined[2] = group.joined[3] = true;
    group.stands = fall_together;
    send_group();
    struct db *other = database_connect();
    uint64_t deadline = clock_monotonic_ns() + UINT64_C(30000000000);
    while (database_integer(other, "SELECT CAST(variable_value AS SIGNED) FROM information_schema.global_status "
                                   "WHERE variable_name = 'Innodb_row_lock_current_waits'") == 0)
        must(clock_monotonic_ns() < deadline);
    db_close(other);
    must(db_commit(db, &err));
    office_wait(&office, 1);
    assert_statuses(201, REFUSED, REFUSED, 409, 201);
    assert_int_equal(count_of("SELECT COUNT(*) FROM resource WHERE unique_key IN ('one', 'four', 'taken')"), 3);
    assert_int_equal(count_of("SELECT COUNT(*) FROM resource"), 3);
}

static void test_a_late_group_is_answered_without_being_run(void **state)
{
    (void)state;
    add_user("ada");
    add_user("bob");
    group.job.deadline_ns = 1;
    run_group();
    assert_statuses(503, 503);
    assert_counts(0, 0);
}

static void test_groups_and_single_jobs_share_a_turn(void **state)
{
    (void)state;
    for (size_t i = 0; i < 4; i++)
        add_user(format("u%zu", i));
    struct op *singles[8];
    for (size_t i = 0; i < 8; i++) {
        struct request request = {
            .method = "POST", .path = "/Users", .body = format("{" USER ",'userName':'single%zu'}", i)};
        singles[i] = request_op(&tenant.caller, &request, 1750000000000);
        singles[i]->job.home = &office.home;
    }
    for (size_t i = 0; i < 7; i++)
        singles[i]->job.next = &singles[i + 1]->job;
    group.job.class = &job_group_class;
    group.job.home = &office.home;
    group.job.next = &singles[0]->job;
    must(!queue_push_all(store_queue(store, STORE_WRITE), &group.job));
    office_wait(&office, 9);
    assert_statuses(201, 201, 201, 201);
    for (size_t i = 0; i < 8; i++) {
        assert_int_equal(singles[i]->reply.status, 201);
        request_free(singles[i]);
    }
    assert_counts(12, 0);
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
    for (size_t i = 0; i < count; i++) {
        struct db_value value = db_integer(ids[i]);
        (void)!db_execute(db, "KILL ?", &value, 1, NULL, &err); /* it may be gone already */
    }
}

static void test_kills_at_any_time_make_all_of_a_group_or_nothing(void **state)
{
    (void)state;
    unsigned serial = 0;
    for (unsigned round = 0; round < 40; round++) {
        for (size_t i = 0; i < 8; i++)
            add_user(format("u%u", serial++));
        send_group();
        uint64_t until = clock_monotonic_ns() + (uint64_t)round * 100000;
        while (clock_monotonic_ns() < until)
            ;
        kill_every_other_session();
        office_wait(&office, 1);
        static const char made[] = "SELECT COUNT(*) FROM resource WHERE id = ?";
        for (size_t i = 0; i < group.count; i++) {
            struct err err = ERR_INIT;
            const struct db_value *row;
            struct db_value id = db_id(&ops[i]->fresh_id.id);
            must(db_query_one(db, made, &id, 1, &row, &err));
            int status = ops[i]->reply.status;
            assert_true(status == 201 || status == 503);
            assert_int_equal(row[0].integer, status == 201);
            assert_int_equal(status, ops[0]->reply.status);
        }
        free_parts();
    }
    assert_int_equal(count_of("SELECT COUNT(*) FROM resource"),
                     count_of("SELECT resources FROM resource_count WHERE type = 1"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_part_sees_what_the_parts_before_it_made),
        TEST(test_a_group_that_is_made_filled_and_deleted_leaves_nothing),
        TEST(test_parts_that_need_less_do_not_overtake),
        TEST(test_a_group_is_one_transaction),
        TEST(test_a_group_that_does_not_stand_is_run_again),
        TEST(test_joined_parts_stand_or_fall_together_in_a_collision),
        TEST(test_a_late_group_is_answered_without_being_run),
        TEST(test_groups_and_single_jobs_share_a_turn),
        TEST(test_kills_at_any_time_make_all_of_a_group_or_nothing),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
