/* Leases and progress of webhooks on a real database: who has lost an endpoint writes nothing, and twice is once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/must.h"
#include "database.h"
#include "lease.h"
#include "progress.h"

static struct db *db;
static struct lease one, other;
static struct delivery_log entries;
static struct arena page;
static struct feed_reader *reader;

static struct id endpoint_id(unsigned number) { return (struct id){{7, [15] = (uint8_t)number}}; }

static int64_t ask(const char *sql) { return database_integer(db, sql); }

static int begin(void **state)
{
    (void)state;
    database_run(db, "DELETE FROM webhook_delivery;\nDELETE FROM webhook_lane;\nDELETE FROM webhook_progress;\n"
                     "DELETE FROM webhook_dispatcher;\nDELETE FROM webhook_endpoint;\nDELETE FROM event;\n"
                     "INSERT IGNORE INTO environment (id, name, created_ms, updated_ms) "
                     "VALUES (UNHEX('0A000000000000000000000000000000'), 'e', 1, 1)");
    one = (struct lease){.self = id_new()};
    other = (struct lease){.self = id_new()};
    delivery_log_clear(&entries);
    return 0;
}

static void make_endpoints(unsigned count)
{
    struct err err = ERR_INIT;
    for (unsigned i = 1; i <= count; i++) {
        struct id id = endpoint_id(i);
        const struct db_value parameter = db_id(&id);
        must(
            db_execute(db,
                       "INSERT INTO webhook_endpoint (id, environment_id, kind, url, state_ms, created_ms, updated_ms) "
                       "VALUES (?, UNHEX('0A000000000000000000000000000000'), 1, 'https://x.example/', 1, 1, 1)",
                       &parameter, 1, NULL, &err) &&
            db_execute(db,
                       "INSERT INTO webhook_progress (endpoint_id, environment_id, scanned_sequence, revision) "
                       "VALUES (?, UNHEX('0A000000000000000000000000000000'), 1, 1)",
                       &parameter, 1, NULL, &err));
    }
}

static size_t turn(struct lease *lease)
{
    struct err err = ERR_INIT;
    must(lease_turn(db, lease, &err));
    const struct db_value parameter = db_id(&lease->self), *row;
    must(db_query_one(db, "SELECT COUNT(*) FROM webhook_progress WHERE holder = ?", &parameter, 1, &row, &err));
    return (size_t)row[0].integer;
}

static struct endpoint *load(unsigned number)
{
    struct err err = ERR_INIT;
    struct id id = endpoint_id(number);
    const struct db_value parameter = db_id(&id), *row;
    must(db_query_one(db, "SELECT fence FROM webhook_progress WHERE endpoint_id = ?", &parameter, 1, &row, &err) &&
         row);
    struct endpoint_source source = {.db = db, .reader = reader, .arena = &page, .log = &entries, .now_ms = one.now_ms};
    struct endpoint *endpoint;
    must(endpoint_load(&source, &id, (uint64_t)row[0].integer, 16, &endpoint, &err) && endpoint);
    return endpoint;
}

static bool write_for(const struct lease *lease, struct endpoint *endpoints)
{
    struct err err = ERR_INIT;
    bool is_fenced;
    if (!progress_write(db, &lease->self, endpoints, &entries, one.now_ms, &is_fenced, &err))
        fail_msg("%s", err.detail);
    return !is_fenced;
}

static struct feed_event event_at(uint64_t sequence)
{
    return (struct feed_event){.place = {sequence, 0},
                               .next = {sequence + 1, 0},
                               .id = {{3, [15] = (uint8_t)sequence}},
                               .directory = {{{5}}},
                               .json = SLICE_LITERAL("{}")};
}

static void add_attempt(const struct endpoint *endpoint, unsigned attempts, const char *attempt)
{
    *delivery_add(&entries) = (struct delivery){
        .endpoint = endpoint->row.id,
        .id = {{9}},
        .event = {{3}},
        .kind = DELIVERY_LIVE,
        .state = DELIVERY_AGAIN,
        .place = {1, 0},
        .type = "user.created",
        .attempts = attempts,
        .attempt = slice_str(attempt),
        .error = SLICE_LITERAL("The receiver answered 500."),
        .response_body = SLICE_LITERAL("\xff\0any bytes"),
        .created_ms = 1,
    };
}

static void test_who_comes_first_has_all_and_gives_half_of_it_to_the_second(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    make_endpoints(5);
    assert_int_equal(turn(&one), 5);
    assert_int_equal(turn(&other), 0); /* nothing is anybody's to take */
    assert_int_equal(turn(&one), 5);
    assert_int_equal(one.surplus, 2);
    for (unsigned i = 1; i <= 2; i++) {
        struct id id = endpoint_id(i);
        assert_true(lease_give(db, &id, 1, &err));
    }
    assert_int_equal(turn(&other), 2);
    assert_int_equal(turn(&one), 3);
    assert_int_equal(one.surplus, 0);
    assert_true(lease_end(db, &one, &err));
    assert_int_equal(turn(&other), 5);
}

