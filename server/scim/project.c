#include "scim/project.h"

#include "base/json.h"
#include "path_value.h"

struct scim_projection {
    bool excluding; /* else only what is named shows */
    struct scim_path *paths;
    size_t count;
    const struct scim_path *sent; /* by the client, in a write */
    size_t sent_count;
};

static struct slice next_name(struct slice *rest)
{
    const char *comma = rest->len ? memchr(rest->data, ',', rest->len) : NULL;
    size_t len = comma ? (size_t)(comma - rest->data) : rest->len;
    struct slice name = slice_trim(slice_of(rest->data, len));
    *rest = slice_skip(*rest, comma ? len + 1 : len);
    return name;
}

static void parse_names(struct slice list, const struct scim_resource_type *type, struct arena *arena,
                        struct scim_projection *projection)
{
    size_t most = 1;
    for (size_t i = 0; i < list.len; i++)
        most += list.data[i] == ',';
    projection->paths = arena_array(arena, struct scim_path, most);
    while (list.len > 0) {
        struct slice name = next_name(&list);
        struct err ignored = ERR_INIT;
        /* What is no path names nothing that exists. */
        if (name.len &&
            scim_path_parse(name, type, arena, ERR_INVALID_VALUE, &projection->paths[projection->count], &ignored))
            projection->count++;
    }
}

bool scim_projection_parse(struct slice attributes, struct slice excluded, const struct scim_resource_type *type,
                           struct arena *arena, struct scim_projection **projection_out, struct err *err)
{
    bool including = slice_trim(attributes).len > 0, excluding = slice_trim(excluded).len > 0;
    *projection_out = NULL;
    if (including && excluding)
        return err_set(err, ERR_INVALID_VALUE, "attributes and excludedAttributes exclude each other.");
    if (!including && !excluding)
        return true;
    struct scim_projection *projection = arena_new(arena, struct scim_projection);
    projection->excluding = excluding;
    parse_names(including ? attributes : excluded, type, arena, projection);
    *projection_out = projection;
    return true;
}

/* Excluding nothing is the default set. */
const struct scim_projection *scim_projection_with_sent(const struct scim_projection *projection,
                                                        const struct scim_path *paths, size_t count,
                                                        struct arena *arena)
{
    struct scim_projection *with_sent = arena_new(arena, struct scim_projection);
    *with_sent = projection ? *projection : (struct scim_projection){.excluding = true};
    with_sent->sent = paths;
    with_sent->sent_count = count;
    return with_sent;
}

/* The object that attributes stand in: the resource itself, or what is under a URN. */
struct container {
    struct slice urn; /* empty: the resource */
    const struct scim_schema *schema;
};

enum naming { NOT_NAMED, NAMED_IN_PART, NAMED };

static bool stands_in(const struct scim_path *path, const struct container *container)
{
    struct slice urn = path->extension ? slice_str(path->schema->urn) : path->urn;
    return slice_equals_ascii_nocase(urn, container->urn);
}

static bool is_schema_alone(const struct scim_path *path) { return !path->attribute && path->name.len == 0; }

/* An undeclared URN alone is read as a name under what is in front of its last colon. */
static bool names_urn(const struct scim_path *path, struct slice urn)
{
    struct slice rest = slice_skip(urn, path->urn.len);
    return path->urn.len && !scim_path_has_sub(path) && slice_starts_with_ascii_nocase(urn, path->urn) &&
           slice_starts_with(rest, SLICE_LITERAL(":")) && slice_equals_ascii_nocase(slice_skip(rest, 1), path->name);
}

static bool covers(const struct scim_path *path, const struct container *container, struct slice name)
{
    if (names_urn(path, container->urn))
        return true;
    if (!stands_in(path, container))
        return false;
    struct slice own = path->attribute ? slice_str(path->attribute->name) : path->name;
    return is_schema_alone(path) || slice_equals_ascii_nocase(own, name);
}

static enum naming naming_of(const struct scim_projection *projection, const struct container *container,
                             struct slice name)
{
    enum naming naming = NOT_NAMED;
    for (size_t i = 0; projection && i < projection->count; i++) {
        const struct scim_path *path = &projection->paths[i];
        if (!covers(path, container, name))
            continue;
        if (!scim_path_has_sub(path))
            return NAMED;
        naming = NAMED_IN_PART;
    }
    return naming;
}

static bool is_sub_named(const struct scim_projection *projection, const struct container *container,
                         struct slice attribute, struct slice sub)
{
    for (size_t i = 0; projection && i < projection->count; i++) {
        const struct scim_path *path = &projection->paths[i];
        struct slice own = path->sub ? slice_str(path->sub->name) : path->sub_name;
        if (scim_path_has_sub(path) && covers(path, container, attribute) && slice_equals_ascii_nocase(own, sub))
            return true;
    }
    return false;
}

/* sub empty: the attribute in whole or in part. */
static bool is_sent(const struct scim_projection *projection, const struct container *container, struct slice attribute,
                    struct slice sub)
{
    for (size_t i = 0; projection && i < projection->sent_count; i++) {
        const struct scim_path *path = &projection->sent[i];
        struct slice own = path->sub ? slice_str(path->sub->name) : path->sub_name;
        if (covers(path, container, attribute) && (sub.len == 0 || own.len == 0 || slice_equals_ascii_nocase(own, sub)))
            return true;
    }
    return false;
}

/* `named`: it is in the list. `above`: the attribute that it belongs to is, as a whole. */
static bool shows(const struct scim_projection *projection, enum scim_returned returned, bool named, bool above)
{
    bool including = projection && !projection->excluding;
    switch (returned) {
    case SCIM_RETURNED_NEVER:
        return false;
    case SCIM_RETURNED_ALWAYS:
        return true;
    case SCIM_RETURNED_REQUEST:
        return including && named;
    case SCIM_RETURNED_DEFAULT:
        break;
    }
    return including ? named || above : !named;
}

