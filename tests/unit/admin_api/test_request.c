/* Query strings, cursors, problems: what is pure about requests and answers. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "cursor.h"
#include "housekeeping.h"
#include "problem.h"
#include "query.h"
#include "service.h"

static struct auth_peppers *peppers;

static int begin(void **state)
{
    (void)state;
    char path[] = "/tmp/rollcall-admin-XXXXXX";
    struct err err = ERR_INIT;
    int fd = mkstemp(path);
    static const char text[] = "1 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n";
    if (fd < 0 || write(fd, text, sizeof text - 1) != sizeof text - 1)
        return -1;
    close(fd);
    peppers = auth_peppers_load(path, &err);
    unlink(path);
    return peppers ? 0 : -1;
}

static int end(void **state)
{
    (void)state;
    auth_peppers_free(peppers);
    return 0;
}

static void test_cursor_comes_back_for_its_own_list_only(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct id mine = id_new(), other = id_new(), last = id_new(), read;
    char text[CURSOR_TEXT_BYTES];
    cursor_write(peppers, "user.list", &mine, &last, text);
    assert_true(cursor_read(peppers, "user.list", &mine, slice_str(text), &read, &err));
    assert_true(id_equals(&read, &last));
    assert_false(cursor_read(peppers, "user.list", &other, slice_str(text), &read, &err));
    assert_int_equal(err.kind, ERR_INVALID_CURSOR);
    assert_false(cursor_read(peppers, "group.list", &mine, slice_str(text), &read, &err));
}

static void test_cursor_with_any_character_changed_is_refused(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct id whose = id_new(), last = id_new(), read;
    char text[CURSOR_TEXT_BYTES], changed[CURSOR_TEXT_BYTES];
    cursor_write(peppers, "user.list", &whose, &last, text);
    for (size_t at = 0; text[at]; at++) {
        for (int c = 1; c < 256; c++) {
            memcpy(changed, text, sizeof text);
            changed[at] = (char)c;
            if (c != (unsigned char)text[at] &&
                cursor_read(peppers, "user.list", &whose, slice_str(changed), &read, &err))
                fail_msg("accepted with %02x at %zu", (unsigned)c, at);
        }
    }
}

static void test_cursor_of_another_length_is_refused(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    struct id whose = id_new(), last = id_new(), read;
    char text[2 * CURSOR_TEXT_BYTES];
    cursor_write(peppers, "user.list", &whose, &last, text);
    size_t length = strlen(text);
    for (size_t cut = 0; cut < length; cut++)
        assert_false(cursor_read(peppers, "user.list", &whose, slice_of(text, cut), &read, &err));
    snprintf(text + length, sizeof text - length, "AAAA");
    assert_false(cursor_read(peppers, "user.list", &whose, slice_str(text), &read, &err));
}

struct asked {
    struct op op;
    struct call call;
    struct admin_settings settings;
};

static void ask(struct asked *asked, const char *query)
{
    asked->settings = (struct admin_settings){.peppers = peppers};
    op_init(&asked->op, admin_service(&asked->settings));
    asked->op.query = slice_str(query);
    asked->call = (struct call){.op = &asked->op};
}

static void test_query_reads_known_names_decoded(void **state)
{
    (void)state;
    struct asked asked;
    struct err err = ERR_INIT;
    ask(&asked, "name=a%2Bb+c%C3%A9&limit=5&&cursor=");
    assert_true(query_parse(&asked.call, QUERY_PAGE | QUERY_BIT(QUERY_NAME), &err));
    assert_true(slice_equals(asked.call.query[QUERY_NAME], slice_str("a+b c\xc3\xa9")));
    assert_true(slice_equals(asked.call.query[QUERY_LIMIT], slice_str("5")));
    assert_non_null(asked.call.query[QUERY_CURSOR].data);
    assert_null(asked.call.query[QUERY_SUCCESSOR].data);
    op_fini(&asked.op);
}

static void test_query_refuses_unknown_doubled_and_malformed(void **state)
{
    (void)state;
    static const char *const bad[] = {"limti=5",  "LIMIT=5",   "successor=x", "limit=1&limit=2",  "limit=%",
                                      "limit=%2", "limit=%zz", "name=%00",    "%6cimit=1&limit=2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct asked asked;
        struct err err = ERR_INIT;
        ask(&asked, bad[i]);
        if (query_parse(&asked.call, QUERY_PAGE | QUERY_BIT(QUERY_NAME), &err))
            fail_msg("accepted: %s", bad[i]);
        assert_int_equal(err.kind, ERR_BAD_REQUEST);
        op_fini(&asked.op);
    }
}

static void test_query_is_written_again_with_another_cursor(void **state)
{
    (void)state;
    struct asked asked;
    struct err err = ERR_INIT;
    struct buf out;
    ask(&asked, "name=a%26b&cursor=old&limit=5");
    assert_true(query_parse(&asked.call, QUERY_PAGE | QUERY_BIT(QUERY_NAME), &err));
    buf_init(&out, 1024);
    query_write(&asked.call, slice_str("new"), &out);
    assert_true(slice_equals(buf_slice(&out), slice_str("?limit=5&cursor=new&name=a%26b")));
    buf_clear(&out);
    query_write(&asked.call, SLICE_EMPTY, &out);
    assert_true(slice_equals(buf_slice(&out), slice_str("?limit=5&name=a%26b")));
    buf_fini(&out);
    op_fini(&asked.op);
}

static void test_problem_types_are_the_names_of_the_kinds(void **state)
{
    (void)state;
    char type[PROBLEM_TYPE_BYTES];
    problem_type(ERR_NOT_FOUND, type);
    assert_string_equal(type, "urn:rollcall:problem:not-found");
    problem_type(ERR_HEADERS_TOO_LARGE, type);
    assert_string_equal(type, "urn:rollcall:problem:headers-too-large");
}

static void test_problem_has_the_members_of_rfc_9457(void **state)
{
    (void)state;
    for (enum err_kind kind = ERR_NONE + 1; kind < ERR_KINDS; kind++) {
        struct asked asked;
        ask(&asked, "");
        err_set(&asked.op.err, kind, "Because \"of\" that.");
        problem_refuse(&asked.op);
        struct reply *reply = &asked.op.reply;
        json_t *problem = json_loadb(reply->body.data, reply->body.len, 0, NULL);
        assert_int_equal(reply->status, err_status(kind));
        assert_string_equal(reply->content_type, "application/problem+json");
        assert_int_equal(json_integer_value(json_object_get(problem, "status")), reply->status);
        assert_string_equal(json_string_value(json_object_get(problem, "title")), err_title(kind));
        assert_string_equal(json_string_value(json_object_get(problem, "detail")), "Because \"of\" that.");
        assert_non_null(json_object_get(problem, "instance"));
        assert_null(json_object_get(problem, "errors"));
        json_decref(problem);
        op_fini(&asked.op);
    }
}

static void test_problem_of_a_validation_lists_its_errors(void **state)
{
    (void)state;
    struct asked asked;
    ask(&asked, "");
    assert_false(problem_invalid(&asked.op, "#/a", "is bad", &asked.op.err));
    problem_refuse(&asked.op);
    json_t *problem = json_loadb(asked.op.reply.body.data, asked.op.reply.body.len, 0, NULL);
    json_t *expected = json_pack("[{s:s, s:s}]", "detail", "is bad", "pointer", "#/a");
    assert_true(json_equal(json_object_get(problem, "errors"), expected));
    json_decref(expected);
    json_decref(problem);
    op_fini(&asked.op);
}

static void test_housekeeping_border_lies_before_every_id_of_its_moment(void **state)
{
    (void)state;
    static const struct id expected = {{0x01, 0x93, 0x51, 0x2a, 0x0c, 0x5e}};
    struct id first = housekeeping_first_id(0x0193512a0c5e);
    assert_true(id_equals(&first, &expected));
    struct id now = id_new();
    first = housekeeping_first_id(0);
    assert_true(id_compare(&first, &now) < 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cursor_comes_back_for_its_own_list_only),
        cmocka_unit_test(test_cursor_with_any_character_changed_is_refused),
        cmocka_unit_test(test_cursor_of_another_length_is_refused),
        cmocka_unit_test(test_query_reads_known_names_decoded),
        cmocka_unit_test(test_query_refuses_unknown_doubled_and_malformed),
        cmocka_unit_test(test_query_is_written_again_with_another_cursor),
        cmocka_unit_test(test_problem_types_are_the_names_of_the_kinds),
        cmocka_unit_test(test_problem_has_the_members_of_rfc_9457),
        cmocka_unit_test(test_problem_of_a_validation_lists_its_errors),
        cmocka_unit_test(test_housekeeping_border_lies_before_every_id_of_its_moment),
    };
    return cmocka_run_group_tests_name("request", tests, begin, end);
}
