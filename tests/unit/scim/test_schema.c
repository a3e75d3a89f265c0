#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "scim/index.h"
#include "scim/schema.h"

static const struct scim_attribute *user(const char *name)
{
    return scim_schema_attribute(scim_user_type.schema, slice_str(name));
}

static const struct scim_attribute *sub(const struct scim_attribute *attribute, const char *name)
{
    return scim_sub_attribute(attribute, slice_str(name));
}

static void test_the_six_schemas_are_listed(void **state)
{
    (void)state;
    assert_int_equal(scim_schema_count, 6);
    for (size_t i = 0; i < scim_schema_count; i++) {
        assert_non_null(scim_schemas[i]->name);
        assert_ptr_equal(scim_schema_by_urn(slice_str(scim_schemas[i]->urn)), scim_schemas[i]);
    }
    assert_ptr_equal(scim_schema_by_urn(SLICE_LITERAL("URN:ietf:params:scim:schemas:core:2.0:user")),
                     scim_user_type.schema);
    assert_null(scim_schema_by_urn(SLICE_LITERAL("urn:ietf:params:scim:api:messages:2.0:PatchOp")));
    assert_null(scim_schema_by_urn(SLICE_EMPTY));
}

static void test_types_are_found(void **state)
{
    (void)state;
    assert_ptr_equal(scim_type_by_name(SLICE_LITERAL("User")), &scim_user_type);
    assert_ptr_equal(scim_type_by_endpoint(SLICE_LITERAL("Groups")), &scim_group_type);
    assert_null(scim_type_by_endpoint(SLICE_LITERAL("groups")));
    assert_null(scim_type_by_endpoint(SLICE_LITERAL("/Groups")));
    assert_ptr_equal(scim_type_by_code(SCIM_TYPE_GROUP), &scim_group_type);
    assert_null(scim_type_by_code(9));
    assert_non_null(scim_type_extension(&scim_user_type, SLICE_LITERAL(SCIM_URN_ENTERPRISE)));
    assert_null(scim_type_extension(&scim_group_type, SLICE_LITERAL(SCIM_URN_ENTERPRISE)));
}

static void test_A_01_names_have_any_case(void **state)
{
    (void)state;
    assert_string_equal(user("USERNAME")->name, "userName");
    assert_string_equal(sub(user("emails"), "VALUE")->name, "value");
    assert_null(user("user"));
    assert_null(sub(user("emails"), "valu"));
    assert_null(sub(user("userName"), "value"));
}

static void test_the_errata_are_in_the_tables(void **state)
{
    (void)state;
    const struct scim_schema *enterprise = scim_user_type.extensions[0];
    const struct scim_attribute *name = scim_schema_attribute(scim_group_type.schema, SLICE_LITERAL("displayName"));
    assert_true(name->required);
    assert_true(sub(scim_schema_attribute(enterprise, SLICE_LITERAL("manager")), "value")->case_exact);
    assert_string_equal(sub(user("groups"), "$ref")->reference_types[0], "Group");
    assert_null(sub(user("groups"), "$ref")->reference_types[1]);
    assert_true(sub(user("x509Certificates"), "value")->case_exact);
    assert_int_equal(sub(user("x509Certificates"), "value")->type, SCIM_BINARY);
    assert_non_null(sub(user("addresses"), "primary"));
    assert_non_null(sub(user("emails"), "type")->canonical_values);
}

static void test_each_characteristic_reaches_its_field(void **state)
{
    (void)state;
    const struct scim_attribute *password = user("password"), *groups = user("groups"), *user_name = user("userName");
    assert_int_equal(password->mutability, SCIM_WRITE_ONLY);
    assert_int_equal(password->returned, SCIM_RETURNED_NEVER);
    assert_int_equal(groups->mutability, SCIM_READ_ONLY);
    assert_true(groups->multi_valued);
    assert_int_equal(groups->type, SCIM_COMPLEX);
    assert_int_equal(groups->sub_attribute_count, 4);
    assert_true(user_name->required && !user_name->case_exact && !user_name->multi_valued);
    assert_int_equal(user_name->uniqueness, SCIM_UNIQUE_SERVER);
    assert_int_equal(user("active")->type, SCIM_BOOLEAN);
    assert_int_equal(user("profileUrl")->type, SCIM_REFERENCE);
    const struct scim_attribute *id = scim_schema_attribute(&scim_common, SLICE_LITERAL("id"));
    assert_int_equal(id->returned, SCIM_RETURNED_ALWAYS);
    const struct scim_attribute *meta = scim_schema_attribute(&scim_common, SLICE_LITERAL("meta"));
    assert_int_equal(sub(meta, "created")->type, SCIM_DATETIME);
}

static void test_index_codes_are_those_of_the_header(void **state)
{
    (void)state;
    const struct scim_schema *enterprise = scim_user_type.extensions[0];
    assert_int_equal(user("userName")->index_code, SCIM_INDEX_USER_NAME);
    assert_int_equal(sub(user("emails"), "value")->index_code, SCIM_INDEX_EMAIL);
    assert_int_equal(user("displayName")->index_code, SCIM_INDEX_DISPLAY_NAME);
    assert_int_equal(sub(user("name"), "givenName")->index_code, SCIM_INDEX_GIVEN_NAME);
    assert_int_equal(sub(user("name"), "familyName")->index_code, SCIM_INDEX_FAMILY_NAME);
    assert_int_equal(scim_schema_attribute(enterprise, SLICE_LITERAL("employeeNumber"))->index_code,
                     SCIM_INDEX_EMPLOYEE_NUMBER);
    const struct scim_attribute *manager = scim_schema_attribute(enterprise, SLICE_LITERAL("manager"));
    assert_int_equal(sub(manager, "value")->index_code, SCIM_INDEX_MANAGER);
    assert_int_equal(scim_schema_attribute(scim_group_type.schema, SLICE_LITERAL("displayName"))->index_code,
                     SCIM_INDEX_DISPLAY_NAME);
}

static void check_attributes(const struct scim_attribute *attributes, size_t count, int level)
{
    for (size_t i = 0; i < count; i++) {
        const struct scim_attribute *attribute = &attributes[i];
        bool complex = attribute->type == SCIM_COMPLEX;
        if (strlen(attribute->description) < 8 || complex != (attribute->sub_attribute_count > 0) || level > 2)
            fail_msg("%s", attribute->name);
        for (size_t j = 0; j < i; j++)
            assert_string_not_equal(attribute->name, attributes[j].name);
        check_attributes(attribute->sub_attributes, attribute->sub_attribute_count, level + 1);
    }
}

static void test_every_attribute_is_described_and_complex_iff_it_has_parts(void **state)
{
    (void)state;
    check_attributes(scim_common.attributes, scim_common.attribute_count, 0);
    for (size_t i = 0; i < scim_schema_count; i++)
        check_attributes(scim_schemas[i]->attributes, scim_schemas[i]->attribute_count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_six_schemas_are_listed),
        cmocka_unit_test(test_types_are_found),
        cmocka_unit_test(test_A_01_names_have_any_case),
        cmocka_unit_test(test_the_errata_are_in_the_tables),
        cmocka_unit_test(test_each_characteristic_reaches_its_field),
        cmocka_unit_test(test_index_codes_are_those_of_the_header),
        cmocka_unit_test(test_every_attribute_is_described_and_complex_iff_it_has_parts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
