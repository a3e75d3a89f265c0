/* The guard against mass deprovisioning, as a policy spells it. */
#include "policy_parts.h"

enum { MOST_USERS = 1000000, SHORTEST_WINDOW_S = 60 };

/* null takes the limit away. */
static bool read_number(const char *name, const json_t *value, json_int_t least, json_int_t most, bool nullable,
                        uint32_t *number_out, struct err *err)
{
    json_int_t number = json_is_integer(value) ? json_integer_value(value) : -1;
    if (nullable && json_is_null(value)) {
        *number_out = 0;
        return true;
    }
    if (number < least || number > most)
        return err_set(err, ERR_INVALID_VALUE, "The policy's \"guard\": %s must be a whole number from %lld to %lld%s.",
                       name, (long long)least, (long long)most, nullable ? ", or null" : "");
    *number_out = (uint32_t)number;
    return true;
}

static bool read_member(const char *name, const json_t *value, struct scim_guard *guard, struct err *err)
{
    if (strcmp(name, "enabled") == 0)
        return policy_read_flag(value, "guard.enabled", &guard->enabled, err);
    if (strcmp(name, "max_users") == 0)
        return read_number(name, value, 1, MOST_USERS, true, &guard->max_users, err);
    if (strcmp(name, "max_percent") == 0)
        return read_number(name, value, 1, 100, true, &guard->max_percent, err);
    if (strcmp(name, "window_seconds") == 0)
        return read_number(name, value, SHORTEST_WINDOW_S, SCIM_GUARD_LONGEST_S, false, &guard->window_s, err);
    return err_set(err, ERR_INVALID_VALUE, "The policy's \"guard\" has no member \"%s\".", name);
}

bool policy_read_guard(const json_t *value, struct scim_guard *guard, struct err *err)
{
    const char *name;
    json_t *member;
    if (!json_is_object(value))
        return err_set(err, ERR_INVALID_VALUE, "The policy's \"guard\" must be an object.");
    json_object_foreach ((json_t *)(uintptr_t)value, name, member) {
        if (!read_member(name, member, guard, err))
            return false;
    }
    return !guard->enabled || guard->max_users || guard->max_percent ||
           err_set(err, ERR_INVALID_VALUE, "The policy's \"guard\" needs max_users or max_percent.");
}

static json_t *number_or_null(uint32_t number) { return number ? json_integer(number) : json_null(); }

json_t *policy_show_guard(const struct scim_guard *guard)
{
    return json_pack("{s:b, s:o, s:o, s:I}", "enabled", guard->enabled, "max_users", number_or_null(guard->max_users),
                     "max_percent", number_or_null(guard->max_percent), "window_seconds", (json_int_t)guard->window_s);
}
