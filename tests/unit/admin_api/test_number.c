/* Turns of the sequencer on a real database: nothing is passed, nothing comes twice, nothing stops them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/must.h"
#include "database.h"
#include "number.h"

static struct db *db, *writer;
static struct numbering numbering;
static struct number_result result;
static const struct directory_id directory = {{{3}}}, elsewhere = {{{6}}};

static int start(void **state)
{
    if (database_start(state) != 0)
        return 1;
    database_migrate();
    db = database_connect();
    writer = database_connect();
    return 0;
}

static int stop(void **state)
{
    db_close(db);
    db_close(writer);
    return database_stop(state);
}

/* Two environments with a directory each; the first one is primary. */
static int fresh(void **state)
{
    (void)state;
    database_run(
        db, "DELETE FROM outbox;\nDELETE FROM feed;\nDELETE FROM feed_end;\nDELETE FROM primary_directory;\n"
            "DELETE FROM directory;\nDELETE FROM organization;\nDELETE FROM environment;\n"
            "INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (RPAD(CHAR(1), 16, CHAR(0)), 'a', 0, 0),"
            " (RPAD(CHAR(4), 16, CHAR(0)), 'b', 0, 0);\n"
            "INSERT INTO organization (id, environment_id, display_name, domains, created_ms, updated_ms) VALUES"
            " (RPAD(CHAR(2), 16, CHAR(0)), RPAD(CHAR(1), 16, CHAR(0)), 'o', '[]', 0, 0),"
            " (RPAD(CHAR(5), 16, CHAR(0)), RPAD(CHAR(4), 16, CHAR(0)), 'o', '[]', 0, 0);\n"
            "INSERT INTO directory (id, organization_id, name, policy, created_ms, updated_ms) VALUES"
            " (RPAD(CHAR(3), 16, CHAR(0)), RPAD(CHAR(2), 16, CHAR(0)), 'd', '{}', 0, 0),"
            " (RPAD(CHAR(6), 16, CHAR(0)), RPAD(CHAR(5), 16, CHAR(0)), 'd', '{}', 0, 0);\n"
            "INSERT INTO primary_directory (organization_id, directory_id) VALUES"
            " (RPAD(CHAR(2), 16, CHAR(0)), RPAD(CHAR(3), 16, CHAR(0)));\n");
    numbering = (struct numbering){0};
    return 0;
}

static void leave(struct db *on, struct directory_id where, size_t entries)
{
    static char bytes[OUTBOX_MOST_ENTRIES * OUTBOX_ENTRY_BYTES];
    struct err err = ERR_INIT;
    for (size_t i = 0; i < entries; i++) {
        const struct outbox_entry entry = {.operation = {id_new()},
                                           .ordinal = (uint32_t)i,
                                           .directory = where,
                                           .type = 1,
                                           .kind = 1,
                                           .resource = {id_new()}};
        outbox_pack(&entry, bytes + i * OUTBOX_ENTRY_BYTES);
    }
    const struct db_value packed = db_bytes(slice_of(bytes, entries * OUTBOX_ENTRY_BYTES));
    must(db_execute(on, "INSERT INTO outbox (source, packed) VALUES (3, ?)", &packed, 1, NULL, &err));
}

static void turn(void)
{
    struct err err = ERR_INIT;
    must(number_turn(db, &numbering, false, &result, &err));
}

static int64_t ask(const char *sql, struct id of)
{
    struct err err = ERR_INIT;
    const struct db_value parameter = db_id(&of), *row;
    must(db_query_one(db, sql, &parameter, 1, &row, &err) && row);
    return row[0].integer;
}

/* From 1, without holes, and the end knows. */
static void assert_numbered(uint8_t environment, int64_t count)
{
    const struct id of = {{environment}};
    assert_int_equal(ask("SELECT COUNT(*) FROM feed WHERE environment_id = ?", of), count);
    assert_int_equal(ask("SELECT COALESCE(MIN(sequence), 1) FROM feed WHERE environment_id = ?", of), 1);
    assert_int_equal(ask("SELECT COALESCE(MAX(sequence), 0) FROM feed WHERE environment_id = ?", of), count);
    assert_int_equal(ask("SELECT COALESCE(MAX(last_sequence), 0) FROM feed_end WHERE environment_id = ?", of), count);
}

static void test_each_environment_has_numbers_of_its_own(void **state)
{
    (void)state;
    leave(writer, directory, 3);
    leave(writer, elsewhere, 2);
    leave(writer, directory, 1);
    turn();
    assert_int_equal(result.rows, 3);
    assert_int_equal(result.numbered, 6);
    assert_numbered(1, 4);
    assert_numbered(4, 2);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM outbox"), 0);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM feed WHERE is_primary"), 4);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM feed WHERE organization_id IS NULL"), 0);
}

static void test_a_turn_takes_whole_rows_and_says_that_there_is_more(void **state)
{
    (void)state;
    for (size_t i = 0; i < 20; i++)
        leave(writer, directory, OUTBOX_MOST_ENTRIES);
    turn();
    assert_true(result.more && result.rows > 0 && result.rows < 20);
    while (result.more)
        turn();
    assert_int_equal(database_integer(db, "SELECT last_sequence FROM feed_end"), 20 * OUTBOX_MOST_ENTRIES);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM feed"), 20 * OUTBOX_MOST_ENTRIES);
}

