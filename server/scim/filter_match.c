#include <inttypes.h>
#include <stdio.h>

#include "base/json.h"
#include "filter_instant.h"
#include "filter_text.h"
#include "path_value.h"

static bool compare_order(int order, enum scim_operator op)
{
    switch (op) {
    case SCIM_EQ:
        return order == 0;
    case SCIM_NE:
        return order != 0;
    case SCIM_GT:
        return order > 0;
    case SCIM_GE:
        return order >= 0;
    case SCIM_LT:
        return order < 0;
    case SCIM_LE:
        return order <= 0;
    case SCIM_CO:
    case SCIM_SW:
    case SCIM_EW:
        break;
    }
    return false;
}

static bool compare_number(const json_t *value, enum scim_operator op, const struct scim_literal *literal)
{
    if (!json_is_number(value))
        return op == SCIM_NE;
    if (json_is_integer(value) && literal->is_integer) {
        int64_t integer = json_integer_value(value);
        return compare_order((integer > literal->integer) - (integer < literal->integer), op);
    }
    /* A long double holds every int64_t and every double. */
    long double a = json_is_integer(value) ? (long double)json_integer_value(value) : json_real_value(value);
    long double b = literal->is_integer ? (long double)literal->integer : literal->number;
    return compare_order((a > b) - (a < b), op);
}

static bool compare_instant(const json_t *value, enum scim_operator op, const struct scim_literal *literal)
{
    struct scim_instant instant, wanted = {literal->instant_s, literal->instant_ns};
    if (!json_is_string(value) || !scim_instant_parse(json_slice(value), &instant))
        return op == SCIM_NE;
    return compare_order(scim_instant_compare(instant, wanted), op);
}

struct slice scim_undeclared_text(const json_t *value, char room[SCIM_SCALAR_TEXT_BYTES])
{
    if (json_is_string(value))
        return json_slice(value);
    if (json_is_integer(value))
        snprintf(room, SCIM_SCALAR_TEXT_BYTES, "%" PRId64, (int64_t)json_integer_value(value));
    else if (json_is_real(value))
        snprintf(room, SCIM_SCALAR_TEXT_BYTES, "%.17g", json_real_value(value));
    else
        snprintf(room, SCIM_SCALAR_TEXT_BYTES, "%s", json_is_true(value) ? "true" : "false");
    return slice_str(room);
}

/* Of unknown type: a number against a number as such, everything else as text. */
static bool compare_undeclared(const json_t *value, enum scim_operator op, const struct scim_literal *literal)
{
    char text[SCIM_SCALAR_TEXT_BYTES];
    if (json_is_object(value))
        return compare_undeclared(json_member_nocase(value, SLICE_LITERAL("value"), NULL), op, literal);
    if (!value || json_is_null(value) || json_is_array(value))
        return op == SCIM_NE;
    if (json_is_number(value) && literal->kind == SCIM_LITERAL_NUMBER && op != SCIM_CO && op != SCIM_SW &&
        op != SCIM_EW)
        return compare_number(value, op, literal);
    struct slice written = scim_undeclared_text(value, text);
    return scim_text_compare(SCIM_TEXT_FOLDED, written, op, literal->prepared);
}

/* One assigned value without sub-attributes. */
static bool compare_leaf(const struct scim_filter *filter, const json_t *value)
{
    const struct scim_path *path = &filter->path;
    const struct scim_attribute *attribute = scim_path_has_sub(path) ? path->sub : path->attribute;
    if (!attribute)
        return compare_undeclared(value, filter->op, &filter->literal);
    switch (attribute->type) {
    case SCIM_BOOLEAN:
        return (json_is_boolean(value) && json_is_true(value) == filter->literal.boolean) == (filter->op == SCIM_EQ);
    case SCIM_INTEGER:
    case SCIM_DECIMAL:
        return compare_number(value, filter->op, &filter->literal);
    case SCIM_DATETIME:
        return compare_instant(value, filter->op, &filter->literal);
    case SCIM_STRING:
    case SCIM_BINARY:
    case SCIM_REFERENCE:
    case SCIM_COMPLEX:
        break;
    }
    if (!json_is_string(value))
        return filter->op == SCIM_NE;
    return scim_text_compare(scim_text_kind(attribute), json_slice(value), filter->op, filter->literal.prepared);
}

