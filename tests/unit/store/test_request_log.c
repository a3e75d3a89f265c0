/* The request log on a real database: rows, whose they are, and what happens while the database is away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "database.h"
#include "health.h"
#include "request_ring.h"

static const struct organization_id organization = {{{0x0a}}};
static const struct directory_id directory = {{{0x0b}}};
static const struct id token = {{0x0c}};

static int set_up(void **state)
{
    (void)state;
    database_migrate();
    struct db *db = database_connect();
    database_run(
        db,
        "INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (UNHEX(RPAD('01', 32, '0')), 'e', 1, 1);\n"
        "INSERT INTO organization (id, environment_id, display_name, domains, created_ms, updated_ms) VALUES "
        "(UNHEX(RPAD('0A', 32, '0')), UNHEX(RPAD('01', 32, '0')), 'o', '[]', 1, 1);\n"
        "INSERT INTO directory (id, organization_id, name, policy, created_ms, updated_ms) VALUES "
        "(UNHEX(RPAD('0B', 32, '0')), UNHEX(RPAD('0A', 32, '0')), 'd', '{}', 1, 1);\n"
        "INSERT INTO primary_directory VALUES (UNHEX(RPAD('0A', 32, '0')), UNHEX(RPAD('0B', 32, '0')));\n"
        "INSERT INTO scim_token (directory_id, id, hash, pepper_version, scopes, label, hint, created_ms) VALUES "
        "(UNHEX(RPAD('0B', 32, '0')), UNHEX(RPAD('0C', 32, '0')), UNHEX(RPAD('', 64, '0')), 1, 1, 'l', 'hint', 1)");
    db_close(db);
    return 0;
}

static struct store_request *record(const char *body)
{
    struct store_request *request = store_request_new(200);
    request->id = id_new();
    request->proved = true;
    request->directory = directory;
    request->organization = organization;
    request->token = token;
    request->mode = SCIM_LOG_REDACTED;
    request->revision = 1;
    request->received_ms = 1000;
    request->status = 201;
    request->operation = "user.create";
    request->method = store_request_text(request, SLICE_LITERAL("POST"), 36);
    request->path = store_request_text(request, SLICE_LITERAL("/orgs/x/scim/v2/Users"), 100);
    request->peer = store_request_text(request, SLICE_LITERAL("127.0.0.1"), 64);
    request->request = store_request_text(request, slice_str(body), 100);
    request->request_bytes = request->request.len;
    return request;
}

static void free_list(struct store_request *list)
{
    while (list) {
        struct store_request *next = list->next;
        store_request_free(list);
        list = next;
    }
}

static int64_t count(struct db *db, const char *sql) { return database_integer(db, sql); }

static void test_records_are_written_once_under_their_ids(void **state)
{
    (void)state;
    struct db *db = database_connect();
    struct err err = ERR_INIT;
    struct store_request *first = record("{\"userName\":\"ada\"}");
    first->next = record("{\"userName\":\"bob\"}");
    assert_true(request_write(db, first, &err));
    assert_true(request_write(db, first, &err)); /* the answer of the first commit was lost */
    assert_int_equal(count(db, "SELECT COUNT(*) FROM scim_request"), 2);
    assert_int_equal(count(db, "SELECT COUNT(*) FROM scim_request_body WHERE request = '{\"userName\":\"***\"}'"), 2);
    free_list(first);
    db_close(db);
}

static struct store_request *claim(struct organization_id of, struct directory_id claimed, struct id claimed_token)
{
    struct store_request *request = record("");
    request->proved = false;
    request->organization = of;
    request->directory = claimed;
    request->token = claimed_token;
    request->status = 401;
    request->problem = ERR_UNAUTHORIZED;
    return request;
}

static void write_one(struct db *db, struct store_request *request)
{
    struct err err = ERR_INIT;
    assert_true(request_write(db, request, &err));
    free_list(request);
}

static void test_what_is_claimed_is_looked_up(void **state)
{
    (void)state;
    static const struct organization_id nobody = {{{0x1a}}};
    static const struct directory_id unknown = {{{0x1b}}}, none = {{{0}}};
    static const struct id no_token = {{0}}, other_token = {{0x1c}};
    struct db *db = database_connect();
    write_one(db, claim(nobody, directory, token)); /* under another organization's URL: nobody's */
    assert_int_equal(count(db, "SELECT COUNT(*) FROM scim_request"), 0);
    assert_null(health_take(INT64_MAX));

    write_one(db,
              claim(organization, none, no_token)); /* no token: the primary directory's, and no news of its health */
    write_one(db, claim(organization, unknown, token)); /* a token of elsewhere: likewise, and it is not named */
    write_one(db, claim(organization, directory, other_token)); /* one that the directory never had */
    assert_int_equal(count(db, "SELECT COUNT(*) FROM scim_request WHERE directory_id = UNHEX(RPAD('0B', 32, '0')) AND "
                               "token_id IS NULL AND flags & 1 = 0"),
                     3);
    assert_null(health_take(INT64_MAX));

    write_one(db, claim(organization, directory, token));
    assert_int_equal(count(db, "SELECT COUNT(*) FROM scim_request WHERE token_id IS NOT NULL"), 1);
    struct health_note *note = health_take(INT64_MAX);
    assert_non_null(note);
    assert_int_equal(note->failures, 1);
    free(note);
    db_close(db);
}

