#include "scim/policy_bind.h"

#include "base/must.h"
#include "filter_text.h"
#include "path_value.h"
#include "policy_parts.h"
#include "value.h"

static bool leads(const char *urn, struct slice name)
{
    struct slice prefix = slice_str(urn);
    return prefix.len > 0 && slice_starts_with_ascii_nocase(name, prefix) && name.len > prefix.len &&
           (name.data[prefix.len] == ':' || name.data[prefix.len] == '.');
}

static bool is_led_by_type(const struct scim_resource_type *type, struct slice name)
{
    bool led = leads(type->schema->urn, name);
    for (size_t i = 0; i < type->extension_count && !led; i++)
        led = leads(type->extensions[i]->urn, name);
    return led;
}

struct binding {
    const struct scim_policy *policy;
    const struct scim_resource_type *const *types;
    size_t type_count;
    struct arena *arena;
};

/* A name without a URN of the directory's is a User's. */
static bool stands_for(const struct binding *binding, struct slice name, const struct scim_resource_type *type)
{
    bool led = false;
    for (size_t i = 0; i < binding->type_count && !led; i++)
        led = is_led_by_type(binding->types[i], name);
    return led ? is_led_by_type(type, name) : type == binding->types[0];
}

/* An error cannot come: the name's form was checked, and filters take undeclared attributes here. */
static bool bind_name(const struct binding *binding, struct slice name, const struct scim_resource_type *type,
                      struct bound_name *bound)
{
    struct err ignored = ERR_INIT;
    struct scim_filter *filter = NULL;
    *bound = (struct bound_name){.type = type, .text = name};
    if (!scim_value_path_parse(name, type, &scim_policy_default, binding->arena, &bound->path, &filter, &ignored))
        return false;
    bound->filter = filter;
    return true;
}

static struct bound_names bind_names(const struct binding *binding, const struct scim_names *names)
{
    struct bound_name *list = arena_array(binding->arena, struct bound_name, names->count * binding->type_count + 1);
    size_t count = 0;
    for (size_t i = 0; i < names->count; i++)
        for (size_t t = 0; t < binding->type_count; t++)
            if (stands_for(binding, names->list[i], binding->types[t]))
                count += bind_name(binding, names->list[i], binding->types[t], &list[count]);
    return (struct bound_names){list, count};
}

/* A rule on a complex attribute is one on its `value`. */
static void reach_value(struct scim_path *path)
{
    if (path->attribute && path->attribute->type == SCIM_COMPLEX && !scim_path_has_sub(path))
        (void)!scim_path_set_sub(path, SLICE_LITERAL("value"));
}

static const struct slice *prepare_values(const struct scim_value_rule *rule, const struct scim_path *path,
                                          struct arena *arena)
{
    const struct scim_attribute *attribute = scim_path_has_sub(path) ? path->sub : path->attribute;
    struct slice *prepared = arena_array(arena, struct slice, rule->value_count + 1);
    for (size_t i = 0; i < rule->value_count; i++)
        prepared[i] = scim_text_prepare_in(scim_text_kind(attribute), rule->values[i], arena);
    return prepared;
}

static bool bind_rule(const struct binding *binding, const struct scim_value_rule *rule,
                      const struct scim_resource_type *type, struct bound_rule *bound, struct err *err)
{
    bound->rule = rule;
    if (!bind_name(binding, rule->name, type, &bound->name))
        return true; /* no type: applies to nothing */
    reach_value(&bound->name.path);
    bound->prepared = prepare_values(rule, &bound->name.path, binding->arena);
    if (rule->kind == VALUE_RULE_PATTERN)
        bound->pattern = value_pattern_compile(rule->pattern, err);
    return rule->kind != VALUE_RULE_PATTERN || bound->pattern;
}

static bool bind_rules(const struct binding *binding, struct scim_bound_policy *bound, struct err *err)
{
    const struct scim_policy *policy = binding->policy;
    struct bound_rule *rules =
        arena_array(binding->arena, struct bound_rule, policy->value_rule_count * binding->type_count + 1);
    bound->rules = rules;
    for (size_t i = 0; i < policy->value_rule_count; i++)
        for (size_t t = 0; t < binding->type_count; t++)
            if (stands_for(binding, policy->value_rules[i].name, binding->types[t]) &&
                !bind_rule(binding, &policy->value_rules[i], binding->types[t], &rules[bound->rule_count++], err))
                return false;
    return true;
}

static const struct slice self_service[] = {{"nickName", 8}, {"displayName", 11}, {"preferredLanguage", 17},
                                            {"locale", 6},   {"timezone", 8},     {"profileUrl", 10},
                                            {"photos", 6},   {"phoneNumbers", 12}};
const struct scim_names scim_policy_self_service = {self_service, sizeof self_service / sizeof *self_service};

bool scim_policy_bind(struct scim_policy *policy, const struct scim_resource_type *const *types, size_t count,
                      struct arena *arena, struct err *err)
{
    const struct binding binding = {policy, types, count, arena};
    struct scim_bound_policy *bound = arena_new(arena, struct scim_bound_policy);

