/* The resource types of a catalog. */
#include <ctype.h>
#include <strings.h>

#include "catalog_parts.h"
#include "schema_tables.h"

enum { NAME_BYTES = 64, DESCRIPTION_BYTES = 1000, MOST_EXTENSIONS = 16 };

/* --- extensions of a type --- */

struct extending {
    struct catalog_reader reader; /* of the entry in the list of extensions */
    const struct scim_schema **extensions;
    bool *required;
    size_t count;
};

static size_t place_of(const struct extending *extending, const struct scim_schema *schema)
{
    size_t at = 0;
    while (at < extending->count && extending->extensions[at] != schema)
        at++;
    return at;
}

static bool add_extension(struct extending *extending, const struct scim_resource_type *type, const char *urn,
                          bool required)
{
    const struct catalog *catalog = extending->reader.catalog;
    const struct scim_schema *schema = catalog_schema_by_urn(catalog, urn);
    if (!schema || schema == type->schema)
        return catalog_refuse(&extending->reader, "schema", "\"%.80s\" is no schema that could extend it", urn);
    size_t at = place_of(extending, schema);
    if (at == extending->count) {
        if (!catalog_is_own(catalog, schema))
            return catalog_refuse(&extending->reader, "schema", "the built-in schema \"%.80s\" cannot extend it", urn);
        extending->extensions[extending->count++] = schema;
    }
    extending->required[at] |= required;
    return true;
}

static bool read_extensions(const struct catalog_reader *reader, struct scim_resource_type *type)
{
    static const char *const members[] = {"schema", "required", NULL};
    struct arena *arena = reader->catalog->arena;
    const struct catalog_place list_place = {.in = reader->place, .name = "schemaExtensions"};
    const json_t *list;
    if (!catalog_list(reader, "schemaExtensions", MOST_EXTENSIONS, &list))
        return false;
    size_t most = type->extension_count + json_array_size(list);
    struct extending extending = {*reader, arena_array(arena, const struct scim_schema *, most),
                                  arena_array(arena, bool, most), type->extension_count};
    for (size_t i = 0; i < type->extension_count; i++)
        extending.extensions[i] = type->extensions[i];
    for (size_t i = 0; i < json_array_size(list); i++) {
        const struct catalog_place place = {&list_place, NULL, i};
        struct catalog_reader extension = {reader->catalog, json_array_get(list, i), reader->called, &place};
        const char *urn;
        bool required = false;
        extending.reader = extension;
        if (!catalog_open(&extension, members) || !catalog_needed_text(&extension, "schema", DESCRIPTION_BYTES, &urn) ||
            !catalog_flag(&extension, "required", &required) || !add_extension(&extending, type, urn, required))
            return false;
    }
    type->extensions = extending.extensions;
    type->extension_required = extending.required;
    type->extension_count = extending.count;
    return true;
}

/* --- types --- */

static bool is_hidden(const struct scim_attribute *attribute)
{
    return attribute->returned == SCIM_RETURNED_NEVER || attribute->returned == SCIM_RETURNED_REQUEST;
}

static bool hides_some(const struct scim_schema *schema)
{
    for (size_t i = 0; i < schema->attribute_count; i++) {
        const struct scim_attribute *attribute = &schema->attributes[i];
        if (is_hidden(attribute))
            return true;
        for (size_t k = 0; k < attribute->sub_attribute_count; k++)
            if (is_hidden(&attribute->sub_attributes[k]))
                return true;
    }
    return false;
}

/* Documents of the built-in schemas hold nothing that a reply may not show. */
static void look_for_hidden(const struct catalog *catalog, struct scim_resource_type *type)
{
    type->has_hidden = catalog_is_own(catalog, type->schema) && hides_some(type->schema);
    for (size_t i = 0; i < type->extension_count; i++)
        type->has_hidden |= catalog_is_own(catalog, type->extensions[i]) && hides_some(type->extensions[i]);
}

static bool is_word(const char *text)
{
    if (!isalpha((unsigned char)*text))
        return false;
    for (; *text; text++)
        if (!isalnum((unsigned char)*text) && *text != '-')
            return false;
    return true;
}

