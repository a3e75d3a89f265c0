/* Positions that are committed in any order, against a plain list of what is still to come. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "gaps.h"

enum { POSITIONS = 4000 };

struct model {
    struct gaps gaps;
    bool begun[POSITIONS + 2], committed[POSITIONS + 2], rolled_back[POSITIONS + 2], taken[POSITIONS + 2];
    uint64_t next;
    unsigned seed;
};

static unsigned dice(struct model *model, unsigned sides)
{
    model->seed = model->seed * 1103515245u + 12345u;
    return (model->seed >> 16) % sides;
}

/* What a look behind `low` finds, as the sequencer does: ascending, some at a time. */
static size_t look(struct model *model, uint64_t low, size_t most, int64_t now_ms)
{
    uint64_t found[64];
    size_t count = 0;
    for (uint64_t at = low + 1; at < model->next && count < most; at++)
        if (model->committed[at] && !model->taken[at])
            found[count++] = at;
    for (size_t i = 0; i < count; i++)
        model->taken[found[i]] = true;
    gaps_take(&model->gaps, found, count, now_ms);
    return count;
}

static void assert_nothing_is_passed(struct model *model, uint64_t low)
{
    for (uint64_t at = 1; at <= low; at++)
        assert_true(model->taken[at] || model->rolled_back[at]);
}

static void assert_ordered(const struct gaps *gaps)
{
    for (size_t i = 0; i < gaps->count; i++) {
        assert_true(gaps->list[i].first <= gaps->list[i].last);
        assert_true(i == 0 || gaps->list[i - 1].last < gaps->list[i].first);
        assert_true(gaps->list[i].last <= gaps->high);
    }
}

static bool is_open(const struct model *model, uint64_t at)
{
    return at > 0 && at < model->next && !model->committed[at] && !model->rolled_back[at];
}

static void step(struct model *model, int64_t now_ms)
{
    if (dice(model, 2) && model->next <= POSITIONS)
        model->next += 1 + (dice(model, 8) == 0 ? dice(model, 30) : 0);
    if (model->next > POSITIONS)
        model->next = POSITIONS + 1;
    uint64_t from = model->next > 700 ? model->next - 700 : 1,
             at = from + dice(model, (unsigned)(model->next - from + 1));
    if (is_open(model, at))
        model->committed[at] = true;
    if (dice(model, 3) == 0)
        look(model, gaps_low(&model->gaps, now_ms), 1 + dice(model, 60), now_ms);
    assert_ordered(&model->gaps);
}

static void run(unsigned seed)
{
    struct model *model = calloc(1, sizeof *model);
    model->next = 1;
    model->seed = seed;
    for (int i = 0; i < 12000; i++) {
        step(model, 1);
        if (i % 100 == 0)
            assert_nothing_is_passed(model, gaps_low(&model->gaps, 1));
    }
    for (uint64_t at = 1; at < model->next; at++)
        if (is_open(model, at))
            model->committed[at] = true;
    while (look(model, gaps_low(&model->gaps, 1), 64, 1) > 0)
        continue;
    for (uint64_t at = 1; at < model->next; at++)
        assert_true(model->taken[at]);
    free(model);
}

static void test_whatever_order_positions_are_committed_in_none_is_passed(void **state)
{
    (void)state;
    for (unsigned seed = 1; seed <= 5; seed++)
        run(seed);
}

static void test_without_room_more_is_looked_at_and_nothing_is_missed(void **state)
{
    (void)state;
    struct model *model = calloc(1, sizeof *model);
    model->next = POSITIONS + 1;
    for (uint64_t at = 1; at <= POSITIONS; at += 2) /* far more holes than GAPS_MOST */
        model->committed[at] = true;
    while (look(model, gaps_low(&model->gaps, 1), 64, 1) > 0)
        continue;
    assert_int_equal(model->gaps.count, GAPS_MOST);
    for (uint64_t at = POSITIONS; at > 0; at--)
        model->committed[at] = true;
    while (look(model, gaps_low(&model->gaps, 1), 64, 1) > 0)
        continue;
    for (uint64_t at = 1; at <= POSITIONS; at++)
        assert_true(model->taken[at]);
    free(model);
}

static void test_what_has_not_come_in_time_is_not_waited_for(void **state)
{
    (void)state;
    struct gaps gaps = {0};
    gaps_take(&gaps, (const uint64_t[]){5, 9}, 2, 1000);
    assert_int_equal(gaps_low(&gaps, 1000), 0);
    assert_int_equal(gaps_low(&gaps, 1000 + GAPS_PATIENCE_MS), 0);
    assert_int_equal(gaps_low(&gaps, 1001 + GAPS_PATIENCE_MS), 9);
}

static void test_a_gap_is_cut_where_something_is_found(void **state)
{
    (void)state;
    struct gaps gaps = {.high = 10};
    gaps_take(&gaps, (const uint64_t[]){20}, 1, 0);
    assert_int_equal(gaps_low(&gaps, 0), 10);
    gaps_take(&gaps, (const uint64_t[]){11, 15, 19}, 3, 0);
    assert_int_equal(gaps_low(&gaps, 0), 11);
    gaps_take(&gaps, (const uint64_t[]){12, 13, 14}, 3, 0);
    assert_int_equal(gaps_low(&gaps, 0), 15);
    gaps_take(&gaps, (const uint64_t[]){16, 17, 18}, 3, 0);
    assert_int_equal(gaps_low(&gaps, 0), 20);
    assert_int_equal(gaps.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whatever_order_positions_are_committed_in_none_is_passed),
        cmocka_unit_test(test_without_room_more_is_looked_at_and_nothing_is_missed),
        cmocka_unit_test(test_what_has_not_come_in_time_is_not_waited_for),
        cmocka_unit_test(test_a_gap_is_cut_where_something_is_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
