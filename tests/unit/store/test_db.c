#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "database.h"
#include "db_script.h"
#include "db_url.h"

static struct db *db;
static struct err err;

static int connect_with_table(void **state)
{
    (void)state;
    err = ERR_INIT;
    database_reset();
    db = database_connect();
    database_run(db, "CREATE TABLE parent (id INT PRIMARY KEY) ENGINE=InnoDB;\n"
                     "CREATE TABLE thing (id BIGINT PRIMARY KEY, number BIGINT UNSIGNED, text VARCHAR(50), "
                     "raw LONGBLOB, parent INT, UNIQUE KEY (text), FOREIGN KEY (parent) REFERENCES parent (id)) "
                     "ENGINE=InnoDB DEFAULT CHARSET=utf8mb4;\n");
    return 0;
}

static int disconnect(void **state)
{
    (void)state;
    db_close(db);
    return 0;
}

static const char insert[] = "INSERT INTO thing (id, number, text, raw) VALUES (?, ?, ?, ?)";
static const char by_id[] = "SELECT number, text, raw FROM thing WHERE id = ?";

static bool add(int64_t id, struct db_value number, struct db_value text, struct db_value raw)
{
    const struct db_value values[] = {db_integer(id), number, text, raw};
    return db_execute(db, insert, values, 4, NULL, &err);
}

static const struct db_value *row_by_id(int64_t id)
{
    const struct db_value parameter = db_integer(id), *row;
    assert_true(db_query_one(db, by_id, &parameter, 1, &row, &err));
    return row;
}

static char *pattern(size_t bytes)
{
    char *text = malloc(bytes);
    for (size_t i = 0; i < bytes; i++)
        text[i] = (char)(i * 31 + i / 251);
    return text;
}

static void test_values_come_back_as_they_went_in(void **state)
{
    (void)state;
    static const char raw[] = {'\0', '\'', '\\', (char)0xff, '\0'};
    assert_true(add(1, db_integer(INT64_MAX), db_bytes(SLICE_LITERAL("Zoë")), db_bytes(slice_of(raw, sizeof(raw)))));
    assert_true(add(2, db_integer(0), db_bytes(SLICE_LITERAL("")), db_bytes(SLICE_EMPTY)));
    assert_true(add(INT64_MIN, db_null(), db_null(), db_null()));
    database_run(db, "INSERT INTO thing (id, number) VALUES (3, 18446744073709551615)");

    const struct db_value *row = row_by_id(1);
    assert_true(row[0].integer == INT64_MAX);
    assert_true(slice_equals(row[1].bytes, SLICE_LITERAL("Zoë")));
    assert_true(slice_equals(row[2].bytes, slice_of(raw, sizeof(raw))));
    row = row_by_id(2);
    assert_int_equal(row[1].kind, DB_BYTES);
    assert_int_equal(row[1].bytes.len, 0);
    assert_int_equal(row[2].kind, DB_BYTES);
    row = row_by_id(INT64_MIN);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(row[i].kind, DB_NULL);
    assert_true((uint64_t)row_by_id(3)[0].integer == UINT64_MAX);
    assert_null(row_by_id(4));
}

static void test_text_of_any_length_is_read_whole(void **state)
{
    (void)state;
    static const size_t sizes[] = {1, 4095, 4096, 4097, 9000, 300000, 8192, 7000000, 10};
    enum { COUNT = sizeof(sizes) / sizeof(sizes[0]) };
    char *text = pattern(7000000);
    for (int64_t i = 0; i < COUNT; i++)
        assert_true(add(i, db_null(), db_null(), db_bytes(slice_of(text, sizes[i]))));
    for (unsigned round = 0; round < 2; round++) {
        struct db_rows *rows = db_query(db, "SELECT raw, id, raw, NULL FROM thing ORDER BY id DESC", NULL, 0, &err);
        assert_non_null(rows);
        const struct db_value *row;
        int64_t expected = COUNT;
        while ((row = db_next(rows)) != NULL) {
            expected--;
            assert_true(row[1].integer == expected);
            assert_true(slice_equals(row[0].bytes, slice_of(text, sizes[expected])));
            assert_true(slice_equals(row[2].bytes, slice_of(text, sizes[expected])));
            assert_int_equal(row[3].kind, DB_NULL);
        }
        assert_true(db_rows_end(rows, &err));
        assert_int_equal(expected, 0);
    }
    for (int64_t i = 0; i < COUNT; i++) /* valid behind the end of its result, also when its buffer is to be shrunk */
        assert_true(slice_equals(row_by_id(i)[2].bytes, slice_of(text, sizes[i])));
    free(text);
}

