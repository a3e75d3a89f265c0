#include <stdlib.h>

#include "resource_parts.h"

bool resource_is_members(const struct scim_resource_type *type, const struct scim_attribute *attribute)
{
    return type->code == SCIM_TYPE_GROUP && attribute->multi_valued && strcmp(attribute->name, "members") == 0;
}

/* A member that names nobody is refused, unlike other objects without content: whoever sends one means somebody, and
 * reading `members: [{}]` as nobody would empty the group. */
bool resource_member_id(const json_t *element, size_t index, const struct scim_policy *policy,
                        struct resource_id *id_out, struct err *err)
{
    const json_t *value = element;

    if (json_is_object(element)) {
        value = json_member_nocase(element, SLICE_LITERAL("value"), NULL);
    } else if (!scim_lenient(policy, SCIM_TEXT_FOR_COMPLEX)) {
        value = NULL;
    }
    if (!json_is_string(value))
        return err_set(err, ERR_INVALID_VALUE, "\"members[%zu]\" must be an object whose \"value\" is an id.", index);
    if (!id_from_uuid(json_slice(value), true, &id_out->id))
        return err_set(err, ERR_INVALID_VALUE, "\"members[%zu].value\" is not the id of a user or group.", index);
    return true;
}

static int compare_ids(const void *a, const void *b)
{
    return id_compare(&((const struct resource_id *)a)->id, &((const struct resource_id *)b)->id);
}

size_t resource_sort_ids(struct resource_id *ids, size_t count)
{
    size_t kept = 0;

    if (count == 0)
        return 0;
    qsort(ids, count, sizeof *ids, compare_ids);
    for (size_t i = 1; i < count; i++)
        if (!id_equals(&ids[kept].id, &ids[i].id))
            ids[++kept] = ids[i];
    return kept + 1;
}

bool resource_member_ids(const json_t *value, const struct scim_policy *policy, struct arena *arena,
                         struct resource_id **ids_out, size_t *count_out, struct err *err)
{
    bool list = json_is_array(value);
    size_t length = list ? json_array_size(value) : 1, count = 0;
    struct resource_id *ids = arena_array(arena, struct resource_id, length ? length : 1);

    *ids_out = ids;
    *count_out = 0;
    if (json_is_null(value) || (value_is_text(value, "") && scim_lenient(policy, SCIM_TEXT_FOR_COMPLEX)))
        return true;
    if (!list && !scim_lenient(policy, SCIM_LISTS_AND_SINGLES))
        return err_set(err, ERR_INVALID_VALUE, "\"members\" must be a list.");
    for (size_t i = 0; i < length; i++)
        if (!resource_member_id(list ? json_array_get(value, i) : value, i, policy, &ids[count++], err))
            return false;
    *count_out = resource_sort_ids(ids, count);
    return true;
}