static void test_a_lease_that_has_ended_is_taken_over_and_one_that_was_renewed_is_not(void **state)
{
    (void)state;
    make_endpoints(2);
    assert_int_equal(turn(&one), 2);
    database_run(
        db, "UPDATE webhook_progress SET lease_ms = 1 WHERE endpoint_id = UNHEX('07000000000000000000000000000001')");
    database_run(db, "UPDATE webhook_dispatcher SET alive_ms = 1");
    assert_int_equal(turn(&other), 1);
    assert_int_equal(turn(&one), 1);
    assert_int_equal(ask("SELECT fence FROM webhook_progress ORDER BY endpoint_id LIMIT 1"), 2);
}

static void test_who_was_replaced_writes_nothing_of_anything(void **state)
{
    (void)state;
    make_endpoints(2);
    assert_int_equal(turn(&one), 2);
    struct endpoint *lost = load(1), *kept = load(2);
    lost->next = kept;
    lost->scanned.sequence = kept->scanned.sequence = 50;
    lost->is_dirty = kept->is_dirty = true;
    add_attempt(lost, 1, "{}");
    database_run(
        db, "UPDATE webhook_progress SET lease_ms = 1 WHERE endpoint_id = UNHEX('07000000000000000000000000000001')");
    database_run(db, "UPDATE webhook_dispatcher SET alive_ms = 1");
    assert_int_equal(turn(&other), 1);
    assert_false(write_for(&one, lost));
    assert_int_equal(ask("SELECT MAX(scanned_sequence) FROM webhook_progress"), 1);
    assert_int_equal(ask("SELECT COUNT(*) FROM webhook_delivery"), 0);
    assert_true(kept->is_dirty);
    delivery_log_drop(&entries, &lost->row.id);
    assert_true(write_for(&one, kept)); /* the other one is no hindrance any more */
    assert_int_equal(ask("SELECT SUM(scanned_sequence) FROM webhook_progress"), 51);
    assert_int_equal(ask("SELECT COUNT(*) FROM webhook_delivery"), 0);
    endpoint_free(lost);
    endpoint_free(kept);
}

static void test_lanes_are_kept_while_they_lag_and_read_again(void **state)
{
    (void)state;
    make_endpoints(1);
    assert_int_equal(turn(&one), 1);
    struct endpoint *endpoint = load(1);
    struct feed_event events[] = {event_at(1), event_at(2)};
    lanes_take(&endpoint->lanes, &events[0]);
    lanes_take(&endpoint->lanes, &events[1]);
    endpoint->scanned.sequence = 3;
    struct lane *lane = lanes_next(&endpoint->lanes, false);
    lane_fly(&endpoint->lanes, lane);
    lane->failures = lane->attempts = 1;
    lane->delivery = (struct id){{9}};
    lane_wait(&endpoint->lanes, lane, 12345);
    assert_true(write_for(&one, endpoint));
    endpoint_free(endpoint);

    endpoint = load(1);
    lane = lane_find(&endpoint->lanes, LANE_DIRECTORY, &events[0].directory.id);
    assert_non_null(lane);
    assert_int_equal(lane_place(lane).sequence, 1);
    assert_int_equal(lane->next_ms, 12345);
    assert_int_equal(lane->failures, 1);
    assert_int_equal(lane->list, LANE_WAITING);
    (void)lanes_wake(&endpoint->lanes, 20000);
    lane_fill(&endpoint->lanes, lane, events, 2, (struct feed_place){3, 0}, true);
    for (int i = 0; i < 2; i++) {
        lane_fly(&endpoint->lanes, lane);
        lane_pop(&endpoint->lanes, lane);
    }
    assert_true(write_for(&one, endpoint));
    assert_int_equal(ask("SELECT COUNT(*) FROM webhook_lane"), 0);
    assert_null(lane_find(&endpoint->lanes, LANE_DIRECTORY, &events[0].directory.id));
    endpoint_free(endpoint);
}

