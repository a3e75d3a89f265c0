#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "framing.h"

#define HOST "Host: a.example\r\n"
#define END  "\r\n"

static const struct framing_limits limits = {.header = 1024, .fields = 10};

/* Reads text as one message, `step` bytes at a time; *used_out is where it ends. */
static enum framing_step read_message(struct slice text, size_t step, struct framing_head *head_out, size_t *used_out,
                                      struct err *err)
{
    size_t seen = 0, length = 0, available = 0;
    enum framing_step result = FRAMING_MORE;
    while (result == FRAMING_MORE && available < text.len) {
        available = available + step < text.len ? available + step : text.len;
        result = framing_find_head(slice_of(text.data, available), &limits, &seen, &length, err);
    }
    if (result != FRAMING_DONE)
        return result;
    if (!framing_parse_head(slice_of(text.data, length), &limits, head_out, err))
        return FRAMING_REFUSED;
    struct framing_body body;
    framing_body_init(&body, head_out, &limits);
    size_t at = length;
    do {
        size_t end = at + step < text.len ? at + step : text.len, used = 0;
        result = framing_body_feed(&body, slice_of(text.data + at, end - at), &used, err);
        at += used;
    } while (result == FRAMING_MORE && at < text.len);
    *used_out = at;
    return result;
}

struct probe {
    const char *name, *text;
    size_t length; /* 0: strlen */
};

