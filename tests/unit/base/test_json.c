#include "base/json.h"
#include "unit.h"

static json_t *parse(struct slice text, struct err *err)
{
    *err = ERR_INIT;
    json_t *value = json_parse(text, &json_limits_default, err);
    assert_int_equal(err->kind, value ? ERR_NONE : ERR_INVALID_SYNTAX);
    assert_int_equal(err->detail[0] == '\0', value != NULL);
    return value;
}

static void test_any_value_is_parsed_and_rendered_back(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "null",
        "true",
        "false",
        "0",
        "-9223372036854775808",
        "9223372036854775807",
        "0.1",
        "-2.5",
        "1.0",
        "1.7976931348623157e308",
        "5e-324",
        "0.30000000000000004",
        "\"\"",
        "\"a\\\"\\\\\\n\\u0001/\"",
        "\"\xC3\xA9\xF0\x9F\x98\x80\"",
        "[]",
        "{}",
        "[1,[2,{}],[]]",
        "{\"b\":1,\"a\":{\"c\":[null,true]},\"\":\"\"}",
    };
    for (size_t i = 0; i < COUNT_OF(texts); i++) {
        struct err err;
        json_scoped *value = parse(slice_str(texts[i]), &err);
        assert_non_null(value);
        struct buf buf;
        buf_init(&buf, 1000);
        json_render(value, &buf);
        buf_add_char(&buf, '\0');
        if (strpbrk(texts[i], ".e") && json_is_real(value)) {
            json_scoped *again = parse(slice_str(buf.data), &err);
            assert_true(json_equal(again, value));
        } else {
            assert_string_equal(buf.data, texts[i]);
        }
        buf_fini(&buf);
    }
}

static void test_a_decimal_is_rendered_with_the_digits_it_needs(void **state)
{
    (void)state;
    struct err err;
    json_scoped *value = parse(SLICE_LITERAL("[0.1,1.5,-0.25]"), &err);
    struct buf buf;
    buf_init(&buf, 100);
    json_render(value, &buf);
    assert_memory_equal(buf.data, "[0.1,1.5,-0.25]", buf.len);
    buf_fini(&buf);
}

static void test_a_rendering_past_the_ceiling_says_so(void **state)
{
    (void)state;
    struct err err;
    json_scoped *value = parse(SLICE_LITERAL("{\"a\":[1,2,3]}"), &err);
    struct buf buf;
    buf_init(&buf, 12);
    json_render(value, &buf);
    assert_true(buf.overflowed);
    buf_fini(&buf);
    buf_init(&buf, 13);
    json_render(value, &buf);
    assert_false(buf.overflowed);
    buf_fini(&buf);
}

#define BYTES(text)                                                                                                    \
    {                                                                                                                  \
        text, sizeof(text) - 1                                                                                         \
    }

static void test_bad_json_is_refused(void **state)
{
    (void)state;
    static const struct slice bad[] = {
        {NULL, 0},
        BYTES(" "),
        BYTES("{"),
        BYTES("[1,]"),
        BYTES("{\"a\":1,}"),
        BYTES("{'a':1}"),
        BYTES("{a:1}"),
        BYTES("[1] [2]"),
        BYTES("{}x"),
        BYTES("NaN"),
        BYTES("01"),
        BYTES("+1"),
        BYTES("1."),
        BYTES("1e999"),
        BYTES("99999999999999999999"),
        BYTES("// comment\n1"),
        BYTES("\xEF\xBB\xBF{}"),
        BYTES("\"\xFF\""),
        BYTES("\"\xC0\x80\""),
        BYTES("\"\xED\xA0\x80\""),
        BYTES("\"\\ud800\""),
        BYTES("\"\\udc00\\ud800\""),
        BYTES("\"\\u0000\""),
        BYTES("{\"a\\u0000b\":1}"),
        BYTES("\"a\0b\""),
        BYTES("{}\0"),
        BYTES("\0"),
        BYTES("\"\n\""),
        BYTES("\"\\x\""),
        BYTES("\"abc"),
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err;
        if (parse(bad[i], &err) != NULL)
            fail_msg("row %zu was accepted", i);
    }
}

