/* Lanes of a webhook: order within each, nobody held up by another, nothing in memory that cannot be sent soon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "lane.h"

static struct lanes lanes;
static size_t total;

static int begin(void **state)
{
    (void)state;
    lanes_init(&lanes);
    total = 0;
    lanes.total = &total;
    return 0;
}

static int end(void **state)
{
    (void)state;
    lanes_fini(&lanes);
    return total == 0 ? 0 : -1;
}

static struct id directory(unsigned number)
{
    return (struct id){{1, [14] = (uint8_t)(number >> 8), [15] = (uint8_t)number}};
}

static struct feed_event event_of(uint64_t sequence, unsigned number)
{
    return (struct feed_event){
        .place = {sequence, 0},
        .next = {sequence + 1, 0},
        .directory = {directory(number)},
        .json = SLICE_LITERAL("{\"some\":\"event\"}"),
    };
}

static void take(uint64_t sequence, unsigned number)
{
    struct feed_event event = event_of(sequence, number);
    lanes_take(&lanes, &event);
}

/* The place of the event that is sent next, and where its lane stands then. */
static uint64_t fly(void)
{
    struct lane *lane = lanes_next(&lanes, false);
    assert_non_null(lane);
    lane_fly(&lanes, lane);
    return lane->first->event.place.sequence;
}

static struct lane *lane_of(unsigned number)
{
    struct id id = directory(number);
    return lane_find(&lanes, LANE_DIRECTORY, &id);
}

static void test_one_event_of_a_directory_is_on_its_way_at_a_time(void **state)
{
    (void)state;
    take(1, 1);
    take(2, 1);
    take(3, 2);
    assert_int_equal(fly(), 1);
    assert_int_equal(fly(), 3);
    assert_null(lanes_next(&lanes, false));
    lane_pop(&lanes, lane_of(1));
    assert_int_equal(fly(), 2);
}

static void test_directories_take_turns(void **state)
{
    (void)state;
    for (uint64_t i = 0; i < 30; i++)
        take(i + 1, (unsigned)(i % 3));
    for (uint64_t i = 0; i < 30; i++) {
        assert_int_equal(fly(), i + 1);
        lane_pop(&lanes, lane_of((unsigned)(i % 3)));
    }
    assert_null(lanes_next(&lanes, false));
    assert_int_equal(lanes.events, 0);
}

static void test_a_lane_that_waits_has_its_place_alone(void **state)
{
    (void)state;
    take(1, 1);
    take(2, 1);
    take(3, 2);
    assert_int_equal(fly(), 1);
    lane_wait(&lanes, lane_of(1), 5000);
    take(4, 1);
    assert_int_equal(lanes.events, 1);
    assert_int_equal(lane_place(lane_of(1)).sequence, 1);
    assert_int_equal(fly(), 3);
    assert_int_equal(lanes_wake(&lanes, 4999), 5000);
    assert_null(lanes_next(&lanes, false));
    assert_int_equal(lanes_wake(&lanes, 5000), 0);
    assert_ptr_equal(lanes_next(&lanes, false), lane_of(1));
    assert_true(lane_of(1)->is_behind);
}

static void test_what_was_forgotten_is_read_again_and_then_goes_on(void **state)
{
    (void)state;
    take(1, 1);
    (void)fly();
    lane_wait(&lanes, lane_of(1), 5000);
    take(2, 1);
    take(3, 1);
    (void)lanes_wake(&lanes, 5000);
    struct feed_event read[] = {event_of(1, 1), event_of(2, 1)};
    lane_fill(&lanes, lane_of(1), read, 2, (struct feed_place){3, 0}, false);
    take(4, 1); /* it is behind: read later */
    assert_int_equal(fly(), 1);
    lane_pop(&lanes, lane_of(1));
    assert_int_equal(fly(), 2);
    lane_pop(&lanes, lane_of(1));
    assert_false(lane_is_done(lane_of(1)));
    struct feed_event rest[] = {event_of(3, 1), event_of(4, 1)};
    lane_fill(&lanes, lane_of(1), rest, 2, (struct feed_place){5, 0}, true);
    take(5, 1);
    for (uint64_t sequence = 3; sequence <= 5; sequence++) {
        assert_int_equal(fly(), sequence);
        lane_pop(&lanes, lane_of(1));
    }
    assert_true(lane_is_done(lane_of(1)));
}

static void test_a_directory_that_is_too_fast_is_read_by_pieces(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 1000; i++)
        take(i, 1);
    assert_int_equal(lanes.events, LANE_MOST_EVENTS);
    assert_true(lane_of(1)->is_behind);
    assert_int_equal(lane_of(1)->loaded.sequence, LANE_MOST_EVENTS + 1);
}

