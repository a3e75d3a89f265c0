/* Sealed texts: read by nobody else, and not changed in a bit. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "auth/seal.h"
#include "fixture.h"

#define MESSAGE SLICE_LITERAL("a place in a list")
#define BOUND   SLICE_LITERAL("who asked, and for what")

static struct buf make(const struct auth_peppers *peppers, struct slice message)
{
    struct buf text;
    buf_init(&text, 8192);
    auth_sealed_make(peppers, "cursor", BOUND, message, &text);
    assert_false(text.overflowed);
    return text;
}

static bool opens(const struct auth_peppers *peppers, const char *purpose, struct slice bound, struct slice sealed)
{
    struct buf out;
    buf_init(&out, 8192);
    bool good = auth_sealed_open(peppers, purpose, bound, sealed, &out);
    assert_true(!good || slice_equals(buf_slice(&out), MESSAGE));
    assert_true(good || out.len == 0);
    buf_fini(&out);
    return good;
}

static void test_CU_05_a_sealed_text_opens_for_what_it_is_bound_to_alone(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    struct buf sealed = make(peppers, MESSAGE);
    assert_true(opens(peppers, "cursor", BOUND, buf_slice(&sealed)));
    assert_false(opens(peppers, "curso", BOUND, buf_slice(&sealed)));
    assert_false(opens(peppers, "cursor", SLICE_LITERAL("who asked, and for that"), buf_slice(&sealed)));
    assert_false(opens(peppers, "cursor", SLICE_EMPTY, buf_slice(&sealed)));
    buf_fini(&sealed);
    auth_peppers_free(peppers);
}

static void test_CU_04_its_characters_need_no_escape_in_a_url(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    for (size_t length = 0; length < 60; length++) {
        char message[60] = {0};
        struct buf sealed = make(peppers, slice_of(message, length));
        for (size_t i = 0; i < sealed.len; i++)
            assert_non_null(
                memchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", sealed.data[i], 64));
        buf_fini(&sealed);
    }
    auth_peppers_free(peppers);
}

static void test_no_two_are_alike_and_the_message_is_not_to_be_seen(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    struct buf one = make(peppers, MESSAGE), other = make(peppers, MESSAGE);
    assert_false(slice_equals(buf_slice(&one), buf_slice(&other)));
    buf_fini(&one);
    buf_fini(&other);
    auth_peppers_free(peppers);
}

static void test_CU_06_a_change_of_any_character_is_noticed(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    struct buf sealed = make(peppers, MESSAGE);
    for (size_t at = 0; at < sealed.len; at++) {
        char right = sealed.data[at];
        for (unsigned wrong = 1; wrong < 256; wrong++) {
            sealed.data[at] = (char)((unsigned char)right ^ wrong);
            assert_false(opens(peppers, "cursor", BOUND, buf_slice(&sealed)));
        }
        sealed.data[at] = right;
        assert_false(opens(peppers, "cursor", BOUND, slice_of(sealed.data, at)));
    }
    assert_true(opens(peppers, "cursor", BOUND, buf_slice(&sealed)));
    buf_add_char(&sealed, 'A');
    assert_false(opens(peppers, "cursor", BOUND, buf_slice(&sealed)));
    buf_fini(&sealed);
    auth_peppers_free(peppers);
}

static void test_what_an_older_pepper_sealed_still_opens(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    struct buf sealed = make(peppers, MESSAGE);
    auth_peppers_free(peppers);
    peppers = fixture_peppers(FIXTURE_PEPPER_1 FIXTURE_PEPPER_2);
    assert_true(opens(peppers, "cursor", BOUND, buf_slice(&sealed)));
    auth_peppers_free(peppers);
    peppers = fixture_peppers(FIXTURE_PEPPER_2);
    assert_false(opens(peppers, "cursor", BOUND, buf_slice(&sealed)));
    auth_peppers_free(peppers);
    buf_fini(&sealed);
}

static void test_texts_of_any_length_that_were_never_sealed_are_refused(void **state)
{
    (void)state;
    char text[5000];
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    memset(text, 'A', sizeof text);
    for (size_t length = 0; length <= sizeof text; length += length < 100 ? 1 : 700)
        assert_false(opens(peppers, "cursor", BOUND, slice_of(text, length)));
    auth_peppers_free(peppers);
}

static void test_a_box_holds_any_length_and_opens_for_its_own_alone(void **state)
{
    (void)state;
    struct auth_peppers *peppers = fixture_peppers(FIXTURE_PEPPER_1);
    enum { LENGTH = 100000 };
    struct buf message, box, out;
    buf_init(&message, LENGTH);
    buf_init(&box, LENGTH + 100);
    buf_init(&out, LENGTH + 100);
    for (size_t i = 0; i < LENGTH; i++)
        buf_add_char(&message, (char)i);
    auth_box_make(peppers, "idempotency", BOUND, buf_slice(&message), &box);
    assert_null(memmem(box.data, box.len, message.data, 16));
    assert_false(auth_box_open(peppers, "cursor", BOUND, buf_slice(&box), &out));
    assert_false(auth_box_open(peppers, "idempotency", SLICE_LITERAL("x"), buf_slice(&box), &out));
    assert_false(auth_box_open(peppers, "idempotency", BOUND, SLICE_EMPTY, &out));
    assert_int_equal(out.len, 0);
    assert_true(auth_box_open(peppers, "idempotency", BOUND, buf_slice(&box), &out));
    assert_true(slice_equals(buf_slice(&out), buf_slice(&message)));
    buf_clear(&out);
    for (size_t at = 0; at < box.len; at += 977) {
        box.data[at] ^= 1;
        assert_false(auth_box_open(peppers, "idempotency", BOUND, buf_slice(&box), &out));
        box.data[at] ^= 1;
    }
    buf_fini(&message);
    buf_fini(&box);
    buf_fini(&out);
    auth_peppers_free(peppers);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_CU_05_a_sealed_text_opens_for_what_it_is_bound_to_alone),
        cmocka_unit_test(test_a_box_holds_any_length_and_opens_for_its_own_alone),
        cmocka_unit_test(test_CU_04_its_characters_need_no_escape_in_a_url),
        cmocka_unit_test(test_no_two_are_alike_and_the_message_is_not_to_be_seen),
        cmocka_unit_test(test_CU_06_a_change_of_any_character_is_noticed),
        cmocka_unit_test(test_what_an_older_pepper_sealed_still_opens),
        cmocka_unit_test(test_texts_of_any_length_that_were_never_sealed_are_refused),
    };
    return cmocka_run_group_tests_name("sealed", tests, fixture_set_up, fixture_tear_down);
}
