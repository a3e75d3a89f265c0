#include "patch_parts.h"
#include "policy_parts.h"

json_t *patch_own_member(json_t *object, const char *name)
{
    json_t *value = json_object_get(object, name);
    if (!value || value->refcount == 1 || !(json_is_object(value) || json_is_array(value)))
        return value;
    json_t *copy = json_copy(value);
    json_object_set_new_nocheck(object, name, copy);
    return copy;
}

json_t *patch_own_element(json_t *list, size_t index)
{
    json_t *value = json_array_get(list, index);
    if (!value || value->refcount == 1 || !(json_is_object(value) || json_is_array(value)))
        return value;
    json_t *copy = json_copy(value);
    json_array_set_new(list, index, copy);
    return copy;
}

/* The object's own object of that name, made when there is none. */
static json_t *own_object(json_t *object, const char *name)
{
    json_t *inner = patch_own_member(object, name);
    if (json_is_object(inner))
        return inner;
    inner = json_object();
    json_object_set_new_nocheck(object, name, inner);
    return inner;
}

static struct value_place place_of(const struct patch_work *work, const struct scim_attribute *parent, const char *name)
{
    return (struct value_place){work->policy, parent ? parent->name : name, parent ? name : NULL, work->err};
}

static bool refuse_change(const struct patch_work *work, const char *name)
{
    return err_set(work->err, ERR_MUTABILITY, "\"%s\" cannot be changed once it is set.", name);
}

static json_t *appended(const json_t *list, const json_t *more)
{
    json_t *longer = list ? json_copy(value_iterable(list)) : json_array();
    json_array_extend(longer, value_iterable(more));
    json_t *distinct = value_distinct(longer);
    json_decref(longer);
    return distinct;
}

bool patch_set_member(const struct patch_work *work, json_t *object, const struct scim_attribute *parent,
                      const struct scim_attribute *attribute, enum patch_op op, const json_t *value)
{
    const struct value_place place = place_of(work, parent, attribute->name);
    const json_t *old = json_object_get(object, attribute->name);
    bool unassigned = op == PATCH_REMOVE;
    json_t *new = unassigned ? NULL : value_normalise(value, attribute, &place, &unassigned);

    if (!new && !unassigned)
        return false;
    if (attribute->mutability == SCIM_IMMUTABLE && old && !(new &&json_equal(old, new))) {
        json_decref(new);
        return refuse_change(work, attribute->name);
    }
    if (!new) {
        json_object_del(object, attribute->name);
    } else if (value_is_password(attribute)) {
        json_decref(new);
    } else if (attribute->multi_valued && op == PATCH_ADD) {
        json_object_set_new_nocheck(object, attribute->name, appended(old, new));
        json_decref(new);
    } else {
        json_object_set_new_nocheck(object, attribute->name, new);
    }
    return true;
}

struct merge {
    const struct patch_work *work;
    json_t *object;
    const struct scim_attribute *attribute;
    enum patch_op op;
};

static bool merge_declared(void *context, const struct scim_attribute *sub, const json_t *value)
{
    const struct merge *merge = context;
    bool nothing = json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0);
    if (sub->mutability == SCIM_READ_ONLY || value_is_derived(merge->attribute, sub) ||
        (nothing && merge->op == PATCH_ADD))
        return true;
    return patch_set_member(merge->work, merge->object, merge->attribute, sub, merge->op, value);
}

static bool merge_other(void *context, const char *name, const json_t *value)
{
    const struct merge *merge = context;
    const struct value_place place = place_of(merge->work, merge->attribute, name);
    return value_keep_undeclared(merge->object, name, value, &place);
}

bool patch_merge(const struct patch_work *work, json_t *object, const struct scim_attribute *attribute,
                 enum patch_op op, const json_t *value)
{
    struct merge merge = {work, object, attribute, op};
    const struct value_visitor visitor = {attribute->sub_attributes, attribute->sub_attribute_count, merge_declared,
                                          merge_other, &merge};
    return value_visit(value, &visitor);
}

bool patch_sub(const struct patch_work *work, json_t *object, const struct patch_step *step)
{
    const struct scim_attribute *attribute = step->path.attribute;
    if (step->path.sub)
        return patch_set_member(work, object, attribute, step->path.sub, step->op, step->value);

    const char *name = arena_copy(work->arena, step->path.sub_name);
    const struct value_place place = place_of(work, attribute, name);
    return value_keep_undeclared(object, name, step->value, &place);
}

