/* Documents that were stored before their attributes were declared have the spelling of those who sent them. */
#include "resource_parts.h"

/* Gives the member a new name; where there is one of that name already, it is the newer one. */
static void rename_member(json_t *object, const char *from, const char *to)
{
    if (!json_object_get(object, to))
        json_object_set_nocheck(object, to, json_object_get(object, from));
    json_object_del(object, from);
}

static void respell_attributes(json_t *object, const struct scim_attribute *attributes, size_t count);

static void respell_subs(json_t *value, const struct scim_attribute *attribute)
{
    if (json_is_object(value))
        respell_attributes(value, attribute->sub_attributes, attribute->sub_attribute_count);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (json_is_object(json_array_get(value, i)))
            respell_attributes(json_array_get(value, i), attribute->sub_attributes, attribute->sub_attribute_count);
}

static void respell_attributes(json_t *object, const struct scim_attribute *attributes, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const char *spelling = NULL;
        json_t *value = json_object_get(object, attributes[i].name);
        if (!value && (value = json_member_nocase(object, slice_str(attributes[i].name), &spelling)))
            rename_member(object, spelling, attributes[i].name);
        if (value && attributes[i].type == SCIM_COMPLEX)
            respell_subs(json_object_get(object, attributes[i].name), &attributes[i]);
    }
}

static void respell_extension(json_t *document, const struct scim_schema *schema)
{
    const char *spelling = NULL;
    if (!json_object_get(document, schema->urn) && json_member_nocase(document, slice_str(schema->urn), &spelling))
        rename_member(document, spelling, schema->urn);
    json_t *object = json_object_get(document, schema->urn);
    if (json_is_object(object))
        respell_attributes(object, schema->attributes, schema->attribute_count);
}

void scim_resource_respell(json_t *document, const struct scim_resource_type *type)
{
    if (type == scim_type_by_code(type->code)) /* built in: never spelled otherwise */
        return;
    respell_attributes(document, type->schema->attributes, type->schema->attribute_count);
    for (size_t i = 0; i < type->extension_count; i++)
        respell_extension(document, type->extensions[i]);
}