    must(count > 0);
    policy->bound = bound;
    bound->required = bind_names(&binding, &policy->required_attributes);
    bound->sensitive = bind_names(&binding, &policy->sensitive_attributes);
    bound->self_service = bind_names(&binding, policy->self_service_attributes.list ? &policy->self_service_attributes
                                                                                    : &scim_policy_self_service);
    return bind_rules(&binding, bound, err);
}

void scim_policy_unbind(struct scim_policy *policy)
{
    for (size_t i = 0; policy->bound && i < policy->bound->rule_count; i++)
        value_pattern_free(policy->bound->rules[i].pattern);
    policy->bound = NULL;
}

static bool is_declared(const struct scim_path *path)
{
    return path->attribute && (path->sub || path->sub_name.len == 0);
}

static bool can_be_set(const struct bound_name *name)
{
    const struct scim_path *path = &name->path;
    bool read_only =
        path->attribute->mutability == SCIM_READ_ONLY || (path->sub && path->sub->mutability == SCIM_READ_ONLY);
    if (read_only || value_is_password(path->attribute))
        return false;
    bool is_members = name->type->code == SCIM_TYPE_GROUP && scim_path_is_top_level(path, SLICE_LITERAL("members"));
    return !is_members && !scim_path_is_top_level(path, SLICE_LITERAL("schemas"));
}

static bool refuse_name(const struct bound_name *name, const char *member, const char *why, struct err *err)
{
    return err_set(err, ERR_INVALID_VALUE, "The policy's \"%s\": \"%.*s\" %s", member, (int)name->text.len,
                   name->text.data, why);
}

static bool check_bound(const struct bound_name *name, const char *member, bool set, struct err *err)
{
    if (!is_declared(&name->path))
        return refuse_name(name, member, "is no attribute of a schema of this directory.", err);
    return !set || can_be_set(name) || refuse_name(name, member, "cannot be set by clients.", err);
}

static bool check_all(const struct bound_names *names, const char *member, bool set, struct err *err)
{
    for (size_t i = 0; i < names->count; i++)
        if (!check_bound(&names->list[i], member, set, err))
            return false;
    return true;
}

bool scim_policy_check_names(const struct scim_policy *policy, struct err *err)
{
    const struct scim_bound_policy *bound = policy->bound;
    must(bound);
    for (size_t i = 0; i < bound->rule_count; i++) {
        const struct bound_name *name = &bound->rules[i].name;
        if (!check_bound(name, "value_rules", true, err))
            return false;
        if (name->path.attribute->type == SCIM_COMPLEX && !name->path.sub)
            return refuse_name(name, "value_rules", "is complex: name a sub-attribute.", err);
    }
    return check_all(&bound->required, "required_attributes", true, err) &&
           check_all(&bound->sensitive, "sensitive_attributes", false, err) &&
           check_all(&bound->self_service, "self_service_attributes", true, err);
}

bool policy_visit(const struct bound_name *name, const json_t *document,
                  bool (*visit)(const json_t *value, void *context), void *context)
{
    if (!name->filter)
        return scim_path_visit(&name->path, document, visit, context);
    const json_t *list = scim_path_value(&name->path, document);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *value = json_array_get(list, i);
        if (!scim_filter_matches_value(name->filter, value))
            continue;
        if (scim_path_has_sub(&name->path))
            value = scim_path_sub_value(&name->path, value);
        if (value && visit(value, context))
            return true;
    }
    return false;
}

static struct slice name_in(const struct scim_path *path)
{
    return path->attribute ? slice_str(path->attribute->name) : path->name;
}

bool policy_name_meets(const struct bound_name *name, const struct scim_path *path)
{
    const struct scim_path *own = &name->path;
    if (path->schema && !path->attribute && path->name.len == 0)
        return own->schema == path->schema;
    if (own->attribute != path->attribute || (!own->attribute && own->schema != path->schema) ||
        own->extension != path->extension || !slice_equals_ascii_nocase(own->urn, path->urn) ||
        !slice_equals_ascii_nocase(name_in(own), name_in(path)))
        return false;
    return !scim_path_has_sub(own) || !scim_path_has_sub(path) ||
           slice_equals_ascii_nocase(own->sub_name, path->sub_name);
}

static bool is_sensitive(const struct scim_path *path, const struct scim_policy *policy)
{
    for (size_t i = 0; policy->bound && i < policy->bound->sensitive.count; i++)
        if (policy_name_meets(&policy->bound->sensitive.list[i], path))
            return true;
    return false;
}

bool scim_filter_is_sensitive(const struct scim_filter *filter, const struct scim_policy *policy)
{
    switch (filter->kind) {
    case SCIM_AND:
    case SCIM_OR:
        return scim_filter_is_sensitive(filter->left, policy) || scim_filter_is_sensitive(filter->right, policy);
    case SCIM_NOT:
        return scim_filter_is_sensitive(filter->left, policy);
    case SCIM_VALUE_PATH:
        return is_sensitive(&filter->path, policy) || scim_filter_is_sensitive(filter->left, policy);
    case SCIM_COMPARE:
    case SCIM_PRESENT:
        break;
    }
    return is_sensitive(&filter->path, policy);
}

bool policy_hides(const struct scim_policy *policy, const struct scim_path *path)
{
    return !policy->sensitive_attributes.list || is_sensitive(path, policy);
}
