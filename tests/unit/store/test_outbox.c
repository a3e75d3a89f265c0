/* An entry of the outbox is what was packed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "store/outbox.h"

static struct outbox_entry entry_of(uint8_t n)
{
    struct outbox_entry entry = {.ordinal = 0x01020304u * n, .type = (uint16_t)(0x0101 * n), .kind = n};
    memset(entry.operation.id.bytes, n, ID_BYTES);
    memset(entry.directory.id.bytes, n + 1, ID_BYTES);
    memset(entry.resource.id.bytes, n + 2, ID_BYTES);
    return entry;
}

static void test_what_was_packed_is_unpacked(void **state)
{
    (void)state;
    const uint8_t numbers[] = {0, 1, 127, 128, 253};
    for (size_t i = 0; i < sizeof numbers; i++) {
        char bytes[OUTBOX_ENTRY_BYTES];
        const struct outbox_entry in = entry_of(numbers[i]);
        outbox_pack(&in, bytes);
        const struct outbox_entry out = outbox_unpack(bytes);
        assert_true(id_equals(&out.operation.id, &in.operation.id) && id_equals(&out.directory.id, &in.directory.id));
        assert_true(id_equals(&out.resource.id, &in.resource.id));
        assert_int_equal(out.ordinal, in.ordinal);
        assert_int_equal(out.type, in.type);
        assert_int_equal(out.kind, in.kind);
    }
}

/* Rows that a server of now has written may be read by a rollcall-admin of tomorrow. */
static void test_the_form_of_an_entry_stays(void **state)
{
    (void)state;
    char bytes[OUTBOX_ENTRY_BYTES];
    const struct outbox_entry entry = entry_of(1);
    outbox_pack(&entry, bytes);
    assert_memory_equal(bytes,
                        "\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1"
                        "\1\2\3\4"
                        "\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2\2"
                        "\1\1"
                        "\1"
                        "\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3\3",
                        OUTBOX_ENTRY_BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_packed_is_unpacked),
        cmocka_unit_test(test_the_form_of_an_entry_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
