#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "fixture.h"
#include "pepper.h"

static void assert_refused(const char *path, enum err_kind kind, const char *part)
{
    struct err err = ERR_INIT;
    assert_null(auth_peppers_load(path, &err));
    assert_int_equal(err.kind, kind);
    if (!strstr(err.detail, part))
        fail_msg("\"%s\" does not say \"%s\"", err.detail, part);
}

static void test_pepper_file_made_by_create_is_private_and_loads(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    const char *path = fixture_missing_file();
    assert_true(auth_peppers_create(path, &err));
    struct stat status;
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    struct auth_peppers *peppers = auth_peppers_load(path, &err);
    assert_non_null(peppers);
    assert_int_equal(auth_peppers_newest(peppers), 1);
    auth_peppers_free(peppers);
}

static void test_pepper_create_never_overwrites(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    const char *path = fixture_pepper_file(FIXTURE_PEPPER_1, 0600);
    assert_false(auth_peppers_create(path, &err));
    assert_int_equal(err.kind, ERR_CONFLICT);
    struct auth_peppers *peppers = auth_peppers_load(path, &err);
    assert_non_null(peppers);
    assert_int_equal(auth_pepper_key(peppers, 1)[31], 0x1f);
    auth_peppers_free(peppers);
}

static void test_pepper_file_readable_by_others_is_refused(void **state)
{
    (void)state;
    static const mode_t modes[] = {0640, 0604, 0620, 0602, 0610, 0601, 0644};
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++)
        assert_refused(fixture_pepper_file(FIXTURE_PEPPER_1, modes[i]), ERR_UNAVAILABLE, "only its owner");
}

static void test_pepper_file_handed_over_by_a_service_manager_may_show_its_access_list(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    char directory[128];
    const char *path = fixture_pepper_file(FIXTURE_PEPPER_1, 0440);
    snprintf(directory, sizeof directory, "%.*s", (int)(strrchr(path, '/') - path), path);
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    struct auth_peppers *peppers = auth_peppers_load(path, &err);
    assert_non_null(peppers);
    auth_peppers_free(peppers);
    assert_refused(fixture_pepper_file(FIXTURE_PEPPER_1, 0444), ERR_UNAVAILABLE, "only its owner");
    assert_refused(fixture_pepper_file(FIXTURE_PEPPER_1, 0460), ERR_UNAVAILABLE, "only its owner");
    directory[strlen(directory) - 1] = '\0';
    setenv("CREDENTIALS_DIRECTORY", directory, 1);
    assert_refused(fixture_pepper_file(FIXTURE_PEPPER_1, 0440), ERR_UNAVAILABLE, "only its owner");
    unsetenv("CREDENTIALS_DIRECTORY");
}

static void test_pepper_file_that_is_missing_says_how_to_make_one(void **state)
{
    (void)state;
    assert_refused(fixture_missing_file(), ERR_UNAVAILABLE, "rollcall-admin pepper");
}

static void test_pepper_of_the_highest_version_is_the_newest(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers("# rotated in March\n\n" FIXTURE_PEPPER_2 FIXTURE_PEPPER_1);
    assert_int_equal(auth_peppers_newest(peppers), 2);
    assert_int_equal(auth_pepper_key(peppers, 1)[0], 0x00);
    assert_int_equal(auth_pepper_key(peppers, 2)[0], 0x20);
    assert_null(auth_pepper_key(peppers, 3));
    auth_peppers_free(peppers);
}

static void test_pepper_file_without_final_newline_loads(void **state)
{
    (void)state;
    struct auth_peppers *peppers =
        fixture_peppers("7 000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1F");
    assert_int_equal(auth_peppers_newest(peppers), 7);
    auth_peppers_free(peppers);
}

static void test_pepper_file_that_is_malformed_is_refused_with_its_line(void **state)
{
    (void)state;
    static const struct {
        const char *text, *part;
    } cases[] = {
        {"", "empty"},
        {"# nothing\n", "empty"},
        {"000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", "line 1"},
        {FIXTURE_PEPPER_1 "2 00\n", "line 2"},
        {"0 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", "line 1"},
        {"65536 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", "line 1"},
        {"-1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n", "line 1"},
        {"1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1g\n", "line 1"},
        {"1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f00\n", "line 1"},
        {FIXTURE_PEPPER_1 FIXTURE_PEPPER_1, "twice"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(fixture_pepper_file(cases[i].text, 0600), ERR_UNAVAILABLE, cases[i].part);
}

static void test_pepper_file_of_33_versions_or_9_kib_is_refused(void **state)
{
    (void)state;
    static char text[9000];
    size_t length = 0;
    for (int version = 1; version <= 33; version++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%d%s", version, FIXTURE_PEPPER_1 + 1);
    assert_refused(fixture_pepper_file(text, 0600), ERR_UNAVAILABLE, "more than 32");
    memset(text, '#', sizeof text - 1);
    assert_refused(fixture_pepper_file(text, 0600), ERR_UNAVAILABLE, "larger than");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pepper_file_made_by_create_is_private_and_loads),
        cmocka_unit_test(test_pepper_create_never_overwrites),
        cmocka_unit_test(test_pepper_file_readable_by_others_is_refused),
        cmocka_unit_test(test_pepper_file_handed_over_by_a_service_manager_may_show_its_access_list),
        cmocka_unit_test(test_pepper_file_that_is_missing_says_how_to_make_one),
        cmocka_unit_test(test_pepper_of_the_highest_version_is_the_newest),
        cmocka_unit_test(test_pepper_file_without_final_newline_loads),
        cmocka_unit_test(test_pepper_file_that_is_malformed_is_refused_with_its_line),
        cmocka_unit_test(test_pepper_file_of_33_versions_or_9_kib_is_refused),
    };
    return cmocka_run_group_tests_name("pepper", tests, fixture_set_up, fixture_tear_down);
}
