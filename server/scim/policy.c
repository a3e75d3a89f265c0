#include "scim/policy.h"

#include "base/json.h"

const struct scim_policy scim_policy_default = SCIM_POLICY_DEFAULT;

const struct scim_policy scim_policy_strict = {
    .unknown_attributes = SCIM_UNKNOWN_REJECT,
    .unique_identifier = SCIM_IDENTIFIER_USER_NAME,
    .unique_group_names = true,
    .strict = true,
    .leniencies = 0,
};

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

static const struct {
    const char *number, *name;
} leniencies[SCIM_LENIENCIES] = {
#define LENIENCY(symbol, number, name, on, accepted) [symbol] = {number, name},
#include "scim/leniency.def"
#undef LENIENCY
};

/* What the checklist counts among the leniencies and is decided elsewhere. */
static const struct {
    const char *number, *why;
} no_switches[] = {
    {"L-14", "is the policy's \"unknown_attributes\""},
    {"L-16", "is no choice: null is the same as no value (RFC 7643 section 2.5)"},
    {"L-17", "is no choice: groups are read-only, and passwords are never kept"},
    {"L-18", "is no choice: null and [] are the same as no value (RFC 7643 section 2.5)"},
    {"L-22", "is the policy's \"unique_group_names\""},
};

static bool refuse_leniency(const char *name, struct err *err)
{
    for (size_t i = 0; i < sizeof no_switches / sizeof *no_switches; i++)
        if (strcmp(name, no_switches[i].number) == 0)
            return err_set(err, ERR_INVALID_VALUE, "The policy's \"leniencies\": %s %s.", name, no_switches[i].why);
    return err_set(err, ERR_INVALID_VALUE, "The policy's \"leniencies\" have no member \"%s\".", name);
}

static bool read_leniency(const char *name, const json_t *value, struct scim_policy *policy, uint32_t *named,
                          struct err *err)
{
    size_t i = 0;
    while (i < SCIM_LENIENCIES && strcmp(name, leniencies[i].name) != 0 && strcmp(name, leniencies[i].number) != 0)
        i++;
    if (i == SCIM_LENIENCIES || *name == '\0')
        return refuse_leniency(name, err);
    if (*named >> i & 1)
        return err_set(err, ERR_INVALID_VALUE, "The policy's \"leniencies\" name %s twice.", leniencies[i].name);
    bool on = false;
    if (!read_flag(value, name, &on, err))
        return false;
    *named |= 1U << i;
    policy->leniencies = on ? policy->leniencies | 1U << i : policy->leniencies & ~(1U << i);
    return true;
}

static bool read_leniencies(const json_t *value, struct scim_policy *policy, struct err *err)
{
    uint32_t named = 0;
    const char *name;
    json_t *on;
    if (!json_is_object(value))
        return err_set(err, ERR_INVALID_VALUE, "The policy's \"leniencies\" must be an object.");
    json_object_foreach ((json_t *)(uintptr_t)value, name, on) {
        if (!read_leniency(name, on, policy, &named, err))
            return false;
    }
    return true;
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
    if (strcmp(name, "leniencies") == 0)
        return read_leniencies(value, policy, err);
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

    /* What strict turns off, other members may turn on again, wherever they stand. */
    if (json_is_true(json_object_get(object, "strict")))
        *policy_out = scim_policy_strict;

    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        if (!read_member(name, value, policy_out, err))
            return false;
    }
    return true;
}
