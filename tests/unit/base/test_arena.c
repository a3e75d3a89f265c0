#include "base/arena.h"
#include "unit.h"

static void test_every_allocation_is_aligned_and_keeps_its_bytes(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    enum { COUNT = 2000 };
    unsigned char *taken[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        size_t bytes = i % 97 == 0 ? 40000 : i % 200;
        taken[i] = arena_take(&arena, bytes);
        assert_int_equal((uintptr_t)taken[i] % _Alignof(max_align_t), 0);
        memset(taken[i], (int)(i & 0xFF), bytes);
    }
    for (size_t i = 0; i < COUNT; i++) {
        size_t bytes = i % 97 == 0 ? 40000 : i % 200;
        for (size_t b = 0; b < bytes; b++)
            assert_int_equal(taken[i][b], i & 0xFF);
    }
    arena_fini(&arena);
    assert_int_equal(arena.total, 0);
}

static void test_alloc_is_zero_also_after_a_reset(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (int round = 0; round < 3; round++) {
        unsigned char *bytes = arena_alloc(&arena, 3000);
        for (size_t i = 0; i < 3000; i++)
            assert_int_equal(bytes[i], 0);
        memset(bytes, 0xAA, 3000);
        arena_reset(&arena);
    }
    arena_fini(&arena);
}

static void test_reset_keeps_one_ordinary_block(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    arena_reset(&arena);
    for (int i = 0; i < 1000; i++)
        arena_take(&arena, 1000);
    assert_true(arena.total >= 1000 * 1000);
    arena_reset(&arena);
    assert_in_range(arena.total, 1, 70000);
    size_t kept = arena.total;
    arena_take(&arena, 1000);
    assert_int_equal(arena.total, kept);
    arena_fini(&arena);
}

static void test_reset_gives_a_huge_block_back(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    memset(arena_take(&arena, 10 << 20), 1, 10 << 20);
    arena_reset(&arena);
    assert_int_equal(arena.total, 0);
    assert_non_null(arena_take(&arena, 1));
    arena_fini(&arena);
}

static void test_copies_end_with_nul_and_printf_is_not_cut(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    assert_string_equal(arena_copy(&arena, slice_of("abcdef", 3)), "abc");
    assert_string_equal(arena_copy(&arena, SLICE_EMPTY), "");
    struct slice copy = arena_slice(&arena, SLICE_LITERAL("a\0b"));
    assert_int_equal(copy.len, 3);
    assert_memory_equal(copy.data, "a\0b", 4);
    char *text = arena_printf(&arena, "%0*d|%s", 9000, 7, "end");
    assert_int_equal(strlen(text), 9004);
    assert_string_equal(text + 8999, "7|end");
    arena_fini(&arena);
}

static void test_macros_size_by_type(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    struct slice *one = arena_new(&arena, struct slice);
    int64_t *many = arena_array(&arena, int64_t, 100);
    assert_null(one->data);
    for (int i = 0; i < 100; i++)
        assert_int_equal(many[i], 0);
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_allocation_is_aligned_and_keeps_its_bytes),
        cmocka_unit_test(test_alloc_is_zero_also_after_a_reset),
        cmocka_unit_test(test_reset_keeps_one_ordinary_block),
        cmocka_unit_test(test_reset_gives_a_huge_block_back),
        cmocka_unit_test(test_copies_end_with_nul_and_printf_is_not_cut),
        cmocka_unit_test(test_macros_size_by_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