static void test_sums_and_counts_are_integers(void **state)
{
    (void)state;
    for (int64_t i = 1; i <= 3; i++)
        assert_true(add(i, db_integer(i), db_null(), db_null()));
    assert_true(database_integer(db, "SELECT SUM(number) FROM thing") == 6);
    assert_true(database_integer(db, "SELECT COUNT(*) FROM thing") == 3);
    assert_true(database_integer(db, "SELECT id IS NOT NULL FROM thing LIMIT 1") == 1);
}

static void test_an_update_counts_the_rows_that_it_matched(void **state)
{
    (void)state;
    uint64_t affected;
    assert_true(add(1, db_integer(5), db_null(), db_null()));
    assert_true(db_execute(db, "UPDATE thing SET number = 5 WHERE id = 1", NULL, 0, &affected, &err));
    assert_int_equal(affected, 1);
    assert_true(db_execute(db, "UPDATE thing SET number = 5 WHERE id = 2", NULL, 0, &affected, &err));
    assert_int_equal(affected, 0);
}

static void test_a_result_may_be_left_in_the_middle(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 10; i++)
        assert_true(add(i, db_integer(i), db_null(), db_null()));
    for (unsigned round = 0; round < 3; round++) {
        struct db_rows *rows = db_query(db, "SELECT id FROM thing ORDER BY id", NULL, 0, &err);
        assert_non_null(rows);
        assert_true(db_next(rows)->integer == 0);
        assert_true(db_next(rows)->integer == 1);
        assert_true(db_rows_end(rows, &err));
        assert_true(row_by_id(5)[0].integer == 5);
    }
}

static void test_a_duplicate_says_so_and_the_connection_goes_on(void **state)
{
    (void)state;
    assert_true(add(1, db_null(), db_bytes(SLICE_LITERAL("a")), db_null()));
    for (int64_t i = 2; i < 4; i++) {
        assert_false(add(i, db_null(), db_bytes(SLICE_LITERAL("a")), db_null()));
        assert_int_equal(db_failure(db), DB_DUPLICATE);
        assert_int_equal(err.kind, ERR_UNIQUENESS);
    }
    assert_true(add(2, db_null(), db_bytes(SLICE_LITERAL("b")), db_null()));
    assert_int_equal(db_failure(db), DB_FINE);
}

static void test_a_broken_reference_says_so(void **state)
{
    (void)state;
    static const char orphan[] = "INSERT INTO thing (id, parent) VALUES (1, ?)";
    const struct db_value parent = db_integer(7);
    assert_false(db_execute(db, orphan, &parent, 1, NULL, &err));
    assert_int_equal(db_failure(db), DB_REFERENCE);
    assert_int_equal(err.kind, ERR_CONFLICT);
    database_run(db, "INSERT INTO parent VALUES (7)");
    assert_true(db_execute(db, orphan, &parent, 1, NULL, &err));
    assert_false(db_execute(db, "DELETE FROM parent", NULL, 0, NULL, &err));
    assert_int_equal(db_failure(db), DB_REFERENCE);
}

static void test_schema_skew_is_no_caller_s_fault(void **state)
{
    (void)state;
    assert_false(db_execute(db, "UPDATE thing SET colour = 1", NULL, 0, NULL, &err));
    assert_int_equal(db_failure(db), DB_BROKEN);
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_true(add(1, db_null(), db_null(), db_null()));
}

