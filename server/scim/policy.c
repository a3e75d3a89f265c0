#include "scim/policy.h"

#include "base/json.h"

const struct scim_policy scim_policy_default = SCIM_POLICY_DEFAULT;

static bool read_flag(const json_t *value, const char *name, bool *flag_out, struct err *err)
{
    if (!json_is_boolean(value))
        return err_set(err, ERR_INVALID_VALUE, "The policy's \"%s\" must be true or false.", name);
    *flag_out = json_is_true(value);
    return true;
}

/* The index of the value among `choices`, the words that the member may hold. */
static bool read_choice(const json_t *value, const char *name, const char *const choices[], unsigned *index_out,
                        struct err *err)
{
    for (unsigned i = 0; choices[i] && json_is_string(value); i++) {
        if (slice_equals(json_slice(value), slice_str(choices[i]))) {
            *index_out = i;
            return true;
        }
    }
    return err_set(err, ERR_INVALID_VALUE, "The policy's \"%s\" is none of its possible values.", name);
}

static bool read_member(const char *name, const json_t *value, struct scim_policy *policy, struct err *err)
{
    static const char *const unknown[] = {"keep", "ignore", "reject", NULL};
    static const char *const identifier[] = {"userName", "email", NULL};
    unsigned index = 0;

    if (strcmp(name, "unknown_attributes") == 0) {
        if (!read_choice(value, name, unknown, &index, err))
            return false;
        policy->unknown_attributes = (enum scim_unknown)index;
        return true;
    }
    if (strcmp(name, "unique_identifier") == 0) {
        if (!read_choice(value, name, identifier, &index, err))
            return false;
        policy->unique_identifier = (enum scim_identifier)index;
        return true;
    }
    if (strcmp(name, "unique_group_names") == 0)
        return read_flag(value, name, &policy->unique_group_names, err);
    if (strcmp(name, "strict") == 0)
        return read_flag(value, name, &policy->strict, err);
    return err_set(err, ERR_INVALID_VALUE, "A policy has no member \"%s\".", name);
}

bool scim_policy_parse(struct slice json, struct arena *arena, struct scim_policy *policy_out, struct err *err)
{
    (void)arena; /* for lists */
    *policy_out = scim_policy_default;
    if (json.len == 0)
        return true;
    json_scoped *object = json_parse_object(json, &json_limits_default, err);
    if (!object)
        return false;

    /* Keeping what no schema declares is a leniency, too: strict refuses it unless the policy says otherwise. */
    if (json_is_true(json_object_get(object, "strict")))
        policy_out->unknown_attributes = SCIM_UNKNOWN_REJECT;

    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        if (!read_member(name, value, policy_out, err))
            return false;
    }
    return true;
}
