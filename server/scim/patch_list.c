#include "patch_parts.h"

/* The list's elements that a step touched keep their `primary`; every other one steps back (P-11). */
static void demote_others(json_t *list, const bool *touched)
{
    for (size_t i = 0; i < json_array_size(list); i++)
        if (!touched[i] && json_is_true(json_object_get(json_array_get(list, i), "primary")))
            json_object_set_new_nocheck(patch_own_element(list, i), "primary", json_false());
}

static bool *flags(const struct patch_work *work, const json_t *list)
{
    return arena_array(work->arena, bool, json_array_size(list) + 1);
}

static json_t *own_list(json_t *home, const char *name)
{
    json_t *list = patch_own_member(home, name);
    if (json_is_array(list))
        return list;
    list = json_array();
    json_object_set_new_nocheck(home, name, list);
    return list;
}

/* Adds one value that is to be the primary one: merged into the element that is the same (value_distinct would do so
 * later, but the others must step back now). */
static void add_primary(const struct patch_work *work, json_t *list, json_t *value)
{
    size_t at = 0, size = json_array_size(list);
    while (at < size && !value_is_same(json_array_get(list, at), value))
        at++;
    if (at < size)
        json_object_update(patch_own_element(list, at), value);
    else
        json_array_append(list, value);

    bool *touched = flags(work, list);
    touched[at] = true;
    demote_others(list, touched);
}

/* What is added to a list (P-17), or put in the place of one of its values, may be one value: that is no leniency. */
static json_t *one_or_more(const json_t *value, const struct scim_attribute *attribute, const struct value_place *place,
                           bool *unassigned_out)
{
    json_scoped *list = json_is_object(value) ? json_pack("[O]", value) : value_share(value);
    return value_normalise(list, attribute, place, unassigned_out);
}

/* All values of the attribute at once. What is added twice is merged when the document is put in order. */
static bool set_all(const struct patch_work *work, json_t *home, const struct patch_step *step)
{
    const struct scim_attribute *attribute = step->path.attribute;
    const struct value_place place = {work->policy, attribute->name, NULL, work->err};
    bool unassigned = false;

    if (step->op == PATCH_REPLACE || attribute->mutability == SCIM_IMMUTABLE)
        return patch_set_member(work, home, NULL, attribute, PATCH_REPLACE, step->value);
    json_scoped *values = one_or_more(step->value, attribute, &place, &unassigned);
    if (!values)
        return unassigned;
    if (value_primaries(values) > 1)
        return err_set(work->err, ERR_INVALID_VALUE, "\"%s\" would have more than one primary value.", attribute->name);

    json_t *list = own_list(home, attribute->name);
    for (size_t i = 0; i < json_array_size(values); i++) {
        json_t *value = json_array_get(values, i);
        if (json_is_true(json_object_get(value, "primary")))
            add_primary(work, list, value);
        else
            json_array_append(list, value);
    }
    return true;
}

static json_t *json_of_literal(const struct scim_literal *literal)
{
    switch (literal->kind) {
    case SCIM_LITERAL_BOOLEAN:
        return json_boolean(literal->boolean);
    case SCIM_LITERAL_NUMBER:
        return literal->is_integer ? json_integer(literal->integer) : json_real(literal->number);
    case SCIM_LITERAL_TEXT:
        return json_from_slice(literal->text);
    case SCIM_LITERAL_NULL:
        break;
    }
    return json_null();
}

/* Gives `element` what a filter of `eq` terms joined by `and` asks for; false when it says anything else (L-06). */
static bool fulfil(const struct patch_work *work, const struct scim_filter *filter,
                   const struct scim_attribute *attribute, json_t *element)
{
    if (filter->kind == SCIM_AND)
        return fulfil(work, filter->left, attribute, element) && fulfil(work, filter->right, attribute, element);
    if (filter->kind != SCIM_COMPARE || filter->op != SCIM_EQ || !filter->path.sub)
        return false;
    json_scoped *literal = json_of_literal(&filter->literal);
    return patch_set_member(work, element, attribute, filter->path.sub, PATCH_REPLACE, literal);
}

static bool refuse_target(const struct patch_work *work, const struct patch_step *step)
{
    return err_set(work->err, ERR_NO_TARGET, "No value of \"%s\" matches the path.", step->path.attribute->name);
}

/* The value that a path should have matched (L-06), or the first one of a path without a filter. */
static bool create(const struct patch_work *work, json_t *list, const struct patch_step *step)
{
    const struct scim_attribute *attribute = step->path.attribute;
    bool nothing = json_is_null(step->value) || value_is_text(step->value, "");
    json_scoped *element = json_object();

    if (step->filter && !scim_lenient(work->policy, SCIM_CREATE_MISSING))
        return refuse_target(work, step);
    if (nothing) /* clearing what is not there */
        return true;
    if (step->filter && !fulfil(work, step->filter, attribute, element))
        return work->err->kind == ERR_NONE ? refuse_target(work, step) : false;
    if (patch_has_sub(&step->path)) {
        if (!patch_sub(work, element, step))
            return false;
    } else {
        bool unassigned = false;
        const struct value_place place = {work->policy, attribute->name, NULL, work->err};
        json_scoped *values = one_or_more(step->value, attribute, &place, &unassigned);
        if (!values)
            return unassigned;
        if (json_array_size(values) != 1)
            return refuse_target(work, step);
        json_object_update(element, json_array_get(values, 0));
    }
    if (json_object_size(element) == 0)
        return true;
    if (json_is_true(json_object_get(element, "primary")))
        add_primary(work, list, element);
    else
        json_array_append(list, element);
    return true;
}

