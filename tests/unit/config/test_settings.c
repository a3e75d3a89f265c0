#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "config/settings.h"

enum { MAX_WORDS = 16 };

struct command_line {
    int argc;
    char *argv[MAX_WORDS + 1];
};

/* words: separated by blanks, the executable's name left out. */
static struct command_line command_line(char *words)
{
    static char name[] = "rollcall";
    struct command_line line = {.argc = 1, .argv = {name}};
    char *rest = NULL;
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest))
        line.argv[line.argc++] = word;
    return line;
}

static char words[512];

static bool load(enum config_executable executable, const char *text, struct settings *settings, struct err *err)
{
    snprintf(words, sizeof words, "%s", text);
    struct command_line line = command_line(words);
    return settings_load(executable, &line.argc, line.argv, settings, err);
}

static void assert_refused(enum config_executable executable, const char *text, const char *part)
{
    struct settings settings;
    struct err err = ERR_INIT;
    if (load(executable, text, &settings, &err))
        fail_msg("accepted: %s", text);
    assert_int_equal(err.kind, ERR_INVALID_VALUE);
    if (!strstr(err.detail, part))
        fail_msg("\"%s\" does not say \"%s\"", err.detail, part);
}

static int clear_environment(void **state)
{
    (void)state;
    return clearenv();
}

static void test_settings_default_when_nothing_is_said(void **state)
{
    (void)state;
    struct settings settings;
    struct err err = ERR_INIT;
    assert_true(load(SERVER, "", &settings, &err));
    assert_string_equal(settings.listen, "127.0.0.1:8080");
    assert_string_equal(settings.database_url, "");
    assert_int_equal(settings.batch, 32);
}

static void test_settings_flag_wins_over_environment_wins_over_default(void **state)
{
    (void)state;
    struct settings settings;
    struct err err = ERR_INIT;
    setenv("ROLLCALL_BATCH", "8", 1);
    setenv("ROLLCALL_LISTEN", "127.0.0.1:1", 1);
    assert_true(load(SERVER, "", &settings, &err));
    assert_int_equal(settings.batch, 8);
    assert_string_equal(settings.listen, "127.0.0.1:1");
    assert_true(load(SERVER, "--batch 16 --listen=unix:/run/x=y", &settings, &err));
    assert_int_equal(settings.batch, 16);
    assert_string_equal(settings.listen, "unix:/run/x=y");
}

static void test_settings_last_of_two_flags_wins(void **state)
{
    (void)state;
    struct settings settings;
    struct err err = ERR_INIT;
    assert_true(load(SERVER, "--batch 16 --batch=4", &settings, &err));
    assert_int_equal(settings.batch, 4);
}

static void test_settings_empty_variable_is_unset(void **state)
{
    (void)state;
    struct settings settings;
    struct err err = ERR_INIT;
    setenv("ROLLCALL_BATCH", "", 1);
    setenv("ROLLCALL_LOG_LEVEL", "", 1);
    assert_true(load(SERVER, "", &settings, &err));
    assert_int_equal(settings.batch, 32);
    assert_string_equal(settings.log_level, "info");
}

static void test_settings_same_flag_means_each_executables_own_setting(void **state)
{
    (void)state;
    struct settings settings;
    struct err err = ERR_INIT;
    setenv("ROLLCALL_LISTEN", "127.0.0.1:1", 1);
    assert_true(load(ADMIN, "--listen 127.0.0.1:2", &settings, &err));
    assert_string_equal(settings.admin_listen, "127.0.0.1:2");
    assert_string_equal(settings.listen, "127.0.0.1:8080");
}

static void test_settings_of_the_other_executable_are_unknown_flags(void **state)
{
    (void)state;
    assert_refused(ADMIN, "--read-workers 2", "--read-workers");
    assert_refused(SERVER, "--admin-rate 2", "--admin-rate");
}

static void test_settings_numbers_at_their_bounds_are_accepted(void **state)
{
    (void)state;
    struct settings settings;
    struct err err = ERR_INIT;
    assert_true(load(SERVER, "--batch 1 --max-body 67108864 --loops 0", &settings, &err));
    assert_int_equal(settings.batch, 1);
    assert_int_equal(settings.max_body, 67108864);
    assert_int_equal(settings.loops, 0);
}