/* Four columns of every kind; every third row has NULLs. */
static struct db_value *many_values(size_t rows, struct slice raw)
{
    struct db_value *values = calloc(rows * 4, sizeof(*values));
    for (size_t i = 0; i < rows; i++) {
        bool empty = i % 3 == 0;
        values[i * 4] = db_integer((int64_t)i);
        values[i * 4 + 1] = empty ? db_null() : db_integer((int64_t)i * 2);
        values[i * 4 + 2] = db_null();
        values[i * 4 + 3] = empty ? db_null() : db_bytes(slice_of(raw.data, raw.len - i % 2));
    }
    return values;
}

static void check_many(size_t rows, struct slice raw)
{
    struct db_rows *result = db_query(db, "SELECT id, number, text, raw FROM thing ORDER BY id", NULL, 0, &err);
    assert_non_null(result);
    for (size_t i = 0; i < rows; i++) {
        const struct db_value *row = db_next(result);
        assert_non_null(row);
        assert_true(row[0].integer == (int64_t)i);
        assert_int_equal(row[1].kind, i % 3 ? DB_INTEGER : DB_NULL);
        assert_true(row[1].kind == DB_NULL || row[1].integer == (int64_t)i * 2);
        assert_int_equal(row[2].kind, DB_NULL);
        assert_true(i % 3 ? slice_equals(row[3].bytes, slice_of(raw.data, raw.len - i % 2)) : row[3].kind == DB_NULL);
    }
    assert_null(db_next(result));
    assert_true(db_rows_end(result, &err));
}

static void insert_many(size_t rows, size_t bytes, uint64_t round_trips)
{
    char *text = pattern(bytes);
    struct slice raw = slice_of(text, bytes);
    struct db_value *values = many_values(rows, raw);
    uint64_t affected, before;
    database_run(db, "DELETE FROM thing");
    before = db_round_trips(db);
    assert_true(db_execute_bulk(db, insert, values, 4, rows, &affected, &err));
    assert_in_range(db_round_trips(db) - before, round_trips, round_trips + 1); /* +1: prepared the first time */
    assert_int_equal(affected, rows);
    check_many(rows, raw);
    free(values);
    free(text);
}

static void test_many_rows_go_in_one_round_trip(void **state)
{
    (void)state;
    insert_many(1, 100, 1);
    insert_many(2, 100, 1);
    insert_many(999, 1500, 1);
}

static void test_very_many_rows_go_in_bounded_packets_and_one_transaction(void **state)
{
    (void)state;
    insert_many(2500, 100, 3 + 2);      /* by rows */
    insert_many(60, 900 * 1024, 5 + 2); /* by bytes, far over the server's packet */
    insert_many(10, 2000000, 2 + 2);
}

static void test_one_bad_row_undoes_its_bulk(void **state)
{
    (void)state;
    for (size_t rows = 3; rows < 5000; rows = rows * 20 + 1) {
        struct db_value *values = many_values(rows, SLICE_LITERAL("some raw bytes"));
        values[(rows - 1) * 4] = db_integer(0);
        assert_false(db_execute_bulk(db, insert, values, 4, rows, NULL, &err));
        assert_int_equal(db_failure(db), DB_DUPLICATE);
        assert_true(database_integer(db, "SELECT COUNT(*) FROM thing") == 0);

        values[(rows - 1) * 4] = db_integer((int64_t)rows - 1);
        assert_true(db_execute(db, insert, values, 4, NULL, &err));
        assert_true(db_execute_bulk(db, insert, values + 4, 4, rows - 1, NULL, &err));
        check_many(rows, SLICE_LITERAL("some raw bytes"));
        database_run(db, "DELETE FROM thing");
        free(values);
    }
}

static void test_bulk_updates_and_deletes(void **state)
{
    (void)state;
    insert_many(100, 10, 1);
    struct db_value changes[20], ids[10];
    for (int64_t i = 0; i < 10; i++) {
        changes[i * 2] = db_integer(i * 1000);
        changes[i * 2 + 1] = ids[i] = db_integer(i * 7);
    }
    uint64_t affected;
    assert_true(db_execute_bulk(db, "UPDATE thing SET number = ? WHERE id = ?", changes, 2, 10, &affected, &err));
    assert_int_equal(affected, 10);
    assert_true(row_by_id(14)[0].integer == 2000);
    assert_true(db_execute_bulk(db, "DELETE FROM thing WHERE id = ?", ids, 1, 10, &affected, &err));
    assert_int_equal(affected, 10);
    assert_true(database_integer(db, "SELECT COUNT(*) FROM thing") == 90);
}

