#include "filter_text.h"
#include "path_value.h"
#include "policy_parts.h"
#include "scim/policy_bind.h"
#include "scim/unicode.h"

static bool applies(const struct bound_name *name, const struct scim_resource_type *type)
{
    return name->type->code == type->code;
}

static bool is_something(const json_t *value, void *context)
{
    (void)context;
    return !(json_is_string(value) && json_string_length(value) == 0) &&
           !(json_is_object(value) && json_object_size(value) == 0);
}

static bool has(const struct bound_name *name, const json_t *document)
{
    return policy_visit(name, document, is_something, NULL);
}

const struct bound_name *policy_missing(const struct scim_policy *policy, const struct scim_resource_type *type,
                                        const json_t *before, const json_t *after, bool whole)
{
    for (size_t i = 0; policy->bound && i < policy->bound->required.count; i++) {
        const struct bound_name *name = &policy->bound->required.list[i];
        if (applies(name, type) && !has(name, after) && (whole || has(name, before)))
            return name;
    }
    return NULL;
}

bool policy_requires(const struct scim_policy *policy, const struct scim_resource_type *type,
                     const struct scim_path *path)
{
    for (size_t i = 0; policy->bound && i < policy->bound->required.count; i++) {
        const struct bound_name *name = &policy->bound->required.list[i];
        if (applies(name, type) && policy_name_meets(name, path))
            return true;
    }
    return false;
}

static bool text_fits(const struct bound_rule *bound, struct slice text)
{
    const struct scim_value_rule *rule = bound->rule;
    const struct scim_path *path = &bound->name.path;
    const struct scim_attribute *attribute = scim_path_has_sub(path) ? path->sub : path->attribute;
    switch (rule->kind) {
    case VALUE_RULE_LIST:
        return value_list_has(rule->list, rule->underscores, text);
    case VALUE_RULE_PATTERN:
        return value_pattern_matches(bound->pattern, text);
    case VALUE_RULE_VALUES:
        break;
    }
    for (size_t i = 0; i < rule->value_count; i++)
        if (scim_text_compare(scim_text_kind(attribute), text, SCIM_EQ, bound->prepared[i]))
            return true;
    return false;
}

/* Whatever is no text is looked at as it is written in JSON. */
static bool value_fits(const struct bound_rule *bound, const json_t *value)
{
    if (json_is_string(value))
        return text_fits(bound, json_slice(value));
    struct buf text;
    buf_init(&text, 4096);
    json_render(value, &text);
    bool fits = !text.overflowed && text_fits(bound, buf_slice(&text));
    buf_fini(&text);
    return fits;
}

struct looking { /* for values that break a rule, and are new */
    const struct bound_rule *bound;
    const json_t *before, *sought;
};

static bool is_sought(const json_t *value, void *context)
{
    const struct looking *looking = context;
    return json_equal(value, looking->sought);
}

static bool breaks_rule(const json_t *value, void *context)
{
    struct looking *looking = context;
    if (value_fits(looking->bound, value))
        return false;
    looking->sought = value;
    return !policy_visit(&looking->bound->name, looking->before, is_sought, looking);
}

static bool refuse_value(const struct bound_rule *bound, struct err *err)
{
    const struct scim_value_rule *rule = bound->rule;
    int len = (int)bound->name.text.len;
    const char *name = bound->name.text.data;
    switch (rule->kind) {
    case VALUE_RULE_LIST:
        return err_set(err, ERR_INVALID_VALUE, "\"%.*s\" must be of the list %s.", len, name,
                       value_list_names[rule->list]);
    case VALUE_RULE_PATTERN:
        return err_set(err, ERR_INVALID_VALUE, "\"%.*s\" must match the pattern %.*s", len, name,
                       (int)rule->pattern.len, rule->pattern.data);
    case VALUE_RULE_VALUES:
        break;
    }
    return err_set(err, ERR_INVALID_VALUE, "\"%.*s\" must be one of the %zu values that this directory allows.", len,
                   name, rule->value_count);
}

static bool check_domains(const struct scim_policy *policy, const struct scim_resource_type *type, const json_t *before,
                          const json_t *after, struct err *err)
{
    struct slice domain;
    if (policy->domains != SCIM_DOMAINS_ENFORCE || !policy_foreign_domain(policy, type, before, after, &domain))
        return true;
    return err_set(err, ERR_INVALID_VALUE, "The domain \"%.*s\" is none of this organization's.", (int)domain.len,
                   domain.data);
}

/* I-03. Keys are made of every user name, of unusual ones as well: what is stored can be changed and deleted. */
static bool check_user_name(const struct scim_policy *policy, const struct scim_resource_type *type,
                            const json_t *before, const json_t *after, struct err *err)
{
    const json_t *name = json_object_get(after, "userName");
    if (scim_lenient(policy, SCIM_UNUSUAL_USER_NAMES) || type->code != SCIM_TYPE_USER || !json_is_string(name) ||
        json_equal(name, json_object_get(before, "userName")))
        return true;
    struct buf prepared;
    buf_init(&prepared, SIZE_MAX / 2);
    bool good = scim_prepare_username(json_slice(name), true, &prepared, err);
    buf_fini(&prepared);
    return good;
}

bool policy_check_values(const struct scim_policy *policy, const struct scim_resource_type *type, const json_t *before,
                         const json_t *after, struct err *err)
{
    for (size_t i = 0; policy->bound && i < policy->bound->rule_count; i++) {
        struct looking looking = {.bound = &policy->bound->rules[i], .before = before};
        if (applies(&looking.bound->name, type) && policy_visit(&looking.bound->name, after, breaks_rule, &looking))
            return refuse_value(looking.bound, err);
    }
    return check_user_name(policy, type, before, after, err) && check_domains(policy, type, before, after, err);
}