static void test_the_refusal_says_where_and_quotes_nothing(void **state)
{
    (void)state;
    struct err err;
    assert_null(parse(SLICE_LITERAL("{\n  \"password\": secret\n}"), &err));
    assert_non_null(strstr(err.detail, "line 2"));
    assert_non_null(strstr(err.detail, "column"));
    assert_null(strstr(err.detail, "secret"));
}

static void test_doubled_names_are_refused_at_every_level(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "{\"a\":1,\"a\":2}",
        "{\"a\":1,\"A\":2}",
        "{\"userName\":1,\"b\":2,\"username\":3}",
        "[[{\"x\":{\"active\":true,\"Active\":false}}]]",
        "{\"a\":1,\"\\u0041\":2}",
        "{\"\":1,\"\":2}",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct err err;
        assert_null(parse(slice_str(bad[i]), &err));
    }
    static const char *const good[] = {
        "{\"a\":{\"A\":1},\"b\":{\"a\":1}}", "[{\"a\":1},{\"A\":1}]",           "{\"@\":1,\"`\":2,\"[\":3,\"{\":4}",
        "{\"a\":1,\"ab\":2,\"aB c\":3}",     "{\"\xC3\x84\":1,\"\xC3\xA4\":2}",
    };
    for (size_t i = 0; i < COUNT_OF(good); i++) {
        struct err err;
        json_scoped *value = parse(slice_str(good[i]), &err);
        assert_non_null(value);
    }
}

static void test_names_of_a_large_object_are_compared_all(void **state)
{
    (void)state;
    struct buf buf;
    buf_init(&buf, 4 << 20);
    for (int i = 0; i < 99000; i++)
        buf_printf(&buf, "%c\"name%d\":0", i == 0 ? '{' : ',', i);
    buf_add_char(&buf, '}');
    struct err err;
    json_scoped *value = parse(buf_slice(&buf), &err);
    assert_int_equal(json_object_size(value), 99000);

    buf.len--;
    buf_add_str(&buf, ",\"NAME12345\":1}");
    assert_null(parse(buf_slice(&buf), &err));
    assert_non_null(strstr(err.detail, "name12345"));
    buf_fini(&buf);
}

static void test_limits_hold_for_parsing(void **state)
{
    (void)state;
    char text[70];
    memset(text, '[', 33);
    memset(text + 33, ']', 33);
    struct err err;
    assert_null(parse(slice_of(text, 66), &err));
    json_scoped *value = parse(slice_of(text + 1, 64), &err);
    assert_non_null(value);
}

static void test_a_body_must_be_an_object(void **state)
{
    (void)state;
    struct err err = ERR_INIT;
    assert_null(json_parse_object(SLICE_LITERAL("[{}]"), &json_limits_default, &err));
    assert_int_equal(err.kind, ERR_INVALID_SYNTAX);
    assert_null(json_parse_object(SLICE_LITERAL("{"), &json_limits_default, &err));
    json_scoped *object = json_parse_object(SLICE_LITERAL(" {} "), &json_limits_default, &err);
    assert_true(json_is_object(object));
}

static void test_members_are_found_in_any_case(void **state)
{
    (void)state;
    struct err err;
    json_scoped *object = parse(SLICE_LITERAL("{\"userName\":\"u\",\"name\":1}"), &err);
    const char *name = NULL;
    json_t *found = json_member_nocase(object, SLICE_LITERAL("USERNAME"), &name);
    assert_string_equal(json_string_value(found), "u");
    assert_string_equal(name, "userName");
    assert_int_equal(json_integer_value(json_member_nocase(object, SLICE_LITERAL("Name"), NULL)), 1);
    assert_null(json_member_nocase(object, SLICE_LITERAL("user"), NULL));
    assert_null(json_member_nocase(object, SLICE_EMPTY, NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_value_is_parsed_and_rendered_back),
        cmocka_unit_test(test_a_decimal_is_rendered_with_the_digits_it_needs),
        cmocka_unit_test(test_a_rendering_past_the_ceiling_says_so),
        cmocka_unit_test(test_bad_json_is_refused),
        cmocka_unit_test(test_the_refusal_says_where_and_quotes_nothing),
        cmocka_unit_test(test_doubled_names_are_refused_at_every_level),
        cmocka_unit_test(test_names_of_a_large_object_are_compared_all),
        cmocka_unit_test(test_limits_hold_for_parsing),
        cmocka_unit_test(test_a_body_must_be_an_object),
        cmocka_unit_test(test_members_are_found_in_any_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
