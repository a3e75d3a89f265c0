#include <stdio.h>

#include "documents.h"
#include "scim/message.h"

static void test_an_error_has_a_status_as_text_and_always_a_detail(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    scim_message_error(ERR_NOT_FOUND, SLICE_EMPTY, &out);
    assert_buf_equal(&out, "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"404\","
                           "\"detail\":\"Not found\"}");
    buf_clear(&out);
    scim_message_error(ERR_UNIQUENESS, SLICE_LITERAL("\"x\" is taken.\n"), &out);
    assert_buf_equal(&out, "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:Error\"],\"status\":\"409\","
                           "\"scimType\":\"uniqueness\",\"detail\":\"\\\"x\\\" is taken.\\n\"}");
    buf_fini(&out);
}

static void test_every_kind_of_error_is_valid_json(void **state)
{
    (void)state;
    for (int kind = ERR_NONE + 1; kind < ERR_KINDS; kind++) {
        struct buf out;
        buf_init(&out, 4096);
        scim_message_error((enum err_kind)kind, SLICE_EMPTY, &out);
        json_t *body = json_loadb(out.data, out.len, 0, NULL);
        assert_non_null(body);
        char status[16];
        snprintf(status, sizeof status, "%d", err_status((enum err_kind)kind));
        assert_string_equal(json_string_value(json_object_get(body, "status")), status);
        assert_true(json_string_length(json_object_get(body, "detail")) > 0);
        json_decref(body);
        buf_fini(&out);
    }
}

static void test_a_list_has_numbers_and_always_resources(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 4096);
    scim_message_list_begin(7, 3, 0, &out);
    scim_message_list_end(&out);
    assert_buf_equal(&out, "{\"schemas\":[\"urn:ietf:params:scim:api:messages:2.0:ListResponse\"],\"totalResults\":7,"
                           "\"startIndex\":3,\"itemsPerPage\":0,\"Resources\":[]}");
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_an_error_has_a_status_as_text_and_always_a_detail),
        cmocka_unit_test(test_every_kind_of_error_is_valid_json),
        cmocka_unit_test(test_a_list_has_numbers_and_always_resources),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
