/* A policy with its defaults, as JSON. */
#include "policy_parts.h"
#include "scim/policy_bind.h"
#include "scim/rules.h"

static json_t *show_names(const struct scim_names *names)
{
    json_t *list = json_array();
    for (size_t i = 0; i < names->count; i++)
        json_array_append_new(list, json_from_slice(names->list[i]));
    return list;
}

static void add_hidden(json_t *list, const char *urn, const struct scim_schema *schema)
{
    for (size_t i = 0; i < schema->attribute_count; i++)
        if (schema->attributes[i].returned == SCIM_RETURNED_NEVER)
            json_array_append_new(list, *urn ? json_sprintf("%s:%s", urn, schema->attributes[i].name)
                                             : json_string(schema->attributes[i].name));
}

/* By default, what is never returned. */
static json_t *show_sensitive(const struct scim_rules *rules)
{
    if (rules->policy.sensitive_attributes.list)
        return show_names(&rules->policy.sensitive_attributes);
    json_t *list = json_array();
    for (size_t i = 0; i < rules->type_count; i++) {
        const struct scim_resource_type *type = rules->types[i];
        add_hidden(list, type->code == SCIM_TYPE_USER ? "" : type->schema->urn, type->schema);
        for (size_t k = 0; k < type->extension_count; k++)
            add_hidden(list, type->extensions[k]->urn, type->extensions[k]);
    }
    return list;
}

static json_t *show_leniencies(const struct scim_policy *policy)
{
    static const char *const names[SCIM_LENIENCIES] = {
#define LENIENCY(symbol, number, name, on, accepted) [symbol] = (name),
#include "scim/leniency.def"
#undef LENIENCY
    };
    json_t *object = json_object();
    for (int i = 0; i < SCIM_LENIENCIES; i++)
        json_object_set_new(object, names[i], json_boolean(scim_lenient(policy, (enum scim_leniency)i)));
    return object;
}

static json_t *show_rule(const struct scim_value_rule *rule)
{
    const struct scim_names values = {rule->values, rule->value_count};
    switch (rule->kind) {
    case VALUE_RULE_LIST:
        return json_pack("{s:s}", "list", value_list_names[rule->list]);
    case VALUE_RULE_PATTERN:
        return json_pack("{s:o}", "pattern", json_from_slice(rule->pattern));
    case VALUE_RULE_VALUES:
        break;
    }
    return json_pack("{s:o}", "values", show_names(&values));
}

static json_t *show_rules(const struct scim_policy *policy)
{
    json_t *object = json_object();
    for (size_t i = 0; i < policy->value_rule_count; i++)
        json_object_setn_new(object, policy->value_rules[i].name.data, policy->value_rules[i].name.len,
                             show_rule(&policy->value_rules[i]));
    return object;
}

json_t *scim_policy_show(const struct scim_rules *rules)
{
    static const char *const domains[] = {"off", "report", "enforce"}, *const unknown[] = {"keep", "ignore", "reject"},
                             *const identifiers[] = {"userName", "email"};
    const struct scim_policy *policy = &rules->policy;
    const struct scim_names *self =
        policy->self_service_attributes.list ? &policy->self_service_attributes : &scim_policy_self_service;
    return json_pack("{s:s, s:s, s:b, s:o, s:o, s:s, s:o, s:o, s:b, s:b, s:o, s:o}", "unknown_attributes",
                     unknown[policy->unknown_attributes], "unique_identifier", identifiers[policy->unique_identifier],
                     "unique_group_names", policy->unique_group_names, "required_attributes",
                     show_names(&policy->required_attributes), "value_rules", show_rules(policy), "domains",
                     domains[policy->domains], "sensitive_attributes", show_sensitive(rules), "self_service_attributes",
                     show_names(self), "if_match_required", policy->if_match_required, "strict", policy->strict,
                     "leniencies", show_leniencies(policy), "guard", policy_show_guard(&policy->guard));
}
