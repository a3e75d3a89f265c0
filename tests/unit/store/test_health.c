#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "health.h"

#define MINUTE_MS INT64_C(60000)
#define HOUR_MS   (60 * MINUTE_MS)

static struct store_ending ending(int64_t now_ms, int status)
{
    return (struct store_ending){
        .now_ms = now_ms, .outcome = store_outcome_of(status), .status = status, .detail = "why"};
}

static struct health_note note_of(const int *statuses, size_t count, int64_t began_ms)
{
    struct health_note note = {.next = NULL};
    for (size_t i = 0; i < count; i++) {
        struct store_ending one = ending(began_ms + (int64_t)i, statuses[i]);
        health_add(&note, &one);
    }
    return note;
}

static void test_a_note_counts_what_came(void **state)
{
    (void)state;
    static const int statuses[] = {200, 500, 404, 401, 409};
    struct health_note note = note_of(statuses, 5, 1000);
    assert_int_equal(note.requests, 5);
    assert_int_equal(note.failures, 2);
    assert_int_equal(note.failures_in_row, 2); /* 404 and 409 are answers as the protocol has them */
    assert_int_equal(note.began_ms, 1000);
    assert_int_equal(note.last_ms, 1004);
    assert_int_equal(note.last_success_ms, 1000);
    assert_int_equal(note.error.status, 409);
}

static void test_failures_in_a_row_go_on_over_notes_until_one_succeeds(void **state)
{
    (void)state;
    struct health_row row = {.exists = false};
    static const int failures[] = {500, 503}, better[] = {500, 200, 401};
    struct health_note first = note_of(failures, 2, 1000), second = note_of(failures, 2, 2000);
    struct health_note third = note_of(better, 3, 3000);
    health_merge(&row, &first);
    health_merge(&row, &second);
    assert_int_equal(row.failures_in_row, 4);
    assert_int_equal(row.last_success_ms, 0);
    health_merge(&row, &third);
    assert_int_equal(row.failures_in_row, 1);
    assert_int_equal(row.last_success_ms, 3001);
    assert_int_equal(row.first_ms, 1000);
    assert_int_equal(row.last_ms, 3002);
}

static void test_a_note_that_comes_late_sets_nothing_back(void **state)
{
    (void)state;
    struct health_row row = {.exists = false};
    static const int good[] = {200};
    struct health_note late = note_of(good, 1, 1000), early = note_of(good, 1, 9000);
    health_merge(&row, &early);
    health_merge(&row, &late);
    assert_int_equal(row.first_ms, 1000);
    assert_int_equal(row.last_ms, 9000);
    assert_int_equal(row.last_success_ms, 9000);
    assert_int_equal(row.gaps, 0);
}

/* One request after each gap. */
static struct health_row after_gaps(const int64_t *gaps, size_t count)
{
    static const int good[] = {200};
    struct health_row row = {.exists = false};
    int64_t now_ms = HOUR_MS;
    struct health_note first = note_of(good, 1, now_ms);
    health_merge(&row, &first);
    for (size_t i = 0; i < count; i++) {
        now_ms += gaps[i];
        struct health_note note = note_of(good, 1, now_ms);
        health_merge(&row, &note);
    }
    return row;
}

static void test_gaps_are_learned_and_bursts_are_not(void **state)
{
    (void)state;
    static const int64_t even[] = {40 * MINUTE_MS, 40 * MINUTE_MS, 1000, 40 * MINUTE_MS};
    struct health_row row = after_gaps(even, 4);
    assert_int_equal(row.gaps, 3);
    assert_int_equal(row.usual_gap_ms, 40 * MINUTE_MS);
}

static void test_longer_gaps_are_learned_faster_than_shorter_ones(void **state)
{
    (void)state;
    static const int64_t longer[] = {10 * MINUTE_MS, 30 * MINUTE_MS}, shorter[] = {30 * MINUTE_MS, 6 * MINUTE_MS};
    assert_int_equal(after_gaps(longer, 2).usual_gap_ms, 20 * MINUTE_MS);
    assert_int_equal(after_gaps(shorter, 2).usual_gap_ms, 27 * MINUTE_MS);
}

static void test_an_outage_teaches_little(void **state)
{
    (void)state;
    static const int64_t gaps[] = {HOUR_MS, HOUR_MS, HOUR_MS, HOUR_MS, HOUR_MS, 1000 * HOUR_MS};
    assert_int_equal(after_gaps(gaps, 6).usual_gap_ms, HOUR_MS + HOUR_MS / 2);
}

static void test_notes_of_the_process_are_taken_by_directory_and_time(void **state)
{
    (void)state;
    struct directory_id one = {{{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}}};
    struct directory_id two = {{{2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 7}}};
    struct store_ending early = ending(HOUR_MS - 1, 200), late = ending(HOUR_MS + 1, 200);
    store_request_ended(two, &early);
    store_request_ended(one, &late);
    store_request_ended(one, &early);
    store_request_ended(one, &early);
    health_skip(two, HOUR_MS - 1);
    struct health_note *fresh = health_take(HOUR_MS - 1);
    assert_null(fresh);
    struct health_note *notes = health_take(INT64_MAX);
    assert_true(id_equals(&notes->directory.id, &one.id) && notes->hour == 0 && notes->requests == 2);
    assert_true(id_equals(&notes->next->directory.id, &one.id) && notes->next->hour == 1);
    assert_true(id_equals(&notes->next->next->directory.id, &two.id) && notes->next->next->skipped == 1);
    assert_null(notes->next->next->next);
    health_give_back(notes);
    struct health_note *again = health_take(INT64_MAX);
    for (size_t count = 0; again; count++) {
        struct health_note *next = again->next;
        assert_true(count < 3);
        free(again);
        again = next;
    }
    assert_null(health_take(INT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_note_counts_what_came),
        cmocka_unit_test(test_failures_in_a_row_go_on_over_notes_until_one_succeeds),
        cmocka_unit_test(test_a_note_that_comes_late_sets_nothing_back),
        cmocka_unit_test(test_gaps_are_learned_and_bursts_are_not),
        cmocka_unit_test(test_longer_gaps_are_learned_faster_than_shorter_ones),
        cmocka_unit_test(test_an_outage_teaches_little),
        cmocka_unit_test(test_notes_of_the_process_are_taken_by_directory_and_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
