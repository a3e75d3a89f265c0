#include "policy_parts.h"
#include "resource_parts.h"

struct intake {
    const struct scim_resource_type *type;
    const struct scim_policy *policy;
    json_t *document, *object; /* object: where attributes go, the document or an extension of it */
    struct arena *arena;
    struct scim_members *members;
    bool active_given;
    struct err *err;
};

enum { MAX_SCHEMAS = 100 };

static bool take_urn(const json_t *urn, const struct intake *intake, json_t *schemas, bool *base_out)
{
    const struct scim_resource_type *type = intake->type;

    if (!json_is_string(urn))
        return err_set(intake->err, ERR_INVALID_SYNTAX, "\"schemas\" must be a list of URNs.");
    for (size_t i = 0; i < json_array_size(schemas); i++)
        if (slice_equals_ascii_nocase(json_slice(json_array_get(schemas, i)), json_slice(urn)))
            return err_set(intake->err, ERR_INVALID_VALUE, "\"schemas\" has the same URN twice.");
    json_array_append_new(schemas, value_share(urn));

    if (slice_equals_ascii_nocase(json_slice(urn), slice_str(type->schema->urn)))
        *base_out = true;
    else if (scim_type_extension(type, json_slice(urn)))
        return true;
    else if (!scim_lenient(intake->policy, SCIM_FOREIGN_SCHEMAS))
        return err_set(intake->err, ERR_INVALID_SYNTAX, "\"schemas\" has a URN that is no schema of a %s.", type->name);
    else if (value_is_text(urn, "urn:scim:schemas:core:1.0"))
        *base_out = true; /* body templates of OneLogin say so against version 2, too */
    return true;
}

static bool take_schemas(const json_t *body, const struct intake *intake)
{
    const json_t *given = json_member_nocase(body, SLICE_LITERAL("schemas"), NULL);
    bool single = json_is_string(given) && scim_lenient(intake->policy, SCIM_LISTS_AND_SINGLES), base = false;
    size_t count = single ? 1 : json_array_size(given);
    json_t *schemas = json_array();
    json_object_set_new_nocheck(intake->document, "schemas", schemas);

    if (count > MAX_SCHEMAS)
        return err_set(intake->err, ERR_INVALID_SYNTAX, "\"schemas\" has more than %d URNs.", (int)MAX_SCHEMAS);
    for (size_t i = 0; i < count; i++)
        if (!take_urn(single ? given : json_array_get(given, i), intake, schemas, &base))
            return false;
    if (!base)
        return err_set(intake->err, ERR_INVALID_SYNTAX, "\"schemas\" must name %s.", intake->type->schema->urn);
    return true;
}

static bool take_members(struct intake *intake, const json_t *value)
{
    intake->members->given = true;
    return resource_member_ids(value, intake->policy, intake->arena, &intake->members->ids, &intake->members->count,
                               intake->err);
}

static bool take_attribute(void *context, const struct scim_attribute *attribute, const json_t *value)
{
    struct intake *intake = context;
    const struct value_place place = {intake->policy, attribute->name, NULL, intake->err};
    bool unassigned = false;

    if (attribute->mutability == SCIM_READ_ONLY)
        return true;
    if (intake->object == intake->document && resource_is_members(intake->type, attribute))
        return take_members(intake, value);
    if (strcmp(attribute->name, "active") == 0)
        intake->active_given = true;

    json_t *taken = value_normalise(value, attribute, &place, &unassigned);
    if (!taken)
        return unassigned;
    if (value_is_password(attribute))
        json_decref(taken);
    else
        json_object_set_new_nocheck(intake->object, attribute->name, taken);
    return true;
}

static bool take_undeclared(void *context, const char *name, const json_t *value)
{
    struct intake *intake = context;
    const struct value_place place = {intake->policy, name, NULL, intake->err};
    return value_keep_undeclared(intake->object, name, value, &place);
}

static bool take_extension(struct intake *intake, const struct scim_schema *schema, const json_t *value)
{
    const struct value_place place = {intake->policy, schema->urn, NULL, intake->err};

    if (json_is_array(value) && json_array_size(value) < 2 && scim_lenient(intake->policy, SCIM_LISTS_AND_SINGLES))
        value = json_array_get(value, 0);
    if (!value || json_is_null(value))
        return true;
    if (!json_is_object(value))
        return value_refuse(&place, "an object");

    struct intake inside = *intake;
    inside.object = json_object();
    json_object_set_new_nocheck(intake->document, schema->urn, inside.object);
    const struct value_visitor visitor = {schema->attributes, schema->attribute_count, take_attribute, take_undeclared,
                                          &inside};
    return value_visit(value, &visitor);
}