static void test_whoever_was_not_tried_for_the_longest_is_the_probe(void **state)
{
    (void)state;
    for (unsigned i = 1; i <= 3; i++)
        take(i, i);
    for (unsigned i = 1; i <= 3; i++) {
        (void)fly();
        lane_wait(&lanes, lane_of(i), 9000);
    }
    for (unsigned i = 1; i <= 6; i++) {
        struct lane *probe = lanes_probe(&lanes);
        assert_ptr_equal(probe, lane_of((i - 1) % 3 + 1));
        struct feed_event read = event_of((i - 1) % 3 + 1, (i - 1) % 3 + 1);
        lane_fill(&lanes, probe, &read, 1, read.next, true);
        lane_fly(&lanes, probe);
        lane_wait(&lanes, probe, 9000);
    }
}

static void test_nothing_is_kept_in_memory_while_nothing_is_sent(void **state)
{
    (void)state;
    for (uint64_t i = 1; i <= 100; i++)
        take(i, (unsigned)i);
    assert_int_equal(fly(), 1);
    lanes_forget(&lanes);
    assert_int_equal(lanes.events, 1); /* the one on its way */
    assert_int_equal(lane_place(lane_of(50)).sequence, 50);
    assert_int_equal(total, lane_of(1)->bytes);
}

static void test_pings_pass_all_else(void **state)
{
    (void)state;
    struct id ping = {{9}};
    take(1, 1);
    assert_null(lanes_next(&lanes, true));
    struct lane *lane = lane_add(&lanes, LANE_PING, &ping, (struct feed_place){0});
    assert_ptr_equal(lanes_next(&lanes, true), lane);
}

/* Random deeds against a plain list of what each directory has to get. */
static void test_every_event_is_sent_once_in_the_order_of_its_directory(void **state)
{
    (void)state;
    enum { EVENTS = 20000, DIRECTORIES = 7 };
    static uint64_t due[DIRECTORIES]; /* the next sequence of each: number % DIRECTORIES is its directory */
    uint64_t scanned = 0, sent = 0, chance = 42;
    for (unsigned i = 0; i < DIRECTORIES; i++)
        due[i] = i == 0 ? DIRECTORIES : i;
    while (sent < EVENTS) {
        chance = chance * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        unsigned deed = (unsigned)(chance >> 60);
        if (deed < 6 && scanned < EVENTS) {
            scanned++;
            take(scanned, (unsigned)(scanned % DIRECTORIES));
        } else if (deed < 12) {
            struct lane *lane = lanes_next(&lanes, false);
            if (!lane)
                continue;
            unsigned number = lane->id.bytes[15];
            if (!lane->first) {
                struct feed_event read[3];
                size_t count = 0;
                uint64_t at = lane->loaded.sequence;
                for (; at <= scanned && count < 3; at++)
                    if (at % DIRECTORIES == number)
                        read[count++] = event_of(at, number);
                lane_fill(&lanes, lane, read, count, (struct feed_place){at, 0}, at > scanned);
                continue;
            }
            lane_fly(&lanes, lane);
            assert_int_equal(lane->first->event.place.sequence, due[number]);
            if (deed < 11) {
                due[number] += DIRECTORIES;
                sent++;
                lane_pop(&lanes, lane);
            } else {
                lane_wait(&lanes, lane, (int64_t)sent + 50);
            }
        } else if (deed == 12) {
            lanes_forget(&lanes);
        } else {
            (void)lanes_wake(&lanes, scanned == EVENTS ? INT64_MAX : (int64_t)sent);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_event_of_a_directory_is_on_its_way_at_a_time, begin, end),
        cmocka_unit_test_setup_teardown(test_directories_take_turns, begin, end),
        cmocka_unit_test_setup_teardown(test_a_lane_that_waits_has_its_place_alone, begin, end),
        cmocka_unit_test_setup_teardown(test_what_was_forgotten_is_read_again_and_then_goes_on, begin, end),
        cmocka_unit_test_setup_teardown(test_a_directory_that_is_too_fast_is_read_by_pieces, begin, end),
        cmocka_unit_test_setup_teardown(test_whoever_was_not_tried_for_the_longest_is_the_probe, begin, end),
        cmocka_unit_test_setup_teardown(test_nothing_is_kept_in_memory_while_nothing_is_sent, begin, end),
        cmocka_unit_test_setup_teardown(test_pings_pass_all_else, begin, end),
        cmocka_unit_test_setup_teardown(test_every_event_is_sent_once_in_the_order_of_its_directory, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
