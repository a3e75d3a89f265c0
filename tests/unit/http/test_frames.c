#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "frames.h"

enum { END_STREAM = 1, END_HEADERS = 4 };
static const struct frames_limits limits = {.header = 1000, .bodies = 10000};

static const char *count(struct frames *frames, unsigned type, unsigned flags, uint32_t stream, size_t length)
{
    struct frame frame = {.type = type, .flags = flags, .stream = stream, .length = length, .bytes = length + 9};
    return frames_count(frames, &frame, &limits, 77);
}

static void test_a_frame_is_there_when_its_last_byte_is(void **state)
{
    (void)state;
    const char text[] = "\x00\x00\x02\x01\x05\x80\x00\x00\x03zz!";
    struct frame frame;
    for (size_t length = 0; length < 11; length++)
        assert_false(frames_next(slice_of(text, length), &frame));
    assert_true(frames_next(slice_of(text, 12), &frame));
    assert_int_equal(frame.type, FRAME_HEADERS);
    assert_int_equal(frame.flags, END_STREAM | END_HEADERS);
    assert_int_equal(frame.stream, 3); /* the reserved bit is ignored */
    assert_int_equal(frame.bytes, 11);
}

static void test_streams_are_counted_and_bodies_followed(void **state)
{
    (void)state;
    struct frames frames = {0};
    assert_null(count(&frames, FRAME_HEADERS, END_STREAM | END_HEADERS, 1, 20));
    assert_null(count(&frames, FRAME_HEADERS, END_HEADERS, 3, 20));
    assert_int_equal(frames.streams, 2);
    assert_int_equal(frames.upload_count, 1);
    assert_int_equal(frames_oldest_ms(&frames), 77);
    assert_null(count(&frames, FRAME_DATA, 0, 3, 500));
    assert_int_equal(frames.upload_bytes, 500);
    assert_null(count(&frames, FRAME_DATA, END_STREAM, 3, 0));
    assert_int_equal(frames.upload_bytes, 0);
    assert_int_equal(frames_oldest_ms(&frames), 0);
    frames_fini(&frames);
}

static void test_trailers_end_a_body(void **state)
{
    (void)state;
    struct frames frames = {0};
    count(&frames, FRAME_HEADERS, END_HEADERS, 1, 20);
    count(&frames, FRAME_DATA, 0, 1, 500);
    count(&frames, FRAME_HEADERS, END_STREAM | END_HEADERS, 1, 20);
    assert_int_equal(frames.upload_count, 0);
    assert_int_equal(frames.streams, 1);
    frames_fini(&frames);
}

static void test_open_bodies_are_bounded_together(void **state)
{
    (void)state;
    struct frames frames = {0};
    for (uint32_t stream = 1; stream < 20; stream += 2)
        assert_null(count(&frames, FRAME_HEADERS, END_HEADERS, stream, 20));
    for (uint32_t stream = 1; stream < 20; stream += 2)
        assert_null(count(&frames, FRAME_DATA, 0, stream, 1000));
    assert_string_equal(count(&frames, FRAME_DATA, 0, 1, 1), "bodies");
    frames_fini(&frames);
}

static void test_a_reset_of_an_open_body_is_a_reset(void **state)
{
    (void)state;
    struct frames frames = {0};
    count(&frames, FRAME_HEADERS, END_HEADERS, 1, 20);
    count(&frames, FRAME_RST_STREAM, 0, 1, 4);
    count(&frames, FRAME_RST_STREAM, 0, 1, 4); /* gone already */
    assert_int_equal(frames.resets, 1);
    assert_int_equal(frames.upload_count, 0);
    frames_fini(&frames);
}

static void test_header_blocks_are_bounded(void **state)
{
    (void)state;
    struct frames frames = {0};
    assert_null(count(&frames, FRAME_HEADERS, END_STREAM, 1, 600));
    assert_true(frames.in_block);
    assert_int_equal(frames_oldest_ms(&frames), 77);
    assert_null(count(&frames, FRAME_CONTINUATION, 0, 1, 400));
    assert_string_equal(count(&frames, FRAME_CONTINUATION, END_HEADERS, 1, 1), "header");
    frames_fini(&frames);
}

static void test_pings_without_requests_are_a_flood(void **state)
{
    (void)state;
    struct frames frames = {0};
    for (int i = 0; i < 10000; i++)
        count(&frames, i % 2 ? FRAME_PING : FRAME_SETTINGS, 0, 0, 8);
    assert_null(frames_judge(&frames, 0));
    count(&frames, FRAME_PRIORITY, 0, 5, 5);
    assert_string_equal(frames_judge(&frames, 0), "flood");
    count(&frames, FRAME_HEADERS, END_STREAM | END_HEADERS, 1, 20); /* a request earns some */
    assert_null(frames_judge(&frames, 0));
    frames_fini(&frames);
}

static void test_window_updates_are_earned_by_answers(void **state)
{
    (void)state;
    struct frames frames = {0};
    for (int i = 0; i < 20000; i++)
        count(&frames, FRAME_WINDOW_UPDATE, 0, 0, 4);
    assert_string_equal(frames_judge(&frames, 0), "flood");
    assert_null(frames_judge(&frames, 1000000));
    frames_fini(&frames);
}

static void test_empty_data_is_no_progress(void **state)
{
    (void)state;
    struct frames frames = {0};
    count(&frames, FRAME_HEADERS, END_HEADERS, 1, 20);
    count(&frames, FRAME_DATA, 0, 1, 0);
    assert_int_equal(frames.control, 1);
    frames_fini(&frames);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_frame_is_there_when_its_last_byte_is),
        cmocka_unit_test(test_streams_are_counted_and_bodies_followed),
        cmocka_unit_test(test_trailers_end_a_body),
        cmocka_unit_test(test_open_bodies_are_bounded_together),
        cmocka_unit_test(test_a_reset_of_an_open_body_is_a_reset),
        cmocka_unit_test(test_header_blocks_are_bounded),
        cmocka_unit_test(test_pings_without_requests_are_a_flood),
        cmocka_unit_test(test_window_updates_are_earned_by_answers),
        cmocka_unit_test(test_empty_data_is_no_progress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