static void test_rollback_leaves_nothing(void **state)
{
    (void)state;
    assert_true(db_begin(db, &err));
    assert_true(add(1, db_null(), db_null(), db_null()));
    db_rollback(db);
    db_rollback(db);
    assert_null(row_by_id(1));
    assert_true(db_begin(db, &err));
    assert_true(add(1, db_null(), db_null(), db_null()));
    assert_true(db_commit(db, &err));
    assert_non_null(row_by_id(1));
}

static void test_a_snapshot_does_not_move_and_cannot_write(void **state)
{
    (void)state;
    static const char count[] = "SELECT COUNT(*) FROM thing";
    struct db *other = database_connect();
    assert_true(db_begin_snapshot(other, &err));
    assert_true(add(1, db_null(), db_null(), db_null()));
    assert_true(database_integer(other, count) == 0);
    assert_false(db_execute(other, "DELETE FROM thing", NULL, 0, NULL, &err));
    assert_true(db_commit(other, &err));
    assert_true(db_begin(other, &err));
    assert_true(database_integer(other, count) == 1);
    assert_true(add(2, db_null(), db_null(), db_null()));
    assert_true(database_integer(other, count) == 2); /* READ COMMITTED */
    db_rollback(other);
    db_close(other);
}

static void test_a_lock_held_by_another_is_a_reason_to_retry(void **state)
{
    (void)state;
    struct db *other = database_connect();
    assert_true(add(1, db_null(), db_null(), db_null()));
    assert_true(db_begin(other, &err));
    assert_true(db_execute(other, "UPDATE thing SET number = 1 WHERE id = 1", NULL, 0, NULL, &err));
    assert_true(db_begin(db, &err));
    assert_null(db_query(db, "SELECT id FROM thing WHERE id = 1 FOR UPDATE NOWAIT", NULL, 0, &err));
    assert_int_equal(db_failure(db), DB_RETRY);
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    db_rollback(db);
    assert_int_equal(db_failure(db), DB_RETRY);
    db_rollback(other);
    db_close(other);
}

static void test_a_slow_statement_is_ended_by_the_database(void **state)
{
    (void)state;
    struct db_settings settings = database_settings();
    settings.statement_timeout_ms = 50;
    struct db *impatient = db_open(&settings, &err);
    assert_non_null(impatient);
    const struct db_value *row;
    assert_false(db_query_one(impatient,
                              "SELECT COUNT(*) FROM seq_1_to_100000 a, seq_1_to_100000 b WHERE a.seq * b.seq = 7", NULL,
                              0, &row, &err));
    assert_int_equal(db_failure(impatient), DB_TIMED_OUT);
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    assert_true(database_integer(impatient, "SELECT 7") == 7);
    db_close(impatient);
}

static void kill_connection(struct db *victim)
{
    char text[64];
    struct db *killer = database_connect();
    snprintf(text, sizeof(text), "KILL HARD CONNECTION %llu", (unsigned long long)db_connection_id(victim));
    database_run(killer, text);
    db_close(killer);
}

static void test_a_lost_connection_stays_lost(void **state)
{
    (void)state;
    struct db *victim = database_connect();
    assert_true(database_integer(victim, "SELECT 1 + 1") == 2);
    assert_true(db_begin(victim, &err));
    kill_connection(victim);
    for (unsigned i = 0; i < 3; i++) {
        uint64_t before = db_round_trips(victim);
        assert_null(db_query(victim, "SELECT 1 + 1", NULL, 0, &err));
        assert_int_equal(db_failure(victim), DB_LOST);
        assert_int_equal(err.kind, ERR_UNAVAILABLE);
        assert_int_equal(db_round_trips(victim) - before, i == 0 ? 1 : 0);
    }
    db_rollback(victim);
    assert_false(db_begin(victim, &err));
    db_close(victim);
}

