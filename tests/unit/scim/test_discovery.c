#include "documents.h"
#include "scim/discovery.h"
#include "scim/document.h"

#define BASE "https://h.example/orgs/org-1/scim/v2"

static json_t *made(struct buf *out)
{
    assert_false(out->overflowed);
    json_t *parsed = json_loadb(out->data, out->len, JSON_REJECT_DUPLICATES, NULL);
    assert_non_null(parsed);
    return parsed;
}

/* D-16: Entra's client stops at a null. */
static void assert_nothing_empty(const json_t *value)
{
    const char *name;
    json_t *inner;
    size_t i;
    assert_false(json_is_null(value));
    assert_false(json_is_array(value) && json_array_size(value) == 0);
    json_array_foreach (value, i, inner)
        assert_nothing_empty(inner);
    json_object_foreach ((json_t *)(uintptr_t)value, name, inner)
        assert_nothing_empty(inner);
}

static const json_t *at(const json_t *value, const char *path)
{
    char *copy = strdup(path), *rest = copy, *name;
    while ((name = strsep(&rest, "/")))
        value = json_object_get(value, name);
    free(copy);
    return value;
}

static void test_the_config_says_what_is_enforced(void **state)
{
    (void)state;
    struct buf out;
    const struct scim_capabilities capabilities = {.max_results = 1000, .sort = false};
    buf_init(&out, 65536);
    scim_discovery_config(&capabilities, SLICE_LITERAL(BASE), &out);
    json_t *config = made(&out);
    assert_nothing_empty(config);
    assert_true(json_is_true(at(config, "patch/supported")));
    assert_true(json_is_false(at(config, "bulk/supported")));
    assert_int_equal(json_integer_value(at(config, "bulk/maxOperations")), 0);
    assert_true(json_is_integer(at(config, "bulk/maxPayloadSize")));
    assert_true(json_is_true(at(config, "filter/supported")));
    assert_int_equal(json_integer_value(at(config, "filter/maxResults")), 1000);
    assert_true(json_is_false(at(config, "changePassword/supported")));
    assert_true(json_is_false(at(config, "sort/supported")));
    assert_true(json_is_true(at(config, "etag/supported")));
    assert_true(json_is_false(at(config, "pagination/cursor")));
    assert_true(json_is_true(at(config, "pagination/index")));
    const json_t *scheme = json_array_get(at(config, "authenticationSchemes"), 0);
    assert_string_equal(json_string_value(json_object_get(scheme, "type")), "oauthbearertoken");
    assert_true(json_string_length(json_object_get(scheme, "name")) > 0);
    assert_true(json_string_length(json_object_get(scheme, "description")) > 0);
    assert_string_equal(json_string_value(at(config, "meta/location")), BASE "/ServiceProviderConfig");
    assert_string_equal(json_string_value(at(config, "meta/resourceType")), "ServiceProviderConfig");
    json_decref(config);
    buf_fini(&out);
}

static void test_optional_parts_of_the_config_show_when_they_are_given(void **state)
{
    (void)state;
    struct buf out;
    const struct scim_capabilities capabilities = {.max_results = 1000,
                                                   .default_page = 100,
                                                   .cursor_timeout_s = 3600,
                                                   .bulk_max_operations = 50,
                                                   .bulk_max_payload = 1048576,
                                                   .sort = true,
                                                   .documentation_uri = "https://docs.example/\"x\""};
    buf_init(&out, 65536);
    scim_discovery_config(&capabilities, SLICE_LITERAL(BASE), &out);
    json_t *config = made(&out);
    assert_true(json_is_true(at(config, "bulk/supported")));
    assert_int_equal(json_integer_value(at(config, "bulk/maxOperations")), 50);
    assert_int_equal(json_integer_value(at(config, "bulk/maxPayloadSize")), 1048576);
    assert_true(json_is_true(at(config, "sort/supported")));
    assert_true(json_is_true(at(config, "pagination/cursor")));
    assert_int_equal(json_integer_value(at(config, "pagination/defaultPageSize")), 100);
    assert_int_equal(json_integer_value(at(config, "pagination/cursorTimeout")), 3600);
    assert_string_equal(json_string_value(at(config, "documentationUri")), "https://docs.example/\"x\"");
    json_decref(config);
    buf_fini(&out);
}

