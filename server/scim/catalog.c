/* A catalog made into schemas and resource types. */
#include <strings.h>

#include "catalog_parts.h"
#include "schema_tables.h"

const struct scim_schema *catalog_schema_by_urn(const struct catalog *catalog, const char *urn)
{
    for (size_t i = 0; i < catalog->schema_count; i++)
        if (strcasecmp(urn, catalog->schemas[i]->urn) == 0)
            return catalog->schemas[i];
    return NULL;
}

/* The built-in schemas stand first. */
bool catalog_is_own(const struct catalog *catalog, const struct scim_schema *schema)
{
    for (size_t i = SCIM_BUILT_IN_SCHEMAS; i < catalog->schema_count; i++)
        if (catalog->schemas[i] == schema)
            return true;
    return false;
}

static bool read_schemas(struct catalog *catalog, const json_t *list)
{
    size_t count = json_array_size(list);
    static const struct catalog_place list_place = {.name = "schemas"};
    catalog->schemas = arena_array(catalog->arena, const struct scim_schema *, SCIM_BUILT_IN_SCHEMAS + count);
    catalog->places = arena_array(catalog->arena, size_t, SCIM_BUILT_IN_SCHEMAS + count);
    for (; catalog->schema_count < SCIM_BUILT_IN_SCHEMAS; catalog->schema_count++)
        catalog->schemas[catalog->schema_count] = scim_schemas[catalog->schema_count];
    for (size_t i = 0; i < count; i++) {
        const struct catalog_place place = {&list_place, NULL, i};
        if (catalog_is_addition(json_array_get(list, i))) {
            if (!catalog_add(catalog, json_array_get(list, i), &place))
                return false;
            continue;
        }
        const struct scim_schema *schema = catalog_schema(catalog, json_array_get(list, i), &place);
        if (!schema)
            return false;
        catalog->places[catalog->schema_count] = i;
        catalog->schemas[catalog->schema_count++] = schema;
    }
    return true;
}

/* --- uniqueness --- */

/* Of no type an extension: then one attribute can be the rows' unique key, of a type that there is or will be. */
static bool is_base_only(const struct scim_rules *rules, const struct scim_schema *schema)
{
    for (size_t i = 0; i < rules->type_count; i++)
        if (scim_type_extension(rules->types[i], slice_str(schema->urn)))
            return false;
    return true;
}

static bool refuse_uniqueness(const struct catalog *catalog, size_t which, size_t index, const char *name)
{
    const struct scim_schema *schema = catalog->schemas[which];
    const struct catalog_place list = {NULL, "schemas", 0}, place = {&list, NULL, catalog->places[which]},
                               attributes = {&place, "attributes", 0}, attribute = {&attributes, NULL, index},
                               member = {&attribute, "uniqueness", 0};
    catalog_blame(catalog, &member);
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

static bool check_uniqueness_of(const struct catalog *catalog, size_t which)
{
    const struct scim_schema *schema = catalog->schemas[which];
    bool found = !is_base_only(catalog->rules, schema); /* or what is as good: there is no room for one */
    for (size_t i = 0; i < schema->attribute_count; i++) {
        const struct scim_attribute *attribute = &schema->attributes[i];
        for (size_t k = 0; k < attribute->sub_attribute_count; k++)
            if (attribute->sub_attributes[k].uniqueness != SCIM_UNIQUE_NONE)
                return refuse_uniqueness(catalog, which, i, attribute->sub_attributes[k].name);
        if (attribute->uniqueness == SCIM_UNIQUE_NONE)
            continue;
        if (found || !can_be_unique(attribute))
            return refuse_uniqueness(catalog, which, i, attribute->name);
        found = true;
    }
    return true;
}

static bool check_uniqueness(const struct catalog *catalog)
{
    for (size_t i = SCIM_BUILT_IN_SCHEMAS; i < catalog->schema_count; i++)
        if (!check_uniqueness_of(catalog, i))
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

bool catalog_compile(struct scim_rules *rules, const struct scim_rules_source *source, struct err *err)
{
    struct slice text = source->catalog;
    static const char *const members[] = {"schemas", "resource_types", "next_code", NULL};
    if (text.len == 0)
        return true;
    if (text.len > SCIM_CATALOG_BYTES)
        return err_set(err, ERR_INVALID_VALUE, "The catalog has more than %d bytes.", (int)SCIM_CATALOG_BYTES);
    json_scoped *json = json_parse_object(text, &json_limits_default, err);
    if (!json)
        return false;
    struct catalog catalog = {.rules = rules, .arena = &rules->arena, .err = err, .fault = source->fault};
    struct catalog_reader reader = {&catalog, json, "The catalog", NULL};
    const json_t *schemas, *types;
    if (!catalog_open(&reader, members) || !catalog_list(&reader, "schemas", SCIM_CATALOG_SCHEMAS, &schemas) ||
        !catalog_list(&reader, "resource_types", SCIM_CATALOG_TYPES + SCIM_BUILT_IN_TYPES, &types) ||
        !read_schemas(&catalog, schemas) || !catalog_types(&catalog, types) || !check_uniqueness(&catalog))
        return false;
    rules->schemas = catalog.schemas;
    rules->schema_count = catalog.schema_count;
    make_root(rules);
    return true;
}
