#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "database.h"
#include "rules_cache.h"

static struct directory_id directory_of(unsigned number)
{
    struct directory_id directory = {{{0}}};
    for (unsigned i = 0; i < 4; i++)
        directory.id.bytes[ID_BYTES - 1 - i] = (uint8_t)(number >> 8 * i);
    return directory;
}

static struct scim_rules *make(const char *policy)
{
    struct err err;
    struct scim_rules *rules = scim_rules_make(&(struct scim_rules_source){.policy = slice_str(policy)}, &err);
    must(rules);
    return rules;
}

static int clear(void **state)
{
    (void)state;
    rules_cache_clear();
    return 0;
}

static void test_rules_are_found_by_directory_and_revision(void **state)
{
    (void)state;
    struct scim_rules *made = make("{\"strict\":true}");
    assert_null(rules_cache_find(directory_of(1), 1));
    const struct scim_rules *put = rules_cache_put(directory_of(1), 1, made);
    assert_ptr_equal(put, made);
    const struct scim_rules *found = rules_cache_find(directory_of(1), 1);
    assert_ptr_equal(found, made);
    assert_null(rules_cache_find(directory_of(1), 2));
    assert_null(rules_cache_find(directory_of(2), 1));
    store_rules_unref(found);
    store_rules_unref(put);
}

static void test_who_comes_second_gets_the_first_ones(void **state)
{
    (void)state;
    const struct scim_rules *first = rules_cache_put(directory_of(1), 1, make(""));
    const struct scim_rules *second = rules_cache_put(directory_of(1), 1, make(""));
    assert_ptr_equal(first, second);
    assert_int_equal(rules_cache_count(), 1);
    store_rules_unref(first);
    store_rules_unref(second);
}

static void test_rules_live_on_with_their_users(void **state)
{
    (void)state;
    const struct scim_rules *rules = rules_cache_put(directory_of(1), 1, make("{\"strict\":true}"));
    assert_ptr_equal(store_rules_ref(rules), rules);
    rules_cache_clear();
    assert_int_equal(rules_cache_count(), 0);
    store_rules_unref(rules);
    assert_true(rules->policy.strict);
    store_rules_unref(rules);
    store_rules_unref(NULL);
    store_rules_unref(store_rules_ref(&scim_rules_default));
}

static void test_the_least_recently_used_go_first(void **state)
{
    (void)state;
    enum { MOST = 16384 };
    for (unsigned i = 0; i < MOST + 1; i++) {
        store_rules_unref(rules_cache_put(directory_of(i), 1, make("")));
        const struct scim_rules *kept = rules_cache_find(directory_of(0), 1); /* used all the time */
        assert_non_null(kept);
        store_rules_unref(kept);
    }
    assert_int_equal(rules_cache_count(), MOST);
    assert_null(rules_cache_find(directory_of(1), 1));
    const struct scim_rules *last = rules_cache_find(directory_of(MOST), 1);
    assert_non_null(last);
    store_rules_unref(last);
}

enum { THREADS = 4, TURNS = 3000 };

static void *use_rules(void *argument)
{
    unsigned random = *(unsigned *)argument;
    for (unsigned i = 0; i < TURNS; i++) {
        random = random * 1103515245u + 12345u;
        struct directory_id directory = directory_of(random >> 16 & 7);
        uint32_t revision = 1 + (random >> 24 & 1);
        const struct scim_rules *rules = rules_cache_find(directory, revision);
        if (!rules)
            rules = rules_cache_put(directory, revision, make(revision == 1 ? "" : "{\"strict\":true}"));
        if (random >> 28 == 0)
            rules_cache_clear();
        must(rules->policy.strict == (revision == 2));
        const struct scim_rules *more = store_rules_ref(rules);
        store_rules_unref(rules);
        must(more->type_count == 2);
        store_rules_unref(more);
    }
    return NULL;
}

