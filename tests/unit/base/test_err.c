#include "base/err.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/must.h"
#include "unit.h"

static void test_set_refuses_and_keeps_kind_and_text(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_false(err_set(&err, ERR_NO_TARGET, "no value of %s", "emails"));
    assert_int_equal(err.kind, ERR_NO_TARGET);
    assert_string_equal(err.detail, "no value of emails");
    assert_false(err_set(&err, ERR_INVALID_VALUE, "Operation %d: %s", 2, err.detail));
    assert_string_equal(err.detail, "Operation 2: no value of emails");
}

static void test_detail_is_always_printable_utf8(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"a\r\nb\x1b[0m\x7f", "a??b?[0m?"},
        {"\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80", "\xC3\xA9\xE2\x82\xAC\xF0\x9F\x98\x80"},
        {"\xC2\x9B", "??"},
        {"\xC2\xA0", "\xC2\xA0"},
        {"\xC0\x80", "??"},
        {"\xE0\x80\x80", "???"},
        {"\xED\xA0\x80", "???"},
        {"\xF4\x90\x80\x80", "????"},
        {"\xFF", "?"},
        {"\x80x", "?x"},
        {"x\xE2\x82", "x??"},
    };
    for (size_t i = 0; i < COUNT_OF(rows); i++) {
        struct err err = ERR_INIT;
        err_set(&err, ERR_BAD_REQUEST, "%s", rows[i].in);
        assert_string_equal(err.detail, rows[i].out);
    }
}

static void test_long_detail_is_cut_at_a_character_border(void **state)
{
    (void)state;
    static const char *const characters[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9F\x98\x80"};
    for (size_t which = 0; which < COUNT_OF(characters); which++) {
        size_t width = strlen(characters[which]);
        for (int before = 240; before <= 262; before++) {
            char text[600];
            int len = snprintf(text, sizeof text, "%0*d", before, 0);
            while ((size_t)len + width < sizeof text)
                len += snprintf(text + len, sizeof text - (size_t)len, "%s", characters[which]);
            struct err err = ERR_INIT;
            err_set(&err, ERR_BAD_REQUEST, "%s", text);
            size_t cut = strlen(err.detail);
            assert_in_range(cut, sizeof err.detail - width, sizeof err.detail - 1);
            assert_memory_equal(err.detail, text, cut);
            if (before < 252)
                assert_int_equal((cut - (size_t)before) % width, 0);
        }
    }
}

static void test_every_kind_has_a_status_and_a_title(void **state)
{
    (void)state;
    for (int kind = 0; kind < ERR_KINDS; kind++) {
        assert_in_range(err_status((enum err_kind)kind), 400, 599);
        assert_true(strlen(err_title((enum err_kind)kind)) > 0);
    }
    assert_int_equal(err_status(ERR_UNIQUENESS), 409);
    assert_string_equal(err_scim_type(ERR_UNIQUENESS), "uniqueness");
    assert_null(err_scim_type(ERR_NOT_FOUND));
    assert_int_equal(err_log_level(ERR_INTERNAL), LOG_ERROR);
    assert_int_equal(err_log_level(ERR_BUSY), LOG_WARN);
}

static void test_must_aborts_and_says_where(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    pid_t child = fork();
    if (child == 0) {
        dup2(ends[1], STDERR_FILENO);
        must(1 + 1 == 3);
        _exit(0);
    }
    close(ends[1]);
    char text[300] = "";
    ssize_t len = read(ends[0], text, sizeof text - 1);
    close(ends[0]);
    int status = 0;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_true(len > 0);
    assert_non_null(strstr(text, "test_err.c"));
    assert_non_null(strstr(text, "1 + 1 == 3"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_set_refuses_and_keeps_kind_and_text),
        cmocka_unit_test(test_detail_is_always_printable_utf8),
        cmocka_unit_test(test_long_detail_is_cut_at_a_character_border),
        cmocka_unit_test(test_every_kind_has_a_status_and_a_title),
        cmocka_unit_test(test_must_aborts_and_says_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
