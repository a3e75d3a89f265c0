/* Extra indexes: which attributes they can be of, and the types that have them. */
#include "index_extra.h"

#include "base/json.h"
#include "path_value.h"
#include "scim/index.h"
#include "value.h"

static bool refuse(struct slice attribute, const char *why, struct err *err)
{
    return err_set(err, ERR_INVALID_VALUE, "\"%.*s\" %s", attribute.len > 100 ? 100 : (int)attribute.len,
                   attribute.data, why);
}

/* What is served by the primary key, the unique key, a column or the side index, or stands in other rows. */
static bool is_served(const struct scim_resource_type *type, const struct scim_path *path)
{
    const struct scim_attribute *leaf = path->sub ? path->sub : path->attribute;
    return leaf && (leaf->index_code || leaf == scim_type_unique(type) || path->schema == &scim_common);
}

static bool is_derived(const struct scim_path *path)
{
    static const char *const derived[] = {"groups", "members", "meta"};
    const char *name = path->attribute ? path->attribute->name : "";
    for (size_t i = 0; i < sizeof derived / sizeof *derived; i++)
        if (strcmp(name, derived[i]) == 0)
            return true;
    return strcmp(name, "manager") == 0;
}

static bool reach_value(struct scim_path *path)
{
    if (!path->attribute || path->attribute->type != SCIM_COMPLEX || scim_path_has_sub(path))
        return true;
    return scim_path_set_sub(path, SLICE_LITERAL("value")) && path->sub;
}

static bool find_kind(struct slice attribute, struct scim_extra_index *index, struct err *err)
{
    const struct scim_path *path = &index->path;
    const struct scim_attribute *leaf = scim_path_has_sub(path) ? path->sub : path->attribute;
    bool is_value = slice_equals_ascii_nocase(path->sub_name, SLICE_LITERAL("value"));
    index->kind = SCIM_INDEXED_UNDECLARED;
    if (!leaf)
        return path->attribute || !is_value || refuse(attribute, "is undeclared: index it without \".value\".", err);
    if (leaf->returned == SCIM_RETURNED_NEVER || value_is_password(path->attribute))
        return refuse(attribute, "is never returned, so filters cannot look at it.", err);
    switch (leaf->type) {
    case SCIM_STRING:
    case SCIM_REFERENCE:
    case SCIM_BINARY:
        index->kind = SCIM_INDEXED_TEXT;
        return true;
    case SCIM_INTEGER:
    case SCIM_DECIMAL:
        index->kind = SCIM_INDEXED_NUMBER;
        return true;
    case SCIM_BOOLEAN:
    case SCIM_DATETIME:
    case SCIM_COMPLEX:
        break;
    }
    return refuse(attribute, "cannot have an index: texts, references and numbers can.", err);
}

bool scim_index_resolve(const struct scim_resource_type *type, struct slice attribute, struct arena *arena,
                        struct scim_extra_index *index_out, struct err *err)
{
    struct scim_path *path = &index_out->path;
    if (!scim_path_parse(attribute, type, arena, ERR_INVALID_VALUE, path, err))
        return false;
    if (!path->attribute && path->name.len == 0)
        return refuse(attribute, "is a schema: name an attribute of it.", err);
    if (!reach_value(path))
        return refuse(attribute, "is complex: name a sub-attribute.", err);
    if (is_served(type, path))
        return err_set(err, ERR_CONFLICT, "\"%.*s\" has an index by itself.",
                       attribute.len > 100 ? 100 : (int)attribute.len, attribute.data);
    if (is_derived(path))
        return refuse(attribute, "is made of other resources when it is shown, and cannot have an index.", err);
    return find_kind(attribute, index_out, err);
}

static bool same_name(const struct scim_attribute *a, struct slice x, const struct scim_attribute *b, struct slice y)
{
    return a == b && (a || slice_equals_ascii_nocase(x, y));
}

bool scim_index_is_of(const struct scim_extra_index *index, const struct scim_path *path)
{
    const struct scim_path *own = &index->path;
    return own->schema == path->schema && own->extension == path->extension &&
           slice_equals_ascii_nocase(own->urn, path->urn) &&
           same_name(own->attribute, own->name, path->attribute, path->name) &&
           scim_path_has_sub(own) == scim_path_has_sub(path) &&
           same_name(own->sub, own->sub_name, path->sub, path->sub_name);
}

/* --- of the types --- */

static size_t count_of(const json_t *list, const char *name)
{
    size_t count = 0;
    for (size_t i = 0; i < json_array_size(list); i++) {
        const char *type = json_string_value(json_object_get(json_array_get(list, i), "resource_type"));
        count += type && strcmp(type, name) == 0;
    }
    return count;
}

static void add_index(struct scim_resource_type *type, struct scim_extra_index *room, const json_t *entry,
                      struct arena *arena)
{
    struct scim_extra_index *index = &room[type->index_count];
    struct err ignored = ERR_INIT;
    const char *name = json_string_value(json_object_get(entry, "resource_type"));
    json_int_t code = json_integer_value(json_object_get(entry, "code"));
    if (!name || strcmp(name, type->name) != 0 || code < SCIM_INDEXES_FIRST_CODE || code > SCIM_INDEXES_LAST_CODE ||
        !scim_index_resolve(type, json_slice(json_object_get(entry, "attribute")), arena, index, &ignored))
        return;
    index->code = (uint16_t)code;
    index->ready = json_is_true(json_object_get(entry, "ready"));
    type->index_count++;
}

static const struct scim_resource_type *with_indexes(const struct scim_resource_type *type, const json_t *list,
                                                     struct arena *arena)
{
    size_t count = count_of(list, type->name);
    if (count == 0)
        return type;
    struct scim_resource_type *copy = arena_new(arena, struct scim_resource_type);
    struct scim_extra_index *indexes = arena_array(arena, struct scim_extra_index, count);
    *copy = *type;
    copy->indexes = indexes;
    for (size_t i = 0; i < json_array_size(list); i++)
        add_index(copy, indexes, json_array_get(list, i), arena);
    return copy;
}

bool rules_add_indexes(struct scim_rules *rules, struct slice text, struct err *err)
{
    if (text.len == 0)
        return true;
    json_scoped *read = scim_indexes_read(text);
    const json_t *list = json_object_get(read, "indexes");
    if (!read)
        return err_set(err, ERR_INVALID_SYNTAX, "The indexes of the directory cannot be read.");
    if (json_array_size(list) == 0)
        return true;
    const struct scim_resource_type **types =
        arena_array(&rules->arena, const struct scim_resource_type *, rules->type_count);
    for (size_t i = 0; i < rules->type_count; i++)
        types[i] = with_indexes(rules->types[i], list, &rules->arena);
    struct scim_resource_type *root = arena_new(&rules->arena, struct scim_resource_type);
    *root = *rules->root;
    root->types = types;
    rules->types = types;
    rules->root = root;
    return true;
}