static bool take_top_level(void *context, const char *name, const json_t *value);

/* Core attributes under their own URN, as some clients nest them by analogy with extensions. */
static bool take_core(struct intake *intake, const json_t *object)
{
    const struct scim_schema *schema = intake->type->schema;
    const struct value_visitor visitor = {schema->attributes, schema->attribute_count, take_attribute, take_top_level,
                                          intake};
    return value_visit(object, &visitor);
}

static bool take_top_level(void *context, const char *name, const json_t *value)
{
    struct intake *intake = context;
    const struct scim_attribute *common = scim_schema_attribute(&scim_common, slice_str(name));
    const struct scim_schema *extension = common ? NULL : scim_type_extension(intake->type, slice_str(name));

    if (common) /* `schemas` has been taken before */
        return strcmp(common->name, "schemas") == 0 || take_attribute(intake, common, value);
    if (extension)
        return take_extension(intake, extension, value);
    if (scim_lenient(intake->policy, SCIM_CORE_UNDER_URN) && json_is_object(value) &&
        slice_equals_ascii_nocase(slice_str(name), slice_str(intake->type->schema->urn)))
        return take_core(intake, value);
    return take_undeclared(intake, name, value);
}

/* U-02, U-03: what cannot be changed is kept when it is absent, and must be the same when it is not. What clients
 * cannot read is kept when it is absent, too: they could not have sent it back. */
static bool keep_old(json_t *object, const json_t *before, const struct scim_schema *schema, struct err *err)
{
    for (size_t i = 0; i < schema->attribute_count; i++) {
        const struct scim_attribute *attribute = &schema->attributes[i];
        const json_t *old = json_object_get(before, attribute->name);
        bool immutable = attribute->mutability == SCIM_IMMUTABLE;
        if (!old || !(immutable || attribute->mutability == SCIM_WRITE_ONLY))
            continue;
        const json_t *new = json_object_get(object, attribute->name);
        if (new && !immutable)
            continue;
        if (new && !json_equal(new, old))
            return err_set(err, ERR_MUTABILITY, "\"%s\" cannot be changed once it is set.", attribute->name);
        json_object_set_new_nocheck(object, attribute->name, value_share(old));
    }
    return true;
}

static bool keep_all_old(const struct intake *intake, const json_t *before)
{
    if (!keep_old(intake->document, before, intake->type->schema, intake->err))
        return false;
    for (size_t i = 0; i < intake->type->extension_count; i++) {
        const struct scim_schema *schema = intake->type->extensions[i];
        const json_t *old = json_object_get(before, schema->urn);
        json_t *object = json_object_get(intake->document, schema->urn);
        if (!old)
            continue;
        if (!object) {
            object = json_object();
            json_object_set_new_nocheck(intake->document, schema->urn, object);
        }
        if (!keep_old(object, old, schema, intake->err))
            return false;
    }
    return true;
}

/* The service's one default (C-03, U-03): users are active unless the client says otherwise, be it with null. */
static void set_defaults(const struct intake *intake)
{
    if (intake->type->code == SCIM_TYPE_USER && !intake->active_given)
        json_object_set_new_nocheck(intake->document, "active", json_true());
}

static bool check_policy(const struct intake *intake, const json_t *before, const json_t *after)
{
    const struct bound_name *missing = policy_missing(intake->policy, intake->type, before, after, true);
    if (missing)
        return err_set(intake->err, ERR_INVALID_VALUE, "\"%.*s\" is required in this directory and must not be empty.",
                       (int)missing->text.len, missing->text.data);
    return policy_check_values(intake->policy, intake->type, before, after, intake->err);
}

json_t *scim_resource_normalise(const json_t *body, const struct scim_resource_type *type,
                                const struct scim_policy *policy, const struct resource_id *id, const json_t *before,
                                struct arena *arena, struct scim_members *members_out, struct err *err)
{
    json_scoped *document = json_object();
    struct intake intake = {type, policy, document, document, arena, members_out, false, err};
    char text[ID_UUID_CHARS + 1];

    *members_out = (struct scim_members){0};
    id_to_uuid(&id->id, text);
    json_object_set_new_nocheck(document, "id", json_stringn_nocheck(text, ID_UUID_CHARS));
    if (!take_schemas(body, &intake) || !take_core(&intake, body))
        return NULL;
    if (before && !keep_all_old(&intake, before))
        return NULL;
    set_defaults(&intake);
    json_t *arranged = resource_arrange(document, type, err);
    if (arranged && check_policy(&intake, before, arranged))
        return arranged;
    json_decref(arranged);
    return NULL;
}