static void test_what_was_waited_for_counts_no_more_when_somebody_has_changed_the_endpoint(void **state)
{
    (void)state;
    make_endpoints(1);
    database_run(db, "INSERT INTO webhook_lane (endpoint_id, kind, id, sequence, failures, next_ms) "
                     "SELECT endpoint_id, 1, UNHEX('05000000000000000000000000000000'), 1, 7, 99999999999999 "
                     "FROM webhook_progress;\nUPDATE webhook_progress SET failures = 7, next_ms = 99999999999999, "
                     "failing_since_ms = 1");
    assert_int_equal(turn(&one), 1);
    struct endpoint *endpoint = load(1);
    assert_true(receiver_is_down(&endpoint->receiver));
    assert_null(lanes_next(&endpoint->lanes, false));
    endpoint_free(endpoint);
    database_run(db, "UPDATE webhook_endpoint SET revision = revision + 1");
    endpoint = load(1);
    assert_false(receiver_is_down(&endpoint->receiver));
    assert_non_null(lanes_next(&endpoint->lanes, false));
    assert_true(write_for(&one, endpoint));
    endpoint_free(endpoint);
    assert_int_equal(ask("SELECT failures = 0 AND failing_since_ms IS NULL AND revision = 2 FROM webhook_progress"), 1);
}

/* A commit of which nobody heard: everything is still dirty, and written again. */
static void test_an_attempt_that_is_written_twice_is_in_the_log_once(void **state)
{
    (void)state;
    make_endpoints(1);
    assert_int_equal(turn(&one), 1);
    struct endpoint *endpoint = load(1);
    for (int i = 0; i < 2; i++) {
        add_attempt(endpoint, 1, "{\"n\":1}");
        endpoint->is_dirty = true;
        assert_true(write_for(&one, endpoint));
    }
    add_attempt(endpoint, 2, "{\"n\":2}");
    add_attempt(endpoint, 3, "{\"n\":3}");
    assert_true(write_for(&one, endpoint));
    assert_int_equal(ask("SELECT attempts FROM webhook_delivery"), 3);
    assert_int_equal(ask("SELECT attempt_log = '{\"n\":1},{\"n\":2},{\"n\":3}' FROM webhook_delivery"), 1);
    assert_int_equal(ask("SELECT response_body = CONCAT(0xff, 0x00, 'any bytes') FROM webhook_delivery"), 1);
    endpoint_free(endpoint);
}

static void test_an_endpoint_is_disabled_once_with_one_event(void **state)
{
    (void)state;
    make_endpoints(1);
    assert_int_equal(turn(&one), 1);
    struct endpoint *endpoint = load(1);
    for (int i = 0; i < 2; i++) {
        endpoint->disable_for = "Nobody is there.";
        assert_true(write_for(&one, endpoint));
        assert_true(endpoint->is_stale);
    }
    assert_int_equal(ask("SELECT COUNT(*) FROM event WHERE type = 'webhook.disabled'"), 1);
    assert_int_equal(ask("SELECT state = 3 AND state_reason = 'Nobody is there.' FROM webhook_endpoint"), 1);
    endpoint_free(endpoint);
}

static int start_all(void **state)
{
    database_start(state);
    database_migrate();
    db = database_connect();
    delivery_log_init(&entries);
    arena_init(&page);
    reader = feed_reader_new();
    return 0;
}

static int stop_all(void **state)
{
    feed_reader_free(reader);
    arena_fini(&page);
    delivery_log_fini(&entries);
    db_close(db);
    return database_stop(state);
}

#define TEST(function) cmocka_unit_test_setup(function, begin)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_who_comes_first_has_all_and_gives_half_of_it_to_the_second),
        TEST(test_a_lease_that_has_ended_is_taken_over_and_one_that_was_renewed_is_not),
        TEST(test_who_was_replaced_writes_nothing_of_anything),
        TEST(test_lanes_are_kept_while_they_lag_and_read_again),
        TEST(test_what_was_waited_for_counts_no_more_when_somebody_has_changed_the_endpoint),
        TEST(test_an_attempt_that_is_written_twice_is_in_the_log_once),
        TEST(test_an_endpoint_is_disabled_once_with_one_event),
    };
    return cmocka_run_group_tests(tests, start_all, stop_all);
}
