#include <stdlib.h>

#include "base/must.h"
#include "resource_parts.h"

static json_t *in_order(const struct scim_attribute *attribute, const json_t *value)
{
    return value_in_order(value, attribute->sub_attributes, attribute->sub_attribute_count, NULL);
}

static bool is_nothing(const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0) ||
           (json_is_object(value) && json_object_size(value) == 0);
}

static bool is_empty(const json_t *value) { return is_nothing(value) || value_is_text(value, ""); }

static bool has_required(const struct scim_attribute *attributes, size_t count, const json_t *object,
                         const char *prefix, const char *dot, struct err *err)
{
    for (size_t i = 0; i < count; i++) {
        if (!attributes[i].required || attributes[i].mutability == SCIM_READ_ONLY)
            continue;
        const json_t *value = json_object_get(object, attributes[i].name);
        if (!value || is_empty(value))
            return err_set(err, ERR_INVALID_VALUE, "\"%s%s%s\" is required and must not be empty.", prefix, dot,
                           attributes[i].name);
    }
    return true;
}

static bool has_required_subs(const struct scim_attribute *attribute, const json_t *value, struct err *err)
{
    return has_required(attribute->sub_attributes, attribute->sub_attribute_count, value, attribute->name, ".", err);
}

static json_t *arranged_list(const struct scim_attribute *attribute, const json_t *list, struct err *err)
{
    json_scoped *distinct = value_distinct(list);
    if (json_array_size(distinct) > SCIM_MAX_VALUES) {
        value_refuse_length(attribute->name, err);
        return NULL;
    }
    if (attribute->type != SCIM_COMPLEX)
        return json_incref(distinct);
    if (value_primaries(distinct) > 1) {
        err_set(err, ERR_INVALID_VALUE, "\"%s\" has more than one primary value.", attribute->name);
        return NULL;
    }
    json_scoped *arranged = json_array();
    bool same = true;
    for (size_t i = 0; i < json_array_size(distinct); i++) {
        const json_t *element = json_array_get(distinct, i);
        if (json_object_size(element) == 0) {
            same = false;
            continue;
        }
        if (json_object_size(element) > SCIM_MAX_MEMBERS)
            value_refuse_size(err);
        if (json_object_size(element) > SCIM_MAX_MEMBERS || !has_required_subs(attribute, element, err))
            return NULL;
        json_t *ordered = in_order(attribute, element);
        same &= ordered == element;
        json_array_append_new(arranged, ordered);
    }
    if (json_array_size(arranged) == 0)
        return NULL;
    return json_incref(same ? distinct : arranged);
}

/* The value in order and checked; NULL with an error when it is wrong, NULL without one when there is nothing left. */
static json_t *arranged_value(const struct scim_attribute *attribute, const json_t *value, struct err *err)
{
    if (attribute->mutability == SCIM_READ_ONLY || value_is_password(attribute) ||
        (attribute->type == SCIM_COMPLEX && is_empty(value)) || (attribute->multi_valued && is_empty(value)) ||
        value_is_blank(attribute, value))
        return NULL;
    if (attribute->multi_valued)
        return arranged_list(attribute, value, err);
    if (attribute->type != SCIM_COMPLEX)
        return value_share(value);
    return has_required_subs(attribute, value, err) ? in_order(attribute, value) : NULL;
}

struct arrangement {
    const json_t *source;
    json_t *target;
    size_t taken; /* members of the source that were looked at */
    struct err *err;
};

static bool take(struct arrangement *a, const struct scim_attribute *attributes, size_t count)
{
    for (size_t i = 0; i < count && a->taken < json_object_size(a->source); i++) {
        const json_t *value = json_object_get(a->source, attributes[i].name);
        if (!value)
            continue;
        a->taken++;
        json_t *arranged = arranged_value(&attributes[i], value, a->err);
        if (arranged)
            json_object_set_new_nocheck(a->target, attributes[i].name, arranged);
        else if (a->err->kind != ERR_NONE)
            return false;
    }
    return true;
}

/* An extension's object; the manager goes last, because documents are stored with it open (document.h). */
static json_t *arranged_extension(const struct scim_schema *schema, const json_t *object, struct err *err)
{
    json_scoped *target = json_object();
    struct arrangement a = {object, target, 0, err};
    if (!take(&a, schema->attributes, schema->attribute_count))
        return NULL;

    const char *name;
    json_t *value;
    json_object_foreach (value_iterable(object), name, value) {
        if (a.taken == json_object_size(object))
            break;
        if (!scim_schema_attribute(schema, slice_str(name)))
            json_object_set_nocheck(target, name, value);
    }
    if (json_object_size(target) > 0 &&
        !has_required(schema->attributes, schema->attribute_count, target, schema->urn, ":", err))
        return NULL;
    return value_in_order(target, schema->attributes, schema->attribute_count, "manager");
}

