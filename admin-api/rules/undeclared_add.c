/* Where an undeclared attribute belongs in a catalog: in the schema under whose URN it stands. At the top level that is
 * the type's own schema; a URN that no schema has becomes an extension. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/json.h"
#include "undeclared.h"

struct target {
    char urn[SCIM_FAULT_BYTES];
    char name[SCIM_FAULT_BYTES]; /* of the attribute */
    const char *sub;             /* behind the name, or NULL */
    json_t *schema;              /* the catalog's entry */
    size_t schema_at;
};

/* Behind the last colon stands the name; URNs have dots. */
static void part(const struct undeclared *one, struct target *target)
{
    const char *colon = strrchr(one->path, ':');
    if (colon)
        snprintf(target->urn, sizeof target->urn, "%.*s", (int)(colon - one->path), one->path);
    else
        snprintf(target->urn, sizeof target->urn, "%s", one->type->schema->urn);
    snprintf(target->name, sizeof target->name, "%s", colon ? colon + 1 : one->path);
    char *dot = strchr(target->name, '.');
    if (dot) {
        *dot = '\0';
        target->sub = dot + 1;
    }
}

static json_t *list_of(json_t *object, const char *name)
{
    if (!json_is_array(json_object_get(object, name)))
        json_object_set_new(object, name, json_array());
    return json_object_get(object, name);
}

static void find_schema(struct catalog_state *state, const struct undeclared *one, struct target *target)
{
    json_t *schemas = catalog_own_schemas(state);
    const struct scim_schema *known = scim_rules_schema_by_urn(state->rules, slice_str(target->urn));
    target->schema_at = catalog_find(schemas, "id", target->urn);
    if (target->schema_at == json_array_size(schemas))
        json_array_append_new(schemas, json_pack("{s:s}", "id", known ? known->urn : target->urn));
    target->schema = json_array_get(schemas, target->schema_at);
    bool is_base = strcasecmp(one->type->schema->urn, target->urn) == 0;
    bool extends = scim_type_extension(one->type, slice_str(target->urn)) != NULL;
    if (!is_base && !extends)
        catalog_extend(state, one->type->name, json_string_value(json_object_get(target->schema, "id")));
}

static json_t *with_name(const json_t *entry, const char *name)
{
    json_t *attribute = json_deep_copy(entry);
    json_object_del(attribute, "path");
    json_object_del(attribute, "resource_type");
    json_object_set_new(attribute, "name", json_string(name));
    return attribute;
}

/* Nothing to do when the name is there: it was sent in another spelling, too, or by resources of another type. */
static size_t add_to(json_t *list, const json_t *entry, const char *name)
{
    size_t at = catalog_find(list, "name", name);
    if (at == json_array_size(list))
        json_array_append_new(list, with_name(entry, name));
    return at;
}

void undeclared_add(struct catalog_state *state, const struct undeclared *one, const json_t *entry, char *prefix,
                    size_t prefix_bytes)
{
    struct target target = {.sub = NULL};
    part(one, &target);
    find_schema(state, one, &target);
    json_t *attributes = list_of(target.schema, "attributes");
    if (!target.sub) {
        size_t at = add_to(attributes, entry, target.name);
        snprintf(prefix, prefix_bytes, "/schemas/%zu/attributes/%zu", target.schema_at, at);
        return;
    }
    size_t at = catalog_find(attributes, "name", target.name);
    if (at == json_array_size(attributes))
        json_array_append_new(attributes, json_pack("{s:s}", "name", target.name));
    size_t sub = add_to(list_of(json_array_get(attributes, at), "subAttributes"), entry, target.sub);
    snprintf(prefix, prefix_bytes, "/schemas/%zu/attributes/%zu/subAttributes/%zu", target.schema_at, at, sub);
}