static bool is_unassigned(const json_t *value)
{
    return !value || json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0);
}

/* Any value of a list satisfies (F-13); nothing assigned is not equal to anything (F-06). */
static bool compare_any(const struct scim_filter *filter, const json_t *value,
                        bool (*compare)(const struct scim_filter *, const json_t *))
{
    if (is_unassigned(value))
        return filter->op == SCIM_NE;
    if (!json_is_array(value))
        return compare(filter, value);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (compare(filter, json_array_get(value, i)))
            return true;
    return false;
}

/* The sub-attribute of one value. Undeclared lists may hold plain values: these are their own `value`. */
static const json_t *sub_value(const struct scim_path *path, const json_t *value)
{
    bool plain = !json_is_object(value) && !path->attribute;
    if (plain && slice_equals_ascii_nocase(path->sub_name, SLICE_LITERAL("value")))
        return value;
    return scim_path_sub_value(path, value);
}

static bool compare_sub(const struct scim_filter *filter, const json_t *value)
{
    return compare_any(filter, sub_value(&filter->path, value), compare_leaf);
}

/* F-08: "" is not present, an object is when any of its members is. */
static bool is_present(const json_t *value)
{
    const char *name;
    json_t *member;
    if (json_is_string(value))
        return json_string_length(value) > 0;
    for (size_t i = 0; json_is_array(value) && i < json_array_size(value); i++)
        if (is_present(json_array_get(value, i)))
            return true;
    if (json_is_object(value)) {
        /* jansson has no iteration over a const object; nothing is changed. */
        json_object_foreach ((json_t *)(uintptr_t)value, name, member)
            if (is_present(member))
                return true;
        return false;
    }
    return value && !json_is_null(value) && !json_is_array(value);
}

static bool any_sub_present(const struct scim_path *path, const json_t *value)
{
    if (!json_is_array(value))
        return is_present(sub_value(path, value));
    for (size_t i = 0; i < json_array_size(value); i++)
        if (is_present(sub_value(path, json_array_get(value, i))))
            return true;
    return false;
}

/* Either the whole resource, or one value of the attribute in front of the brackets. */
struct subject {
    const json_t *resource;
    const json_t *value;
};

static bool matches(const struct scim_filter *filter, struct subject subject);

static bool match_value_path(const struct scim_filter *filter, const json_t *resource)
{
    const json_t *values = scim_path_value(&filter->path, resource);
    if (is_unassigned(values))
        return false;
    if (!json_is_array(values))
        return matches(filter->left, (struct subject){.value = values});
    for (size_t i = 0; i < json_array_size(values); i++)
        if (matches(filter->left, (struct subject){.value = json_array_get(values, i)}))
            return true;
    return false;
}

static bool match_present(const struct scim_path *path, struct subject subject)
{
    if (subject.value)
        return is_present(sub_value(path, subject.value));
    const json_t *value = scim_path_value(path, subject.resource);
    return scim_path_has_sub(path) ? any_sub_present(path, value) : is_present(value);
}

static bool match_comparison(const struct scim_filter *filter, struct subject subject)
{
    if (subject.value)
        return compare_sub(filter, subject.value);
    const json_t *value = scim_path_value(&filter->path, subject.resource);
    return compare_any(filter, value, scim_path_has_sub(&filter->path) ? compare_sub : compare_leaf);
}

static bool matches(const struct scim_filter *filter, struct subject subject)
{
    switch (filter->kind) {
    case SCIM_AND:
        return matches(filter->left, subject) && matches(filter->right, subject);
    case SCIM_OR:
        return matches(filter->left, subject) || matches(filter->right, subject);
    case SCIM_NOT:
        return !matches(filter->left, subject);
    case SCIM_COMPARE:
        return match_comparison(filter, subject);
    case SCIM_PRESENT:
        return match_present(&filter->path, subject);
    case SCIM_VALUE_PATH:
        return match_value_path(filter, subject.resource);
    }
    return false;
}

bool scim_filter_matches(const struct scim_filter *filter, const json_t *resource)
{
    return matches(filter, (struct subject){.resource = resource});
}

bool scim_filter_matches_value(const struct scim_filter *filter, const json_t *value)
{
    return matches(filter, (struct subject){.value = value});
}
