/* Attribute paths of every endpoint, and paths of PATCH with their value filters: what parses is one of the kinds that
 * the header promises, says so again for its own text, and leads through a document without an end of its own. The
 * first byte chooses the type. */
#include <stdint.h>
#include <stdlib.h>

#include "base/json.h"
#include "base/must.h"
#include "scim/filter.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char document[] =
    "{\"schemas\":[\"urn:ietf:params:scim:schemas:core:2.0:User\"],\"id\":\"1\",\"userName\":\"u\",\"active\":true,"
    "\"name\":{\"familyName\":\"f\"},\"emails\":[{\"value\":\"a@x\",\"type\":\"work\"},{\"type\":\"b\"}],\"badge\":[1],"
    "\"members\":[{\"value\":\"m\",\"$ref\":\"r\"}],\"urn:x:y\":{\"a\":{\"b\":[{\"value\":1},[2]]}},"
    "\"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User\":{\"manager\":{\"value\":\"m\"},\"odd\":1},"
    "\"meta\":{\"version\":\"1\"}}";

static bool count_to_five(const json_t *value, void *context)
{
    must(value);
    return ++*(unsigned *)context == 5;
}

static void check_kind(const struct scim_path *path)
{
    bool schema_alone = path->schema && !path->attribute && path->name.len == 0;
    bool known = path->schema && path->attribute;
    bool undeclared = !path->attribute && path->name.len > 0;
    must(schema_alone + known + undeclared == 1);
    must(!path->sub || (known && path->sub_name.len > 0));
    must(!schema_alone || path->sub_name.len == 0);
}

static void use_path(struct slice text, const struct scim_resource_type *type, const json_t *resource,
                     struct arena *arena)
{
    struct err err = ERR_INIT;
    struct scim_path path, again;
    unsigned seen = 0;
    if (!scim_path_parse(text, type, arena, ERR_INVALID_VALUE, &path, &err)) {
        must(err.kind == ERR_INVALID_VALUE && err.detail[0]);
        return;
    }
    check_kind(&path);
    must(scim_path_parse(text, type, arena, ERR_INVALID_PATH, &again, &err) && again.attribute == path.attribute);
    bool stopped = scim_path_visit(&path, resource, count_to_five, &seen);
    must(stopped == (seen == 5));
}

static void use_value_path(struct slice text, const struct scim_resource_type *type, const json_t *resource,
                           struct arena *arena)
{
    struct err err = ERR_INIT;
    struct scim_path path;
    struct scim_filter *filter;
    if (!scim_value_path_parse(text, type, &scim_policy_default, arena, &path, &filter, &err)) {
        must((err.kind == ERR_INVALID_PATH || err.kind == ERR_INVALID_FILTER) && err.detail[0]);
        return;
    }
    check_kind(&path);
    if (filter)
        scim_filter_matches_value(filter, json_array_get(json_object_get(resource, "emails"), 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static json_t *resource;
    struct arena arena;
    if (size == 0)
        return 0;
    if (!resource)
        resource = json_loads(document, 0, NULL);
    const struct scim_resource_type *types[] = {&scim_user_type, &scim_group_type, NULL};
    const struct scim_resource_type *type = types[data[0] % 3];
    struct slice text = slice_of((const char *)data + 1, size - 1);
    arena_init(&arena);
    use_path(text, type, resource, &arena);
    if (type)
        use_value_path(text, type, resource, &arena);
    arena_fini(&arena);
    return 0;
}