struct place { /* an attribute being projected */
    const struct scim_projection *projection;
    const struct container *container;
    const struct scim_attribute *attribute; /* NULL: undeclared */
    struct slice name;
    enum naming naming;
};

static void project_value(const struct place *place, json_t *value)
{
    const char *key;
    json_t *ignored;
    void *next;
    json_object_foreach_safe(value, next, key, ignored)
    {
        struct slice name = slice_str(key);
        const struct scim_attribute *sub = place->attribute ? scim_sub_attribute(place->attribute, name) : NULL;
        enum scim_returned returned = sub ? sub->returned : SCIM_RETURNED_DEFAULT;
        bool named = is_sub_named(place->projection, place->container, place->name, name);
        bool sent =
            returned == SCIM_RETURNED_REQUEST && is_sent(place->projection, place->container, place->name, name);
        if (!sent && !shows(place->projection, returned, named, place->naming == NAMED))
            json_object_del(value, key);
    }
}

static bool is_empty(const json_t *value)
{
    return (json_is_object(value) && json_object_size(value) == 0) ||
           (json_is_array(value) && json_array_size(value) == 0);
}

/* Projects what is inside the value; false when nothing is left of it. */
static bool project_inside(const struct place *place, json_t *value)
{
    if (json_is_object(value))
        project_value(place, value);
    if (!json_is_array(value))
        return !is_empty(value);
    for (size_t i = json_array_size(value); i > 0; i--) {
        json_t *element = json_array_get(value, i - 1);
        if (!json_is_object(element))
            continue;
        project_value(place, element);
        if (is_empty(element))
            json_array_remove(value, i - 1);
    }
    return !is_empty(value);
}

/* A part of an attribute named: shown in part, or hidden in part. */
static bool keep_attribute(const struct place *place, json_t *value)
{
    enum scim_returned returned = place->attribute ? place->attribute->returned : SCIM_RETURNED_DEFAULT;
    bool including = place->projection && !place->projection->excluding;
    bool named = including ? place->naming != NOT_NAMED : place->naming == NAMED;
    bool sent =
        returned == SCIM_RETURNED_REQUEST && is_sent(place->projection, place->container, place->name, SLICE_EMPTY);
    if (!sent && !shows(place->projection, returned, named, false))
        return false;
    bool simple = place->attribute && place->attribute->type != SCIM_COMPLEX;
    /* An undeclared plain value has no parts that could be named. */
    bool has_parts = json_is_object(value) || (json_is_array(value) && json_is_object(json_array_get(value, 0)));
    if (simple || !has_parts)
        return simple || place->naming != NAMED_IN_PART || !including;
    return project_inside(place, value);
}

static const struct scim_attribute *find(const struct container *container, struct slice name)
{
    const struct scim_attribute *attribute = container->schema ? scim_schema_attribute(container->schema, name) : NULL;
    return attribute || container->urn.len ? attribute : scim_schema_attribute(&scim_common, name);
}

static void project_container(const struct scim_projection *projection, const struct container *container,
                              const struct scim_resource_type *type, json_t *object);

static bool keep_member(const struct scim_projection *projection, const struct container *container,
                        const struct scim_resource_type *type, struct slice name, json_t *value)
{
    bool is_urn = container->urn.len == 0 && memchr(name.data, ':', name.len);
    if (is_urn && json_is_object(value)) {
        struct container inner = {.urn = name, .schema = scim_type_extension(type, name)};
        project_container(projection, &inner, type, value);
        return json_object_size(value) > 0;
    }
    struct place place = {projection, container, find(container, name), name, naming_of(projection, container, name)};
    return keep_attribute(&place, value);
}

static void project_container(const struct scim_projection *projection, const struct container *container,
                              const struct scim_resource_type *type, json_t *object)
{
    const char *key;
    json_t *value;
    void *next;
    json_object_foreach_safe(object, next, key, value)
    {
        if (!keep_member(projection, container, type, slice_str(key), value))
            json_object_del(object, key);
    }
}

/* `schemas` lists the URNs that have data in this representation. The core schema always has. */
static void project_schemas(const struct scim_resource_type *type, json_t *resource)
{
    json_t *schemas = json_object_get(resource, "schemas");
    for (size_t i = json_array_size(schemas); i > 0; i--) {
        struct slice urn = json_slice(json_array_get(schemas, i - 1));
        bool core = slice_equals_ascii_nocase(urn, slice_str(type->schema->urn));
        if (!core && !json_member_nocase(resource, urn, NULL))
            json_array_remove(schemas, i - 1);
    }
}

void scim_projection_apply(const struct scim_projection *projection, const struct scim_resource_type *type,
                           json_t *resource)
{
    struct container top = {.schema = type->schema};
    project_container(projection, &top, type, resource);
    project_schemas(type, resource);
}

bool scim_projection_shows(const struct scim_projection *projection, struct slice attribute)
{
    struct container top = {0};
    if (!projection)
        return true;
    enum naming naming = naming_of(projection, &top, attribute);
    return projection->excluding ? naming != NAMED : naming != NOT_NAMED;
}

bool scim_projection_is_plain(const struct scim_projection *projection)
{
    if (!projection)
        return true;
    for (size_t i = 0; i < projection->count; i++) {
        const struct scim_path *path = &projection->paths[i];
        bool derived = scim_path_is_top_level(path, SLICE_LITERAL("groups")) ||
                       scim_path_is_top_level(path, SLICE_LITERAL("members"));
        if (!path->attribute || !derived || scim_path_has_sub(path))
            return false;
    }
    return projection->excluding;
}
