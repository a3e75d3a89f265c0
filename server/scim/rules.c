#include "scim/rules.h"

#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "catalog_parts.h"
#include "index_extra.h"
#include "schema_tables.h"
#include "scim/policy_bind.h"

const struct scim_rules scim_rules_default = {
    .policy = SCIM_POLICY_DEFAULT,
    .types = scim_resource_types,
    .type_count = SCIM_BUILT_IN_TYPES,
    .schemas = scim_schemas,
    .schema_count = SCIM_BUILT_IN_SCHEMAS,
    .root = &scim_root_type,
};

static bool read_domains(struct scim_rules *rules, struct slice text, struct err *err)
{
    if (text.len == 0)
        return true;
    json_scoped *list = json_parse(text, &json_limits_default, err);
    if (!list)
        return false;
    if (!json_is_array(list))
        return err_set(err, ERR_INVALID_VALUE, "The organization's domains are no list.");
    struct slice *domains = arena_array(&rules->arena, struct slice, json_array_size(list) + 1);
    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *domain = json_array_get(list, i);
        if (!json_is_string(domain))
            return err_set(err, ERR_INVALID_VALUE, "The organization's domains are no list of texts.");
        domains[i] = arena_slice(&rules->arena, json_slice(domain));
    }
    rules->policy.organization_domains = domains;
    rules->policy.organization_domain_count = json_array_size(list);
    return true;
}

struct scim_rules *scim_rules_make(const struct scim_rules_source *source, struct err *err)
{
    struct scim_rules *rules = malloc(sizeof(*rules));
    must(rules);
    *rules = scim_rules_default;
    if (source->fault)
        source->fault->pointer[0] = '\0';
    arena_init(&rules->arena);
    if (scim_policy_parse(source->policy, &rules->arena, &rules->policy, err) &&
        read_domains(rules, source->domains, err) && catalog_compile(rules, source, err) &&
        rules_add_indexes(rules, source->indexes, err) &&
        scim_policy_bind(&rules->policy, rules->types, rules->type_count, &rules->arena, err))
        return rules;
    scim_rules_free(rules);
    return NULL;
}

void scim_rules_free(struct scim_rules *rules)
{
    if (!rules)
        return;
    scim_policy_unbind(&rules->policy);
    arena_fini(&rules->arena);
    free(rules);
}

const struct scim_resource_type *scim_rules_type(const struct scim_rules *rules, uint16_t code)
{
    for (size_t i = 0; i < rules->type_count; i++)
        if (rules->types[i]->code == code)
            return rules->types[i];
    return NULL;
}

const struct scim_resource_type *scim_rules_type_by_name(const struct scim_rules *rules, struct slice name)
{
    for (size_t i = 0; i < rules->type_count; i++)
        if (slice_equals(name, slice_str(rules->types[i]->name)))
            return rules->types[i];
    return NULL;
}

const struct scim_resource_type *scim_rules_type_by_endpoint(const struct scim_rules *rules, struct slice endpoint)
{
    for (size_t i = 0; i < rules->type_count; i++)
        if (slice_equals(endpoint, slice_str(rules->types[i]->endpoint + 1)))
            return rules->types[i];
    return NULL;
}

const struct scim_schema *scim_rules_schema_by_urn(const struct scim_rules *rules, struct slice urn)
{
    for (size_t i = 0; i < rules->schema_count; i++)
        if (slice_equals_ascii_nocase(urn, slice_str(rules->schemas[i]->urn)))
            return rules->schemas[i];
    return NULL;
}
