/* A catalog made into schemas and resource types. */
#include <ctype.h>
#include <strings.h>

#include "catalog_parts.h"
#include "schema_tables.h"

enum { NAME_BYTES = 64, DESCRIPTION_BYTES = 1000, MOST_EXTENSIONS = 16 };

static const struct scim_schema *schema_by_urn(const struct catalog *catalog, const char *urn)
{
    for (size_t i = 0; i < catalog->schema_count; i++)
        if (strcasecmp(urn, catalog->schemas[i]->urn) == 0)
            return catalog->schemas[i];
    return NULL;
}

/* The built-in schemas stand first. */
static bool is_own(const struct catalog *catalog, const struct scim_schema *schema)
{
    for (size_t i = SCIM_BUILT_IN_SCHEMAS; i < catalog->schema_count; i++)
        if (catalog->schemas[i] == schema)
            return true;
    return false;
}

static bool read_schemas(struct catalog *catalog, const json_t *list)
{
    size_t count = json_array_size(list);
    catalog->schemas = arena_array(catalog->arena, const struct scim_schema *, SCIM_BUILT_IN_SCHEMAS + count);
    for (; catalog->schema_count < SCIM_BUILT_IN_SCHEMAS; catalog->schema_count++)
        catalog->schemas[catalog->schema_count] = scim_schemas[catalog->schema_count];
    for (size_t i = 0; i < count; i++) {
        const struct scim_schema *schema = catalog_schema(catalog, json_array_get(list, i));
        if (!schema)
            return false;
        catalog->schemas[catalog->schema_count++] = schema;
    }
    return true;
}

/* --- extensions of a type --- */

struct extending {
    struct catalog_reader reader; /* of the entry */
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
    const struct scim_schema *schema = schema_by_urn(catalog, urn);
    if (!schema || schema == type->schema)
        return catalog_refuse(&extending->reader, "\"%.80s\" is no schema that could extend it", urn);
    size_t at = place_of(extending, schema);
    if (at == extending->count) {
        if (!is_own(catalog, schema))
            return catalog_refuse(&extending->reader, "the built-in schema \"%.80s\" cannot extend it", urn);
        extending->extensions[extending->count++] = schema;
    }
    extending->required[at] |= required;
    return true;
}

static bool read_extensions(const struct catalog_reader *reader, struct scim_resource_type *type)
{
    static const char *const members[] = {"schema", "required", NULL};
    struct arena *arena = reader->catalog->arena;
    const json_t *list;
    if (!catalog_list(reader, "schemaExtensions", MOST_EXTENSIONS, &list))
        return false;
    size_t most = type->extension_count + json_array_size(list);
    struct extending extending = {*reader, arena_array(arena, const struct scim_schema *, most),
                                  arena_array(arena, bool, most), type->extension_count};
    for (size_t i = 0; i < type->extension_count; i++)
        extending.extensions[i] = type->extensions[i];
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct catalog_reader extension = {reader->catalog, json_array_get(list, i), reader->called};
        const char *urn;
        bool required = false;
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
    type->has_hidden = is_own(catalog, type->schema) && hides_some(type->schema);
    for (size_t i = 0; i < type->extension_count; i++)
        type->has_hidden |= is_own(catalog, type->extensions[i]) && hides_some(type->extensions[i]);
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
        return catalog_refuse(reader, "\"endpoint\" must be a slash, then letters, digits or \"-\", such as /Devices");
    if (is_endpoint_taken(type->endpoint + 1))
        return catalog_refuse(reader, "the endpoint %s is taken", type->endpoint);
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
            return catalog_refuse(reader, "its schema has the reserved attribute \"%s\"", taken[i]);
    }
    return true;
}

static bool read_code(const struct catalog_reader *reader, uint16_t *code_out)
{
    const json_t *code = json_object_get(reader->object, "code");
    json_int_t number = json_integer_value(code);
    if (!json_is_integer(code) || number < SCIM_CATALOG_FIRST_CODE || number > SCIM_CATALOG_LAST_CODE)
        return catalog_refuse(reader, "\"code\" must be a number from %d to %d", (int)SCIM_CATALOG_FIRST_CODE,
                              (int)SCIM_CATALOG_LAST_CODE);
    *code_out = (uint16_t)number;
    return true;
}

