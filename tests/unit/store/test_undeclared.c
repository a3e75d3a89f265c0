#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/must.h"
#include "database.h"
#include "store/store.h"
#include "undeclared.h"

enum { MINUTE = 60 * 1000 };

static struct directory_id here = {{{1}}}, there = {{{2}}};
static struct undeclared_seen list[8192];
static int64_t now = 1000000000;

static void see(struct directory_id directory, const char *path)
{
    store_undeclared_seen(directory, 1, slice_str(path), now);
}

static int forget(void **state)
{
    (void)state;
    now += 10 * MINUTE;
    (void)undeclared_take(now, true, list, 8192);
    now += 10 * MINUTE;
    return 0;
}

static void test_a_path_comes_once_with_all_its_uses(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++, now++)
        see(here, "shoeSize");
    see(there, "shoeSize");
    assert_int_equal(undeclared_take(now, false, list, 8), 2);
    const struct undeclared_seen *one = id_equals(&list[0].directory.id, &here.id) ? &list[0] : &list[1];
    assert_int_equal(one->uses, 3);
    assert_int_equal(one->last_ms - one->first_ms, 2);
    assert_true(slice_equals(slice_of(one->path, one->path_len), SLICE_LITERAL("shoeSize")));
    assert_int_equal(undeclared_take(now, true, list, 8), 0);
}

static void test_it_comes_again_after_a_minute_or_at_the_end(void **state)
{
    (void)state;
    see(here, "a");
    assert_int_equal(undeclared_take(now, false, list, 8), 1);
    see(here, "a");
    assert_false(undeclared_is_due(now + MINUTE - 1, false));
    assert_int_equal(undeclared_take(now + MINUTE - 1, false, list, 8), 0);
    assert_true(undeclared_is_due(now + MINUTE, false));
    assert_int_equal(undeclared_take(now + MINUTE, false, list, 8), 1);
    see(here, "a");
    assert_int_equal(undeclared_take(now + MINUTE, true, list, 8), 1);
}

static void test_what_does_not_fit_is_dropped_and_has_room_later(void **state)
{
    (void)state;
    char path[32];
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(path, sizeof path, "flood%u", i);
        see(here, path);
    }
    size_t count = undeclared_take(now, true, list, 8192);
    assert_in_range(count, 2000, 4096);
    see(there, "fresh");
    assert_int_equal(undeclared_take(now, false, list, 8), 1);
}

static void run(struct db *db, const char *sql, const struct db_value *values, size_t count)
{
    struct err err = ERR_INIT;
    must(db_execute(db, sql, values, count, NULL, &err));
}

static void make_directory(struct db *db, struct directory_id *directory)
{
    struct id environment = id_new(), organization = id_new();
    directory->id = id_new();
    char name[64];
    id_to_base32(&environment, name);
    run(db, "INSERT INTO environment (id, name, created_ms, updated_ms) VALUES (?, ?, 0, 0)",
        (struct db_value[]){db_id(&environment), db_bytes(slice_str(name))}, 2);
    run(db,
        "INSERT INTO organization (id, environment_id, external_id, display_name, domains, created_ms, updated_ms) "
        "VALUES (?, ?, NULL, 'o', '[]', 0, 0)",
        (struct db_value[]){db_id(&organization), db_id(&environment)}, 2);
    run(db,
        "INSERT INTO directory (id, organization_id, name, policy, created_ms, updated_ms) VALUES (?, ?, '', '', 1, 1)",
        (struct db_value[]){db_id(&directory->id), db_id(&organization)}, 2);
}

static void write_all(struct db *db)
{
    struct err err = ERR_INIT;
    assert_true(undeclared_write(db, now, true, &err));
}

static void test_notes_become_rows_and_directories_that_are_gone_have_none(void **state)
{
    (void)state;
    database_migrate();
    struct db *db = database_connect();
    struct directory_id directory;
    make_directory(db, &directory);
    see(directory, "a");
    see(directory, "a");
    see(there, "a");
    write_all(db);
    now += 5;
    see(directory, "a");
    see(directory, "b");
    write_all(db);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM undeclared_attribute"), 2);
    assert_int_equal(database_integer(db, "SELECT uses FROM undeclared_attribute WHERE path = 'a'"), 3);
    assert_int_equal(
        database_integer(db, "SELECT last_seen_ms - first_seen_ms FROM undeclared_attribute WHERE path = 'a'"), 5);

    char path[32];
    for (unsigned i = 0; i < 1200; i++) {
        snprintf(path, sizeof path, "more%u", i);
        see(directory, path);
    }
    write_all(db);
    assert_int_equal(database_integer(db, "SELECT COUNT(*) FROM undeclared_attribute"), 1000);
    db_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_a_path_comes_once_with_all_its_uses, forget),
        cmocka_unit_test_setup(test_it_comes_again_after_a_minute_or_at_the_end, forget),
        cmocka_unit_test_setup(test_what_does_not_fit_is_dropped_and_has_room_later, forget),
        cmocka_unit_test_setup(test_notes_become_rows_and_directories_that_are_gone_have_none, forget),
    };
    return cmocka_run_group_tests(tests, database_start, database_stop);
}
