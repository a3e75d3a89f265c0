/* Attributes that a directory adds to a built-in schema: what its clients send there anyway, declared in place. */
#include <strings.h>

#include "catalog_parts.h"
#include "schema_tables.h"

static const struct scim_schema *const open_schemas[] = {&scim_schema_user, &scim_schema_group,
                                                         &scim_schema_enterprise};

static size_t place_of(const char *urn)
{
    for (size_t i = 0; urn && i < SCIM_BUILT_IN_SCHEMAS; i++)
        if (slice_equals_ascii_nocase(slice_str(urn), slice_str(scim_schemas[i]->urn)))
            return i;
    return SCIM_BUILT_IN_SCHEMAS;
}

static bool is_open(const struct scim_schema *schema)
{
    for (size_t i = 0; i < sizeof open_schemas / sizeof *open_schemas; i++)
        if (open_schemas[i] == schema)
            return true;
    return false;
}

bool catalog_is_addition(const json_t *json)
{
    return place_of(json_string_value(json_object_get(json, "id"))) < SCIM_BUILT_IN_SCHEMAS;
}

struct adding {
    struct catalog *catalog;
    struct catalog_attributes of;
    struct scim_attribute *attributes; /* of the schema: the built-in ones, then the new ones */
    size_t built_in, count;
};

static bool refuse(const struct adding *adding, size_t index, const char *member, const char *name, const char *why)
{
    const struct catalog_place place = {.in = adding->of.listed, .index = index};
    const struct catalog_reader reader = {
        adding->catalog, NULL, arena_printf(adding->catalog->arena, "Attribute \"%s\" of %s", name, adding->of.urn),
        &place};
    return catalog_refuse(&reader, member, "%s", why);
}

/* Documents of built-in types are served as they are stored, and have one unique key: userName or displayName. */
static bool check_added(const struct adding *adding, size_t index, const struct scim_attribute *attribute)
{
    bool hidden = attribute->returned == SCIM_RETURNED_NEVER || attribute->returned == SCIM_RETURNED_REQUEST;
    if (hidden)
        return refuse(adding, index, "returned", attribute->name, "what is added to a built-in schema is returned");
    if (attribute->uniqueness != SCIM_UNIQUE_NONE)
        return refuse(adding, index, "uniqueness", attribute->name, "what is added to a built-in schema is not unique");
    bool reserved = strcasecmp(attribute->name, "members") == 0 || strcasecmp(attribute->name, "groups") == 0;
    if (!adding->of.parent && reserved)
        return refuse(adding, index, "name", attribute->name, "this name is reserved");
    for (size_t i = 0; i < attribute->sub_attribute_count; i++)
        if (!check_added(adding, index, &attribute->sub_attributes[i]))
            return false;
    return true;
}

static struct scim_attribute *find_built_in(const struct adding *adding, const char *name)
{
    for (size_t i = 0; name && i < adding->built_in; i++)
        if (strcasecmp(adding->attributes[i].name, name) == 0)
            return &adding->attributes[i];
    return NULL;
}

/* The new ones behind those that there are. */
static bool append(struct adding *adding, const json_t *list, size_t index, struct scim_attribute *parent)
{
    struct catalog *catalog = adding->catalog;
    const struct catalog_place element = {.in = adding->of.listed, .index = index},
                               place = {.in = &element, .name = "subAttributes"};
    const struct catalog_attributes of = {.urn = adding->of.urn, .parent = parent->name, .listed = &place};
    const struct adding subs = {.catalog = catalog, .of = of};
    const struct scim_attribute *fresh;
    size_t count = json_array_size(list), known = parent->sub_attribute_count;
    if (!catalog_attributes(catalog, list, &of, &fresh))
        return false;
    for (size_t i = 0; i < count; i++)
        if (scim_sub_attribute(parent, slice_str(fresh[i].name)))
            return refuse(&subs, i, "name", fresh[i].name, "it is built in");
        else if (!check_added(&subs, i, &fresh[i]))
            return false;
    struct scim_attribute *all = arena_array(catalog->arena, struct scim_attribute, known + count);
    memcpy(all, parent->sub_attributes, known * sizeof *all);
    memcpy(all + known, fresh, count * sizeof *all);
    parent->sub_attributes = all;
    parent->sub_attribute_count = known + count;
    return true;
}