static bool read_own_type(const struct catalog_reader *reader, struct scim_resource_type *type)
{
    const char *urn;
    type->description = "";
    if (!is_word(type->name))
        return catalog_refuse(reader, "\"name\" must be a letter, then letters, digits or \"-\"");
    if (!catalog_needed_text(reader, "endpoint", NAME_BYTES, &type->endpoint) || !check_endpoint(reader, type) ||
        !catalog_text(reader, "description", DESCRIPTION_BYTES, &type->description) ||
        !catalog_needed_text(reader, "schema", DESCRIPTION_BYTES, &urn) || !read_code(reader, &type->code))
        return false;
    type->schema = schema_by_urn(reader->catalog, urn);
    if (!type->schema || !is_own(reader->catalog, type->schema))
        return catalog_refuse(reader, "\"schema\" must be the URN of a schema of this catalog");
    return check_top_level(reader, type->schema);
}

static bool check_distinct(const struct catalog_reader *reader, const struct scim_resource_type *const *types,
                           size_t count, const struct scim_resource_type *type)
{
    for (size_t i = 0; i < count; i++) {
        if (strcasecmp(types[i]->name, type->name) == 0)
            return catalog_refuse(reader, "there is a resource type of this name already");
        if (strcasecmp(types[i]->endpoint, type->endpoint) == 0)
            return catalog_refuse(reader, "the endpoint %s is taken", type->endpoint);
        if (types[i]->code == type->code)
            return catalog_refuse(reader, "the code %u is taken", type->code);
    }
    return true;
}

/* User or Group in the list: a copy with more extensions takes the built-in one's place. */
static bool extend_built_in(const struct catalog_reader *reader, const struct scim_resource_type **place)
{
    const struct scim_resource_type *built_in = scim_type_by_code((*place)->code);
    if (*place != built_in)
        return catalog_refuse(reader, "it is there twice");
    struct scim_resource_type *type = arena_new(reader->catalog->arena, struct scim_resource_type);
    *type = *built_in;
    if (!read_extensions(reader, type))
        return false;
    look_for_hidden(reader->catalog, type);
    *place = type;
    return true;
}

static bool read_type(const struct catalog_reader *reader, const struct scim_resource_type **types, size_t *count,
                      const char *name)
{
    for (size_t i = 0; i < SCIM_BUILT_IN_TYPES; i++)
        if (strcmp(types[i]->name, name) == 0)
            return extend_built_in(reader, &types[i]);
    struct scim_resource_type *type = arena_new(reader->catalog->arena, struct scim_resource_type);
    type->name = name;
    if (!read_own_type(reader, type) || !check_distinct(reader, types, *count, type) || !read_extensions(reader, type))
        return false;
    look_for_hidden(reader->catalog, type);
    types[(*count)++] = type;
    return true;
}

static bool read_types(struct catalog *catalog, const json_t *list)
{
    static const char *const members[] = {
        "schemas", "id", "meta", "name", "endpoint", "description", "schema", "schemaExtensions", "code", NULL};
    size_t count = SCIM_BUILT_IN_TYPES;
    const struct scim_resource_type **types =
        arena_array(catalog->arena, const struct scim_resource_type *, count + json_array_size(list));
    for (size_t i = 0; i < count; i++)
        types[i] = scim_resource_types[i];
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *name = json_string_value(json_object_get(json_array_get(list, i), "name"));
        struct catalog_reader reader = {catalog, json_array_get(list, i),
                                        arena_printf(catalog->arena, "Resource type \"%.64s\"", name ? name : "?")};
        if (!catalog_open(&reader, members) || !catalog_needed_text(&reader, "name", NAME_BYTES, &name) ||
            !read_type(&reader, types, &count, name))
            return false;
    }
    catalog->rules->types = types;
    catalog->rules->type_count = count;
    return true;
}

/* --- uniqueness --- */

/* The types' own schema that it is, and of no type an extension: then one attribute can be the rows' unique key. */
static bool is_base_only(const struct scim_rules *rules, const struct scim_schema *schema)
{
    bool is_base = false;
    for (size_t i = 0; i < rules->type_count; i++) {
        is_base |= rules->types[i]->schema == schema;
        if (scim_type_extension(rules->types[i], slice_str(schema->urn)))
            return false;
    }
    return is_base;
}

