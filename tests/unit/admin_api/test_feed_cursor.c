/* Cursors of the feed: every place comes back, and only to the environment that it is of. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "feed_cursor.h"

static struct auth_peppers *peppers;

static int begin(void **state)
{
    (void)state;
    char path[] = "/tmp/rollcall-feed-XXXXXX";
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

static void test_every_place_comes_back(void **state)
{
    (void)state;
    static const struct feed_place places[] = {
        {1, 0}, {1, 1}, {255, 256}, {UINT64_C(0x0102030405060708), 0x090a0b0c}, {UINT64_MAX, UINT32_MAX}};
    struct environment_id mine = {id_new()};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        struct err err = ERR_INIT;
        struct feed_place read;
        char text[CURSOR_TEXT_BYTES];
        feed_cursor_write(peppers, mine, places[i], text);
        assert_true(feed_cursor_read(peppers, mine, slice_str(text), &read, &err));
        assert_true(read.sequence == places[i].sequence);
        assert_true(read.part == places[i].part);
    }
}

static void test_another_environment_and_other_lists_have_other_cursors(void **state)
{
    (void)state;
    struct environment_id mine = {id_new()}, other = {id_new()};
    struct id last = id_new();
    struct feed_place read;
    struct err err = ERR_INIT;
    char text[CURSOR_TEXT_BYTES];
    feed_cursor_write(peppers, mine, (struct feed_place){7, 0}, text);
    assert_false(feed_cursor_read(peppers, other, slice_str(text), &read, &err));
    assert_int_equal(err.kind, ERR_INVALID_CURSOR);
    cursor_write(peppers, "user.list", &mine.id, &last, text);
    assert_false(feed_cursor_read(peppers, mine, slice_str(text), &read, &err));
    assert_int_equal(err.kind, ERR_INVALID_CURSOR);
}

static void test_a_forged_one_is_refused(void **state)
{
    (void)state;
    struct environment_id mine = {id_new()};
    struct feed_place read;
    char text[CURSOR_TEXT_BYTES];
    feed_cursor_write(peppers, mine, (struct feed_place){7, 3}, text);
    for (size_t i = 0; i < strlen(text); i++) {
        struct err err = ERR_INIT;
        char forged[CURSOR_TEXT_BYTES];
        memcpy(forged, text, sizeof forged);
        forged[i] = forged[i] == 'A' ? 'B' : 'A';
        assert_false(feed_cursor_read(peppers, mine, slice_str(forged), &read, &err));
        assert_int_equal(err.kind, ERR_INVALID_CURSOR);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_place_comes_back),
        cmocka_unit_test(test_another_environment_and_other_lists_have_other_cursors),
        cmocka_unit_test(test_a_forged_one_is_refused),
    };
    return cmocka_run_group_tests(tests, begin, end);
}
