#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "turns.h"

enum { A = 1, B = 2, C = 3, MANY = 200 };

static void add_all(struct turns *turns, struct job *jobs, size_t count, uint64_t party)
{
    for (size_t i = 0; i < count; i++) {
        jobs[i].party = party;
        assert_true(turns_add(turns, &jobs[i]));
    }
}

static void take_all(struct turns *turns)
{
    while (turns_take(turns))
        ;
    assert_int_equal(turns->waiting, 0);
}

static void test_one_party_is_served_in_the_order_in_which_it_came(void **state)
{
    (void)state;
    struct turns turns;
    struct job jobs[MANY] = {0};
    turns_init(&turns, MANY);
    add_all(&turns, jobs, MANY, 0);
    for (size_t i = 0; i < MANY; i++)
        assert_ptr_equal(turns_take(&turns), &jobs[i]);
    assert_null(turns_take(&turns));
    turns_fini(&turns);
}

static void test_SEC_11_a_single_job_waits_behind_one_of_a_flood(void **state)
{
    (void)state;
    struct turns turns;
    struct job flood[MANY] = {0}, single = {.party = B}, next = {.party = B};
    turns_init(&turns, 1000);
    add_all(&turns, flood, MANY, A);
    assert_true(turns_add(&turns, &single));
    assert_ptr_equal(turns_take(&turns), &flood[0]);
    assert_ptr_equal(turns_take(&turns), &single);

    assert_ptr_equal(turns_take(&turns), &flood[1]); /* and it is so each time */
    assert_true(turns_add(&turns, &next));
    assert_ptr_equal(turns_take(&turns), &flood[2]);
    assert_ptr_equal(turns_take(&turns), &next);
    take_all(&turns);
    turns_fini(&turns);
}

static void test_SEC_11_parties_take_turns_and_keep_their_own_order(void **state)
{
    (void)state;
    struct turns turns;
    struct job a[3] = {0}, b[1] = {0}, c[2] = {0};
    turns_init(&turns, 10);
    add_all(&turns, a, 3, A);
    add_all(&turns, b, 1, B);
    add_all(&turns, c, 2, C);
    struct job *const expected[] = {&a[0], &b[0], &c[0], &a[1], &c[1], &a[2]};
    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        assert_ptr_equal(turns_take(&turns), expected[i]);
    assert_null(turns_take(&turns));
    turns_fini(&turns);
}

static void test_SEC_11_a_party_has_at_most_its_share_of_the_room(void **state)
{
    (void)state;
    struct turns turns;
    struct job flood[MANY] = {0}, over = {.party = A}, other = {.party = B}, nobody = {0};
    turns_init(&turns, 4 * MANY);
    add_all(&turns, flood, MANY, A);
    assert_false(turns_add(&turns, &over));
    assert_true(turns_add(&turns, &other));
    assert_true(turns_add(&turns, &nobody));
    assert_ptr_equal(turns_take(&turns), &flood[0]);
    assert_true(turns_add(&turns, &over));
    take_all(&turns);
    turns_fini(&turns);
}

static void test_a_small_room_is_not_divided_and_never_over_filled(void **state)
{
    (void)state;
    struct turns turns;
    struct job jobs[3] = {0}, over = {.party = B};
    turns_init(&turns, 3);
    add_all(&turns, jobs, 3, A);
    assert_false(turns_add(&turns, &over));
    take_all(&turns);
    turns_fini(&turns);
}

static void test_whoever_leaves_the_line_leaves_the_rest_in_order(void **state)
{
    (void)state;
    for (size_t victim = 0; victim < 3; victim++) {
        struct turns turns;
        struct job a[3] = {0}, b[1] = {0};
        turns_init(&turns, 10);
        add_all(&turns, a, 3, A);
        add_all(&turns, b, 1, B);
        turns_remove(&turns, &a[victim]);
        turns_remove(&turns, &b[0]); /* the whole line of B */
        for (size_t i = 0; i < 3; i++)
            if (i != victim)
                assert_ptr_equal(turns_take(&turns), &a[i]);
        assert_null(turns_take(&turns));
        turns_fini(&turns);
    }
}

/* The model: who came when; whose turn it is goes round in the order of first coming. */
static void test_whatever_is_added_comes_out_once_and_in_its_party_s_order(void **state)
{
    (void)state;
    enum { JOBS = 2000, PARTIES = 7 };
    struct turns turns;
    struct job *jobs = calloc(JOBS, sizeof(*jobs));
    bool *inside = calloc(JOBS, sizeof(*inside));
    size_t waiting = 0, last_out[PARTIES] = {0};
    unsigned seed = 1;
    turns_init(&turns, 64);
    for (size_t i = 0; i < JOBS;) {
        if (rand_r(&seed) % 2 == 0) {
            jobs[i].party = (uint64_t)rand_r(&seed) % PARTIES;
            bool fitted = turns_add(&turns, &jobs[i]);
            assert_int_equal(fitted, waiting < 64);
            inside[i] = fitted;
            waiting += fitted;
            i++;
        } else if (rand_r(&seed) % 4 == 0 && i > 0) {
            size_t victim = (size_t)rand_r(&seed) % i;
            if (inside[victim]) {
                turns_remove(&turns, &jobs[victim]);
                inside[victim] = false;
                waiting--;
            }
        } else {
            struct job *job = turns_take(&turns);
            assert_int_equal(job != NULL, waiting > 0);
            if (!job)
                continue;
            size_t at = (size_t)(job - jobs);
            assert_true(inside[at] && at + 1 > last_out[job->party]);
            last_out[job->party] = at + 1;
            inside[at] = false;
            waiting--;
        }
        assert_int_equal(turns.waiting, waiting);
    }
    take_all(&turns);
    turns_fini(&turns);
    free(jobs);
    free(inside);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_party_is_served_in_the_order_in_which_it_came),
        cmocka_unit_test(test_SEC_11_a_single_job_waits_behind_one_of_a_flood),
        cmocka_unit_test(test_SEC_11_parties_take_turns_and_keep_their_own_order),
        cmocka_unit_test(test_SEC_11_a_party_has_at_most_its_share_of_the_room),
        cmocka_unit_test(test_a_small_room_is_not_divided_and_never_over_filled),
        cmocka_unit_test(test_whoever_leaves_the_line_leaves_the_rest_in_order),
        cmocka_unit_test(test_whatever_is_added_comes_out_once_and_in_its_party_s_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
