/* One schema of a catalog, and its attributes. */
#include <ctype.h>
#include <stdio.h>

#include "catalog_parts.h"
#include "path_value.h"

enum { NAME_BYTES = 128, URN_BYTES = 200, DESCRIPTION_BYTES = 1000 };

static const char *const type_words[] = {"string", "boolean",   "integer", "decimal", "dateTime",
                                         "binary", "reference", "complex", NULL};
static const char *const mutability_words[] = {"readWrite", "readOnly", "immutable", "writeOnly", NULL};
static const char *const returned_words[] = {"default", "always", "never", "request", NULL};
static const char *const uniqueness_words[] = {"none", "server", "global", NULL};

/* Names that have a meaning of their own in every resource; and a password, which is never kept. */
static bool is_taken(struct slice name)
{
    static const char *const taken[] = {"schemas", "id", "externalId", "meta", "password"};
    for (size_t i = 0; i < sizeof taken / sizeof *taken; i++)
        if (slice_equals_ascii_nocase(name, slice_str(taken[i])))
            return true;
    return false;
}

static bool read_name(const struct catalog_reader *reader, bool is_sub, const char **name_out)
{
    if (!catalog_needed_text(reader, "name", NAME_BYTES, name_out))
        return false;
    struct slice name = slice_str(*name_out);
    bool has_dollar = slice_starts_with(name, SLICE_LITERAL("$")); /* "$ref" is a sub-attribute's */
    if (!scim_path_is_name(name) || (has_dollar && !is_sub))
        return catalog_refuse(reader, "name", "a name is a letter, then letters, digits, \"-\", \"_\" or \"$\"");
    return is_sub || !is_taken(name) || catalog_refuse(reader, "name", "this name is reserved");
}

static bool read_keywords(const struct catalog_reader *reader, struct scim_attribute *attribute)
{
    unsigned mutability = SCIM_READ_WRITE, uniqueness = SCIM_UNIQUE_NONE;
    attribute->description = "";
    if (!catalog_text(reader, "description", DESCRIPTION_BYTES, &attribute->description) ||
        !catalog_flag(reader, "multiValued", &attribute->multi_valued) ||
        !catalog_flag(reader, "required", &attribute->required) ||
        !catalog_word(reader, "mutability", mutability_words, &mutability) ||
        !catalog_word(reader, "uniqueness", uniqueness_words, &uniqueness))
        return false;
    attribute->mutability = (enum scim_mutability)mutability;
    attribute->uniqueness = (enum scim_uniqueness)uniqueness;

    unsigned returned = mutability == SCIM_WRITE_ONLY ? SCIM_RETURNED_NEVER : SCIM_RETURNED_DEFAULT;
    if (!catalog_word(reader, "returned", returned_words, &returned))
        return false;
    attribute->returned = (enum scim_returned)returned;
    return mutability != SCIM_WRITE_ONLY || returned == SCIM_RETURNED_NEVER ||
           catalog_refuse(reader, "returned", "what is writeOnly is \"returned\": \"never\"");
}

static bool read_type(const struct catalog_reader *reader, bool is_sub, struct scim_attribute *attribute)
{
    unsigned type = SCIM_STRING;
    if (!catalog_word(reader, "type", type_words, &type))
        return false;
    if (is_sub && type == SCIM_COMPLEX)
        return catalog_refuse(reader, "type", "a sub-attribute cannot be complex (RFC 7643 section 2.3.8)");
    attribute->type = (enum scim_data_type)type;
    attribute->case_exact = type == SCIM_BINARY || type == SCIM_REFERENCE;
    return catalog_flag(reader, "caseExact", &attribute->case_exact) &&
           catalog_texts(reader, "canonicalValues", &attribute->canonical_values) &&
           catalog_texts(reader, "referenceTypes", &attribute->reference_types);
}

static bool read_sub_attributes(const struct catalog_reader *reader, const char *urn, struct scim_attribute *attribute)
{
    const json_t *list;
    if (!catalog_list(reader, "subAttributes", SCIM_CATALOG_ATTRIBUTES, &list))
        return false;
    attribute->sub_attribute_count = json_array_size(list);
    bool is_complex = attribute->type == SCIM_COMPLEX;
    if (is_complex != (attribute->sub_attribute_count > 0))
        return catalog_refuse(reader, "subAttributes", "%s",
                              is_complex ? "a complex attribute needs \"subAttributes\""
                                         : "only a complex attribute has \"subAttributes\"");
    const struct catalog_place place = {.in = reader->place, .name = "subAttributes"};
    const struct catalog_attributes of = {.urn = urn, .parent = attribute->name, .listed = &place};
    return !is_complex || catalog_attributes(reader->catalog, list, &of, &attribute->sub_attributes);
}

static struct catalog_reader reader_of(struct catalog *catalog, const json_t *json, const struct catalog_attributes *of,
                                       const struct catalog_place *place)
{
    const char *name = json_string_value(json_object_get(json, "name"));
    const char *called = arena_printf(catalog->arena, "Attribute \"%s%s%.64s\" of %s", of->parent ? of->parent : "",
                                      of->parent ? "." : "", name ? name : "?", of->urn);
    return (struct catalog_reader){catalog, json, called, place};
}

