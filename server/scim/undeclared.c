#include "scim/undeclared.h"

#include <stdio.h>

#include "value.h"

struct look {
    void (*visit)(struct slice path, const json_t *value, void *context);
    void *context;
    const char *urn; /* of the object that is looked at; NULL: the resource itself */
};

static void tell(const struct look *look, const char *name, const char *sub, const json_t *value)
{
    char path[SCIM_UNDECLARED_PATH_BYTES + 1];
    int len = snprintf(path, sizeof path, "%s%s%s%s%s", look->urn ? look->urn : "", look->urn ? ":" : "", name,
                       sub ? "." : "", sub ? sub : "");
    if (len > 0 && (size_t)len < sizeof path)
        look->visit(slice_of(path, (size_t)len), value, look->context);
}

/* A list of attributes that is walked along with an object whose members stand in the same order. */
struct walk {
    const struct scim_attribute *attributes;
    size_t count, at;
};

static const struct scim_attribute *find_from(struct walk *walk, size_t from, size_t to, const char *name)
{
    for (size_t i = from; i < to; i++) {
        if (walk->attributes[i].name[0] == name[0] && strcmp(walk->attributes[i].name, name) == 0) {
            walk->at = i + 1;
            return &walk->attributes[i];
        }
    }
    return NULL;
}

static const struct scim_attribute *next_named(struct walk *walk, const char *name)
{
    size_t at = walk->at;
    const struct scim_attribute *attribute = find_from(walk, at, walk->count, name);
    return attribute ? attribute : find_from(walk, 0, at, name);
}

static void look_at_subs(const struct look *look, const struct scim_attribute *attribute, const json_t *value)
{
    struct walk walk = {attribute->sub_attributes, attribute->sub_attribute_count, 0};
    json_t *object = value_iterable(value);
    for (void *at = json_object_iter(object); at; at = json_object_iter_next(object, at)) {
        const char *name = json_object_iter_key(at);
        if (!next_named(&walk, name))
            tell(look, attribute->name, name, json_object_iter_value(at));
    }
}

static void look_at_complex(const struct look *look, const struct scim_attribute *attribute, const json_t *value)
{
    if (!json_is_array(value)) {
        look_at_subs(look, attribute, value);
        return;
    }
    for (size_t i = 0; i < json_array_size(value); i++)
        look_at_subs(look, attribute, json_array_get(value, i));
}

/* Values are fetched for the few that are looked into: every write of every resource comes along here. */
static void look_at_value(const struct look *look, const struct scim_attribute *attribute, void *member)
{
    if (attribute->type == SCIM_COMPLEX)
        look_at_complex(look, attribute, json_object_iter_value(member));
}

/* What stands under a URN. schema NULL: no schema of the type, so all of it is undeclared. */
static void look_at_urn(const struct look *outer, const char *urn, const struct scim_schema *schema,
                        const json_t *object)
{
    const struct look look = {outer->visit, outer->context, urn};
    struct walk walk = {schema ? schema->attributes : NULL, schema ? schema->attribute_count : 0, 0};
    json_t *members = value_iterable(object);
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        const char *name = json_object_iter_key(at);
        const struct scim_attribute *attribute = next_named(&walk, name);
        if (attribute)
            look_at_value(&look, attribute, at);
        else
            tell(&look, name, NULL, json_object_iter_value(at));
    }
}

static void look_at_other(const struct look *look, const struct scim_resource_type *type, const char *name,
                          const json_t *value)
{
    if (scim_schema_attribute(&scim_common, slice_str(name)))
        return;
    if (strchr(name, ':') && json_is_object(value))
        look_at_urn(look, name, scim_type_extension(type, slice_str(name)), value);
    else
        tell(look, name, NULL, value);
}

void scim_undeclared_visit(const json_t *document, const struct scim_resource_type *type,
                           void (*visit)(struct slice path, const json_t *value, void *context), void *context)
{
    const struct look look = {visit, context, NULL};
    struct walk walk = {type->schema->attributes, type->schema->attribute_count, 0};
    json_t *members = value_iterable(document);
    for (void *at = json_object_iter(members); at; at = json_object_iter_next(members, at)) {
        const char *name = json_object_iter_key(at);
        const struct scim_attribute *attribute = next_named(&walk, name);
        if (attribute)
            look_at_value(&look, attribute, at);
        else
            look_at_other(&look, type, name, json_object_iter_value(at));
    }
}
