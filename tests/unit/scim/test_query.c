#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json.h"
#include "fixture.h"
#include "scim/query.h"

static void same_text(const json_t *row, const char *name, struct slice actual)
{
    if (!slice_equals(actual, json_slice(json_object_get(row, name))))
        fail_msg("%s: %s is \"%.*s\"", json_string_value(json_object_get(row, "raw")), name, (int)actual.len,
                 actual.data);
}

static void same_number(const json_t *row, const char *name, bool given, int64_t actual)
{
    const json_t *expected = json_object_get(row, name);
    if (given != (expected != NULL) || (given && actual != json_integer_value(expected)))
        fail_msg("%s: %s is %lld", json_string_value(json_object_get(row, "raw")), name, (long long)actual);
}

static void check_good(const json_t *row)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct scim_query query;
    arena_init(&arena);
    if (!scim_query_parse(json_slice(json_object_get(row, "raw")), &arena, &query, &err))
        fail_msg("%s: %s", json_string_value(json_object_get(row, "raw")), err.detail);
    same_text(row, "filter", query.filter);
    same_text(row, "attributes", query.attributes);
    same_text(row, "excluded", query.excluded);
    same_text(row, "sortBy", query.sort_by);
    same_text(row, "sortOrder", query.sort_order);
    same_text(row, "cursor", query.cursor);
    assert_int_equal(query.has_cursor, json_object_get(row, "cursor") != NULL);
    same_number(row, "count", query.has_count, query.count);
    same_number(row, "startIndex", query.has_start_index, query.start_index);
    assert_int_equal(query.has_filter, json_object_get(row, "filter") != NULL);
    assert_true(query.start_index >= 1);
    arena_fini(&arena);
}

static void test_parameters_are_read_as_clients_send_them(void **state)
{
    (void)state;
    json_t *vectors = fixture_vectors("query.json"), *row;
    size_t i;
    json_array_foreach (json_object_get(vectors, "good"), i, row)
        check_good(row);
    assert_true(i > 20);
    json_decref(vectors);
}

static void test_bad_parameters_are_refused_by_name(void **state)
{
    (void)state;
    json_t *vectors = fixture_vectors("query.json"), *row;
    struct arena arena;
    size_t i;
    arena_init(&arena);
    json_array_foreach (json_object_get(vectors, "bad"), i, row) {
        struct err err = ERR_INIT;
        struct scim_query query;
        const char *raw = json_string_value(json_object_get(row, "raw"));
        if (scim_query_parse(slice_str(raw), &arena, &query, &err))
            fail_msg("accepted: %s", raw);
        assert_string_equal(err_scim_type(err.kind), json_string_value(json_object_get(row, "error")));
        assert_non_null(strstr(err.detail, json_string_value(json_object_get(row, "names"))));
    }
    assert_true(i > 15);
    arena_fini(&arena);
    json_decref(vectors);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_parameters_are_read_as_clients_send_them),
        cmocka_unit_test(test_bad_parameters_are_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
