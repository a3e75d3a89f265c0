/* What somebody may change of the own user. */
#include "path_value.h"
#include "policy_parts.h"
#include "scim/policy_bind.h"

struct comparison {
    const struct scim_policy *policy;
    const struct scim_resource_type *type;
    struct err *err;
};

static bool is_allowed(const struct comparison *c, const struct scim_path *path, bool whole)
{
    const struct scim_bound_policy *bound = c->policy->bound;
    for (size_t i = 0; bound && i < bound->self_service.count; i++) {
        const struct bound_name *name = &bound->self_service.list[i];
        if (name->type->code == c->type->code && policy_name_meets(name, path) &&
            (!whole || !scim_path_has_sub(&name->path)))
            return true;
    }
    return false;
}

static bool check_attribute(const struct comparison *c, struct scim_path *path, const char *name, const json_t *old,
                            const json_t *new);

/* Members that differ, of one object and the other. */
static bool check_members(const struct comparison *c, const struct scim_path *home, const json_t *old,
                          const json_t *new)
{
    const json_t *sides[] = {old, new};
    for (size_t side = 0; side < 2; side++) {
        const char *name;
        json_t *ignored;
        json_object_foreach ((json_t *)(uintptr_t)sides[side], name, ignored) {
            const json_t *a = json_object_get(old, name), *b = json_object_get(new, name);
            struct scim_path path = *home;
            if (!(a && b && json_equal(a, b)) && !check_attribute(c, &path, name, a, b))
                return false;
        }
    }
    return true;
}

static bool refuse(const struct comparison *c, const char *name)
{
    return err_set(c->err, ERR_FORBIDDEN, "\"%s\" is nothing that people may change themselves.", name);
}

/* A sub-attribute of a single complex one. */
static bool check_subs(const struct comparison *c, const struct scim_path *path, const json_t *old, const json_t *new)
{
    const json_t *sides[] = {old, new};
    for (size_t side = 0; side < 2; side++) {
        const char *name;
        json_t *ignored;
        json_object_foreach ((json_t *)(uintptr_t)sides[side], name, ignored) {
            const json_t *a = json_object_get(old, name), *b = json_object_get(new, name);
            struct scim_path sub = *path;
            if ((a && b && json_equal(a, b)) || !scim_path_set_sub(&sub, slice_str(name)))
                continue;
            if (!is_allowed(c, &sub, false))
                return refuse(c, name);
        }
    }
    return true;
}

static bool check_attribute(const struct comparison *c, struct scim_path *path, const char *name, const json_t *old,
                            const json_t *new)
{
    const struct scim_schema *extension = path->schema ? NULL : scim_type_extension(c->type, slice_str(name));
    if (strcmp(name, "schemas") == 0)
        return true; /* follows from the rest */
    if (extension) {
        const struct scim_path inside = {.schema = extension, .extension = true};
        return check_members(c, &inside, old, new);
    }
    const struct scim_schema *home = path->schema ? path->schema : c->type->schema;
    path->attribute = scim_schema_attribute(home, slice_str(name));
    if (!path->attribute && !path->extension)
        path->attribute = scim_schema_attribute(&scim_common, slice_str(name));
    path->name = slice_str(name);
    if (is_allowed(c, path, true))
        return true;
    bool has_parts = path->attribute && path->attribute->type == SCIM_COMPLEX && !path->attribute->multi_valued;
    return has_parts ? check_subs(c, path, old, new) : refuse(c, name);
}

bool scim_policy_check_self_service(const struct scim_policy *policy, const struct scim_resource_type *type,
                                    const json_t *before, const json_t *after, struct err *err)
{
    const struct comparison c = {policy, type, err};
    const struct scim_path top = {0};
    return check_members(&c, &top, before, after);
}
