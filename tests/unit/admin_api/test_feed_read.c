/* Reading the feed on a real database: rows of `change`, event and `feed` as the server and the sequencer leave them.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "base/must.h"
#include "database.h"
#include "feed.h"

/* Rows are written with ids of one byte, sixteen times. */
#define ID(text)     "UNHEX(REPEAT('" text "', 16))"
#define ENVIRONMENT  ID("ee")
#define ORGANIZATION ID("0f")
#define DIRECTORY    ID("d1")
#define USER         ID("a1")
#define GROUP        ID("b1")

static struct db *db;
static struct feed_reader *reader;
static struct arena arena;
static struct feed_page page;
static uint64_t sequence;

static void run(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void run(const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    must(length > 0 && (size_t)length < sizeof text);
    database_run(db, text);
}

static int begin(void **state)
{
    (void)state;
    database_start(state);
    database_migrate();
    db = database_connect();
    reader = feed_reader_new();
    arena_init(&arena);
    return 0;
}

static int end(void **state)
{
    arena_fini(&arena);
    feed_reader_free(reader);
    db_close(db);
    return database_stop(state);
}

static int begin_one(void **state)
{
    (void)state;
    sequence = 0;
    run("DELETE FROM feed;\nDELETE FROM feed_end;\nDELETE FROM event;\nDELETE FROM `change`;\nDELETE FROM resource;\n"
        "DELETE FROM directory;\nDELETE FROM organization;\nDELETE FROM environment;\n");
    run("INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (" ENVIRONMENT ", 'test', 0, 0);\n"
        "INSERT INTO organization (id, environment_id, external_id, display_name, domains, created_ms, updated_ms) "
        "VALUES (" ORGANIZATION ", " ENVIRONMENT ", 'acme', 'Acme', '[]', 0, 0);\n"
        "INSERT INTO directory (id, organization_id, name, policy, created_ms, updated_ms) "
        "VALUES (" DIRECTORY ", " ORGANIZATION ", 'd', '{}', 0, 0);\n"
        "INSERT INTO feed_end (environment_id, last_sequence) VALUES (" ENVIRONMENT ", 0);\n");
    return 0;
}

static void number(int source, const char *operation, int type, int kind, const char *resource)
{
    sequence++;
    run("INSERT INTO feed (environment_id, sequence, source, operation_id, ordinal, organization_id, directory_id, "
        "type, "
        "kind, resource_id, is_primary, numbered_ms) VALUES (" ENVIRONMENT ", %llu, %d, %s, 0, " ORGANIZATION
        ", " DIRECTORY ", %d, %d, %s, 1, 0);\n"
        "UPDATE feed_end SET last_sequence = %llu;\n",
        (unsigned long long)sequence, source, operation, type, kind, resource, (unsigned long long)sequence);
}

/* Of the user or the group; the operation's number is its id. document and members: SQL. */
static void change(int operation, int type, int kind, int version, const char *document, const char *members)
{
    char id[64];
    const char *resource = type == 1 ? USER : GROUP;
    snprintf(id, sizeof id, "UNHEX(LPAD('%d', 32, '0'))", operation);
    run("INSERT INTO `change` (operation_id, ordinal, directory_id, type, resource_id, kind, version, created_ms, "
        "document, "
        "members, actor, cause) VALUES (%s, 0, " DIRECTORY ", %d, %s, %d, %d, 1000, %s, %s, " ID("70") ", 1);\n",
        id, type, resource, kind, version, document, members);
    if (kind != 5)
        number(FEED_CHANGE, id, type, kind, resource);
}

static struct feed_query everything(void)
{
    struct feed_query query = {.from = {1, 0}, .types = FEED_ALL_TYPES, .limit = FEED_MOST};
    memset(&query.environment, 0xee, sizeof query.environment);
    return query;
}

static void read_page(const struct feed_query *query)
{
    struct err err = ERR_INIT;
    bool good = feed_read(reader, db, query, &arena, &page, &err);
    if (!good)
        print_error("%s\n", err.detail);
    assert_true(good);
}

static void read_all(void)
{
    struct feed_query query = everything();
    read_page(&query);
    assert_true(page.at_end);
    assert_int_equal(page.next.sequence, sequence + 1);
}

static json_t *event_at(size_t index)
{
    assert_true(index < page.count);
    json_t *event = json_loadb(page.list[index].json.data, page.list[index].json.len, 0, NULL);
    assert_non_null(event);
    return event;
}

/* Types and data, data without whitespace and in any order of members. */
static void check(size_t index, const char *type, const char *data)
{
    json_scoped *event = event_at(index), *wanted = json_loads(data, 0, NULL);
    assert_non_null(wanted);
    assert_string_equal(json_string_value(json_object_get(event, "type")), type);
    if (!json_equal(json_object_get(event, "data"), wanted))
        print_error("%.*s\n", (int)page.list[index].json.len, page.list[index].json.data);
    assert_true(json_equal(json_object_get(event, "data"), wanted));
}

/* --- tests --- */

static void test_a_change_is_an_event_with_all_that_it_is_about(void **state)
{
    (void)state;
    change(7, 1, 1, 1, "'{\"id\":\"u\",\"userName\":\"ada\"}'", "NULL");
    read_all();
    assert_int_equal(page.count, 1);
    json_scoped *event = event_at(0);
    json_object_del(event, "id");
    json_scoped *wanted =
        json_loads("{\"type\": \"user.created\", \"timestamp\": \"1970-01-01T00:00:01.000Z\","
                   " \"environment_id\": \"env-7exvqexvqexvqexvqexvqexvqe\","
                   " \"organization_id\": \"org-0f1w7gy3rf1w7gy3rf1w7gy3rf\", \"organization_external_id\": \"acme\","
                   " \"directory_id\": \"dir-6ht78x3mht78x3mht78x3mht78\", \"primary\": true,"
                   " \"cause\": {\"kind\": \"scim\", \"id\": \"00000000-0000-0000-0000-000000000007\"},"
                   " \"actor\": \"tok-3ge1r71w3ge1r71w3ge1r71w3g\","
                   " \"data\": {\"user\": {\"id\": \"u\", \"userName\": \"ada\"}, \"version\": 1, \"changes\": []}}",
                   0, NULL);
    static const char *const members[] = {"type", "timestamp", "organization_external_id", "primary", "cause", "data"};
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++)
        assert_true(json_equal(json_object_get(event, members[i]), json_object_get(wanted, members[i])));
    assert_int_equal(json_object_size(event), json_object_size(wanted));
}