static const struct probe ambiguous[] = {
    {"length and chunked",
     "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0},
    {"chunked and length",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 0},
    {"two lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 0},
    {"two equal lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 0},
    {"a list of lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\nabc", 0},
    {"a signed length", "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\nabc", 0},
    {"a negative length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\nabc", 0},
    {"a hexadecimal length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\nabc", 0},
    {"an empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 0},
    {"an overflowing length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 18446744073709551619\r\n\r\nabc", 0},
    {"chunked twice",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0},
    {"chunked, chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", 0},
    {"another encoding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n", 0},
    {"identity", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: identity\r\n\r\n", 0},
    {"chunked in 1.0", "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0},
    {"a vertical tab before chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \vchunked\r\n\r\n0\r\n\r\n", 0},
    {"no host", "GET / HTTP/1.1\r\n\r\n", 0},
    {"no host in 1.0", "GET / HTTP/1.0\r\n\r\n", 0},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 0},
    {"two equal hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 0},
    {"an empty host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 0},
    {"a host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 0},
    {"a host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 0},
    {"bare line feeds", "GET / HTTP/1.1\nHost: a\n\n", 0},
    {"one bare line feed", "GET / HTTP/1.1\r\nHost: a\nX: b\r\n\r\n", 0},
    {"a bare carriage return", "GET / HTTP/1.1\r\nHost: a\r\nX: b\rY: c\r\n\r\n", 0},
    {"a folded header", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 0},
    {"a folded encoding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n chunked\r\n\r\n0\r\n\r\n", 0},
    {"a blank before the colon", "POST / HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\nabc", 0},
    {"a header without a name", "GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 0},
    {"a header without a colon", "GET / HTTP/1.1\r\n" HOST "nonsense\r\n\r\n", 0},
    {"a NUL in a value", "GET / HTTP/1.1\r\n" HOST "X: a\0b\r\n\r\n", 43},
    {"a blank line first header", "GET / HTTP/1.1\r\n X: a\r\n" HOST "\r\n", 0},
    {"another version", "GET / HTTP/9.9\r\n" HOST "\r\n", 0},
    {"no version", "GET /\r\n" HOST "\r\n", 0},
    {"two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 0},
    {"a tab", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 0},
    {"a blank in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 0},
    {"eight bits in the target", "GET /\xc3\xa9 HTTP/1.1\r\n" HOST "\r\n", 0},
    {"a chunk size with 0x", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0x3\r\nabc\r\n0\r\n\r\n", 0},
    {"a chunk size with a sign", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n+3\r\nabc\r\n0\r\n\r\n",
     0},
    {"a chunk size with a blank", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3 \r\nabc\r\n0\r\n\r\n",
     0},
    {"no chunk size", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n\r\nabc\r\n0\r\n\r\n", 0},
    {"a long chunk size", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n000000003\r\nabc\r\n0\r\n\r\n",
     0},
    {"an extension ending in LF", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3;a\nabc\r\n0\r\n\r\n",
     0},
    {"a size ending in LF", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\nabc\r\n0\r\n\r\n", 0},
    {"a chunk longer than its size",
     "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabcd\r\n0\r\n\r\n", 0},
    {"chunk data ending in LF", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\n0\r\n\r\n", 0},
    {"a trailer ending in LF", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\n\r\n", 0},
    {"a folded trailer", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nX: a\r\n b\r\n\r\n", 0},
    {"a trailer without a colon", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n0\r\nnonsense\r\n\r\n",
     0},
};

static void test_ambiguous_messages_are_refused_however_they_arrive(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof ambiguous / sizeof ambiguous[0]; i++)
        for (size_t step = 1; step < 200; step += 33) {
            const struct probe *probe = &ambiguous[i];
            size_t length = probe->length ? probe->length : strlen(probe->text), used;
            struct framing_head head;
            struct err err = ERR_INIT;
            if (read_message(slice_of(probe->text, length), step, &head, &used, &err) != FRAMING_REFUSED)
                fail_msg("accepted: %s (%zu bytes at a time)", probe->name, step);
            assert_int_equal(err.kind, ERR_BAD_REQUEST);
        }
}

static const struct {
    const char *text;
    size_t behind; /* bytes of the next message */
} clear[] = {
    {"GET / HTTP/1.1\r\n" HOST "\r\n", 0},
    {"GET /?a=%20b HTTP/1.0\r\nhost:a.example:8080\r\n\r\nGET", 3},
    {"GET http://a.example/ HTTP/1.1\r\n" HOST "X-Empty:\r\n\r\n", 0},
    {"OPTIONS * HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", 0},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcGET /", 5},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length:  003 \r\n\r\nabc", 0},
    {"POST / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\nX", 1},
    {"POST / HTTP/1.1\r\n" HOST "transfer-encoding: Chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\nX", 1},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n3;a=\"b\"\r\nabc\r\n00\r\n\r\n", 0},
    {"POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\nA\r\n0123456789\r\n0\r\nX-T: a\r\nY: b\r\n\r\nZZ",
     2},
};

static void test_clear_messages_end_where_they_end(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof clear / sizeof clear[0]; i++)
        for (size_t step = 1; step < 200; step += 33) {
            struct framing_head head;
            struct err err = ERR_INIT;
            size_t used = 0;
            if (read_message(slice_str(clear[i].text), step, &head, &used, &err) != FRAMING_DONE)
                fail_msg("refused: %s: %s", clear[i].text, err.detail);
            assert_int_equal(used, strlen(clear[i].text) - clear[i].behind);
        }
}

static void test_a_head_is_taken_apart(void **state)
{
    (void)state;
    struct slice text = SLICE_LITERAL("PATCH /a?b HTTP/1.1\r\nHOST:\ta.example \r\nExpect: 100-Continue\r\n"
                                      "Content-Length: 12\r\n\r\n");
    struct framing_head head;
    struct err err = ERR_INIT;
    assert_true(framing_parse_head(text, &limits, &head, &err));
    assert_true(slice_equals(head.method, SLICE_LITERAL("PATCH")));
    assert_true(slice_equals(head.target, SLICE_LITERAL("/a?b")));
    assert_true(slice_equals(head.host, SLICE_LITERAL("a.example")));
    assert_true(head.version_1_1 && head.has_length && !head.chunked);
    assert_int_equal(head.content_length, 12);
    assert_true(slice_equals(head.expect_name, SLICE_LITERAL("Expect")));
}

static void test_other_expectations_are_417(void **state)
{
    (void)state;
    struct framing_head head;
    struct err err = ERR_INIT;
    assert_false(
        framing_parse_head(SLICE_LITERAL("GET / HTTP/1.1\r\n" HOST "Expect: tea\r\n\r\n"), &limits, &head, &err));
    assert_int_equal(err.kind, ERR_EXPECTATION);
}

static void test_long_heads_are_431_before_they_end(void **state)
{
    (void)state;
    char text[1025];
    memset(text, 'a', sizeof text);
    size_t seen = 0, length;
    struct err err = ERR_INIT;
    assert_int_equal(framing_find_head(slice_of(text, 1023), &limits, &seen, &length, &err), FRAMING_MORE);
    assert_int_equal(framing_find_head(slice_of(text, 1024), &limits, &seen, &length, &err), FRAMING_REFUSED);
    assert_int_equal(err.kind, ERR_HEADERS_TOO_LARGE);
}

static void test_too_many_headers_are_431(void **state)
{
    (void)state;
    struct framing_head head;
    struct err err = ERR_INIT;
    struct slice eleven = SLICE_LITERAL("GET / HTTP/1.1\r\n" HOST "a:1\r\nb:1\r\nc:1\r\nd:1\r\ne:1\r\n"
                                        "f:1\r\ng:1\r\nh:1\r\ni:1\r\nj:1\r\n\r\n");
    assert_false(framing_parse_head(eleven, &limits, &head, &err));
    assert_int_equal(err.kind, ERR_HEADERS_TOO_LARGE);
}

static void test_long_trailers_are_431(void **state)
{
    (void)state;
    struct framing_head head = {.chunked = true};
    struct framing_body body;
    char trailer[2000];
    size_t used;
    struct err err = ERR_INIT;
    framing_body_init(&body, &head, &limits);
    assert_int_equal(framing_body_feed(&body, SLICE_LITERAL("0\r\nX:"), &used, &err), FRAMING_MORE);
    memset(trailer, 'a', sizeof trailer);
    assert_int_equal(framing_body_feed(&body, slice_of(trailer, sizeof trailer), &used, &err), FRAMING_REFUSED);
    assert_int_equal(err.kind, ERR_HEADERS_TOO_LARGE);
}

static void test_hosts(void **state)
{
    (void)state;
    static const struct {
        const char *host;
        bool valid;
    } cases[] = {{"a", true},
                 {"a.b-c.example:443", true},
                 {"127.0.0.1:8080", true},
                 {"[::1]", true},
                 {"[::1]:80", true},
                 {"a_b", true},
                 {"", false},
                 {":80", false},
                 {"a:", false},
                 {"a:0", false},
                 {"a:65536", false},
                 {"a:8x", false},
                 {"[::1", false},
                 {"[]", false},
                 {"a b", false},
                 {"a,b", false},
                 {"\xc3\xa9", false},
                 {"a\"", false},
                 {"[::1]x", false},
                 {"http://a", false}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        if (framing_host_is_valid(slice_str(cases[i].host)) != cases[i].valid)
            fail_msg("host \"%s\"", cases[i].host);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ambiguous_messages_are_refused_however_they_arrive),
        cmocka_unit_test(test_clear_messages_end_where_they_end),
        cmocka_unit_test(test_a_head_is_taken_apart),
        cmocka_unit_test(test_other_expectations_are_417),
        cmocka_unit_test(test_long_heads_are_431_before_they_end),
        cmocka_unit_test(test_too_many_headers_are_431),
        cmocka_unit_test(test_long_trailers_are_431),
        cmocka_unit_test(test_hosts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
