#include "policy_parts.h"

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
    if (!policy_read_flag(value, name, &on, err))
        return false;
    *named |= 1U << i;
    policy->leniencies = on ? policy->leniencies | 1U << i : policy->leniencies & ~(1U << i);
    return true;
}

bool policy_read_leniencies(const json_t *value, struct scim_policy *policy, struct err *err)
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
