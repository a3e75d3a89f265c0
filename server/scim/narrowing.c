#include "scim/narrowing.h"

#include <strings.h>

#include "scim/path.h"

struct comparison {
    void (*visit)(const struct scim_narrowing *narrowing, void *context);
    void *context;
};

static void tell(const struct comparison *comparison, struct scim_narrowing narrowing, const char *what)
{
    narrowing.what = what;
    comparison->visit(&narrowing, comparison->context);
}

/* NULL: documents fit as they did before. */
static const char *change_of(const struct scim_attribute *before, const struct scim_attribute *after)
{
    if (!after)
        return "is no more";
    if (before->type != after->type)
        return "has another type";
    if (before->multi_valued != after->multi_valued)
        return after->multi_valued ? "is a list now" : "is no list any more";
    return NULL;
}

static void compare_subs(const struct comparison *comparison, struct scim_narrowing narrowing,
                         const struct scim_attribute *after)
{
    for (size_t i = 0; i < narrowing.attribute->sub_attribute_count; i++) {
        narrowing.sub = &narrowing.attribute->sub_attributes[i];
        const char *what = change_of(narrowing.sub, scim_sub_attribute(after, slice_str(narrowing.sub->name)));
        if (what)
            tell(comparison, narrowing, what);
    }
}

static void compare_schemas(const struct comparison *comparison, struct scim_narrowing narrowing,
                            const struct scim_schema *after)
{
    for (size_t i = 0; narrowing.schema != after && i < narrowing.schema->attribute_count; i++) {
        narrowing.attribute = &narrowing.schema->attributes[i];
        narrowing.sub = NULL;
        const struct scim_attribute *now = scim_schema_attribute(after, slice_str(narrowing.attribute->name));
        const char *what = change_of(narrowing.attribute, now);
        if (what)
            tell(comparison, narrowing, what);
        else
            compare_subs(comparison, narrowing, now);
    }
}

static void compare_types(const struct comparison *comparison, const struct scim_resource_type *before,
                          const struct scim_resource_type *after)
{
    struct scim_narrowing narrowing = {.type = before};
    if (!after || strcasecmp(before->schema->urn, after->schema->urn) != 0) {
        tell(comparison, narrowing, after ? "has another schema" : "is no more");
        return;
    }
    narrowing.schema = before->schema;
    compare_schemas(comparison, narrowing, after->schema);
    for (size_t i = 0; i < before->extension_count; i++) {
        narrowing.schema = before->extensions[i];
        narrowing.attribute = narrowing.sub = NULL;
        const struct scim_schema *now = scim_type_extension(after, slice_str(narrowing.schema->urn));
        if (now)
            compare_schemas(comparison, narrowing, now);
        else
            tell(comparison, narrowing, "extends it no longer");
    }
}

void scim_rules_narrow(const struct scim_rules *before, const struct scim_rules *after,
                       void (*visit)(const struct scim_narrowing *narrowing, void *context), void *context)
{
    const struct comparison comparison = {visit, context};
    for (size_t i = 0; i < before->type_count; i++)
        compare_types(&comparison, before->types[i], scim_rules_type(after, before->types[i]->code));
}

static bool is_value(const json_t *value, void *context)
{
    (void)value;
    (void)context;
    return true;
}

bool scim_narrowing_meets(const struct scim_narrowing *narrowing, const json_t *document)
{
    if (!narrowing->schema)
        return true;
    if (!narrowing->attribute)
        return json_object_size(json_object_get(document, narrowing->schema->urn)) > 0;
    const struct scim_path path = {.schema = narrowing->schema,
                                   .extension = narrowing->schema != narrowing->type->schema,
                                   .attribute = narrowing->attribute,
                                   .sub = narrowing->sub,
                                   .sub_name = narrowing->sub ? slice_str(narrowing->sub->name) : SLICE_EMPTY};
    return scim_path_visit(&path, document, is_value, NULL);
}

const char *scim_narrowing_name(const struct scim_narrowing *narrowing)
{
    if (narrowing->sub)
        return narrowing->sub->name;
    if (narrowing->attribute)
        return narrowing->attribute->name;
    return narrowing->schema ? narrowing->schema->urn : NULL;
}
