#include "documents.h"
#include "scim/policy_bind.h"
#include "scim/resource.h"

struct outcome {
    json_t *document; /* NULL: err */
    struct scim_members members;
    struct err err;
};

static const struct scim_policy *policy_of(const json_t *vector, struct arena *arena, struct scim_policy *policy)
{
    const json_t *given = json_object_get(vector, "policy");
    char *text = given ? json_dumps(given, 0) : strdup("");
    struct err err = ERR_INIT;
    assert_true(scim_policy_parse(slice_str(text), arena, policy, &err));
    assert_true(scim_policy_bind(policy, scim_resource_types, scim_resource_type_count, arena, &err));
    free(text);
    return policy;
}

static struct outcome normalise(const json_t *body, const struct scim_resource_type *type,
                                const struct scim_policy *policy, const json_t *before, struct arena *arena)
{
    struct outcome outcome = {.err = ERR_INIT};
    struct resource_id id;
    assert_true(id_from_uuid(SLICE_LITERAL(TEST_ID), false, &id.id));
    outcome.document = scim_resource_normalise(body, type, policy, &id, before, arena, &outcome.members, &outcome.err);
    return outcome;
}

/* Vectors leave out the id, and schemas where the case is not about them. */
static json_t *comparable(const json_t *document, const json_t *expected)
{
    json_t *copy = json_copy((json_t *)(uintptr_t)document);
    json_object_del(copy, "id");
    if (!json_object_get(expected, "schemas"))
        json_object_del(copy, "schemas");
    return copy;
}

static void assert_members(const char *name, const struct scim_members *members, const json_t *expected)
{
    assert_int_equal(members->given, expected != NULL);
    if (members->count != json_array_size(expected))
        fail_msg("%s: %zu members", name, members->count);
    for (size_t i = 0; i < members->count; i++) {
        char text[ID_UUID_CHARS + 1];
        id_to_uuid(&members->ids[i].id, text);
        assert_string_equal(text, json_string_value(json_array_get(expected, i)));
    }
}

static void assert_finished(const char *name, const json_t *document, const struct scim_resource_type *type,
                            const struct scim_policy *policy)
{
    struct err err = ERR_INIT;
    char *before = json_dumps(document, JSON_COMPACT);
    json_t *again = json_deep_copy(document);
    assert_true(scim_resource_finish(again, type, policy, &err));
    char *after = json_dumps(again, JSON_COMPACT);
    if (strcmp(before, after) != 0)
        fail_msg("%s: finishing changed\n%s\n%s", name, before, after);
    free(before);
    free(after);
    json_decref(again);
}

static void run_vector(const json_t *vector, struct arena *arena)
{
    const char *name = json_string_value(json_object_get(vector, "name"));
    const struct scim_resource_type *type = scim_type_by_name(json_slice(json_object_get(vector, "type")));
    const json_t *expected = json_object_get(vector, "document"), *error = json_object_get(vector, "error");
    struct scim_policy storage;
    const struct scim_policy *policy = policy_of(vector, arena, &storage);
    struct outcome before = {0};
    if (json_object_get(vector, "before"))
        before = normalise(json_object_get(vector, "before"), type, &scim_policy_default, NULL, arena);
    struct outcome outcome = normalise(json_object_get(vector, "body"), type, policy, before.document, arena);

    if (error) {
        if (outcome.document)
            fail_msg("%s: was accepted", name);
        const char *named = json_string_value(json_object_get(vector, "names"));
        const char *scim_type = err_scim_type(outcome.err.kind);
        if (!scim_type || strcmp(scim_type, json_string_value(error)) != 0 ||
            (named && !strstr(outcome.err.detail, named)))
            fail_msg("%s: %s, %s", name, scim_type, outcome.err.detail);
    } else {
        if (!outcome.document)
            fail_msg("%s: %s", name, outcome.err.detail);
        json_t *actual = comparable(outcome.document, expected);
        assert_json_equal(name, actual, expected);
        json_decref(actual);
        if (type->code == SCIM_TYPE_GROUP && json_object_get(vector, "members"))
            assert_members(name, &outcome.members, json_object_get(vector, "members"));
        assert_finished(name, outcome.document, type, policy);
    }
    json_decref(before.document);
    json_decref(outcome.document);
    scim_policy_unbind(&storage);
}