/* A value path without sub-attribute: replaced as a whole (P-30), or given more (P-19). */
static bool change_element(const struct patch_work *work, json_t *list, size_t i, const struct patch_step *step)
{
    const struct scim_attribute *attribute = step->path.attribute;

    if (patch_has_sub(&step->path))
        return patch_sub(work, patch_own_element(list, i), step);

    const struct value_place place = {work->policy, attribute->name, NULL, work->err};
    bool unassigned = false;
    json_scoped *values = one_or_more(step->value, attribute, &place, &unassigned);
    if (!values && !unassigned)
        return false;
    if (json_array_size(values) > 1)
        return value_refuse(&place, "a single value");
    if (values && step->op == PATCH_ADD)
        return patch_merge(work, patch_own_element(list, i), attribute, PATCH_ADD, json_array_get(values, 0));
    json_array_set_new(list, i, values ? json_incref(json_array_get(values, 0)) : json_object());
    return true;
}

static bool makes_primary(const struct patch_step *step, const json_t *element)
{
    bool whole = !patch_has_sub(&step->path);
    return (whole || (step->path.sub && strcmp(step->path.sub->name, "primary") == 0)) &&
           json_is_true(json_object_get(element, "primary"));
}

static bool set_matching(const struct patch_work *work, json_t *list, const struct patch_step *step)
{
    bool *touched = flags(work, list), any = false, primary = false;

    for (size_t i = 0; i < json_array_size(list); i++) {
        if (step->filter && !scim_filter_matches_value(step->filter, json_array_get(list, i)))
            continue;
        touched[i] = any = true;
        if (!change_element(work, list, i, step))
            return false;
        primary |= makes_primary(step, json_array_get(list, i));
    }
    if (!any)
        return create(work, list, step);
    if (primary)
        demote_others(list, touched);
    return true;
}

/* All values that match the path; with a sub-attribute only that goes. */
static bool remove_matching(const struct patch_work *work, json_t *home, json_t *list, const struct patch_step *step)
{
    json_scoped *kept = json_array();

    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *element = json_array_get(list, i);
        bool goes = !step->filter || scim_filter_matches_value(step->filter, element);
        if (goes && patch_has_sub(&step->path)) {
            element = patch_own_element(list, i);
            if (!patch_sub(work, element, step))
                return false;
            goes = json_object_size(element) == 0;
        }
        if (!goes)
            json_array_append(kept, element);
    }
    json_object_set_nocheck(home, step->path.attribute->name, kept);
    return true;
}

/* A removal that names values means those: that the others stay is what L-05 is about, and holds for every list. */
static void remove_listed(const struct patch_work *work, json_t *home, const json_t *list,
                          const struct patch_step *step)
{
    const struct scim_attribute *attribute = step->path.attribute;
    struct err ignored = ERR_INIT;
    const struct value_place place = {work->policy, attribute->name, NULL, &ignored};
    bool unassigned = false;
    json_scoped *values = value_normalise(step->value, attribute, &place, &unassigned);

    if (values)
        json_object_set_new_nocheck(home, attribute->name, value_without(list, values));
}

static bool remove_values(const struct patch_work *work, json_t *home, const struct patch_step *step)
{
    const struct scim_attribute *attribute = step->path.attribute;
    bool all = !step->filter && !patch_has_sub(&step->path);
    bool named = json_is_array(step->value) || json_is_object(step->value);
    bool listed = all && named && scim_lenient(work->policy, SCIM_REMOVE_LISTED);
    json_t *list = patch_own_member(home, attribute->name);

    if (!json_is_array(list))
        return true;
    if (attribute->mutability == SCIM_IMMUTABLE)
        return patch_set_member(work, home, NULL, attribute, PATCH_REMOVE, NULL);
    if (!listed)
        return remove_matching(work, home, list, step);
    remove_listed(work, home, list, step);
    return true;
}

bool patch_list(const struct patch_work *work, json_t *home, const struct patch_step *step)
{
    const char *name = step->path.attribute->name;
    bool all = !step->filter && !patch_has_sub(&step->path);

    if (step->op == PATCH_REMOVE)
        return remove_values(work, home, step);
    if (!(all ? set_all(work, home, step) : set_matching(work, own_list(home, name), step)))
        return false;
    /* Every further operation looks at the list: its length is bounded before the next one. */
    return json_array_size(json_object_get(home, name)) <= SCIM_MAX_VALUES || value_refuse_length(name, work->err);
}
