/* What a body names. */
#include "scim/resource.h"

struct naming {
    struct scim_path *paths;
    size_t count;
};

static void note(struct naming *naming, const struct scim_schema *schema, bool extension, const char *name)
{
    const struct scim_attribute *attribute = scim_schema_attribute(schema, slice_str(name));
    if (attribute)
        naming->paths[naming->count++] =
            (struct scim_path){.schema = schema, .attribute = attribute, .extension = extension};
}

static void note_all(struct naming *naming, const struct scim_schema *schema, bool extension, json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach (object, name, value) {
        note(naming, schema, extension, name);
    }
}

static size_t members_of(json_t *body)
{
    size_t count = json_object_size(body);
    const char *name;
    json_t *value;
    json_object_foreach (body, name, value) {
        count += json_object_size(value);
    }
    return count;
}

const struct scim_path *scim_resource_paths(const json_t *body, const struct scim_resource_type *type,
                                            struct arena *arena, size_t *count_out)
{
    json_t *members = (json_t *)(uintptr_t)body; /* jansson iterates only what is not const */
    struct naming naming = {arena_array(arena, struct scim_path, members_of(members)), 0};
    const char *name;
    json_t *value;
    json_object_foreach (members, name, value) {
        const struct scim_schema *extension = scim_type_extension(type, slice_str(name));
        if (extension)
            note_all(&naming, extension, true, value);
        else if (slice_equals_ascii_nocase(slice_str(name), slice_str(type->schema->urn)))
            note_all(&naming, type->schema, false, value);
        else
            note(&naming, type->schema, false, name);
    }
    *count_out = naming.count;
    return naming.paths;
}