static void test_threads_share_them(void **state)
{
    (void)state;
    pthread_t threads[THREADS];
    unsigned seeds[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i;
        assert_int_equal(pthread_create(&threads[i], NULL, use_rules, &seeds[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* --- saving and reading them --- */

static struct db *db;
static struct directory_id here;
static struct err err;

static void run(const char *sql, const struct db_value *values, size_t count)
{
    must(db_execute(db, sql, values, count, NULL, &err));
}

static int set_up(void **state)
{
    (void)state;
    database_migrate();
    rules_cache_clear();
    db = database_connect();
    err = ERR_INIT;
    struct id environment = id_new(), organization = id_new();
    here.id = id_new();
    run("INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (?, 'e', 0, 0)",
        (struct db_value[]){db_id(&environment)}, 1);
    run("INSERT INTO organization (id, environment_id, external_id, display_name, domains, created_ms, updated_ms) "
        "VALUES (?, ?, NULL, 'o', '[\"example.com\"]', 0, 0)",
        (struct db_value[]){db_id(&organization), db_id(&environment)}, 2);
    run("INSERT INTO directory (id, organization_id, name, policy, created_ms, updated_ms) VALUES (?, ?, '', '', 1, 1)",
        (struct db_value[]){db_id(&here.id), db_id(&organization)}, 2);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    db_close(db);
    return 0;
}

static bool save(const char *policy, const char *catalog)
{
    struct store_rules_change change = {.policy = slice_str(policy), .catalog = slice_str(catalog), .now_ms = 2};
    must(db_begin(db, &err));
    bool saved = store_rules_save(db, here, &change, &err);
    if (saved)
        must(db_commit(db, &err));
    else
        db_rollback(db);
    return saved;
}

static int64_t revision(void) { return database_integer(db, "SELECT revision FROM directory"); }

static const struct scim_rules *rules_now(void)
{
    const struct scim_rules *rules;
    assert_true(rules_of_directory(db, here, (uint32_t)revision(), &rules, &err));
    return rules;
}

#define THING                                                                                                          \
    "{\"schemas\":[{\"id\":\"urn:x:Thing\",\"attributes\":[{\"name\":\"size\"}]}],"                                    \
    "\"resource_types\":[{\"name\":\"Thing\",\"endpoint\":\"/Things\",\"schema\":\"urn:x:Thing\"}]}"

static void test_saved_rules_have_a_new_revision_codes_and_counters(void **state)
{
    (void)state;
    assert_true(save("{\"strict\":true}", NULL));
    assert_int_equal(revision(), 2);
    assert_true(save(NULL, THING));
    assert_int_equal(revision(), 3);
    const struct scim_rules *rules = rules_now();
    assert_true(rules->policy.strict);
    assert_int_equal(rules->policy.organization_domain_count, 1);
    assert_int_equal(rules->type_count, 3);
    assert_int_equal(rules->types[2]->code, 16);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM resource_count WHERE type IN (1, 2, 16)"), 3);
    store_rules_unref(rules);
}

static void test_what_is_refused_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *policy, *catalog;
    } cases[] = {{"{", NULL}, {"{\"strikt\":1}", NULL}, {NULL, "{"}, {NULL, "[]"}, {NULL, "{\"schemas\":[{}]}"}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        assert_false(save(cases[i].policy, cases[i].catalog));
        assert_true(err.kind == ERR_INVALID_SYNTAX || err.kind == ERR_INVALID_VALUE);
        assert_int_equal(revision(), 1);
    }
    here.id = id_new();
    assert_false(save("{}", NULL));
    assert_int_equal(err.kind, ERR_NOT_FOUND);
}

static void test_an_older_revision_is_answered_with_what_is_there_now(void **state)
{
    (void)state;
    const struct scim_rules *rules;
    assert_true(save("{\"strict\":true}", NULL));
    assert_true(rules_of_directory(db, here, 1, &rules, &err));
    assert_true(rules->policy.strict);
    assert_null(rules_cache_find(here, 1)); /* or it would be answered with the wrong ones later */
    store_rules_unref(rules);
}

static void test_texts_that_are_none_are_no_failure_of_the_database(void **state)
{
    (void)state;
    run("UPDATE directory SET policy = '{', revision = 9", NULL, 0);
    assert_null(rules_now());
    assert_int_equal(rules_cache_count(), 0);
    struct directory_id gone = {id_new()};
    const struct scim_rules *rules;
    assert_true(rules_of_directory(db, gone, 1, &rules, &err));
    assert_null(rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_rules_are_found_by_directory_and_revision, clear),
        cmocka_unit_test_setup(test_who_comes_second_gets_the_first_ones, clear),
        cmocka_unit_test_setup(test_rules_live_on_with_their_users, clear),
        cmocka_unit_test_setup(test_the_least_recently_used_go_first, clear),
        cmocka_unit_test_setup(test_threads_share_them, clear),
        cmocka_unit_test_setup_teardown(test_saved_rules_have_a_new_revision_codes_and_counters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_what_is_refused_changes_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_an_older_revision_is_answered_with_what_is_there_now, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_texts_that_are_none_are_no_failure_of_the_database, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