static bool refuse_uniqueness(const struct catalog *catalog, const struct scim_schema *schema, const char *name)
{
    return err_set(
        catalog->err, ERR_INVALID_VALUE,
        "Attribute \"%s\" of %s: uniqueness \"server\" can be kept for one single-valued string of a resource "
        "type's own schema, and \"global\" for none.",
        name, schema->urn);
}

static bool can_be_unique(const struct scim_attribute *attribute)
{
    return attribute->uniqueness == SCIM_UNIQUE_SERVER && attribute->type == SCIM_STRING && !attribute->multi_valued;
}

static bool check_uniqueness_of(const struct catalog *catalog, const struct scim_schema *schema)
{
    bool found = !is_base_only(catalog->rules, schema); /* or what is as good: there is no room for one */
    for (size_t i = 0; i < schema->attribute_count; i++) {
        const struct scim_attribute *attribute = &schema->attributes[i];
        for (size_t k = 0; k < attribute->sub_attribute_count; k++)
            if (attribute->sub_attributes[k].uniqueness != SCIM_UNIQUE_NONE)
                return refuse_uniqueness(catalog, schema, attribute->sub_attributes[k].name);
        if (attribute->uniqueness == SCIM_UNIQUE_NONE)
            continue;
        if (found || !can_be_unique(attribute))
            return refuse_uniqueness(catalog, schema, attribute->name);
        found = true;
    }
    return true;
}

static bool check_uniqueness(const struct catalog *catalog)
{
    for (size_t i = SCIM_BUILT_IN_SCHEMAS; i < catalog->schema_count; i++)
        if (!check_uniqueness_of(catalog, catalog->schemas[i]))
            return false;
    return true;
}

/* --- the whole --- */

static bool holds(const struct scim_resource_type *type, const struct scim_schema *schema)
{
    for (size_t i = 0; i < type->extension_count; i++)
        if (type->extensions[i] == schema)
            return true;
    return false;
}

static void make_root(struct scim_rules *rules)
{
    struct scim_resource_type *root = arena_new(&rules->arena, struct scim_resource_type);
    const struct scim_schema **extensions = arena_array(&rules->arena, const struct scim_schema *, rules->schema_count);
    *root = scim_root_type;
    root->types = rules->types;
    root->type_count = rules->type_count;
    root->extensions = extensions;
    root->extension_count = 0;
    for (size_t i = 0; i < rules->type_count; i++) {
        root->has_hidden |= rules->types[i]->has_hidden;
        for (size_t k = 0; k < rules->types[i]->extension_count; k++)
            if (!holds(root, rules->types[i]->extensions[k]))
                extensions[root->extension_count++] = rules->types[i]->extensions[k];
    }
    rules->root = root;
}

bool catalog_compile(struct scim_rules *rules, struct slice text, struct err *err)
{
    static const char *const members[] = {"schemas", "resource_types", "next_code", NULL};
    if (text.len == 0)
        return true;
    if (text.len > SCIM_CATALOG_BYTES)
        return err_set(err, ERR_INVALID_VALUE, "The catalog has more than %d bytes.", (int)SCIM_CATALOG_BYTES);
    json_scoped *json = json_parse_object(text, &json_limits_default, err);
    if (!json)
        return false;
    struct catalog catalog = {.rules = rules, .arena = &rules->arena, .err = err};
    struct catalog_reader reader = {&catalog, json, "The catalog"};
    const json_t *schemas, *types;
    if (!catalog_open(&reader, members) || !catalog_list(&reader, "schemas", SCIM_CATALOG_SCHEMAS, &schemas) ||
        !catalog_list(&reader, "resource_types", SCIM_CATALOG_TYPES + SCIM_BUILT_IN_TYPES, &types) ||
        !read_schemas(&catalog, schemas) || !read_types(&catalog, types) || !check_uniqueness(&catalog))
        return false;
    rules->schemas = catalog.schemas;
    rules->schema_count = catalog.schema_count;
    make_root(rules);
    return true;
}
