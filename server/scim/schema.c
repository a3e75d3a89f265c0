#include "scim/schema.h"

#include "schema_tables.h"

static const struct scim_schema *const user_extensions[] = {&scim_schema_enterprise};

const struct scim_resource_type scim_user_type = {
    .code = SCIM_TYPE_USER,
    .name = "User",
    .endpoint = "/Users",
    .description = "User accounts",
    .schema = &scim_schema_user,
    .extensions = user_extensions,
    .extension_count = 1,
};

const struct scim_resource_type scim_group_type = {
    .code = SCIM_TYPE_GROUP,
    .name = "Group",
    .endpoint = "/Groups",
    .description = "Groups of users and groups",
    .schema = &scim_schema_group,
};

const struct scim_resource_type *const scim_resource_types[] = {&scim_user_type, &scim_group_type};
const size_t scim_resource_type_count = SCIM_BUILT_IN_TYPES;
_Static_assert(sizeof scim_resource_types / sizeof *scim_resource_types == SCIM_BUILT_IN_TYPES, "count them");

const struct scim_resource_type scim_root_type = {
    .name = "Resource",
    .endpoint = "",
    .description = "Every resource",
    .schema = &scim_common,
    .extensions = user_extensions,
    .extension_count = 1,
    .types = scim_resource_types,
    .type_count = SCIM_BUILT_IN_TYPES,
};

const struct scim_schema *scim_schema_by_urn(struct slice urn)
{
    for (size_t i = 0; i < scim_schema_count; i++)
        if (slice_equals_ascii_nocase(urn, slice_str(scim_schemas[i]->urn)))
            return scim_schemas[i];
    return NULL;
}

const struct scim_resource_type *scim_type_by_name(struct slice name)
{
    for (size_t i = 0; i < scim_resource_type_count; i++)
        if (slice_equals(name, slice_str(scim_resource_types[i]->name)))
            return scim_resource_types[i];
    return NULL;
}

const struct scim_resource_type *scim_type_by_endpoint(struct slice name)
{
    for (size_t i = 0; i < scim_resource_type_count; i++)
        if (slice_equals(name, slice_str(scim_resource_types[i]->endpoint + 1)))
            return scim_resource_types[i];
    return NULL;
}

const struct scim_resource_type *scim_type_by_code(uint16_t code)
{
    for (size_t i = 0; i < scim_resource_type_count; i++)
        if (code == scim_resource_types[i]->code)
            return scim_resource_types[i];
    return NULL;
}

static const struct scim_attribute *find(const struct scim_attribute *attributes, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equals_ascii_nocase(name, slice_str(attributes[i].name)))
            return &attributes[i];
    return NULL;
}

const struct scim_attribute *scim_schema_attribute(const struct scim_schema *schema, struct slice name)
{
    return find(schema->attributes, schema->attribute_count, name);
}

const struct scim_attribute *scim_sub_attribute(const struct scim_attribute *attribute, struct slice name)
{
    return find(attribute->sub_attributes, attribute->sub_attribute_count, name);
}

const struct scim_attribute *scim_type_unique(const struct scim_resource_type *type)
{
    if (scim_type_by_code(type->code))
        return NULL;
    for (size_t i = 0; i < type->schema->attribute_count; i++)
        if (type->schema->attributes[i].uniqueness != SCIM_UNIQUE_NONE)
            return &type->schema->attributes[i];
    return NULL;
}

const struct scim_schema *scim_type_extension(const struct scim_resource_type *type, struct slice urn)
{
    for (size_t i = 0; i < type->extension_count; i++)
        if (slice_equals_ascii_nocase(urn, slice_str(type->extensions[i]->urn)))
            return type->extensions[i];
    return NULL;
}
