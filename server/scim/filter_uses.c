#include "path_value.h"
#include "scim/filter.h"

bool scim_filter_uses(const struct scim_filter *filter, struct slice attribute)
{
    switch (filter->kind) {
    case SCIM_AND:
    case SCIM_OR:
        return scim_filter_uses(filter->left, attribute) || scim_filter_uses(filter->right, attribute);
    case SCIM_NOT:
        return scim_filter_uses(filter->left, attribute);
    case SCIM_COMPARE:
    case SCIM_PRESENT:
    case SCIM_VALUE_PATH:
        return scim_path_is_top_level(&filter->path, attribute);
    }
    return false;
}

struct eq_values {
    struct slice attribute;
    void (*visit)(struct slice literal, void *context);
    void *context;
};

static bool is_eq_value(const struct scim_filter *filter)
{
    return filter->kind == SCIM_COMPARE && filter->op == SCIM_EQ && filter->path.sub &&
           strcmp(filter->path.sub->name, "value") == 0;
}

/* Between brackets a `not` asks whether there is any other value: that is no comparison by eq any more. */
static bool only_eq_in_brackets(const struct scim_filter *filter, const struct eq_values *wanted)
{
    if (filter->kind == SCIM_AND || filter->kind == SCIM_OR)
        return only_eq_in_brackets(filter->left, wanted) && only_eq_in_brackets(filter->right, wanted);
    if (!is_eq_value(filter))
        return false;
    wanted->visit(filter->literal.text, wanted->context);
    return true;
}

static bool only_eq(const struct scim_filter *filter, const struct eq_values *wanted)
{
    switch (filter->kind) {
    case SCIM_AND:
    case SCIM_OR:
        return only_eq(filter->left, wanted) && only_eq(filter->right, wanted);
    case SCIM_NOT:
        return only_eq(filter->left, wanted);
    case SCIM_COMPARE:
    case SCIM_PRESENT:
    case SCIM_VALUE_PATH:
        break;
    }
    if (!scim_path_is_top_level(&filter->path, wanted->attribute))
        return true;
    return only_eq_in_brackets(filter->kind == SCIM_VALUE_PATH ? filter->left : filter, wanted);
}

bool scim_filter_only_eq_values(const struct scim_filter *filter, struct slice attribute,
                                void (*visit)(struct slice literal, void *context), void *context)
{
    struct eq_values wanted = {attribute, visit, context};
    return only_eq(filter, &wanted);
}

enum answer { NO, MAYBE, YES };

static enum answer compare_type(const struct scim_filter *filter, struct slice type_name)
{
    const struct scim_path *path = &filter->path;
    bool is_type = path->sub && scim_path_is_top_level(path, SLICE_LITERAL("meta")) &&
                   strcmp(path->sub->name, "resourceType") == 0;
    if (!is_type || filter->literal.kind != SCIM_LITERAL_TEXT || (filter->op != SCIM_EQ && filter->op != SCIM_NE))
        return MAYBE;
    return slice_equals(filter->literal.prepared, type_name) == (filter->op == SCIM_EQ) ? YES : NO;
}

static enum answer match_type(const struct scim_filter *filter, struct slice type_name)
{
    enum answer left, right;
    switch (filter->kind) {
    case SCIM_AND:
        left = match_type(filter->left, type_name);
        right = match_type(filter->right, type_name);
        return left < right ? left : right;
    case SCIM_OR:
        left = match_type(filter->left, type_name);
        right = match_type(filter->right, type_name);
        return left > right ? left : right;
    case SCIM_NOT:
        return YES - match_type(filter->left, type_name);
    case SCIM_COMPARE:
        return compare_type(filter, type_name);
    case SCIM_PRESENT:
    case SCIM_VALUE_PATH:
        break;
    }
    return MAYBE;
}

bool scim_filter_may_match_type(const struct scim_filter *filter, struct slice type_name)
{
    return match_type(filter, type_name) != NO;
}