/* {"name": "name", "subAttributes": […]}: the rest of a built-in attribute is as it is. */
static bool add_to_attribute(struct adding *adding, const json_t *json, size_t index, struct scim_attribute *attribute)
{
    static const char *const members[] = {"name", "subAttributes", NULL};
    const struct catalog_place place = {.in = adding->of.listed, .index = index};
    struct catalog_reader reader = {
        adding->catalog, json,
        arena_printf(adding->catalog->arena, "Attribute \"%s\" of %s", attribute->name, adding->of.urn), &place};
    const json_t *list;
    if (attribute->type != SCIM_COMPLEX || attribute->mutability == SCIM_READ_ONLY ||
        strcmp(attribute->name, "members") == 0)
        return catalog_refuse(&reader, "name", "it is built in");
    if (!catalog_open(&reader, members) || !catalog_list(&reader, "subAttributes", SCIM_CATALOG_ATTRIBUTES, &list))
        return false;
    if (json_array_size(list) == 0)
        return catalog_refuse(&reader, "name", "it is built in: only \"subAttributes\" can be added to it");
    return append(adding, list, index, attribute);
}

static bool add_attribute(struct adding *adding, const json_t *json, size_t index)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    struct scim_attribute *built_in = find_built_in(adding, name);
    if (built_in)
        return add_to_attribute(adding, json, index, built_in);
    const struct scim_attribute *fresh;
    json_scoped *alone = json_pack("[O]", json);
    struct catalog_attributes of = adding->of;
    of.first = index;
    if (!catalog_attributes(adding->catalog, alone, &of, &fresh))
        return false;
    for (size_t i = adding->built_in; i < adding->count; i++)
        if (strcasecmp(adding->attributes[i].name, fresh->name) == 0)
            return refuse(adding, index, "name", fresh->name, "there are two of this name");
    if (!check_added(adding, index, fresh))
        return false;
    adding->attributes[adding->count++] = *fresh;
    return true;
}

static bool open_addition(struct catalog *catalog, const json_t *json, size_t at, const struct catalog_place *place,
                          const json_t **list_out)
{
    static const char *const members[] = {"schemas", "id", "attributes", "meta", NULL};
    struct catalog_reader reader = {catalog, json, arena_printf(catalog->arena, "Schema \"%s\"", scim_schemas[at]->urn),
                                    place};
    if (!is_open(scim_schemas[at]))
        return catalog_refuse(&reader, "id", "nothing can be added to this built-in schema");
    if (catalog->schemas[at] != scim_schemas[at])
        return catalog_refuse(&reader, "id", "it is there twice");
    return catalog_open(&reader, members) && catalog_list(&reader, "attributes", SCIM_CATALOG_ATTRIBUTES, list_out) &&
           (json_array_size(*list_out) > 0 || catalog_refuse(&reader, "attributes", "it has no attributes"));
}

bool catalog_add(struct catalog *catalog, const json_t *json, const struct catalog_place *place)
{
    size_t at = place_of(json_string_value(json_object_get(json, "id")));
    const struct scim_schema *built_in = scim_schemas[at];
    const struct catalog_place listed = {.in = place, .name = "attributes"};
    const json_t *list = NULL;
    if (!open_addition(catalog, json, at, place, &list))
        return false;
    struct adding adding = {.catalog = catalog, .of = {.urn = built_in->urn, .listed = &listed}};
    adding.attributes =
        arena_array(catalog->arena, struct scim_attribute, built_in->attribute_count + json_array_size(list));
    memcpy(adding.attributes, built_in->attributes, built_in->attribute_count * sizeof *adding.attributes);
    adding.built_in = adding.count = built_in->attribute_count;
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!add_attribute(&adding, json_array_get(list, i), i))
            return false;
    struct scim_schema *schema = arena_new(catalog->arena, struct scim_schema);
    *schema = *built_in;
    schema->attributes = adding.attributes;
    schema->attribute_count = adding.count;
    catalog->schemas[at] = schema;
    return true;
}