static void test_what_an_update_changed(void **state)
{
    (void)state;
    change(1, 1, 1, 1, "'{\"id\":\"u\",\"userName\":\"ada\",\"active\":true}'", "NULL");
    change(2, 1, 2, 2, "'{\"id\":\"u\",\"userName\":\"eva\",\"active\":true}'", "NULL");
    change(3, 1, 2, 3, "'{\"id\":\"u\",\"userName\":\"eva\",\"active\":false}'", "NULL");
    change(4, 1, 2, 4, "'{\"id\":\"u\",\"userName\":\"eva\",\"title\":\"x\"}'", "NULL");
    read_all();
    assert_int_equal(page.count, 5);
    check(1, "user.updated",
          "{\"user\": {\"id\": \"u\", \"userName\": \"eva\", \"active\": true}, \"version\": 2,"
          " \"changes\": [{\"path\": \"userName\", \"old\": \"ada\", \"new\": \"eva\"}]}");
    check(2, "user.deactivated",
          "{\"user\": {\"id\": \"u\", \"userName\": \"eva\", \"active\": false}, \"version\": 3,"
          " \"changes\": [{\"path\": \"active\", \"old\": true, \"new\": false}]}");
    check(3, "user.updated",
          "{\"user\": {\"id\": \"u\", \"userName\": \"eva\", \"title\": \"x\"}, \"version\": 4,"
          " \"changes\": [{\"path\": \"title\", \"old\": null, \"new\": \"x\"}]}");
    check(4, "user.activated",
          "{\"user\": {\"id\": \"u\", \"userName\": \"eva\", \"title\": \"x\"}, \"version\": 4,"
          " \"changes\": [{\"path\": \"active\", \"old\": false, \"new\": null}]}");
    assert_int_equal(page.list[3].place.sequence, 4);
    assert_int_equal(page.list[3].next.part, 1);
    assert_int_equal(page.list[4].place.part, 1);
    assert_int_equal(page.list[4].next.sequence, 5);
}

static void test_deleted_and_restored(void **state)
{
    (void)state;
    change(1, 1, 3, 2, "'{\"id\":\"u\"}'", "NULL");
    change(2, 1, 1, 3, "'{\"id\":\"u\"}'", "NULL");
    change(3, 2, 3, 2, "'{\"id\":\"g\"}'", "CONCAT('-', " USER ")");
    read_all();
    assert_int_equal(page.count, 3);
    check(0, "user.deleted", "{\"user\": {\"id\": \"u\"}, \"version\": 2, \"changes\": []}");
    check(1, "user.restored", "{\"user\": {\"id\": \"u\"}, \"version\": 3, \"changes\": []}");
    check(2, "group.deleted", "{\"group\": {\"id\": \"g\"}, \"version\": 2, \"changes\": []}");
}