static void test_a_directory_that_wants_no_log_has_none_of_strangers_either(void **state)
{
    (void)state;
    static const struct directory_id none = {{{0}}};
    static const struct id no_token = {{0}};
    struct db *db = database_connect();
    database_run(db, "UPDATE directory SET policy = '{\"request_log\":\"none\"}', revision = 2");
    write_one(db, claim(organization, none, no_token));
    assert_int_equal(count(db, "SELECT COUNT(*) FROM scim_request"), 0);
    db_close(db);
}

static void test_what_cannot_be_written_waits_in_its_order(void **state)
{
    (void)state;
    bool stopping;
    struct store_request *first = record("1"), *second = record("2"), *third = record("3");
    request_ring_open();
    store_request_push(first);
    store_request_push(second);
    struct store_request *taken = request_ring_take(&stopping);
    assert_ptr_equal(taken, first);
    store_request_push(third);
    request_ring_give_back(taken);
    taken = request_ring_take(&stopping);
    assert_ptr_equal(taken, first);
    assert_ptr_equal(taken->next, second);
    assert_ptr_equal(second->next, third);
    assert_null(third->next);
    assert_false(stopping);
    free_list(taken);
}

static void test_the_ring_is_bounded_and_counts_what_it_drops(void **state)
{
    (void)state;
    enum { MANY = 10000 };
    bool stopping;
    size_t kept = 0;
    request_ring_open();
    for (int i = 0; i < MANY; i++)
        store_request_push(record("{}"));
    struct store_request *taken = request_ring_take(&stopping);
    for (const struct store_request *one = taken; one; one = one->next)
        kept++;
    assert_true(kept > 1000 && kept < MANY);
    struct health_note *note = health_take(INT64_MAX);
    assert_int_equal(note->skipped, MANY - kept);
    free(note);
    free_list(taken);
}

static void test_health_is_merged_with_what_is_there(void **state)
{
    (void)state;
    struct db *db = database_connect();
    struct err err = ERR_INIT;
    for (int i = 0; i < 3; i++) {
        struct store_ending one = {.now_ms = 3600000 + i,
                                   .outcome = OUTCOME_FAILURE,
                                   .status = 400,
                                   .problem = ERR_INVALID_VALUE,
                                   .operation = "user.create",
                                   .detail = "The domain \"ada.example\" is none of this organization's."};
        store_request_ended(directory, &one);
        struct health_note *notes = health_take(INT64_MAX);
        assert_true(health_write(db, notes, &err));
        free(notes);
    }
    assert_int_equal(count(db, "SELECT failures_in_row FROM directory_health"), 3);
    assert_int_equal(count(db, "SELECT COUNT(*) FROM directory_health WHERE last_error_problem = 'invalid-value' AND "
                               "last_error_detail = 'The domain \"***\" is none of this organization''s.'"),
                     1);
    assert_int_equal(count(db, "SELECT requests FROM directory_hour WHERE hour = 1"), 3);
    assert_int_equal(count(db, "SELECT first_request_ms FROM directory_health"), 3600000);
    db_close(db);
}

static void test_health_of_many_directories_is_written_together(void **state)
{
    (void)state;
    enum { MANY = 100 };
    struct db *db = database_connect();
    struct err err = ERR_INIT;
    for (int round = 0; round < 2; round++) {
        for (uint8_t i = 0; i < MANY; i++) {
            struct directory_id one = {{{0x20, i}}};
            struct store_ending fine = {.now_ms = 1000 + round, .outcome = OUTCOME_SUCCESS, .status = 200};
            store_request_ended(one, &fine);
        }
        struct health_note *notes = health_take(INT64_MAX);
        assert_true(health_write(db, notes, &err));
        while (notes) {
            struct health_note *next = notes->next;
            free(notes);
            notes = next;
        }
    }
    assert_int_equal(count(db, "SELECT COUNT(*) FROM directory_health WHERE first_request_ms = 1000 AND "
                               "last_request_ms = 1001"),
                     MANY);
    assert_int_equal(count(db, "SELECT CAST(SUM(requests) AS SIGNED) FROM directory_hour"), 2 * MANY);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_records_are_written_once_under_their_ids, set_up),
        cmocka_unit_test_setup(test_what_is_claimed_is_looked_up, set_up),
        cmocka_unit_test_setup(test_a_directory_that_wants_no_log_has_none_of_strangers_either, set_up),
        cmocka_unit_test(test_what_cannot_be_written_waits_in_its_order),
        cmocka_unit_test(test_the_ring_is_bounded_and_counts_what_it_drops),
        cmocka_unit_test_setup(test_health_is_merged_with_what_is_there, set_up),
        cmocka_unit_test_setup(test_health_of_many_directories_is_written_together, set_up),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
