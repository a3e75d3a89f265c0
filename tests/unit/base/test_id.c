#include "base/id.h"

#include <pthread.h>
#include <stdlib.h>

#include "unit.h"

static const struct id example = {
    {0x01, 0x7F, 0x22, 0xE2, 0x79, 0xB0, 0x7C, 0xC3, 0x98, 0xC4, 0xDC, 0x0C, 0x0C, 0x07, 0x39, 0x8F}};
static const struct id all_ones = {{255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255}};

enum { THREADS = 4, PER_THREAD = 10000 };

static void *make_ids(void *out)
{
    struct id *ids = out;
    for (int i = 0; i < PER_THREAD; i++)
        ids[i] = id_new();
    return NULL;
}

static int compare(const void *a, const void *b) { return id_compare(a, b); }

static void test_ids_of_many_threads_are_unique_and_sorted_in_each(void **state)
{
    (void)state;
    struct id *ids = calloc(THREADS * PER_THREAD, sizeof *ids);
    pthread_t threads[THREADS];
    for (int t = 0; t < THREADS; t++)
        assert_int_equal(pthread_create(&threads[t], NULL, make_ids, ids + t * PER_THREAD), 0);
    for (int t = 0; t < THREADS; t++)
        pthread_join(threads[t], NULL);

    for (int t = 0; t < THREADS; t++) {
        for (int i = 1; i < PER_THREAD; i++)
            assert_true(id_compare(&ids[t * PER_THREAD + i - 1], &ids[t * PER_THREAD + i]) < 0);
    }
    qsort(ids, THREADS * PER_THREAD, sizeof *ids, compare);
    for (int i = 1; i < THREADS * PER_THREAD; i++)
        assert_false(id_equals(&ids[i - 1], &ids[i]));
    free(ids);
}

static void test_a_new_id_is_a_version_7_uuid(void **state)
{
    (void)state;
    for (int i = 0; i < 10000; i++) {
        struct id id = id_new();
        assert_int_equal(id.bytes[6] >> 4, 7);
        assert_int_equal(id.bytes[8] >> 6, 2);
        assert_false(id_is_zero(&id));
    }
}

static void test_the_random_part_uses_all_its_bits(void **state)
{
    (void)state;
    struct id ones = {{0}}, zeros = {{0}};
    for (int i = 0; i < 1000; i++) {
        struct id id = id_new();
        for (int b = 8; b < ID_BYTES; b++) {
            ones.bytes[b] |= id.bytes[b];
            zeros.bytes[b] |= (uint8_t)~id.bytes[b];
        }
    }
    assert_int_equal(ones.bytes[8], 0xBF);
    assert_int_equal(zeros.bytes[8], 0x7F);
    for (int b = 9; b < ID_BYTES; b++) {
        assert_int_equal(ones.bytes[b], 0xFF);
        assert_int_equal(zeros.bytes[b], 0xFF);
    }
}

static void test_uuid_text_is_canonical_and_returns(void **state)
{
    (void)state;
    char text[ID_UUID_CHARS + 1];
    id_to_uuid(&example, text);
    assert_string_equal(text, "017f22e2-79b0-7cc3-98c4-dc0c0c07398f");
    struct id back;
    assert_true(id_from_uuid(slice_str(text), false, &back));
    assert_true(id_equals(&back, &example));
    assert_true(id_from_uuid(SLICE_LITERAL("017F22E2-79B0-7cc3-98C4-DC0C0C07398F"), true, &back));
    assert_true(id_equals(&back, &example));
}

static void test_text_that_is_no_uuid_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398f0",
        "017f22e279b07cc398c4dc0c0c07398f",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398g",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398/",
        "017f22e2-79b0-7cc3-98c4-dc0c0c07398:",
        "017f22e2079b0-7cc3-98c4-dc0c0c07398f",
        "017f22e27-9b0-7cc3-98c4-dc0c0c07398f",
        "{17f22e2-79b0-7cc3-98c4-dc0c0c07398}",
        "017F22e2-79b0-7cc3-98c4-dc0c0c07398f",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct id id = all_ones;
        assert_false(id_from_uuid(slice_str(bad[i]), false, &id));
        assert_true(id_equals(&id, &all_ones));
    }
}

static void test_base32_sorts_like_the_bytes_and_returns(void **state)
{
    (void)state;
    char text[ID_BASE32_CHARS + 1];
    id_to_base32(&(struct id){{0}}, text);
    assert_string_equal(text, "00000000000000000000000000");
    id_to_base32(&all_ones, text);
    assert_string_equal(text, "7zzzzzzzzzzzzzzzzzzzzzzzzz");
    struct id back;
    assert_true(id_from_base32(slice_str(text), &back));
    assert_true(id_equals(&back, &all_ones));

    char before[ID_BASE32_CHARS + 1] = "";
    for (int i = 0; i < 2000; i++) {
        struct id id = id_new();
        id_to_base32(&id, text);
        assert_true(strcmp(before, text) < 0);
        assert_true(id_from_base32(slice_str(text), &back));
        assert_true(id_equals(&back, &id));
        memcpy(before, text, sizeof before);
    }
}

static void test_base32_that_is_not_canonical_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "0000000000000000000000000",
        "000000000000000000000000000",
        "80000000000000000000000000",
        "z0000000000000000000000000",
        "0000000000000000000000000A",
        "0000000000000000000000000i",
        "0000000000000000000000000l",
        "0000000000000000000000000o",
        "0000000000000000000000000u",
        "0000000000000000000000000-",
        "/0000000000000000000000000",
    };
    for (size_t i = 0; i < COUNT_OF(bad); i++) {
        struct id id = all_ones;
        assert_false(id_from_base32(slice_str(bad[i]), &id));
        assert_true(id_equals(&id, &all_ones));
    }
    struct id id;
    assert_false(id_from_base32(SLICE_LITERAL("0000000000000\0"
                                              "000000000000"),
                                &id));
}

static void test_a_prefix_tells_the_nouns_apart(void **state)
{
    (void)state;
    char text[ID_PREFIXED_CHARS + 1];
    id_to_prefixed(ID_PREFIX_ORGANIZATION, &all_ones, text);
    assert_string_equal(text, "org-7zzzzzzzzzzzzzzzzzzzzzzzzz");
    struct id back;
    assert_true(id_from_prefixed(ID_PREFIX_ORGANIZATION, slice_str(text), &back));
    assert_true(id_equals(&back, &all_ones));
    assert_false(id_from_prefixed(ID_PREFIX_DIRECTORY, slice_str(text), &back));
    assert_false(id_from_prefixed(ID_PREFIX_ORGANIZATION, SLICE_LITERAL("org-"), &back));
    assert_false(id_from_prefixed(ID_PREFIX_ORGANIZATION, SLICE_LITERAL("or"), &back));
    assert_false(id_from_prefixed(ID_PREFIX_ORGANIZATION, SLICE_LITERAL("ORG-7zzzzzzzzzzzzzzzzzzzzzzzzz"), &back));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ids_of_many_threads_are_unique_and_sorted_in_each),
        cmocka_unit_test(test_a_new_id_is_a_version_7_uuid),
        cmocka_unit_test(test_the_random_part_uses_all_its_bits),
        cmocka_unit_test(test_uuid_text_is_canonical_and_returns),
        cmocka_unit_test(test_text_that_is_no_uuid_is_refused),
        cmocka_unit_test(test_base32_sorts_like_the_bytes_and_returns),
        cmocka_unit_test(test_base32_that_is_not_canonical_is_refused),
        cmocka_unit_test(test_a_prefix_tells_the_nouns_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