/* One complex value: what the client names is set, the rest stays. */
static bool patch_complex(const struct patch_work *work, json_t *home, const struct patch_step *step)
{
    const struct scim_attribute *attribute = step->path.attribute;
    const json_t *value = step->value;
    bool sub = patch_has_sub(&step->path),
         one = json_array_size(value) == 1 && scim_lenient(work->policy, SCIM_LISTS_AND_SINGLES);

    if (step->op == PATCH_REMOVE && (!sub || !json_object_get(home, attribute->name)))
        return patch_set_member(work, home, NULL, attribute, PATCH_REMOVE, NULL);
    if (!sub && one)
        value = json_array_get(value, 0);
    if (!sub && !json_is_object(value)) { /* a plain string, or nothing */
        const struct value_place place = place_of(work, NULL, attribute->name);
        bool unassigned = false;
        json_t *object = value_normalise(value, attribute, &place, &unassigned);
        bool ok = object ? patch_merge(work, own_object(home, attribute->name), attribute, step->op, object)
                         : unassigned && patch_set_member(work, home, NULL, attribute, PATCH_REMOVE, NULL);
        json_decref(object);
        return ok;
    }
    json_t *object = own_object(home, attribute->name);
    if (!(sub ? patch_sub(work, object, step) : patch_merge(work, object, attribute, step->op, value)))
        return false;
    if (json_object_size(object) == 0 || value_is_blank(attribute, object))
        json_object_del(home, attribute->name);
    return true;
}

static bool patch_undeclared(const struct patch_work *work, json_t *home, const struct patch_step *step)
{
    const char *name = arena_copy(work->arena, step->path.name), *spelling = name;
    const struct value_place place = place_of(work, NULL, name);
    const json_t *old = json_member_nocase(home, step->path.name, &spelling);
    const json_t *value = step->op == PATCH_REMOVE ? json_null() : step->value;

    if (step->path.sub_name.len > 0) {
        const char *sub = arena_copy(work->arena, step->path.sub_name);
        json_t *object = own_object(home, old ? spelling : name);
        if (!value_keep_undeclared(object, sub, value, &place))
            return false;
        if (json_object_size(object) == 0)
            json_object_del(home, old ? spelling : name);
        return true;
    }
    if (step->op != PATCH_ADD || !json_is_array(old))
        return value_keep_undeclared(home, name, value, &place);

    json_scoped *more = json_is_array(value) ? value_share(value) : json_pack("[O]", value);
    json_scoped *list = appended(old, more);
    return value_keep_undeclared(home, name, list, &place);
}

static bool apply_step(const struct patch_work *work, const struct patch_step *step)
{
    const struct scim_path *path = &step->path;
    json_t *home = work->document;

    if (path->extension && path->name.len == 0 && !path->attribute) {
        json_object_del(home, path->schema->urn);
        return true;
    }
    if (path->extension)
        home = own_object(home, path->schema->urn);
    else if (path->urn.len > 0 && !path->attribute)
        home = own_object(home, arena_copy(work->arena, path->urn));

    if (!path->attribute)
        return patch_undeclared(work, home, step);
    if (path->attribute->multi_valued)
        return patch_list(work, home, step);
    if (path->attribute->type == SCIM_COMPLEX)
        return patch_complex(work, home, step);
    return patch_set_member(work, home, NULL, path->attribute, step->op, step->value);
}

static bool removes(const struct scim_patch *patch, const struct bound_name *name)
{
    for (const struct patch_step *step = patch->steps; step; step = step->next)
        if (step->op == PATCH_REMOVE && policy_name_meets(name, &step->path))
            return true;
    return false;
}

static bool check_policy(const struct patch_work *work, const struct scim_patch *patch, const json_t *before,
                         const json_t *after)
{
    const struct bound_name *missing = policy_missing(work->policy, work->type, before, after, false);
    if (missing)
        return err_set(work->err, removes(patch, missing) ? ERR_MUTABILITY : ERR_INVALID_VALUE,
                       "\"%.*s\" is required in this directory and must not be empty.", (int)missing->text.len,
                       missing->text.data);
    return policy_check_values(work->policy, work->type, before, after, work->err);
}

json_t *scim_patch_apply(const struct scim_patch *patch, const json_t *before, const struct scim_resource_type *type,
                         const struct scim_policy *policy, struct arena *arena, struct err *err)
{
    *err = ERR_INIT;
    if (!patch->steps)
        return value_share(before);
    json_scoped *document = json_copy(value_iterable(before));
    const struct patch_work work = {document, type, policy, arena, err};

    for (const struct patch_step *step = patch->steps; step; step = step->next)
        if (!apply_step(&work, step))
            return NULL;
    json_t *arranged = resource_arrange(document, type, err);
    if (arranged && check_policy(&work, patch, before, arranged))
        return arranged;
    json_decref(arranged);
    return NULL;
}