static void test_members_come_with_the_group_as_it_was(void **state)
{
    (void)state;
    change(1, 2, 4, 2, "NULL", "CONCAT('+', " USER ", CHAR(0xAD USING binary), " GROUP ")");
    change(2, 2, 5, 2, "'{\"id\":\"g\",\"displayName\":\"old\"}'", "NULL");
    change(3, 2, 2, 3, "'{\"id\":\"g\",\"displayName\":\"new\"}'", "NULL");
    read_all();
    assert_int_equal(page.count, 3);
    check(0, "group.member_added",
          "{\"group\": {\"id\": \"g\", \"displayName\": \"old\"}, \"version\": 2, \"members\":"
          " [{\"id\": \"a1a1a1a1-a1a1-a1a1-a1a1-a1a1a1a1a1a1\", \"type\": \"User\"}], \"part\": 1, \"parts\": 1}");
    check(1, "group.member_removed",
          "{\"group\": {\"id\": \"g\", \"displayName\": \"old\"}, \"version\": 2, \"members\":"
          " [{\"id\": \"b1b1b1b1-b1b1-b1b1-b1b1-b1b1b1b1b1b1\", \"type\": \"Group\"}], \"part\": 1, \"parts\": 1}");
    check(2, "group.updated",
          "{\"group\": {\"id\": \"g\", \"displayName\": \"new\"}, \"version\": 3,"
          " \"changes\": [{\"path\": \"displayName\", \"old\": \"old\", \"new\": \"new\"}]}");
}

static void test_the_group_of_a_change_of_members_far_back(void **state)
{
    (void)state;
    for (int version = 2; version < 12; version++)
        change(version, 2, 4, version, "NULL", "CONCAT('+', " USER ")");
    run("INSERT INTO resource (directory_id, type, id, open_braces, version, created_ms, modified_ms, document) "
        "VALUES (" DIRECTORY ", 2, " GROUP ", 1, 11, 0, 0, '{\"id\":\"g\"');\n");
    for (int again = 0; again < 2; again++) {
        read_all();
        assert_int_equal(page.count, 10);
        for (size_t i = 0; i < page.count; i++) {
            json_scoped *event = event_at(i);
            assert_string_equal(
                json_string_value(json_object_get(json_object_get(json_object_get(event, "data"), "group"), "id")),
                "g");
        }
    }
}

static void test_many_members_are_several_events(void **state)
{
    (void)state;
    change(1, 2, 4, 2, "'{\"id\":\"g\"}'", "REPEAT(CONCAT('+', " USER "), 1200)");
    change(2, 2, 3, 3, "'{\"id\":\"g\"}'", "NULL");
    struct feed_query query = everything();
    query.limit = 2;
    read_page(&query);
    assert_int_equal(page.count, 2);
    assert_false(page.at_end);
    assert_int_equal(page.next.sequence, 1);
    assert_int_equal(page.next.part, 2);
    query.from = page.next;
    read_page(&query);
    assert_int_equal(page.count, 2);
    assert_true(page.at_end);
    json_scoped *event = event_at(0);
    json_t *data = json_object_get(event, "data");
    assert_int_equal(json_array_size(json_object_get(data, "members")), 200);
    assert_int_equal(json_integer_value(json_object_get(data, "part")), 3);
    assert_int_equal(json_integer_value(json_object_get(data, "parts")), 3);
}

static void test_an_erased_change_is_passed_over(void **state)
{
    (void)state;
    change(1, 1, 1, 1, "'{\"id\":\"u\"}'", "NULL");
    change(2, 1, 3, 2, "'{\"id\":\"u\"}'", "NULL");
    run("DELETE FROM `change` WHERE version = 1;\n");
    read_all();
    assert_int_equal(page.count, 1);
    check(0, "user.deleted", "{\"user\": {\"id\": \"u\"}, \"version\": 2, \"changes\": []}");
}

static void test_a_version_before_that_nobody_knows(void **state)
{
    (void)state;
    change(1, 1, 2, 5, "'{\"id\":\"u\"}'", "NULL");
    read_all();
    check(0, "user.updated", "{\"user\": {\"id\": \"u\"}, \"version\": 5, \"changes\": null}");
}

