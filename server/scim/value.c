#include "value.h"

#include "scim/resource.h"

bool value_is_derived(const struct scim_attribute *attribute, const struct scim_attribute *sub)
{
    return strcmp(sub->name, "$ref") == 0 && strcmp(attribute->name, "manager") == 0;
}

bool value_is_blank(const struct scim_attribute *attribute, const json_t *value)
{
    const json_t *inner = json_object_get(value, "value");
    return attribute->type == SCIM_COMPLEX && !attribute->multi_valued && value_is_text(inner, "");
}

bool value_visit(const json_t *object, const struct value_visitor *visitor)
{
    size_t seen = 0, size = json_object_size(object);

    /* Nearly every client spells names as the schema does: look those up, and search for the rest only. */
    for (size_t i = 0; i < visitor->count && seen < size; i++) {
        const json_t *value = json_object_get(object, visitor->attributes[i].name);
        if (!value)
            continue;
        seen++;
        if (!visitor->declared(visitor->context, &visitor->attributes[i], value))
            return false;
    }
    if (seen == size)
        return true;

    const char *name;
    json_t *value;
    json_object_foreach (value_iterable(object), name, value) {
        const struct scim_attribute *attribute = NULL;
        for (size_t i = 0; i < visitor->count && !attribute; i++)
            if (slice_equals_ascii_nocase(slice_str(name), slice_str(visitor->attributes[i].name)))
                attribute = &visitor->attributes[i];
        if (!attribute && !visitor->other(visitor->context, name, value))
            return false;
        if (attribute && strcmp(attribute->name, name) != 0 && !visitor->declared(visitor->context, attribute, value))
            return false;
    }
    return true;
}

struct complex {
    const struct scim_attribute *attribute;
    const struct value_place *place;
    json_t *object;
};

static bool take_sub(void *context, const struct scim_attribute *sub, const json_t *value)
{
    struct complex *complex = context;
    const struct value_place inside = {complex->place->policy, complex->place->path, sub->name, complex->place->err};
    bool unassigned = false;

    if (sub->mutability == SCIM_READ_ONLY || value_is_derived(complex->attribute, sub))
        return true;
    json_t *taken = value_normalise(value, sub, &inside, &unassigned);
    if (taken)
        json_object_set_new_nocheck(complex->object, sub->name, taken);
    return taken || unassigned;
}

static bool take_other_sub(void *context, const char *name, const json_t *value)
{
    struct complex *complex = context;
    const struct value_place inside = {complex->place->policy, complex->place->path, name, complex->place->err};
    return value_keep_undeclared(complex->object, name, value, &inside);
}

static json_t *complex_object(const json_t *value, const struct scim_attribute *attribute,
                              const struct value_place *place, bool *unassigned_out)
{
    json_scoped *object = json_object();
    struct complex complex = {attribute, place, object};
    const struct value_visitor visitor = {attribute->sub_attributes, attribute->sub_attribute_count, take_sub,
                                          take_other_sub, &complex};
    if (!value_visit(value, &visitor))
        return NULL;
    if (scim_lenient(place->policy, SCIM_ROLES_AS_JSON_TEXT) && strcmp(attribute->name, "roles") == 0)
        value_open_role(object);
    if (json_object_size(object) == 0 || value_is_blank(attribute, object)) {
        *unassigned_out = true;
        return NULL;
    }
    return value_in_order(object, attribute->sub_attributes, attribute->sub_attribute_count, NULL);
}

/* L-09: a plain string where an object with a `value` belongs. */
static json_t *complex_from_text(const json_t *text, const struct scim_attribute *attribute,
                                 const struct value_place *place, bool *unassigned_out)
{
    const struct scim_attribute *sub = scim_sub_attribute(attribute, SLICE_LITERAL("value"));

    if (json_string_length(text) == 0) {
        *unassigned_out = true;
        return NULL;
    }
    if (!sub) {
        value_refuse(place, "an object");
        return NULL;
    }
    const struct value_place inside = {place->policy, place->path, sub->name, place->err};
    json_t *value = value_normalise(text, sub, &inside, unassigned_out);
    if (!value)
        return NULL;
    json_t *object = json_object();
    json_object_set_new_nocheck(object, sub->name, value);
    return object;
}

static json_t *one_value(const json_t *value, const struct scim_attribute *attribute, const struct value_place *place,
                         bool *unassigned_out)
{
    if (attribute->type != SCIM_COMPLEX)
        return value_simple(value, attribute, place, unassigned_out);
    if (json_is_object(value))
        return complex_object(value, attribute, place, unassigned_out);
    if (json_is_string(value) && scim_lenient(place->policy, SCIM_TEXT_FOR_COMPLEX))
        return complex_from_text(value, attribute, place, unassigned_out);
    value_refuse(place, "an object");
    return NULL;
}

static json_t *list_of_values(const json_t *list, const struct scim_attribute *attribute,
                              const struct value_place *place, bool *unassigned_out)
{
    json_scoped *taken = json_array();
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *element = json_array_get(list, i);
        bool nothing = false;
        if (json_is_null(element)) {
            value_refuse(place, "a list without null");
            return NULL;
        }
        json_t *value = one_value(element, attribute, place, &nothing);
        if (!value && !nothing)
            return NULL;
        if (value)
            json_array_append_new(taken, value);
    }
    if (json_array_size(taken) > 0)
        return json_incref(taken);
    *unassigned_out = true;
    return NULL;
}

static json_t *multi_value(const json_t *value, const struct scim_attribute *attribute, const struct value_place *place,
                           bool *unassigned_out)
{
    if (json_is_array(value))
        return list_of_values(value, attribute, place, unassigned_out);
    if (value_is_text(value, "") && scim_lenient(place->policy, SCIM_TEXT_FOR_COMPLEX)) {
        *unassigned_out = true;
        return NULL;
    }
    if (!scim_lenient(place->policy, SCIM_LISTS_AND_SINGLES)) {
        value_refuse(place, "a list");
        return NULL;
    }
    json_t *only = one_value(value, attribute, place, unassigned_out);
    if (!only)
        return NULL;
    json_t *list = json_array();
    json_array_append_new(list, only);
    return list;
}

/* The x of {"value": x} (L-21). */
static const json_t *wrapped(const json_t *element)
{
    return json_object_size(element) == 1 ? json_member_nocase(element, SLICE_LITERAL("value"), NULL) : NULL;
}

json_t *value_normalise(const json_t *value, const struct scim_attribute *attribute, const struct value_place *place,
                        bool *unassigned_out)
{
    *unassigned_out = false;
    if (json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0)) {
        *unassigned_out = true;
        return NULL;
    }
    if (attribute->multi_valued)
        return multi_value(value, attribute, place, unassigned_out);
    if (!json_is_array(value))
        return one_value(value, attribute, place, unassigned_out);
    const json_t *only = json_array_size(value) == 1 ? json_array_get(value, 0) : NULL, *inner = wrapped(only);
    if (inner && attribute->type != SCIM_COMPLEX && scim_lenient(place->policy, SCIM_WRAPPED_VALUES))
        return one_value(inner, attribute, place, unassigned_out);
    if (only && scim_lenient(place->policy, SCIM_LISTS_AND_SINGLES))
        return one_value(only, attribute, place, unassigned_out);
    value_refuse(place, "a single value");
    return NULL;
}

json_t *scim_value_normalise(const json_t *value, const struct scim_attribute *attribute,
                             const struct scim_policy *policy, const char *path, bool *unassigned_out, struct err *err)
{
    const struct value_place place = {policy, path, NULL, err};
    return value_normalise(value, attribute, &place, unassigned_out);
}