static void test_every_vector_comes_out_as_it_says(void **state)
{
    (void)state;
    json_error_t error;
    json_t *vectors = json_load_file(TEST_VECTORS_DIR "/scim/resource.json", 0, &error);
    if (!vectors)
        fail_msg("%s in line %d", error.text, error.line);
    assert_true(json_array_size(vectors) > 100);
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < json_array_size(vectors); i++) {
        run_vector(json_array_get(vectors, i), &arena);
        arena_reset(&arena);
    }
    arena_fini(&arena);
    json_decref(vectors);
}

static json_t *normalise_text(const char *text, const struct scim_resource_type *type, struct arena *arena)
{
    json_t *body = json_of(text);
    struct outcome outcome = normalise(body, type, &scim_policy_default, NULL, arena);
    if (!outcome.document)
        fail_msg("%s", outcome.err.detail);
    json_decref(body);
    return outcome.document;
}

static void test_members_stand_in_the_order_of_the_schema(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    json_t *document = normalise_text(
        "{\"zeta\":1,\"urn:b:x\":{\"q\":1},\"" SCIM_URN_ENTERPRISE
        "\":{\"manager\":{\"x\":1,\"value\":\"m\"},\"Uid\":2,"
        "\"department\":\"d\",\"employeeNumber\":\"e\"},\"alpha\":2,\"active\":true,\"emails\":[{\"zz\":1,\"primary\":"
        "true,"
        "\"value\":\"v\",\"aa\":2}],\"urn:a:x\":{\"q\":1},\"name\":{\"givenName\":\"g\",\"formatted\":\"f\"},"
        "\"userName\":\"u\",\"externalId\":\"x\",\"schemas\":[\"urn:b:x\",\"" SCIM_URN_USER "\"]}",
        &scim_user_type, &arena);
    char *text = json_dumps(document, JSON_COMPACT);
    assert_string_equal(
        text,
        "{\"schemas\":[\"" SCIM_URN_USER "\",\"" SCIM_URN_ENTERPRISE "\",\"urn:b:x\"],\"id\":\"" TEST_ID
        "\",\"externalId\":\"x\",\"userName\":\"u\",\"name\":{\"formatted\":\"f\",\"givenName\":\"g\"},"
        "\"active\":true,\"emails\":[{\"value\":\"v\",\"primary\":true,\"aa\":2,\"zz\":1}],\"alpha\":2,\"zeta\":1,"
        "\"urn:a:x\":{\"q\":1},\"urn:b:x\":{\"q\":1},\"" SCIM_URN_ENTERPRISE
        "\":{\"employeeNumber\":\"e\",\"department\":\"d\",\"Uid\":2,\"manager\":{\"value\":\"m\",\"x\":1}}}");
    free(text);
    json_decref(document);
    arena_fini(&arena);
}

static void test_putting_back_what_is_stored_changes_nothing(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    json_t *first = normalise_text("{\"schemas\":[\"" SCIM_URN_USER "\"],\"userName\":\"u\",\"active\":\"False\","
                                   "\"emails\":\"a@b\",\"x\":[1,null],\"" SCIM_URN_ENTERPRISE "\":{\"manager\":\"m\"}}",
                                   &scim_user_type, &arena);
    struct outcome second = normalise(first, &scim_user_type, &scim_policy_default, first, &arena);
    assert_non_null(second.document);
    assert_true(json_equal(first, second.document));
    json_decref(first);
    json_decref(second.document);
    arena_fini(&arena);
}

static const struct scim_attribute custom_attributes[] = {
    {.name = "serial", .type = SCIM_STRING, .mutability = SCIM_IMMUTABLE},
    {.name = "tags", .type = SCIM_STRING, .multi_valued = true},
    {.name = "weight", .type = SCIM_DECIMAL},
    {.name = "count", .type = SCIM_INTEGER},
    {.name = "made", .type = SCIM_DATETIME},
};
static const struct scim_schema custom_schema = {"urn:test:Device", "Device", "", custom_attributes, 5};
static const struct scim_resource_type custom_type = {
    .code = 7, .name = "Device", .endpoint = "/Devices", .description = "", .schema = &custom_schema};