static void assert_every_schema_exists(const json_t *type)
{
    assert_non_null(scim_schema_by_urn(json_slice(json_object_get(type, "schema"))));
    const json_t *extensions = json_object_get(type, "schemaExtensions");
    for (size_t i = 0; i < json_array_size(extensions); i++) {
        const json_t *extension = json_array_get(extensions, i);
        assert_non_null(scim_schema_by_urn(json_slice(json_object_get(extension, "schema"))));
        assert_true(json_is_false(json_object_get(extension, "required")));
    }
}

static void test_resource_types_are_listed_and_found_by_name(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 65536);
    scim_discovery_types(&scim_rules_default, SLICE_LITERAL(BASE), &out);
    json_t *list = made(&out);
    assert_nothing_empty(list);
    assert_int_equal(json_integer_value(at(list, "totalResults")), 2);
    assert_int_equal(json_integer_value(at(list, "itemsPerPage")), 2);
    const json_t *types = at(list, "Resources"), *user = json_array_get(types, 0);
    for (size_t i = 0; i < json_array_size(types); i++)
        assert_every_schema_exists(json_array_get(types, i));
    assert_string_equal(json_string_value(at(user, "id")), "User");
    assert_string_equal(json_string_value(at(user, "endpoint")), "/Users");
    assert_string_equal(json_string_value(at(user, "meta/location")), BASE "/ResourceTypes/User");
    assert_null(at(json_array_get(types, 1), "schemaExtensions"));

    buf_clear(&out);
    assert_int_equal(scim_discovery_location(buf_slice(&out)).len, 0);
    assert_true(scim_discovery_type(&scim_rules_default, SLICE_LITERAL("User"), SLICE_LITERAL(BASE), &out));
    struct slice location = scim_discovery_location(buf_slice(&out));
    assert_true(slice_equals(location, SLICE_LITERAL(BASE "/ResourceTypes/User")));
    json_t *single = made(&out);
    assert_json_equal("the single type", single, user);
    json_decref(single);
    json_decref(list);
    buf_clear(&out);
    assert_false(scim_discovery_type(&scim_rules_default, SLICE_LITERAL("Nope"), SLICE_LITERAL(BASE), &out));
    assert_int_equal(out.len, 0);
    buf_fini(&out);
}

static void test_schemas_are_listed_and_found_by_urn_in_any_case(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 262144);
    scim_discovery_schemas(&scim_rules_default, SLICE_LITERAL(BASE), &out);
    json_t *list = made(&out);
    assert_nothing_empty(list);
    assert_int_equal(json_integer_value(at(list, "totalResults")), 6);
    const json_t *schemas = at(list, "Resources");
    assert_int_equal(json_array_size(schemas), 6);
    for (size_t i = 0; i < json_array_size(schemas); i++) {
        const json_t *schema = json_array_get(schemas, i);
        assert_null(strstr(json_string_value(at(schema, "id")), ":api:"));
        assert_string_equal(json_string_value(at(schema, "meta/resourceType")), "Schema");
        buf_clear(&out);
        assert_true(
            scim_discovery_schema(&scim_rules_default, json_slice(at(schema, "id")), SLICE_LITERAL(BASE), &out));
        json_t *single = made(&out);
        assert_json_equal("the single schema", single, schema);
        json_decref(single);
    }
    json_decref(list);
    buf_clear(&out);
    assert_true(scim_discovery_schema(&scim_rules_default, SLICE_LITERAL("URN:IETF:PARAMS:SCIM:SCHEMAS:CORE:2.0:USER"),
                                      SLICE_LITERAL(BASE), &out));
    assert_false(scim_discovery_schema(&scim_rules_default, SLICE_LITERAL(""), SLICE_LITERAL(BASE), &out));
    assert_false(scim_discovery_schema(&scim_rules_default, SLICE_LITERAL("urn:x"), SLICE_LITERAL(BASE), &out));
    buf_fini(&out);
}