static bool is_endpoint_taken(const char *name)
{
    static const char *const taken[] = {
        "Users", "Groups", "Me", "Bulk", "Schemas", "ResourceTypes", "ServiceProviderConfig"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (strcasecmp(name, taken[i]) == 0)
            return true;
    return false;
}

static bool check_endpoint(const struct catalog_reader *reader, const struct scim_resource_type *type)
{
    if (*type->endpoint != '/' || !is_word(type->endpoint + 1))
        return catalog_refuse(reader, "endpoint",
                              "\"endpoint\" must be a slash, then letters, digits or \"-\", such as /Devices");
    if (is_endpoint_taken(type->endpoint + 1))
        return catalog_refuse(reader, "endpoint", "the endpoint %s is taken", type->endpoint);
    return true;
}

/* What a lone schema cannot show: that an attribute of a resource means something else at the top level. What is
 * readOnly never has a value, and so no meaning either: the Device of RFC 9944 has such `groups`. */
static bool check_top_level(const struct catalog_reader *reader, const struct scim_schema *schema)
{
    static const char *const taken[] = {"members", "groups"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++) {
        const struct scim_attribute *attribute = scim_schema_attribute(schema, slice_str(taken[i]));
        if (attribute && attribute->mutability != SCIM_READ_ONLY)
            return catalog_refuse(reader, "schema", "its schema has the reserved attribute \"%s\"", taken[i]);
    }
    return true;
}

static bool read_code(const struct catalog_reader *reader, uint16_t *code_out)
{
    const json_t *code = json_object_get(reader->object, "code");
    json_int_t number = json_integer_value(code);
    if (!json_is_integer(code) || number < SCIM_CATALOG_FIRST_CODE || number > SCIM_CATALOG_LAST_CODE)
        return catalog_refuse(reader, "code", "\"code\" must be a number from %d to %d", (int)SCIM_CATALOG_FIRST_CODE,
                              (int)SCIM_CATALOG_LAST_CODE);
    *code_out = (uint16_t)number;
    return true;
}

static bool read_own_type(const struct catalog_reader *reader, struct scim_resource_type *type)
{
    const char *urn;
    type->description = "";
    if (!is_word(type->name))
        return catalog_refuse(reader, "name", "\"name\" must be a letter, then letters, digits or \"-\"");
    if (!catalog_needed_text(reader, "endpoint", NAME_BYTES, &type->endpoint) || !check_endpoint(reader, type) ||
        !catalog_text(reader, "description", DESCRIPTION_BYTES, &type->description) ||
        !catalog_needed_text(reader, "schema", DESCRIPTION_BYTES, &urn) || !read_code(reader, &type->code))
        return false;
    type->schema = catalog_schema_by_urn(reader->catalog, urn);
    if (!type->schema || !catalog_is_own(reader->catalog, type->schema))
        return catalog_refuse(reader, "schema", "\"schema\" must be the URN of a schema of this catalog");
    return check_top_level(reader, type->schema);
}

static bool check_distinct(const struct catalog_reader *reader, const struct scim_resource_type *const *types,
                           size_t count, const struct scim_resource_type *type)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(types[i]->name, type->name) == 0)
            return catalog_refuse(reader, "name", "there is a resource type of this name already");
        if (strcasecmp(types[i]->endpoint, type->endpoint) == 0)
            return catalog_refuse(reader, "endpoint", "the endpoint %s is taken", type->endpoint);
        if (types[i]->code == type->code)
            return catalog_refuse(reader, "code", "the code %u is taken", type->code);
    }
    return true;
}

/* A schema of the catalog may stand where the built-in one of its URN was (catalog_addition.c). */
static const struct scim_resource_type *with_additions(const struct catalog *catalog,
                                                       const struct scim_resource_type *built_in)
{
    struct scim_resource_type *type = arena_new(catalog->arena, struct scim_resource_type);
    const struct scim_schema **extensions =
        arena_array(catalog->arena, const struct scim_schema *, built_in->extension_count);
    *type = *built_in;
    type->schema = catalog_schema_by_urn(catalog, built_in->schema->urn);
    bool same = type->schema == built_in->schema;
    for (size_t i = 0; i < built_in->extension_count; i++) {
        extensions[i] = catalog_schema_by_urn(catalog, built_in->extensions[i]->urn);
        same &= extensions[i] == built_in->extensions[i];
    }
    type->extensions = extensions;
    return same ? built_in : type;
}

/* User or Group in the list: a copy with more extensions takes the built-in one's place. */
static bool extend_built_in(const struct catalog_reader *reader, const struct scim_resource_type **place,
                            bool *is_extended)
{
    if (*is_extended)
        return catalog_refuse(reader, "name", "it is there twice");
    *is_extended = true;
    struct scim_resource_type *type = arena_new(reader->catalog->arena, struct scim_resource_type);
    *type = **place;
    if (!read_extensions(reader, type))
        return false;
    look_for_hidden(reader->catalog, type);
    *place = type;
    return true;
}

struct reading_types {
    const struct scim_resource_type **types;
    size_t count;
    bool extended[SCIM_BUILT_IN_TYPES];
};

static bool read_type(const struct catalog_reader *reader, struct reading_types *reading, const char *name)
{
    const struct scim_resource_type **types = reading->types;
    size_t *count = &reading->count;
    for (size_t i = 0; i < SCIM_BUILT_IN_TYPES; i++)
        if (strcmp(types[i]->name, name) == 0)
            return extend_built_in(reader, &types[i], &reading->extended[i]);
    struct scim_resource_type *type = arena_new(reader->catalog->arena, struct scim_resource_type);
    type->name = name;
    if (!read_own_type(reader, type) || !check_distinct(reader, types, *count, type) || !read_extensions(reader, type))
        return false;
    look_for_hidden(reader->catalog, type);
    types[(*count)++] = type;
    return true;
}

bool catalog_types(struct catalog *catalog, const json_t *list)
{
    static const char *const members[] = {
        "schemas", "id", "meta", "name", "endpoint", "description", "schema", "schemaExtensions", "code", NULL};
    static const struct catalog_place list_place = {.name = "resource_types"};
    struct reading_types reading = {.count = SCIM_BUILT_IN_TYPES};
    reading.types =
        arena_array(catalog->arena, const struct scim_resource_type *, SCIM_BUILT_IN_TYPES + json_array_size(list));
    for (size_t i = 0; i < SCIM_BUILT_IN_TYPES; i++)
        reading.types[i] = with_additions(catalog, scim_resource_types[i]);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(list, i), "name"));
        const struct catalog_place place = {&list_place, NULL, i};
        struct catalog_reader reader = {catalog, json_array_get(list, i),
                                        arena_printf(catalog->arena, "Resource type \"%.64s\"", name ? name : "?"),
                                        &place};
        if (!catalog_open(&reader, members) || !catalog_needed_text(&reader, "name", NAME_BYTES, &name) ||
            !read_type(&reader, &reading, name))
            return false;
    }
    catalog->rules->types = reading.types;
    catalog->rules->type_count = reading.count;
    return true;
}
