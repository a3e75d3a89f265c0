#include "value.h"

#include "scim/resource.h"
#include "scim/unicode.h"

/* Names that the service itself gives a meaning: never an attribute of a client's own. */
static bool is_reserved(const char *name)
{
    static const char *const reserved[] = {"schemas", "id", "meta", "members", "groups", "password"};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++)
        if (slice_equals_ascii_nocase(slice_str(name), slice_str(reserved[i])))
            return true;
    return false;
}

static json_t *kept_object(const json_t *object, const struct value_place *place, bool *unassigned_out)
{
    json_scoped *kept = json_object();
    const char *name;
    json_t *value;

    json_object_foreach (value_iterable(object), name, value) {
        bool nothing = false;
        if (scim_has_control(slice_str(name))) {
            value_refuse(place, "free of control characters");
            return NULL;
        }
        json_t *inner = value_undeclared(value, place, &nothing);
        if (!inner && !nothing)
            return NULL;
        if (inner)
            json_object_set_new_nocheck(kept, name, inner);
    }
    *unassigned_out = json_object_size(kept) == 0;
    return *unassigned_out ? NULL : json_incref(kept);
}

static json_t *kept_list(const json_t *list, const struct value_place *place, bool *unassigned_out)
{
    json_scoped *kept = json_array();

    for (size_t i = 0; i < json_array_size(list); i++) {
        bool nothing = false;
        json_t *inner = value_undeclared(json_array_get(list, i), place, &nothing);
        if (!inner && !nothing)
            return NULL;
        if (inner)
            json_array_append_new(kept, inner);
    }
    *unassigned_out = json_array_size(kept) == 0;
    return *unassigned_out ? NULL : json_incref(kept);
}

json_t *value_undeclared(const json_t *value, const struct value_place *place, bool *unassigned_out)
{
    *unassigned_out = json_is_null(value);
    if (*unassigned_out)
        return NULL;
    if (json_is_object(value))
        return kept_object(value, place, unassigned_out);
    if (json_is_array(value))
        return kept_list(value, place, unassigned_out);
    if (json_is_string(value) && scim_has_control(json_slice(value))) {
        value_refuse(place, "free of control characters");
        return NULL;
    }
    return value_share(value);
}

bool value_keep_undeclared(json_t *object, const char *name, const json_t *value, const struct value_place *place)
{
    if (place->policy->unknown_attributes == SCIM_UNKNOWN_REJECT)
        return err_set(place->err, ERR_INVALID_SYNTAX, "There is no attribute \"%s%s%s\".", place->path,
                       place->sub ? "." : "", place->sub ? place->sub : "");
    if (place->policy->unknown_attributes == SCIM_UNKNOWN_IGNORE || is_reserved(name))
        return true;
    if (*name == '\0' || scim_has_control(slice_str(name)))
        return err_set(place->err, ERR_INVALID_SYNTAX, "The name of an attribute is empty or has control characters.");

    bool nothing = false;
    json_t *kept = value_undeclared(value, place, &nothing);
    if (!kept && !nothing)
        return false;
    const char *spelling = NULL;
    if (json_object_size(object) >= SCIM_MAX_MEMBERS && !json_object_get(object, name)) {
        json_decref(kept);
        return value_refuse_size(place->err);
    }
    if (json_member_nocase(object, slice_str(name), &spelling) && strcmp(spelling, name) != 0)
        json_object_del(object, spelling);
    if (kept)
        json_object_set_new_nocheck(object, name, kept);
    else
        json_object_del(object, name);
    return true;
}