static void test_a_connection_lost_within_a_result_is_noticed(void **state)
{
    (void)state;
    struct db *victim = database_connect();
    struct db_rows *rows = db_query(victim, "SELECT seq, REPEAT('x', 5000) FROM seq_1_to_100000", NULL, 0, &err);
    assert_non_null(rows);
    assert_non_null(db_next(rows));
    kill_connection(victim);
    while (db_next(rows))
        continue;
    assert_false(db_rows_end(rows, &err));
    assert_int_equal(db_failure(victim), DB_LOST);
    db_close(victim);
}

static void test_a_commit_on_a_lost_connection_has_an_unknown_outcome(void **state)
{
    (void)state;
    struct db *victim = database_connect();
    assert_true(db_begin(victim, &err));
    kill_connection(victim);
    assert_false(db_commit(victim, &err));
    assert_int_equal(db_failure(victim), DB_LOST);
    db_rollback(victim);
    db_close(victim);
}

static void test_a_database_that_is_gone_is_unavailable_until_it_is_back(void **state)
{
    (void)state;
    struct db_settings settings = database_settings();
    assert_true(add(1, db_integer(42), db_null(), db_null()));
    database_kill();
    assert_null(db_open(&settings, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    const struct db_value parameter = db_integer(1), *row;
    assert_false(db_query_one(db, by_id, &parameter, 1, &row, &err));
    assert_int_equal(db_failure(db), DB_LOST);
    database_resume();
    db_close(db);
    db = database_connect();
    assert_true(row_by_id(1)[0].integer == 42);
}

static void test_every_session_has_the_promised_settings(void **state)
{
    (void)state;
    assert_true(database_integer(db, "SELECT @@tx_isolation = 'READ-COMMITTED' AND @@time_zone = '+00:00' AND "
                                     "@@innodb_lock_wait_timeout = 3 AND @@max_statement_time = 5 AND "
                                     "@@idle_write_transaction_timeout = 60 AND "
                                     "@@innodb_snapshot_isolation AND @@sql_mode LIKE '%STRICT_ALL_TABLES%' AND "
                                     "@@character_set_client = 'utf8mb4' AND @@autocommit") == 1);
    assert_false(add(1, db_null(), db_bytes(SLICE_LITERAL("longer than the fifty characters that the column can hold")),
                     db_null()));
    assert_int_equal(db_failure(db), DB_BROKEN);
    assert_false(add(1, db_null(), db_bytes(SLICE_LITERAL("\xff not UTF-8")), db_null()));
}

static void test_a_migration_is_not_ended_because_it_is_idle(void **state)
{
    (void)state;
    struct db_settings settings = database_settings();
    settings.statement_timeout_ms = 0;
    struct db *patient = db_open(&settings, &err);
    assert_non_null(patient);
    assert_int_equal(database_integer(patient, "SELECT @@idle_write_transaction_timeout"), 0);
    db_close(patient);
}

static void test_binary_parameters_find_text_columns_by_their_index(void **state)
{
    (void)state;
    for (int64_t i = 0; i < 50; i++) {
        char text[16];
        snprintf(text, sizeof(text), "name %d", (int)i);
        assert_true(add(i, db_null(), db_bytes(slice_str(text)), db_null()));
    }
    const struct db_value name = db_bytes(SLICE_LITERAL("name 7")), *row;
    assert_true(db_query_one(db, "EXPLAIN SELECT raw FROM thing WHERE text = ?", &name, 1, &row, &err));
    assert_true(slice_equals(row[3].bytes, SLICE_LITERAL("const")));
}

static void test_a_script_stops_at_its_first_error(void **state)
{
    (void)state;
    size_t done;
    assert_false(db_script_counted(db,
                                   "-- a comment; with a semicolon;\n\nINSERT INTO parent VALUES (1);\n"
                                   "-- another\nINSERT INTO parent -- inside\n VALUES (2);\n"
                                   "INSERT INTO nowhere VALUES (3);\nINSERT INTO parent VALUES (4);\n",
                                   &done, &err));
    assert_int_equal(done, 2);
    assert_non_null(strstr(err.detail, "nowhere"));
    assert_true(database_integer(db, "SELECT SUM(id) FROM parent") == 3);
    database_run(db, "-- nothing but a comment\n");
}

static void test_passwords_come_from_the_url_or_a_file(void **state)
{
    (void)state;
    char path[] = "/tmp/rollcall-password.XXXXXX";
    int fd = mkstemp(path);
    assert_int_equal(write(fd, "p@ss:w/rd?\n", 11), 11);
    close(fd);
    database_run(db, "CREATE OR REPLACE USER someone@localhost IDENTIFIED BY 'p@ss:w/rd?';\n"
                     "GRANT ALL ON rollcall.* TO someone@localhost");
    struct db_settings settings = database_settings_of("someone", "p%40ss%3Aw%2frd%3F", "");
    struct db *someone = db_open(&settings, &err);
    assert_non_null(someone);
    db_close(someone);

    settings = database_settings_of("someone", "wrong", "");
    assert_null(db_open(&settings, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
    settings.password_file = path;
    someone = db_open(&settings, &err);
    assert_non_null(someone);
    db_close(someone);

    unlink(path);
    assert_null(db_open(&settings, &err));
    assert_int_equal(err.kind, ERR_INVALID_VALUE);
}

static void test_required_tls_is_not_given_up(void **state)
{
    (void)state;
    struct db_settings settings = database_settings_of("root", "", "&tls=required");
    assert_null(db_open(&settings, &err));
    assert_int_equal(err.kind, ERR_UNAVAILABLE);
}

static void test_urls_are_read_part_by_part(void **state)
{
    (void)state;
    struct db_address a;
    assert_true(db_url_parse("mariadb://us%65r:p%40ss:w%2Frd@db.example:3307/roll%20call?tls=off", &a, &err));
    assert_string_equal(a.user, "user");
    assert_string_equal(a.password, "p@ss:w/rd");
    assert_string_equal(a.host, "db.example");
    assert_int_equal(a.port, 3307);
    assert_string_equal(a.database, "roll call");
    assert_true(a.over_tcp && a.tls == DB_TLS_OFF);

    assert_true(db_url_parse("mysql://u@[::1]:3306/d", &a, &err));
    assert_string_equal(a.host, "::1");
    assert_true(a.over_tcp && a.port == 3306 && a.tls == DB_TLS_PREFERRED);
    assert_true(db_url_parse("mysql://u@[fe80::1]/d?tls_ca=/etc/ca.pem", &a, &err));
    assert_true(a.port == 0 && a.tls == DB_TLS_REQUIRED);
    assert_string_equal(a.tls_ca, "/etc/ca.pem");

    assert_true(db_url_parse("mariadb://u@localhost/d?socket=/run/my%2Fsock", &a, &err));
    assert_string_equal(a.socket, "/run/my/sock");
    assert_true(!a.over_tcp && a.tls == DB_TLS_OFF);
    assert_true(db_url_parse("mariadb://u@/d", &a, &err));
    assert_true(!a.over_tcp);
    assert_true(db_url_parse("mariadb://u@localhost:3306/d", &a, &err));
    assert_true(a.over_tcp);
}

static void test_malformed_urls_are_refused_without_showing_them(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "",
        "mariadb",
        "mariadb:u:secret@h/d",
        "postgres://u:secret@h/d",
        "mariadb://u:secret@h",
        "mariadb://u:secret@h/",
        "mariadb://h/d",
        "mariadb://:secret@h/d",
        "mariadb://u:secret%4@h/d",
        "mariadb://u:secret%zz@h/d",
        "mariadb://u:secret%00@h/d",
        "mariadb://u:secret@h:0/d",
        "mariadb://u:secret@h:65536/d",
        "mariadb://u:secret@h:/d",
        "mariadb://u:secret@h:3306x/d",
        "mariadb://u:secret@[::1/d",
        "mariadb://u:secret@[::1]3306/d",
        "mariadb://u:secret@[::1]:/d",
        "mariadb://u:secret@h/d?",
        "mariadb://u:secret@h/d?tls",
        "mariadb://u:secret@h/d?tls=maybe",
        "mariadb://u:secret@h/d?colour=red",
        "mariadb://u:secret@h/d?tls=off&",
        "mariadb://u:secret@h/d?socket=/x",
        "mariadb://u:secret@localhost:3306/d?socket=/x",
    };
    for (size_t i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
        struct db_address address;
        err = ERR_INIT;
        if (db_url_parse(urls[i], &address, &err))
            fail_msg("accepted: %s", urls[i]);
        assert_int_equal(err.kind, ERR_INVALID_VALUE);
        assert_null(strstr(err.detail, "secret"));
    }
}

static void test_error_codes_say_what_to_do_next(void **state)
{
    (void)state;
    static const struct {
        unsigned code;
        enum db_failure failure;
    } codes[] = {{1062, DB_DUPLICATE}, {1451, DB_REFERENCE}, {1452, DB_REFERENCE}, {1213, DB_RETRY},  {1205, DB_RETRY},
                 {1020, DB_RETRY},     {1969, DB_TIMED_OUT}, {3024, DB_TIMED_OUT}, {2006, DB_LOST},   {2013, DB_LOST},
                 {2002, DB_LOST},      {2003, DB_LOST},      {1047, DB_LOST},      {1040, DB_LOST},   {1053, DB_LOST},
                 {1180, DB_LOST},      {1290, DB_LOST},      {1927, DB_LOST},      {5013, DB_LOST},   {1114, DB_FULL},
                 {1021, DB_FULL},      {28, DB_FULL},        {1054, DB_BROKEN},    {1136, DB_BROKEN}, {1142, DB_BROKEN},
                 {2031, DB_BROKEN}};
    for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
        assert_int_equal(db_classify(codes[i].code), codes[i].failure);
}

#define WITH_TABLE(test) cmocka_unit_test_setup_teardown(test, connect_with_table, disconnect)

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_TABLE(test_values_come_back_as_they_went_in),
        WITH_TABLE(test_text_of_any_length_is_read_whole),
        WITH_TABLE(test_sums_and_counts_are_integers),
        WITH_TABLE(test_an_update_counts_the_rows_that_it_matched),
        WITH_TABLE(test_a_result_may_be_left_in_the_middle),
        WITH_TABLE(test_a_duplicate_says_so_and_the_connection_goes_on),
        WITH_TABLE(test_a_broken_reference_says_so),
        WITH_TABLE(test_schema_skew_is_no_caller_s_fault),
        WITH_TABLE(test_many_rows_go_in_one_round_trip),
        WITH_TABLE(test_very_many_rows_go_in_bounded_packets_and_one_transaction),
        WITH_TABLE(test_one_bad_row_undoes_its_bulk),
        WITH_TABLE(test_bulk_updates_and_deletes),
        WITH_TABLE(test_rollback_leaves_nothing),
        WITH_TABLE(test_a_snapshot_does_not_move_and_cannot_write),
        WITH_TABLE(test_a_lock_held_by_another_is_a_reason_to_retry),
        WITH_TABLE(test_a_slow_statement_is_ended_by_the_database),
        WITH_TABLE(test_a_lost_connection_stays_lost),
        WITH_TABLE(test_a_connection_lost_within_a_result_is_noticed),
        WITH_TABLE(test_a_commit_on_a_lost_connection_has_an_unknown_outcome),
        WITH_TABLE(test_a_database_that_is_gone_is_unavailable_until_it_is_back),
        WITH_TABLE(test_every_session_has_the_promised_settings),
        WITH_TABLE(test_a_migration_is_not_ended_because_it_is_idle),
        WITH_TABLE(test_binary_parameters_find_text_columns_by_their_index),
        WITH_TABLE(test_a_script_stops_at_its_first_error),
        WITH_TABLE(test_passwords_come_from_the_url_or_a_file),
        WITH_TABLE(test_required_tls_is_not_given_up),
        cmocka_unit_test(test_urls_are_read_part_by_part),
        cmocka_unit_test(test_malformed_urls_are_refused_without_showing_them),
        cmocka_unit_test(test_error_codes_say_what_to_do_next),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