static bool read_attribute(struct catalog *catalog, const json_t *json, const struct catalog_attributes *of,
                           size_t index, struct scim_attribute *attribute)
{
    static const char *const members[] = {
        "name",       "type",      "description",     "multiValued",    "required",      "mutability", "returned",
        "uniqueness", "caseExact", "canonicalValues", "referenceTypes", "subAttributes", NULL};
    const struct catalog_place place = {.in = of->listed, .index = of->first + index};
    struct catalog_reader reader = reader_of(catalog, json, of, &place);
    if (++catalog->attribute_count > SCIM_CATALOG_ATTRIBUTES)
        return catalog_refuse(&reader, NULL, "a catalog has at most %d attributes", (int)SCIM_CATALOG_ATTRIBUTES);
    return catalog_open(&reader, members) && read_name(&reader, of->parent, &attribute->name) &&
           read_keywords(&reader, attribute) && read_type(&reader, of->parent, attribute) &&
           read_sub_attributes(&reader, of->urn, attribute);
}

static bool is_known(const struct scim_attribute *attributes, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equals_ascii_nocase(slice_str(attributes[i].name), slice_str(name)))
            return true;
    return false;
}

static bool refuse_double(struct catalog *catalog, const json_t *json, const struct catalog_attributes *of,
                          size_t index)
{
    const struct catalog_place place = {.in = of->listed, .index = of->first + index};
    const struct catalog_reader reader = reader_of(catalog, json, of, &place);
    return catalog_refuse(&reader, "name", "there are two of this name");
}

bool catalog_attributes(struct catalog *catalog, const json_t *list, const struct catalog_attributes *of,
                        const struct scim_attribute **attributes_out)
{
    size_t count = json_array_size(list);
    struct scim_attribute *attributes = arena_array(catalog->arena, struct scim_attribute, count);
    for (size_t i = 0; i < count; i++) {
        if (!read_attribute(catalog, json_array_get(list, i), of, i, &attributes[i]))
            return false;
        if (is_known(attributes, i, attributes[i].name))
            return refuse_double(catalog, json_array_get(list, i), of, i);
    }
    *attributes_out = attributes;
    return true;
}

/* "urn:", a namespace, and something in it (RFC 8141), without what would disturb a path. */
static bool is_urn(const char *urn)
{
    if (!slice_starts_with_ascii_nocase(slice_str(urn), SLICE_LITERAL("urn:")))
        return false;
    const char *namespace = urn + 4, *colon = strchr(namespace, ':');
    if (!colon || colon == namespace || colon - namespace > 32)
        return false;
    for (const char *c = namespace; c < colon; c++)
        if (!isalnum((unsigned char)*c) && *c != '-')
            return false;
    for (const char *c = colon + 1; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr("-._~:!$&'*+,;=@%/", *c))
            return false;
    size_t len = strlen(colon);
    return len > 1 && colon[len - 1] != ':';
}

static bool check_urn(const struct catalog_reader *reader, const char *urn)
{
    if (!is_urn(urn))
        return catalog_refuse(reader, "id", "\"id\" must be a URN such as urn:example:params:scim:schemas:Device");
    if (slice_starts_with_ascii_nocase(slice_str(urn), SLICE_LITERAL("urn:ietf:params:scim:api:")))
        return catalog_refuse(reader, "id", "this is the URN of a message, not of a schema");
    for (size_t i = 0; i < reader->catalog->schema_count; i++)
        if (slice_equals_ascii_nocase(slice_str(urn), slice_str(reader->catalog->schemas[i]->urn)))
            return catalog_refuse(reader, "id", "there is a schema of this URN already");
    return true;
}

const struct scim_schema *catalog_schema(struct catalog *catalog, const json_t *json, const struct catalog_place *place)
{
    static const char *const members[] = {"schemas", "id", "name", "description", "attributes", "meta", NULL};
    struct scim_schema *schema = arena_new(catalog->arena, struct scim_schema);
    const char *urn = json_string_value(json_object_get(json, "id"));
    struct catalog_reader reader = {catalog, json, arena_printf(catalog->arena, "Schema \"%.100s\"", urn ? urn : "?"),
                                    place};
    const json_t *list;
    if (!catalog_open(&reader, members) || !catalog_needed_text(&reader, "id", URN_BYTES, &schema->urn) ||
        !check_urn(&reader, schema->urn))
        return NULL;
    schema->name = schema->urn;
    schema->description = "";
    if (!catalog_text(&reader, "name", NAME_BYTES, &schema->name) ||
        !catalog_text(&reader, "description", DESCRIPTION_BYTES, &schema->description) ||
        !catalog_list(&reader, "attributes", SCIM_CATALOG_ATTRIBUTES, &list))
        return NULL;
    schema->attribute_count = json_array_size(list);
    if (schema->attribute_count == 0) {
        catalog_refuse(&reader, "attributes", "it has no attributes");
        return NULL;
    }
    const struct catalog_place attributes = {.in = place, .name = "attributes"};
    const struct catalog_attributes of = {.urn = schema->urn, .listed = &attributes};
    return catalog_attributes(catalog, list, &of, &schema->attributes) ? schema : NULL;
}