static bool take_extension(struct arrangement *a, const struct scim_schema *schema, json_t *schemas)
{
    const json_t *object = json_object_get(a->source, schema->urn);
    if (!object)
        return true;
    a->taken++;
    json_t *arranged = arranged_extension(schema, object, a->err);
    if (!arranged)
        return false;
    if (json_object_size(arranged) > 0) {
        json_array_append_new(schemas, json_string(schema->urn));
        json_object_set_nocheck(a->target, schema->urn, arranged);
    }
    json_decref(arranged);
    return true;
}

static bool is_enterprise(const struct scim_schema *schema) { return strcmp(schema->urn, SCIM_URN_ENTERPRISE) == 0; }

static bool take_extensions(struct arrangement *a, const struct scim_resource_type *type, json_t *schemas)
{
    for (int last = 0; last < 2; last++)
        for (size_t i = 0; i < type->extension_count; i++)
            if (is_enterprise(type->extensions[i]) == (last == 1) && !take_extension(a, type->extensions[i], schemas))
                return false;
    return true;
}

static bool has_required_extensions(const struct scim_resource_type *type, const json_t *document, struct err *err)
{
    for (size_t i = 0; type->extension_required && i < type->extension_count; i++)
        if (type->extension_required[i] && !json_object_get(document, type->extensions[i]->urn))
            return err_set(err, ERR_INVALID_VALUE, "The extension %s is required.", type->extensions[i]->urn);
    return true;
}

static bool is_declared(const struct scim_resource_type *type, const char *name)
{
    struct slice text = slice_str(name);
    return scim_schema_attribute(&scim_common, text) || scim_schema_attribute(type->schema, text) ||
           scim_type_extension(type, text);
}

/* What stands under a URN comes behind what stands under a plain name. */
static int compare_undeclared(const void *a, const void *b)
{
    const char *x = *(const char *const *)a, *y = *(const char *const *)b;
    bool x_is_urn = strchr(x, ':'), y_is_urn = strchr(y, ':');
    return x_is_urn != y_is_urn ? x_is_urn - y_is_urn : strcmp(x, y);
}

static void take_undeclared(struct arrangement *a, const struct scim_resource_type *type)
{
    size_t count = 0;
    const char *name, **names = calloc(json_object_size(a->source), sizeof *names);
    json_t *value;
    must(names);

    json_object_foreach (value_iterable(a->source), name, value) {
        if (!is_declared(type, name) && !is_nothing(value))
            names[count++] = name;
    }
    qsort(names, count, sizeof *names, compare_undeclared);
    for (size_t i = 0; i < count; i++)
        json_object_set_nocheck(a->target, names[i], json_object_get(a->source, names[i]));
    free(names);
}

/* A URN that no schema has stays listed when the client listed it and something stands under it. */
static void keep_foreign_urns(const struct arrangement *a, const struct scim_resource_type *type, json_t *schemas)
{
    json_scoped *listed = value_distinct(json_object_get(a->source, "schemas"));
    for (size_t i = 0; i < json_array_size(listed); i++) {
        const json_t *urn = json_array_get(listed, i);
        const char *text = json_string_value(urn);
        if (text && !is_declared(type, text) && json_is_object(json_object_get(a->target, text)))
            json_array_append_new(schemas, value_share(urn));
    }
}

static size_t present(const json_t *object, const char *name) { return json_object_get(object, name) ? 1 : 0; }

json_t *resource_arrange(const json_t *document, const struct scim_resource_type *type, struct err *err)
{
    json_scoped *target = json_object();
    json_t *schemas = json_array();
    struct arrangement a = {document, target, present(document, "schemas") + present(document, "meta"), err};
    *err = ERR_INIT;

    json_array_append_new(schemas, json_string(type->schema->urn));
    json_object_set_new_nocheck(target, "schemas", schemas);
    for (size_t i = 0; i < 2; i++) {
        static const char *const common[] = {"id", "externalId"};
        json_t *value = json_object_get(document, common[i]);
        if (!value)
            continue;
        a.taken++;
        json_object_set_nocheck(target, common[i], value);
    }
    if (!take(&a, type->schema->attributes, type->schema->attribute_count))
        return NULL;

    size_t extensions = 0;
    for (size_t i = 0; i < type->extension_count; i++)
        extensions += present(document, type->extensions[i]->urn);
    if (a.taken + extensions < json_object_size(document))
        take_undeclared(&a, type);
    if (!take_extensions(&a, type, schemas))
        return NULL;
    keep_foreign_urns(&a, type, schemas);
    if (!has_required(type->schema->attributes, type->schema->attribute_count, target, "", "", err) ||
        !has_required_extensions(type, target, err))
        return NULL;
    return json_incref(target);
}

bool scim_resource_finish(json_t *document, const struct scim_resource_type *type, const struct scim_policy *policy,
                          struct err *err)
{
    (void)policy;
    json_scoped *arranged = resource_arrange(document, type, err);
    if (!arranged)
        return false;
    json_object_clear(document);
    json_object_update(document, arranged);
    return true;
}