static void test_immutable_values_are_kept_and_never_changed(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    json_t *before =
        normalise_text("{\"schemas\":[\"urn:test:Device\"],\"serial\":\"s\",\"count\":1}", &custom_type, &arena);
    static const struct {
        const char *body;
        bool accepted;
    } cases[] = {
        {"{\"schemas\":[\"urn:test:Device\"]}", true},
        {"{\"schemas\":[\"urn:test:Device\"],\"serial\":\"s\"}", true},
        {"{\"schemas\":[\"urn:test:Device\"],\"serial\":\"t\"}", false},
    };
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_t *body = json_of(cases[i].body);
        struct outcome outcome = normalise(body, &custom_type, &scim_policy_default, before, &arena);
        assert_int_equal(outcome.document != NULL, cases[i].accepted);
        if (outcome.document)
            assert_string_equal(json_string_value(json_object_get(outcome.document, "serial")), "s");
        else
            assert_int_equal(outcome.err.kind, ERR_MUTABILITY);
        json_decref(outcome.document);
        json_decref(body);
    }
    json_decref(before);
    arena_fini(&arena);
}

static void test_simple_types_are_checked_and_kept_as_sent(void **state)
{
    (void)state;
    static const struct {
        const char *name, *value, *stored; /* stored NULL: refused */
    } cases[] = {
        {"count", "5", "5"},
        {"count", "-9223372036854775808", "-9223372036854775808"},
        {"count", "5.0", NULL},
        {"count", "1e3", NULL},
        {"count", "\"5\"", NULL},
        {"count", "true", NULL},
        {"count", "\"\"", ""},
        {"weight", "1.5", "1.5"},
        {"weight", "2", "2.0"},
        {"weight", "\"1.5\"", NULL},
        {"made", "\"0001-01-03T00:00:00.0000000Z\"", "\"0001-01-03T00:00:00.0000000Z\""},
        {"made", "\"2026-01-03T00:00:00+02:00\"", "\"2026-01-03T00:00:00+02:00\""},
        {"made", "\"2026-01-03\"", NULL},
        {"made", "\"2026-13-03T00:00:00Z\"", NULL},
        {"made", "5", NULL},
        {"tags", "[\"a\",\"b\",\"a\"]", "[\"a\",\"b\"]"},
        {"tags", "\"a\"", "[\"a\"]"},
        {"tags", "[\"a\",1]", NULL},
    };
    struct arena arena;
    arena_init(&arena);
    for (size_t i = 0; i < COUNT_OF(cases); i++) {
        json_t *body = json_of("{\"schemas\":[\"urn:test:Device\"]}");
        json_object_set_new(body, cases[i].name, json_of(cases[i].value));
        struct outcome outcome = normalise(body, &custom_type, &scim_policy_default, NULL, &arena);
        if ((outcome.document != NULL) != (cases[i].stored != NULL))
            fail_msg("%s = %s: %s", cases[i].name, cases[i].value, outcome.err.detail);
        const json_t *stored = json_object_get(outcome.document, cases[i].name);
        char *text = stored ? json_dumps(stored, JSON_ENCODE_ANY | JSON_COMPACT) : strdup("");
        if (cases[i].stored)
            assert_string_equal(text, cases[i].stored);
        else
            assert_int_equal(outcome.err.kind, ERR_INVALID_VALUE);
        free(text);
        json_decref(outcome.document);
        json_decref(body);
    }
    arena_fini(&arena);
}

static void test_thousands_of_values_are_refused_and_doubles_merged(void **state)
{
    (void)state;
    struct arena arena;
    arena_init(&arena);
    for (int distinct = 0; distinct < 2; distinct++) {
        json_t *body = json_of("{\"schemas\":[\"" SCIM_URN_USER "\"],\"userName\":\"u\"}"), *roles = json_array();
        for (int i = 0; i < 15000; i++)
            json_array_append_new(roles, json_pack("{s:o,s:i}", "value", json_sprintf("%d", distinct ? i : i % 3),
                                                   distinct ? "k" : "kept", i));
        json_object_set_new(body, "roles", roles);
        struct outcome outcome = normalise(body, &scim_user_type, &scim_policy_default, NULL, &arena);
        if (distinct) {
            assert_null(outcome.document);
            assert_int_equal(outcome.err.kind, ERR_INVALID_VALUE);
        } else {
            assert_int_equal(json_array_size(json_object_get(outcome.document, "roles")), 3);
        }
        json_decref(outcome.document);
        json_decref(body);
    }
    arena_fini(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_vector_comes_out_as_it_says),
        cmocka_unit_test(test_members_stand_in_the_order_of_the_schema),
        cmocka_unit_test(test_putting_back_what_is_stored_changes_nothing),
        cmocka_unit_test(test_immutable_values_are_kept_and_never_changed),
        cmocka_unit_test(test_simple_types_are_checked_and_kept_as_sent),
        cmocka_unit_test(test_thousands_of_values_are_refused_and_doubles_merged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
