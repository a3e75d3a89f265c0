#include "scim/sort.h"

#include "path_value.h"

/* What of a path is compared. */
static const struct scim_attribute *leaf_of(const struct scim_path *path)
{
    return path->sub ? path->sub : path->attribute;
}

static bool refuse(struct slice by, const char *why, struct err *err)
{
    return err_set(err, ERR_INVALID_VALUE, "sortBy: \"%.*s\" %s.", by.len < 80 ? (int)by.len : 80, by.data, why);
}

/* A list of complex values is sorted by their `value` (S-06). */
static void enter_value(struct scim_path *path)
{
    if (path->attribute->type == SCIM_COMPLEX && path->attribute->multi_valued && path->sub_name.len == 0)
        path->sub = scim_sub_attribute(path->attribute, SLICE_LITERAL("value"));
}

static bool check_path(struct slice by, struct scim_path *path, const struct scim_policy *policy, struct err *err)
{
    if (!scim_path_suits(path, policy, ERR_INVALID_VALUE, err))
        return false;
    if (!path->attribute || (path->sub_name.len && !path->sub))
        return refuse(by, "is no attribute that a schema declares", err);
    enter_value(path);
    const struct scim_attribute *leaf = leaf_of(path);
    if (leaf->type == SCIM_COMPLEX)
        return refuse(by, "has no value of its own: name one of its sub-attributes", err);
    if (leaf->type == SCIM_BINARY)
        return refuse(by, "is binary and has no order", err);
    if (leaf->returned == SCIM_RETURNED_NEVER || path->attribute->returned == SCIM_RETURNED_NEVER)
        return refuse(by, "is never returned", err);
    return true;
}

static bool is_common(const struct scim_path *path, const char *name)
{
    return path->schema == &scim_common && !path->sub && strcmp(path->attribute->name, name) == 0;
}

static enum scim_sort_way way_of(const struct scim_path *path, const struct scim_resource_type *type,
                                 const struct scim_policy *policy)
{
    const struct scim_attribute *leaf = leaf_of(path);
    if (is_common(path, "id"))
        return SCIM_SORT_ID;
    if (is_common(path, "externalId"))
        return SCIM_SORT_EXTERNAL;
    if (type->code == SCIM_TYPE_USER && leaf->index_code == SCIM_INDEX_USER_NAME &&
        policy->unique_identifier == SCIM_IDENTIFIER_USER_NAME)
        return SCIM_SORT_UNIQUE;
    /* Of several values the index does not tell which one is primary. */
    bool single = !leaf->multi_valued && !path->attribute->multi_valued;
    bool text = leaf->type == SCIM_STRING || leaf->type == SCIM_REFERENCE;
    return leaf->index_code && single && text ? SCIM_SORT_ATTRIBUTE : SCIM_SORT_KEYS;
}

static bool resolve(struct slice by, const struct scim_resource_type *type, const struct scim_policy *policy,
                    struct arena *arena, struct scim_sort *sort_out, struct err *err)
{
    struct scim_path path;
    if (!scim_path_parse(by, type, arena, ERR_INVALID_VALUE, &path, err))
        return refuse(by, "is no attribute path", err);
    if (!check_path(by, &path, policy, err))
        return false;
    *sort_out =
        (struct scim_sort){.way = way_of(&path, type, policy), .code = leaf_of(&path)->index_code, .path = path};
    return true;
}

bool scim_sort_parse(struct slice by, struct slice order, const struct scim_resource_type *type,
                     const struct scim_policy *policy, struct arena *arena, struct scim_sort *sort_out,
                     bool *descending_out, struct err *err)
{
    *descending_out = slice_equals_ascii_nocase(order, SLICE_LITERAL("descending"));
    if (order.len && !*descending_out && !slice_equals_ascii_nocase(order, SLICE_LITERAL("ascending")))
        return err_set(err, ERR_INVALID_VALUE, "sortOrder must be ascending or descending.");
    return resolve(by, type, policy, arena, sort_out, err);
}

void scim_sort_of_type(struct slice by, const struct scim_resource_type *type, const struct scim_policy *policy,
                       struct arena *arena, struct scim_sort *sort_out)
{
    struct err ignored = ERR_INIT;
    if (!resolve(by, type, policy, arena, sort_out, &ignored))
        *sort_out = (struct scim_sort){.way = SCIM_SORT_ABSENT};
}

int scim_place_compare(const struct scim_place *a, const struct scim_place *b)
{
    if (a->kind != b->kind)
        return a->kind < b->kind ? -1 : 1;
    size_t common = a->key.len < b->key.len ? a->key.len : b->key.len;
    int order = common ? memcmp(a->key.data, b->key.data, common) : 0;
    if (order == 0)
        order = (a->key.len > b->key.len) - (a->key.len < b->key.len);
    return order ? order : id_compare(&a->id.id, &b->id.id);
}
