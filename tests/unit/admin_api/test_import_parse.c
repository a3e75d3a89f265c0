/* Files of users, cut anywhere: rows and problems are the same however the pieces come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/buf.h"
#include "import_parse.h"
#include "import_seen.h"

struct told {
    struct buf text; /* a line for each row and problem */
    int64_t stop_at; /* a row at which the visitor says stop; 0: never */
};

static bool take_row(const struct import_row *row, void *context)
{
    struct told *told = context;
    buf_printf(&told->text, "%lld", (long long)row->number);
    for (int i = 0; i < IMPORT_COLUMNS; i++) {
        buf_add_char(&told->text, '|');
        buf_add(&told->text, row->values[i]);
    }
    buf_add_char(&told->text, '|');
    buf_add(&told->text, row->user_name_key);
    buf_add_char(&told->text, '|');
    buf_add(&told->text, row->email_key);
    buf_add_char(&told->text, '\n');
    return row->number != told->stop_at;
}

static bool take_problem(const struct import_problem *problem, void *context)
{
    struct told *told = context;
    buf_printf(&told->text, "%lld! %s %.20s\n", (long long)problem->row, problem->column ? problem->column : "-",
               problem->detail);
    return true;
}

static bool parse(enum import_format format, struct slice text, size_t piece, struct told *told, int64_t *rows_out)
{
    const struct import_visitor visitor = {take_row, take_problem, told};
    struct import_parser *parser = import_parser_new(format, &visitor);
    bool good = true;
    for (struct slice rest = text; good && rest.len > 0;) {
        struct slice part = slice_of(rest.data, rest.len < piece ? rest.len : piece);
        good = import_parser_feed(parser, part);
        rest = slice_skip(rest, part.len);
    }
    good = good && import_parser_end(parser);
    *rows_out = import_parser_rows(parser);
    import_parser_free(parser);
    return good;
}

/* In pieces of every length up to the whole. */
static void expect(enum import_format format, const char *text, bool good, int64_t rows, const char *wanted)
{
    size_t length = strlen(text);
    for (size_t piece = 1; piece <= length; piece++) {
        struct told told = {.stop_at = 0};
        int64_t seen;
        buf_init(&told.text, 65536);
        bool parsed = parse(format, slice_of(text, length), piece, &told, &seen);
        buf_add_char(&told.text, '\0');
        if (strcmp(told.text.data, wanted) != 0)
            fail_msg("in pieces of %zu:\n%s\ninstead of\n%s", piece, told.text.data, wanted);
        assert_int_equal(parsed, good);
        assert_int_equal(seen, rows);
        buf_fini(&told.text);
    }
}

static void test_csv_rows_are_the_same_however_they_are_cut(void **state)
{
    (void)state;
    expect(IMPORT_CSV, "vendor_user_id,email,user_name\r\n1,A@X.example,Ada\r\n\r\n\"2\",\"b,\"\"c\"\"@x\",\r\n", true,
           2, "2|1|Ada|A@X.example||ada|a@x.example\n4|2||b,\"c\"@x|||b,\"c\"@x\n");
    expect(IMPORT_CSV, "\xef\xbb\xbfuser_name,vendor_user_id\nada,1", true, 1, "2|1|ada|||ada|\n");
    expect(IMPORT_CSV, "user_name,vendor_user_id\rada,1\rbob,2\r", true, 2, "2|1|ada|||ada|\n3|2|bob|||bob|\n");
}

static void test_csv_goes_on_behind_what_is_no_row(void **state)
{
    (void)state;
    expect(IMPORT_CSV, "vendor_user_id,user_name\n1,a\"b\n2,b\n3\n4,d\n", true, 4,
           "2! - A quotation mark sta\n3|2|b|||b|\n4! - The row has 1 fields\n5|4|d|||d|\n");
    expect(IMPORT_CSV, "vendor_user_id,user_name\n1,a\n2,\"b\n", true, 2, "2|1|a|||a|\n3! - A quotation mark is \n");
}

