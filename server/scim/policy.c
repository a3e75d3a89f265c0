#include "scim/policy.h"

#include "policy_parts.h"

const struct scim_policy scim_policy_default = SCIM_POLICY_DEFAULT;

const struct scim_policy scim_policy_strict = {
    .unknown_attributes = SCIM_UNKNOWN_REJECT,
    .unique_identifier = SCIM_IDENTIFIER_USER_NAME,
    .unique_group_names = true,
    .strict = true,
    .leniencies = 0,
    .request_log = SCIM_LOG_REDACTED,
    .guard = SCIM_GUARD_DEFAULT,
};

bool policy_read_flag(const json_t *value, const char *name, bool *flag_out, struct err *err)
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

static bool read_member(const char *name, const json_t *value, struct arena *arena, struct scim_policy *policy,
                        struct err *err)
{
    static const char *const domains[] = {"off", "report", "enforce", NULL};
    static const char *const unknown[] = {"keep", "ignore", "reject", NULL};
    static const char *const identifier[] = {"userName", "email", NULL};
    static const char *const request_log[] = {"none", "off", "redacted", "full", NULL};
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
        return policy_read_flag(value, name, &policy->unique_group_names, err);
    if (strcmp(name, "strict") == 0)
        return policy_read_flag(value, name, &policy->strict, err);
    if (strcmp(name, "leniencies") == 0)
        return policy_read_leniencies(value, policy, err);
    if (strcmp(name, "if_match_required") == 0)
        return policy_read_flag(value, name, &policy->if_match_required, err);
    if (strcmp(name, "required_attributes") == 0)
        return policy_read_names(value, name, arena, &policy->required_attributes, err);
    if (strcmp(name, "sensitive_attributes") == 0)
        return policy_read_names(value, name, arena, &policy->sensitive_attributes, err);
    if (strcmp(name, "self_service_attributes") == 0)
        return policy_read_names(value, name, arena, &policy->self_service_attributes, err);
    if (strcmp(name, "value_rules") == 0)
        return policy_read_value_rules(value, arena, policy, err);
    if (strcmp(name, "guard") == 0)
        return policy_read_guard(value, &policy->guard, err);
    if (strcmp(name, "request_log") == 0) {
        if (!read_choice(value, name, request_log, &index, err))
            return false;
        policy->request_log = (enum scim_request_log)index;
        return true;
    }
    if (strcmp(name, "domains") == 0) {
        if (!read_choice(value, name, domains, &index, err))
            return false;
        policy->domains = (enum scim_domains)index;
        return true;
    }
    return err_set(err, ERR_INVALID_VALUE, "A policy has no member \"%s\".", name);
}

bool scim_policy_parse(struct slice json, struct arena *arena, struct scim_policy *policy_out, struct err *err)
{
    *policy_out = scim_policy_default;
    if (json.len == 0)
        return true;
    json_scoped *object = json_parse_object(json, &json_limits_default, err);
    if (!object)
        return false;

    /* What strict turns off, other members may turn on again, wherever they stand. */
    if (json_is_true(json_object_get(object, "strict")))
        *policy_out = scim_policy_strict;

    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        if (!read_member(name, value, arena, policy_out, err))
            return false;
    }
    policy_add_implied_rules(policy_out, arena);
    return true;
}
