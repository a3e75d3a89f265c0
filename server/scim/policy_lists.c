/* The members of a policy that name attributes. */
#include "policy_parts.h"

enum { MOST_NAMES = 100, MOST_RULES = 100, MOST_VALUES = 1000 };

static bool refuse(struct err *err, const char *member, const char *name, const char *why)
{
    return err_set(err, ERR_INVALID_VALUE, "The policy's \"%s\": \"%.80s\" %s", member, name, why);
}

/* Whether it names something is seen when the schemas are known. */
static bool check_name(struct slice name, const char *member, struct arena *arena, struct err *err)
{
    struct scim_path path;
    struct scim_filter *filter;
    struct err why = ERR_INIT;
    if (scim_value_path_parse(name, NULL, &scim_policy_default, arena, &path, &filter, &why) &&
        (path.attribute || path.name.len > 0))
        return true;
    return refuse(err, member, arena_copy(arena, name), "is no attribute path.");
}

bool policy_read_names(const json_t *value, const char *name, struct arena *arena, struct scim_names *names_out,
                       struct err *err)
{
    size_t count = json_array_size(value);
    if (!json_is_array(value) || count > MOST_NAMES)
        return err_set(err, ERR_INVALID_VALUE, "The policy's \"%s\" must be a list of at most %d attributes.", name,
                       (int)MOST_NAMES);
    struct slice *list = arena_array(arena, struct slice, count + 1);
    for (size_t i = 0; i < count; i++) {
        const json_t *element = json_array_get(value, i);
        if (!json_is_string(element))
            return err_set(err, ERR_INVALID_VALUE, "The policy's \"%s\" must be a list of texts.", name);
        list[i] = arena_slice(arena, json_slice(element));
        if (!check_name(list[i], name, arena, err))
            return false;
    }
    *names_out = (struct scim_names){list, count};
    return true;
}

static bool read_list(const json_t *value, struct scim_value_rule *rule, struct err *err)
{
    rule->kind = VALUE_RULE_LIST;
    for (size_t i = 0; i < VALUE_LISTS && json_is_string(value); i++) {
        if (!slice_equals(json_slice(value), slice_str(value_list_names[i])))
            continue;
        rule->list = (enum value_list)i;
        return true;
    }
    return refuse(err, "value_rules", rule->name.data,
                  "must have a \"list\" that is iso-639-1, iso-3166-1, iana-timezone or bcp-47.");
}

static bool read_pattern(const json_t *value, struct arena *arena, struct scim_value_rule *rule, struct err *err)
{
    struct err why = ERR_INIT;
    rule->kind = VALUE_RULE_PATTERN;
    if (!json_is_string(value))
        return refuse(err, "value_rules", rule->name.data, "must have a \"pattern\" that is a text.");
    rule->pattern = arena_slice(arena, json_slice(value));
    struct value_pattern *compiled = value_pattern_compile(rule->pattern, &why);
    if (!compiled)
        return refuse(err, "value_rules", rule->name.data,
                      arena_printf(arena, "has a bad \"pattern\". %s", why.detail));
    value_pattern_free(compiled);
    return true;
}

static bool read_values(const json_t *value, struct arena *arena, struct scim_value_rule *rule, struct err *err)
{
    size_t count = json_array_size(value);
    struct slice *values = arena_array(arena, struct slice, count + 1);
    bool good = count > 0 && count <= MOST_VALUES;
    for (size_t i = 0; i < count && good; i++) {
        const json_t *element = json_array_get(value, i);
        good = json_is_string(element);
        values[i] = good ? arena_slice(arena, json_slice(element)) : SLICE_EMPTY;
    }
    rule->kind = VALUE_RULE_VALUES;
    rule->values = values;
    rule->value_count = count;
    return good || refuse(err, "value_rules", rule->name.data, "must have \"values\" that are a list of texts.");
}

static bool read_rule(const char *name, const json_t *value, struct arena *arena, struct scim_value_rule *rule,
                      struct err *err)
{
    const json_t *list = json_object_get(value, "list"), *pattern = json_object_get(value, "pattern"),
                 *values = json_object_get(value, "values");
    rule->name = slice_str(arena_copy(arena, slice_str(name)));
    if (!check_name(rule->name, "value_rules", arena, err))
        return false;
    if (json_object_size(value) != 1 || !(list || pattern || values))
        return refuse(err, "value_rules", name,
                      "must be an object with one member: \"list\", \"pattern\" or \"values\".");
    if (list)
        return read_list(list, rule, err);
    return pattern ? read_pattern(pattern, arena, rule, err) : read_values(values, arena, rule, err);
}

bool policy_read_value_rules(const json_t *value, struct arena *arena, struct scim_policy *policy, struct err *err)
{
    size_t count = 0;
    const char *name;
    json_t *rule;
    if (!json_is_object(value) || json_object_size(value) > MOST_RULES)
        return err_set(err, ERR_INVALID_VALUE,
                       "The policy's \"value_rules\" must be an object of at most %d attributes.", (int)MOST_RULES);
    struct scim_value_rule *rules = arena_array(arena, struct scim_value_rule, json_object_size(value) + 1);
    json_object_foreach ((json_t *)(uintptr_t)value, name, rule) {
        if (!read_rule(name, rule, arena, &rules[count++], err))
            return false;
    }
    policy->value_rules = rules;
    policy->value_rule_count = count;
    return true;
}

static bool has_rule(const struct scim_value_rule *rules, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++)
        if (slice_equals_ascii_nocase(rules[i].name, name))
            return true;
    return false;
}

void policy_add_implied_rules(struct scim_policy *policy, struct arena *arena)
{
    static const struct slice country = {"addresses.country", sizeof "addresses.country" - 1},
                              locale = {"locale", sizeof "locale" - 1};
    const struct scim_value_rule *given = policy->value_rules;
    size_t count = policy->value_rule_count;
    struct scim_value_rule *rules = arena_array(arena, struct scim_value_rule, count + 2);
    bool underscores = scim_lenient(policy, SCIM_LOCALE_UNDERSCORE);

    for (size_t i = 0; i < count; i++) {
        rules[i] = given[i];
        rules[i].underscores = underscores;
    }
    if (policy->strict && !has_rule(given, policy->value_rule_count, country))
        rules[count++] =
            (struct scim_value_rule){.name = country, .kind = VALUE_RULE_LIST, .list = VALUE_LIST_COUNTRIES};
    if (!underscores && !has_rule(given, policy->value_rule_count, locale))
        rules[count++] =
            (struct scim_value_rule){.name = locale, .kind = VALUE_RULE_PATTERN, .pattern = SLICE_LITERAL("[^_]*")};
    policy->value_rules = rules;
    policy->value_rule_count = count;
}