static void test_csv_without_a_good_header_is_nothing(void **state)
{
    (void)state;
    expect(IMPORT_CSV, "id,email\n1,a@x\n", false, 0, "1! - The column \"id\" is n\n");
    expect(IMPORT_CSV, "\n\n", false, 0, "1! - The file has no head\n");
    expect(IMPORT_CSV,
           "\xff\xfe"
           "v",
           false, 0, "1! - The file is UTF-16: \n");
}

static void test_ndjson_rows_are_the_same_however_they_are_cut(void **state)
{
    (void)state;
    expect(IMPORT_NDJSON,
           "{\"vendor_user_id\":\"1\",\"user_name\":\"A\\u0064a\"}\r\n\n{\"vendor_user_id\":\"2\",\"email\":\"b@x\"}",
           true, 2, "1|1|Ada|||ada|\n3|2||b@x|||b@x\n");
    expect(IMPORT_NDJSON, "{\"vendor_user_id\":1}\n7\n{\"vendor_user_id\":\"2\",\"user_name\":\"b\",\"x\":1}\n", true,
           3, "1! vendor_user_id must be a string\n2! - The JSON must be an \n3! - The member \"x\" is no\n");
}

static void test_a_visitor_stops_it(void **state)
{
    (void)state;
    struct told told = {.stop_at = 3};
    int64_t rows;
    buf_init(&told.text, 65536);
    assert_false(parse(IMPORT_CSV, slice_str("vendor_user_id,user_name\n1,a\n2,b\n3,c\n"), 1000, &told, &rows));
    assert_true(slice_equals(buf_slice(&told.text), slice_str("2|1|a|||a|\n3|2|b|||b|\n")));
    buf_fini(&told.text);
}

static void test_a_long_row_is_refused_and_keeps_no_memory(void **state)
{
    (void)state;
    static char text[3 * IMPORT_MOST_ROW_BYTES];
    memset(text, 'x', sizeof text);
    memcpy(text, "vendor_user_id,user_name\n1,", 27);
    memcpy(text + sizeof text - 6, "\n2,bob", 6);
    struct told told = {.stop_at = 0};
    int64_t rows;
    buf_init(&told.text, 65536);
    assert_true(parse(IMPORT_CSV, slice_of(text, sizeof text), 1000, &told, &rows));
    assert_true(slice_equals(buf_slice(&told.text), slice_str("2! - The row is longer th\n3|2|bob|||bob|\n")));
    buf_fini(&told.text);
}

static void test_seen_values_know_their_first_row(void **state)
{
    (void)state;
    struct import_seen *seen = import_seen_new();
    char text[24];
    for (int64_t i = 1; i <= 20000; i++) {
        int length = snprintf(text, sizeof text, "value %lld", (long long)i);
        assert_int_equal(import_seen_add(seen, slice_of(text, (size_t)length), i), i);
    }
    assert_int_equal(import_seen_add(seen, slice_str("value 17"), 99), 17);
    assert_int_equal(import_seen_first(seen, slice_str("value 17")), 17);
    assert_true(import_seen_twice(seen, slice_str("value 17")));
    assert_false(import_seen_twice(seen, slice_str("value 18")));
    assert_int_equal(import_seen_first(seen, slice_str("nothing")), 0);
    import_seen_free(seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_csv_rows_are_the_same_however_they_are_cut),
        cmocka_unit_test(test_csv_goes_on_behind_what_is_no_row),
        cmocka_unit_test(test_csv_without_a_good_header_is_nothing),
        cmocka_unit_test(test_ndjson_rows_are_the_same_however_they_are_cut),
        cmocka_unit_test(test_a_visitor_stops_it),
        cmocka_unit_test(test_a_long_row_is_refused_and_keeps_no_memory),
        cmocka_unit_test(test_seen_values_know_their_first_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