static void test_what_is_no_change_is_told_as_it_was_raised(void **state)
{
    (void)state;
    run("INSERT INTO event (id, environment_id, organization_id, directory_id, type, data, created_ms, cause, "
        "operation_id, "
        "actor) VALUES (" ID("e7") ", " ENVIRONMENT ", " ORGANIZATION ", " DIRECTORY
                                   ", 'directory.paused', '{\"a\":1}', 5, 2, " ID("07") ", 'key-1');\n");
    number(FEED_EVENT, ID("e7"), 0, 0, "NULL");
    read_all();
    check(0, "directory.paused", "{\"a\": 1}");
    for (size_t i = 0; i < ID_BYTES; i++)
        assert_int_equal(page.list[0].id.bytes[i], 0xe7);
    json_scoped *event = event_at(0), *cause = json_object();
    json_object_set_new(cause, "kind", json_string("admin"));
    json_object_set_new(cause, "id", json_string("07070707-0707-0707-0707-070707070707"));
    assert_true(json_equal(json_object_get(event, "cause"), cause));
    assert_string_equal(json_string_value(json_object_get(event, "actor")), "key-1");
}

static void test_large_documents_are_fetched_apart(void **state)
{
    (void)state;
    change(1, 1, 1, 1, "CONCAT('{\"id\":\"u\",\"x\":\"', REPEAT('y', 50000), '\"}')", "NULL");
    change(2, 1, 2, 2, "CONCAT('{\"id\":\"u\",\"x\":\"', REPEAT('z', 50000), '\"}')", "NULL");
    read_all();
    assert_int_equal(page.count, 2);
    json_scoped *event = event_at(1);
    json_t *changes = json_object_get(json_object_get(event, "data"), "changes");
    assert_int_equal(json_string_length(json_object_get(json_array_get(changes, 0), "old")), 50000);
}

static void test_a_large_event_is_fetched_apart(void **state)
{
    (void)state;
    run("INSERT INTO event (id, environment_id, type, data, created_ms) VALUES (" ID(
        "e7") ", " ENVIRONMENT ", 'import.finished', CONCAT('{\"a\":\"', REPEAT('x', 100000), '\"}'), 5);\n");
    number(FEED_EVENT, ID("e7"), 0, 0, "NULL");
    read_all();
    json_scoped *event = event_at(0);
    assert_int_equal(json_string_length(json_object_get(json_object_get(event, "data"), "a")), 100000);
}

static void test_a_page_is_bounded_by_bytes(void **state)
{
    (void)state;
    for (int i = 1; i <= 20; i++)
        change(i, 1, 1, 1, "CONCAT('{\"id\":\"u\",\"x\":\"', REPEAT('y', 1000000), '\"}')", "NULL");
    struct feed_query query = everything();
    size_t seen = 0, pages = 0;
    do {
        read_page(&query);
        assert_in_range(page.count, 1, 10);
        seen += page.count;
        pages++;
        query.from = page.next;
        arena_reset(&arena);
    } while (!page.at_end);
    assert_int_equal(seen, 20);
    assert_int_equal(pages, 3);
    query = everything();
    query.most_bytes = 2 << 20;
    read_page(&query);
    assert_int_equal(page.count, 3);
}

static void test_filters(void **state)
{
    (void)state;
    change(1, 1, 1, 1, "'{\"id\":\"u\"}'", "NULL");
    change(2, 1, 2, 2, "'{\"id\":\"u\",\"active\":false,\"title\":\"x\"}'", "NULL");
    change(3, 2, 1, 1, "'{\"id\":\"g\"}'", "NULL");
    static const struct {
        const char *types;
        size_t count;
    } cases[] = {{"user.*", 3},      {"user.deactivated", 1},      {"user.updated", 1},
                 {"group.*", 1},     {"user.restored", 0},         {"group.created,user.created", 2},
                 {"directory.*", 0}, {"user.updated , group.*", 2}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = ERR_INIT;
        struct feed_query query = everything();
        assert_true(feed_types_parse(slice_str(cases[i].types), &query.types, &err));
        read_page(&query);
        assert_int_equal(page.count, cases[i].count);
        assert_true(page.at_end);
        assert_int_equal(page.next.sequence, 4);
    }
    struct feed_query query = everything();
    memset(&query.organization, 0x0e, sizeof query.organization);
    read_page(&query);
    assert_int_equal(page.count, 0);
    memset(&query.organization, 0x0f, sizeof query.organization);
    read_page(&query);
    assert_int_equal(page.count, 4);
    query.without_directory = true;
    read_page(&query);
    assert_int_equal(page.count, 0);
    query = everything();
    query.until = 2;
    read_page(&query);
    assert_int_equal(page.count, 3);
    assert_true(page.at_end);
    assert_int_equal(page.next.sequence, 3);
    memset(&query.environment, 0xef, sizeof query.environment);
    read_page(&query);
    assert_int_equal(page.count, 0);
    assert_true(page.at_end);
}