static void test_what_is_committed_late_gets_a_later_number(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    must(db_begin(writer, &err));
    leave(writer, directory, 1);
    struct db *other = database_connect();
    leave(other, directory, 2);
    turn();
    assert_numbered(1, 2);
    must(db_commit(writer, &err));
    turn();
    assert_numbered(1, 3);
    db_close(other);
}

/* Another process's gaps are not known here, and what it has left is found all the same. */
static void test_two_take_turns(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct numbering another = {0};
    must(db_begin(writer, &err));
    leave(writer, directory, 1);
    struct db *other = database_connect();
    for (size_t i = 0; i < 10; i++) {
        leave(other, directory, 1);
        must(number_turn(i % 2 ? db : other, i % 2 ? &numbering : &another, false, &result, &err));
        assert_int_equal(result.rows, 1);
    }
    must(db_commit(writer, &err));
    turn();
    assert_numbered(1, 11);
    db_close(other);
}

static void test_a_row_that_cannot_be_read_stops_nobody(void **state)
{
    (void)state;
    database_run(writer, "INSERT INTO outbox (source, packed) VALUES (3, 'abc'), (3, NULL), (1, NULL);\n");
    leave(writer, directory, 1);
    turn();
    assert_int_equal(result.rows, 4);
    assert_numbered(1, 1);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM outbox"), 0);
}

static void test_of_what_is_gone_nobody_hears(void **state)
{
    (void)state;
    const struct directory_id gone = {{{9}}};
    leave(writer, gone, 1);
    database_run(writer, "INSERT INTO outbox (source, operation_id, ordinal, environment_id, type, kind) VALUES"
                         " (2, RPAD('x', 16, 'x'), 0, RPAD('gone', 16, 'x'), 0, 0),"
                         " (2, RPAD('y', 16, 'x'), 0, RPAD(CHAR(1), 16, CHAR(0)), 0, 0);\n");
    turn();
    assert_int_equal(result.rows, 3);
    assert_int_equal(result.numbered, 1);
    assert_numbered(1, 1);
}

/* As after a database was put back in parts: numbers of the feed that its end does not know. */
static void test_a_number_is_never_given_twice(void **state)
{
    (void)state;
    leave(writer, directory, 5);
    turn();
    database_run(writer, "UPDATE feed_end SET last_sequence = 2;\n");
    leave(writer, directory, 1);
    turn();
    assert_numbered(1, 6);
}

/* Positions that nobody waits for any more are found by the look from the start. */
static void test_a_look_from_the_start_finds_what_was_given_up(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    leave(writer, directory, 1);
    database_run(writer, "UPDATE feed_turn SET turns = turns + 1, low = 1000000;\n");
    turn();
    assert_int_equal(result.rows, 0);
    must(number_turn(db, &numbering, true, &result, &err));
    assert_numbered(1, 1);
    database_run(writer, "UPDATE feed_turn SET turns = turns + 1, low = 0;\n");
}

/* A machine that has gone, or a process that is held, in the middle of a turn. */
static void test_the_turn_of_who_has_stopped_ends(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    const struct db_value *row;
    struct db *stopped = database_connect();
    must(number_prepare(stopped, &err) && db_begin(stopped, &err));
    must(db_query_one(stopped, "SELECT turns FROM feed_turn WHERE id = 1 FOR UPDATE", NULL, 0, &row, &err));
    leave(writer, directory, 1);
    bool turned = false;
    for (int i = 0; i < 20 && !turned; i++) /* each waits for the lock for some seconds */
        turned = number_turn(db, &numbering, false, &result, &err);
    assert_true(turned);
    assert_numbered(1, 1);
    db_close(stopped);
}

/* Whether a COMMIT whose answer was lost took effect is not known, and need not be. */
static void test_a_connection_that_is_lost_in_a_turn_costs_nothing(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct db *lost = database_connect();
    leave(writer, directory, 1);
    const struct db_value id = db_integer((int64_t)db_connection_id(lost));
    must(db_execute(writer, "KILL ?", &id, 1, NULL, &err));
    assert_false(number_turn(lost, &numbering, false, &result, &err));
    assert_int_equal(db_failure(lost), DB_LOST);
    turn();
    assert_numbered(1, 1);
    db_close(lost);
}

#define TEST(name) cmocka_unit_test_setup(name, fresh)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_each_environment_has_numbers_of_its_own),
        TEST(test_a_turn_takes_whole_rows_and_says_that_there_is_more),
        TEST(test_what_is_committed_late_gets_a_later_number),
        TEST(test_two_take_turns),
        TEST(test_a_row_that_cannot_be_read_stops_nobody),
        TEST(test_of_what_is_gone_nobody_hears),
        TEST(test_a_number_is_never_given_twice),
        TEST(test_a_look_from_the_start_finds_what_was_given_up),
        TEST(test_the_turn_of_who_has_stopped_ends),
        TEST(test_a_connection_that_is_lost_in_a_turn_costs_nothing),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