static void test_settings_numbers_out_of_bounds_are_refused_with_the_bounds(void **state)
{
    (void)state;
    static const char *const bad[] = {"--batch 0",  "--batch 65", "--batch -1",  "--batch 1.5",
                                      "--batch 8x", "--batch=",   "--batch 0x8", "--batch 99999999999999999999"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_refused(SERVER, bad[i], "--batch must be a whole number from 1 to 64");
}

static void test_settings_bad_variable_is_named(void **state)
{
    (void)state;
    setenv("ROLLCALL_BATCH", "many", 1);
    assert_refused(SERVER, "", "ROLLCALL_BATCH must be a whole number from 1 to 64, not \"many\"");
}

static void test_settings_flag_without_value_is_refused(void **state)
{
    (void)state;
    assert_refused(SERVER, "--batch", "--batch needs a value");
}

static void test_settings_unknown_flag_suggests_the_nearest(void **state)
{
    (void)state;
    static const struct {
        const char *flag, *nearest;
    } cases[] = {
        {"--databse-url x", "did you mean --database-url?"},
        {"--listn=x", "did you mean --listen?"},
        {"--max-bodies 1", "did you mean --max-body?"},
        {"--read-worker 1", "did you mean --read-workers?"},
        {"--completely-different", "see --help"},
        {"--", "see --help"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        assert_refused(SERVER, cases[i].flag, cases[i].nearest);
}

static void test_settings_words_and_help_stay_in_order(void **state)
{
    (void)state;
    struct settings settings;
    struct err err = ERR_INIT;
    char text[] = "migrate --batch 4 -h --help --version --loops=2 -";
    struct command_line line = command_line(text);
    assert_true(settings_load(SERVER, &line.argc, line.argv, &settings, &err));
    static const char *const left[] = {"rollcall", "migrate", "-h", "--help", "--version", "-"};
    assert_int_equal(line.argc, 6);
    for (int i = 0; i < line.argc; i++)
        assert_string_equal(line.argv[i], left[i]);
    assert_null(line.argv[line.argc]);
}

static const char *shown(void (*show)(enum config_executable, struct buf *), enum config_executable executable,
                         struct buf *buf)
{
    buf_init(buf, 1 << 20);
    show(executable, buf);
    buf_add_char(buf, '\0');
    assert_false(buf->overflowed);
    return buf->data;
}

static void test_settings_help_lists_own_flags_under_their_groups(void **state)
{
    (void)state;
    struct buf buf;
    const char *help = shown(settings_help, ADMIN, &buf);
    assert_non_null(strstr(help, "\nDatabase\n"));
    assert_non_null(strstr(help, "--change-retention NUMBER"));
    assert_non_null(strstr(help, "[ROLLCALL_ADMIN_LISTEN, default 127.0.0.1:8081]"));
    assert_null(strstr(help, "--read-workers"));
    assert_null(strstr(help, "\nLists\n"));
    buf_fini(&buf);
}

static void test_settings_help_keeps_its_columns_and_width(void **state)
{
    (void)state;
    struct buf buf;
    char *rest = NULL, *help = NULL;
    shown(settings_help, BOTH, &buf);
    help = buf.data;
    for (char *line = strtok_r(help, "\n", &rest); line; line = strtok_r(NULL, "\n", &rest)) {
        assert_in_range(strlen(line), 1, 110);
        if (line[0] == ' ' && strlen(line) > 34)
            assert_int_equal(line[33], ' ');
    }
    buf_fini(&buf);
}

static void test_settings_markdown_has_a_row_for_every_setting(void **state)
{
    (void)state;
    struct buf buf;
    const char *page = shown(settings_markdown, BOTH, &buf);
#define GROUP(title) assert_non_null(strstr(page, "## " title "\n"));
#define TEXT_SETTING(field, value, flag, variable, executables, help)                                                  \
    assert_non_null(strstr(page, "| `" flag "` | `" variable "` |"));
#define NUMBER_SETTING(field, value, min, max, flag, variable, executables, help)                                      \
    assert_non_null(strstr(page, "| `" flag "` | `" variable "` |"));
#include "config/settings.def"
#undef GROUP
#undef TEXT_SETTING
#undef NUMBER_SETTING
    buf_fini(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_settings_default_when_nothing_is_said, clear_environment),
        cmocka_unit_test_setup(test_settings_flag_wins_over_environment_wins_over_default, clear_environment),
        cmocka_unit_test_setup(test_settings_last_of_two_flags_wins, clear_environment),
        cmocka_unit_test_setup(test_settings_empty_variable_is_unset, clear_environment),
        cmocka_unit_test_setup(test_settings_same_flag_means_each_executables_own_setting, clear_environment),
        cmocka_unit_test_setup(test_settings_of_the_other_executable_are_unknown_flags, clear_environment),
        cmocka_unit_test_setup(test_settings_numbers_at_their_bounds_are_accepted, clear_environment),
        cmocka_unit_test_setup(test_settings_numbers_out_of_bounds_are_refused_with_the_bounds, clear_environment),
        cmocka_unit_test_setup(test_settings_bad_variable_is_named, clear_environment),
        cmocka_unit_test_setup(test_settings_flag_without_value_is_refused, clear_environment),
        cmocka_unit_test_setup(test_settings_unknown_flag_suggests_the_nearest, clear_environment),
        cmocka_unit_test_setup(test_settings_words_and_help_stay_in_order, clear_environment),
        cmocka_unit_test(test_settings_help_lists_own_flags_under_their_groups),
        cmocka_unit_test(test_settings_help_keeps_its_columns_and_width),
        cmocka_unit_test(test_settings_markdown_has_a_row_for_every_setting),
    };
    return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
