/* Places of event streams: bytes sort as places do, and the ids of tokens say which they are, to their stream alone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "stream_place.h"

static const uint8_t salt[STREAM_SALT_BYTES] = {1, 2, 3}, another[STREAM_SALT_BYTES] = {1, 2, 4};

/* In their order. */
static const struct stream_place places[] = {
    {.feed = {1, 0}},
    {.feed = {1, 1}},
    {.feed = {1, 1}, .directory = {{{1}}}, .type = 1, .resource = {{{9}}}},
    {.feed = {1, 1}, .directory = {{{1}}}, .type = 2, .resource = {{{3}}}},
    {.feed = {1, 1}, .directory = {{{1}}}, .type = 1000, .resource = {{{3}}}},
    {.feed = {1, 1}, .directory = {{{2}}}, .type = 1, .resource = {{{1}}}},
    {.feed = {1, STREAM_PART_OF_ALL}},
    {.feed = {2, 0}},
    {.feed = {256, 0}},
    {.feed = {UINT64_MAX, 0}},
};
enum { PLACES = sizeof places / sizeof places[0] };

static void test_places_sort_by_event_and_then_by_resource(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++)
        for (size_t k = 0; k < PLACES; k++) {
            int order = stream_place_compare(&places[i], &places[k]);
            assert_int_equal(order < 0, i < k);
            assert_int_equal(order == 0, i == k);
        }
}

static void test_a_place_is_read_as_it_was_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        uint8_t bytes[STREAM_PLACE_BYTES];
        struct stream_place read;
        stream_place_write(&places[i], bytes);
        assert_true(stream_place_read(slice_of((const char *)bytes, sizeof bytes), &read));
        assert_int_equal(stream_place_compare(&read, &places[i]), 0);
        assert_false(stream_place_read(slice_of((const char *)bytes, sizeof bytes - 1), &read));
    }
}

static void test_what_is_passed_is_before_the_place_or_the_last_of_a_walk(void **state)
{
    (void)state;
    for (size_t place = 0; place < PLACES; place++)
        for (size_t mark = 0; mark < PLACES; mark++) {
            bool passed = mark < place || (mark == place && stream_place_is_walk(&places[mark]));
            assert_int_equal(stream_place_has_passed(&places[place], &places[mark]), passed);
        }
}

static void test_EV_04_a_jti_is_the_same_at_each_offer_and_another_for_each_stream(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        char first[STREAM_JTI_BYTES], again[STREAM_JTI_BYTES], elsewhere[STREAM_JTI_BYTES];
        struct stream_place mark;
        stream_jti_write(salt, &places[i], first);
        stream_jti_write(salt, &places[i], again);
        stream_jti_write(another, &places[i], elsewhere);
        assert_string_equal(first, again);
        assert_string_not_equal(first, elsewhere);
        assert_true(stream_jti_read(salt, slice_str(first), &mark));
        assert_int_equal(stream_place_compare(&mark, &places[i]), 0);
        assert_false(stream_jti_read(salt, slice_str(elsewhere), &mark));
    }
}

static void test_a_jti_changed_or_cut_anywhere_is_nobodys(void **state)
{
    (void)state;
    for (size_t i = 0; i < PLACES; i++) {
        char jti[STREAM_JTI_BYTES];
        struct stream_place mark;
        stream_jti_write(salt, &places[i], jti);
        size_t length = strlen(jti);
        for (size_t at = 0; at < length; at++) {
            char kept = jti[at];
            jti[at] = kept == 'A' ? 'B' : 'A';
            assert_false(stream_jti_read(salt, slice_of(jti, length), &mark));
            jti[at] = kept;
            assert_false(stream_jti_read(salt, slice_of(jti, at), &mark));
        }
    }
    struct stream_place mark;
    assert_false(stream_jti_read(salt, SLICE_LITERAL("not base64url!"), &mark));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places_sort_by_event_and_then_by_resource),
        cmocka_unit_test(test_a_place_is_read_as_it_was_written),
        cmocka_unit_test(test_what_is_passed_is_before_the_place_or_the_last_of_a_walk),
        cmocka_unit_test(test_EV_04_a_jti_is_the_same_at_each_offer_and_another_for_each_stream),
        cmocka_unit_test(test_a_jti_changed_or_cut_anywhere_is_nobodys),
    };
    return cmocka_run_group_tests_name("stream_place", tests, NULL, NULL);
}