/* Thousands of updates, and one of them deactivates: a small page does not look at them one by one. */
static void test_a_rare_event_is_found_behind_many_others(void **state)
{
    (void)state;
    run("INSERT INTO `change` (operation_id, ordinal, directory_id, type, resource_id, kind, version, created_ms, "
        "document, "
        "cause) SELECT UNHEX(LPAD(seq, 32, '0')), 0, " DIRECTORY ", 1, " USER
        ", 2, seq, 0, IF(seq = 2500, '{\"active\":false}', '{}'), 1 FROM seq_1_to_2500;\n"
        "INSERT INTO feed (environment_id, sequence, source, operation_id, ordinal, organization_id, directory_id, "
        "type, "
        "kind, resource_id, is_primary, numbered_ms) SELECT " ENVIRONMENT ", version, 1, operation_id, 0, " ORGANIZATION
        ", directory_id, 1, 2, resource_id, 1, 0 FROM `change`;\nUPDATE feed_end SET last_sequence = 2500;\n");
    struct feed_query query = everything();
    query.types = UINT64_C(1) << feed_type_find(SLICE_LITERAL("user.deactivated"));
    query.limit = 1;
    uint64_t before = db_round_trips(db);
    read_page(&query);
    assert_int_equal(page.count, 1);
    assert_int_equal(page.list[0].place.sequence, 2500);
    assert_true(db_round_trips(db) - before < 20);
    query.from = page.next;
    read_page(&query);
    assert_int_equal(page.count, 0);
    assert_true(page.at_end);
}

static void test_what_was_dropped_is_not_passed_over_silently(void **state)
{
    (void)state;
    for (int i = 1; i <= 3; i++)
        change(i, 1, 1, 1, "'{\"id\":\"u\"}'", "NULL");
    run("UPDATE feed_end SET purged_sequence = 2;\n");
    struct feed_query query = everything();
    struct err err = ERR_INIT;
    assert_false(feed_read(reader, db, &query, &arena, &page, &err));
    assert_int_equal(err.kind, ERR_EXPIRED_CURSOR);
    query.from.sequence = 3;
    read_page(&query);
    assert_int_equal(page.count, 1);
    query.from.sequence = 4;
    read_page(&query);
    assert_int_equal(page.count, 0);
    assert_true(page.at_end);
    assert_int_equal(page.next.sequence, 4);
}

static void test_ids_are_the_same_at_each_reading_and_no_two_alike(void **state)
{
    (void)state;
    change(1, 2, 4, 2, "NULL", "REPEAT(CONCAT('+', " USER "), 1200)");
    change(2, 2, 3, 3, "'{\"id\":\"g\"}'", "NULL");
    struct id first[4];
    for (int again = 0; again < 2; again++) {
        read_all();
        assert_int_equal(page.count, 4);
        for (size_t i = 0; i < 4; i++) {
            if (again)
                assert_true(id_equals(&first[i], &page.list[i].id));
            first[i] = page.list[i].id;
            for (size_t k = 0; k < i; k++)
                assert_false(id_equals(&first[i], &first[k]));
        }
    }
}

static void test_unknown_types(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "user", "user.*.*", "users.created", "user.created,", ",", "*", ".*", "user.created;user.deleted"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct err err = ERR_INIT;
        uint64_t types;
        assert_false(feed_types_parse(slice_str(bad[i]), &types, &err));
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
    }
}

#define TEST(name) cmocka_unit_test_setup(name, begin_one)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_a_change_is_an_event_with_all_that_it_is_about),
        TEST(test_what_an_update_changed),
        TEST(test_deleted_and_restored),
        TEST(test_members_come_with_the_group_as_it_was),
        TEST(test_the_group_of_a_change_of_members_far_back),
        TEST(test_many_members_are_several_events),
        TEST(test_an_erased_change_is_passed_over),
        TEST(test_a_version_before_that_nobody_knows),
        TEST(test_what_is_no_change_is_told_as_it_was_raised),
        TEST(test_large_documents_are_fetched_apart),
        TEST(test_a_large_event_is_fetched_apart),
        TEST(test_a_page_is_bounded_by_bytes),
        TEST(test_filters),
        TEST(test_a_rare_event_is_found_behind_many_others),
        TEST(test_what_was_dropped_is_not_passed_over_silently),
        TEST(test_ids_are_the_same_at_each_reading_and_no_two_alike),
        TEST(test_unknown_types),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
