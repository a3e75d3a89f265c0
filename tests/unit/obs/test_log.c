#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "obs/log.h"

static int ends[2];

static int open_pipe(void **state)
{
    (void)state;
    assert_int_equal(pipe(ends), 0);
    log_open(ends[1], LOG_INFO);
    return 0;
}

static int close_pipe(void **state)
{
    (void)state;
    close(ends[0]);
    close(ends[1]);
    return 0;
}

/* What was logged: one line, parsed. */
static json_t *logged(void)
{
    char line[32768];
    ssize_t length = read(ends[0], line, sizeof line);
    assert_true(length > 1);
    assert_int_equal(line[length - 1], '\n');
    assert_null(memchr(line, '\n', (size_t)length - 1));
    json_t *object = json_loadb(line, (size_t)length, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(object);
    return object;
}

static void test_a_line_is_one_json_object_with_its_fields(void **state)
{
    (void)state;
    log_event(LOG_WARN, "store", "connection lost", LOG_NUMBER("error", 2013), LOG_TEXT("lane", "read"));
    json_t *line = logged();
    assert_string_equal(json_string_value(json_object_get(line, "level")), "warn");
    assert_string_equal(json_string_value(json_object_get(line, "room")), "store");
    assert_string_equal(json_string_value(json_object_get(line, "message")), "connection lost");
    assert_int_equal(json_integer_value(json_object_get(line, "error")), 2013);
    assert_string_equal(json_string_value(json_object_get(line, "lane")), "read");
    assert_int_equal(json_string_length(json_object_get(line, "time")), 24);
    json_decref(line);
}

static void test_control_characters_cannot_start_a_new_line(void **state)
{
    (void)state;
    log_event(LOG_ERROR, "http", "odd", LOG_TEXT("value", "a\nb\"c\\d\001"));
    json_t *line = logged();
    assert_string_equal(json_string_value(json_object_get(line, "value")), "a\nb\"c\\d\001");
    json_decref(line);
}

static void test_long_texts_are_cut_between_characters(void **state)
{
    (void)state;
    char text[1100];
    memset(text, 'x', sizeof text);
    memcpy(text + 1023, "\xc3\xa9", 2);
    text[sizeof text - 1] = '\0';
    log_event(LOG_INFO, "http", "long", LOG_TEXT("value", text));
    json_t *line = logged();
    assert_int_equal(json_string_length(json_object_get(line, "value")), 1023);
    json_decref(line);
}

static void test_many_long_fields_leave_a_whole_line(void **state)
{
    (void)state;
    char text[1025];
    memset(text, '\1', sizeof text);
    text[sizeof text - 1] = '\0';
    log_event(LOG_INFO, "http", "many", LOG_TEXT("a", text), LOG_TEXT("b", text), LOG_TEXT("c", text),
              LOG_TEXT("d", text));
    json_t *line = logged();
    assert_non_null(json_object_get(line, "a"));
    assert_null(json_object_get(line, "d"));
    json_decref(line);
}

static void test_what_is_below_the_minimum_is_not_written(void **state)
{
    (void)state;
    log_plain(LOG_DEBUG, "http", "hidden");
    log_plain(LOG_INFO, "http", "shown");
    json_t *line = logged();
    assert_string_equal(json_string_value(json_object_get(line, "message")), "shown");
    json_decref(line);
}

/* How many whole lines wait in the pipe. */
static size_t waiting_lines(void)
{
    static char text[65536];
    int waiting = 0;
    assert_int_equal(ioctl(ends[0], FIONREAD, &waiting), 0);
    if (waiting == 0)
        return 0;
    ssize_t length = read(ends[0], text, sizeof text);
    assert_true(length > 0 && text[length - 1] == '\n');
    size_t lines = 0;
    for (ssize_t i = 0; i < length; i++)
        lines += text[i] == '\n';
    return lines;
}

static void test_audit_lines_are_written_together_and_none_is_lost(void **state)
{
    (void)state;
    enum { MANY = 400 }; /* more than a thread gathers, less than a pipe holds */
    log_audit_open(ends[1]);
    log_audit("user.create", (const struct log_field[]){LOG_NUMBER("status", 201)}, 1);
    log_audit("user.delete", (const struct log_field[]){LOG_NUMBER("status", 204)}, 1);
    assert_int_equal(waiting_lines(), 0);
    log_audit_flush();
    assert_int_equal(waiting_lines(), 2);
    log_audit_flush();
    assert_int_equal(waiting_lines(), 0);

    char peer[101];
    memset(peer, 'p', sizeof peer);
    peer[sizeof peer - 1] = '\0';
    for (int i = 0; i < MANY; i++)
        log_audit("user.create", (const struct log_field[]){LOG_TEXT("peer", peer)}, 1);
    size_t before = waiting_lines();
    assert_true(before > 0 && before < MANY);
    log_audit_flush();
    assert_int_equal(before + waiting_lines(), MANY);
    log_audit_open(-1);
}

static void test_levels_have_names(void **state)
{
    (void)state;
    enum log_level level = LOG_INFO;
    assert_true(log_level_parse("error", &level));
    assert_int_equal(level, LOG_ERROR);
    assert_false(log_level_parse("loud", &level));
    assert_int_equal(level, LOG_ERROR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_line_is_one_json_object_with_its_fields, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_control_characters_cannot_start_a_new_line, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_long_texts_are_cut_between_characters, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_many_long_fields_leave_a_whole_line, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_what_is_below_the_minimum_is_not_written, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(test_audit_lines_are_written_together_and_none_is_lost, open_pipe, close_pipe),
        cmocka_unit_test(test_levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