static void assert_keywords(const json_t *attributes)
{
    for (size_t i = 0; i < json_array_size(attributes); i++) {
        const json_t *attribute = json_array_get(attributes, i);
        const char *type = json_string_value(json_object_get(attribute, "type"));
        bool textual = strcmp(type, "string") == 0 || strcmp(type, "reference") == 0 || strcmp(type, "binary") == 0;
        assert_int_equal(textual, json_object_get(attribute, "caseExact") != NULL);
        if (strcmp(type, "complex") == 0 || strcmp(type, "boolean") == 0)
            assert_null(json_object_get(attribute, "uniqueness"));
        if (strcmp(type, "reference") != 0)
            assert_null(json_object_get(attribute, "referenceTypes"));
        assert_int_equal(strcmp(type, "complex") == 0, json_object_get(attribute, "subAttributes") != NULL);
        assert_true(json_is_boolean(json_object_get(attribute, "required")));
        assert_true(json_is_boolean(json_object_get(attribute, "multiValued")));
        assert_keywords(json_object_get(attribute, "subAttributes"));
    }
}

static void test_attributes_have_only_the_keywords_of_their_type(void **state)
{
    (void)state;
    struct buf out;
    buf_init(&out, 262144);
    for (size_t i = 0; i < scim_schema_count; i++) {
        buf_clear(&out);
        assert_true(
            scim_discovery_schema(&scim_rules_default, slice_str(scim_schemas[i]->urn), SLICE_LITERAL(BASE), &out));
        json_t *schema = made(&out);
        assert_keywords(json_object_get(schema, "attributes"));
        json_decref(schema);
    }
    buf_clear(&out);
    assert_true(scim_discovery_schema(&scim_rules_default, SLICE_LITERAL(SCIM_URN_USER), SLICE_LITERAL(BASE), &out));
    json_t *user = made(&out),
           *expected = json_of(
               "{\"name\":\"userName\",\"type\":\"string\",\"multiValued\":false,\"required\":true,\"caseExact\":false,"
               "\"mutability\":\"readWrite\",\"returned\":\"default\",\"uniqueness\":\"server\"}");
    json_t *user_name = json_array_get(json_object_get(user, "attributes"), 0);
    json_object_del(user_name, "description");
    assert_json_equal("userName", user_name, expected);
    json_decref(expected);
    json_decref(user);
    buf_fini(&out);
}

static void test_a_tag_is_stable_and_equals_meta_version(void **state)
{
    (void)state;
    struct buf out;
    char tag[SCIM_ETAG_BYTES], again[SCIM_ETAG_BYTES];
    buf_init(&out, 262144);
    assert_true(scim_discovery_type(&scim_rules_default, SLICE_LITERAL("Group"), SLICE_LITERAL(BASE), &out));
    scim_discovery_etag(buf_slice(&out), tag);
    json_t *type = made(&out);
    assert_string_equal(json_string_value(at(type, "meta/version")), tag);
    json_decref(type);

    buf_clear(&out);
    assert_true(scim_discovery_type(&scim_rules_default, SLICE_LITERAL("User"), SLICE_LITERAL(BASE), &out));
    scim_discovery_etag(buf_slice(&out), again);
    assert_string_not_equal(tag, again);

    buf_clear(&out);
    scim_discovery_schemas(&scim_rules_default, SLICE_LITERAL(BASE), &out);
    scim_discovery_etag(buf_slice(&out), tag);
    buf_clear(&out);
    scim_discovery_schemas(&scim_rules_default, SLICE_LITERAL(BASE), &out);
    scim_discovery_etag(buf_slice(&out), again);
    assert_string_equal(tag, again);
    buf_fini(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_config_says_what_is_enforced),
        cmocka_unit_test(test_optional_parts_of_the_config_show_when_they_are_given),
        cmocka_unit_test(test_resource_types_are_listed_and_found_by_name),
        cmocka_unit_test(test_schemas_are_listed_and_found_by_urn_in_any_case),
        cmocka_unit_test(test_attributes_have_only_the_keywords_of_their_type),
        cmocka_unit_test(test_a_tag_is_stable_and_equals_meta_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
