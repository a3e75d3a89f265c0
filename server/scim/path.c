#include "scim/path.h"

#include "base/json.h"
#include "path_value.h"
#include "unicode_text.h"

enum { SHOWN_BYTES = 80 }; /* how much of a bad path an error repeats */

static int shown(struct slice text) { return (int)scim_text_cut(text, SHOWN_BYTES).len; }

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_name_char(char c) { return is_letter(c) || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '$'; }

bool scim_path_is_name(struct slice text)
{
    if (slice_equals_ascii_nocase(text, SLICE_LITERAL("$ref")))
        return true;
    if (text.len == 0 || !is_letter(text.data[0]))
        return false;
    for (size_t i = 1; i < text.len; i++)
        if (!is_name_char(text.data[i]))
            return false;
    return true;
}

/* Is the URN the text, or its beginning in front of a colon or (L-12) a dot? */
static bool is_led_by(struct slice text, const char *urn)
{
    struct slice prefix = slice_str(urn);
    if (prefix.len == 0 || !slice_starts_with_ascii_nocase(text, prefix))
        return false;
    return text.len == prefix.len || text.data[prefix.len] == ':' || text.data[prefix.len] == '.';
}

static void prefer_longer(const struct scim_schema *schema, struct slice text, const struct scim_schema **best)
{
    if (is_led_by(text, schema->urn) && (!*best || strlen(schema->urn) > strlen((*best)->urn)))
        *best = schema;
}

/* The schema of the type whose URN leads the text; the longest, because a URN may begin like another. */
static const struct scim_schema *leading_schema(const struct scim_resource_type *type, struct slice text,
                                                bool *extension_out)
{
    const struct scim_schema *core = NULL, *extension = NULL;
    prefer_longer(type->schema, text, &core);
    for (size_t i = 0; i < type->extension_count; i++)
        prefer_longer(type->extensions[i], text, &extension);
    *extension_out = extension && (!core || strlen(extension->urn) > strlen(core->urn));
    return *extension_out ? extension : core;
}

static bool find_in_core(const struct scim_resource_type *type, struct scim_path *path)
{
    const struct scim_schema *homes[] = {type->schema, &scim_common};
    for (size_t i = 0; i < 2; i++) {
        path->attribute = scim_schema_attribute(homes[i], path->name);
        path->schema = path->attribute ? homes[i] : NULL;
        if (path->attribute)
            return true;
    }
    return false;
}

/* An extension's attribute without its URN, if only one extension has it (F-16). */
static bool find_in_extensions(const struct scim_resource_type *type, struct scim_path *path)
{
    const struct scim_schema *home = NULL;
    for (size_t i = 0; i < type->extension_count; i++) {
        if (!scim_schema_attribute(type->extensions[i], path->name))
            continue;
        if (home)
            return false;
        home = type->extensions[i];
    }
    if (!home)
        return false;
    path->schema = home;
    path->extension = true;
    path->attribute = scim_schema_attribute(home, path->name);
    return true;
}

/* The types in question: one, or all of them at the root. */
static size_t candidates(const struct scim_resource_type *const *type, const struct scim_resource_type *const **out)
{
    *out = (*type)->types ? (*type)->types : type;
    return (*type)->types ? (*type)->type_count : 1;
}

static void find_attribute(const struct scim_resource_type *type, struct scim_path *path)
{
    const struct scim_resource_type *const *types;
    size_t count = candidates(&type, &types);
    for (size_t i = 0; i < count; i++)
        if (find_in_core(types[i], path))
            return;
    for (size_t i = 0; i < count; i++)
        if (find_in_extensions(types[i], path))
            return;
}

bool scim_path_set_sub(struct scim_path *path, struct slice name)
{
    if (path->attribute && path->attribute->type != SCIM_COMPLEX)
        return false;
    path->sub_name = name;
    path->sub = path->attribute ? scim_sub_attribute(path->attribute, name) : NULL;
    return true;
}

static bool malformed(struct slice text, enum err_kind kind, struct err *err)
{
    return err_set(err, kind, "\"%.*s\" is no attribute path", shown(text), text.data);
}

/* Cuts name[.sub] apart. */
static bool split(struct slice text, struct slice *name_out, struct slice *sub_out)
{
    const char *dot = text.len ? memchr(text.data, '.', text.len) : NULL;
    size_t name_len = dot ? (size_t)(dot - text.data) : text.len;
    *name_out = slice_of(text.data, name_len);
    *sub_out = dot ? slice_skip(text, name_len + 1) : SLICE_EMPTY;
    return scim_path_is_name(*name_out) && (!dot || scim_path_is_name(*sub_out));
}

static bool add_sub(struct slice text, struct slice sub, enum err_kind kind, struct scim_path *path, struct err *err)
{
    if (sub.len == 0 || scim_path_set_sub(path, sub))
        return true;
    return err_set(err, kind, "\"%.*s\": %s has no sub-attributes", shown(text), text.data, path->attribute->name);
}

/* Behind the URN of a schema that the type has. */
static bool parse_in_schema(struct slice text, struct slice rest, enum err_kind kind, struct scim_path *path,
                            struct err *err)
{
    struct slice sub;
    if (rest.len == 0)
        return true;
    if (!split(slice_skip(rest, 1), &path->name, &sub))
        return malformed(text, kind, err);
    path->dotted = rest.data[0] == '.';

    const struct scim_schema *schema = path->schema;
    path->attribute = scim_schema_attribute(schema, path->name);
    if (!path->attribute && !path->extension) {
        path->attribute = scim_schema_attribute(&scim_common, path->name);
        path->schema = path->attribute ? &scim_common : NULL;
    }
    return add_sub(text, sub, kind, path, err);
}

/* A letter, then whatever may stand in a URI. */
static bool is_urn(struct slice text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] <= 0x20 || text.data[i] >= 0x7F || strchr("\"()<>[]\\^`{|}", text.data[i]))
            return false;
    return text.len > 0 && is_letter(text.data[0]);
}

/* No schema of the type leads the text: what is in front of the last colon is an undeclared URN. */
static bool parse_plain(struct slice text, const struct scim_resource_type *type, enum err_kind kind,
                        struct scim_path *path, struct err *err)
{
    struct slice sub;
    const char *colon = text.len ? memrchr(text.data, ':', text.len) : NULL;
    size_t urn_len = colon ? (size_t)(colon - text.data) : 0;
    path->urn = slice_of(text.data, urn_len);
    if (colon && !is_urn(path->urn))
        return malformed(text, kind, err);
    if (!split(slice_skip(text, colon ? urn_len + 1 : 0), &path->name, &sub))
        return malformed(text, kind, err);
    if (!colon)
        find_attribute(type, path);
    return add_sub(text, sub, kind, path, err);
}

bool scim_path_parse(struct slice text, const struct scim_resource_type *type, struct arena *arena, enum err_kind kind,
                     struct scim_path *path_out, struct err *err)
{
    if (!type)
        type = &scim_root_type;
    const struct scim_resource_type *const *types;
    size_t count = candidates(&type, &types);
    struct scim_path path = {0};
    struct slice copy = arena_slice(arena, text);

    for (size_t i = 0; i < count && !path.schema; i++)
        path.schema = leading_schema(types[i], copy, &path.extension);
    bool ok = path.schema ? parse_in_schema(copy, slice_skip(copy, strlen(path.schema->urn)), kind, &path, err)
                          : parse_plain(copy, type, kind, &path, err);
    *path_out = path;
    return ok;
}

static const json_t *member(const json_t *object, const char *name) { return json_object_get(object, name); }

const json_t *scim_path_value(const struct scim_path *path, const json_t *resource)
{
    const json_t *home = resource;
    if (path->extension)
        home = member(resource, path->schema->urn);
    else if (path->urn.len)
        home = json_member_nocase(resource, path->urn, NULL);
    if (path->attribute)
        return member(home, path->attribute->name);
    if (path->name.len)
        return json_is_object(home) ? json_member_nocase(home, path->name, NULL) : NULL;
    return home;
}

const json_t *scim_path_sub_value(const struct scim_path *path, const json_t *value)
{
    if (path->sub)
        return member(value, path->sub->name);
    return json_is_object(value) ? json_member_nocase(value, path->sub_name, NULL) : NULL;
}

bool scim_path_is_top_level(const struct scim_path *path, struct slice attribute)
{
    struct slice name = path->attribute ? slice_str(path->attribute->name) : path->name;
    return !path->extension && path->urn.len == 0 && slice_equals_ascii_nocase(name, attribute);
}

bool scim_path_suits(const struct scim_path *path, const struct scim_policy *policy, enum err_kind kind,
                     struct err *err)
{
    return !path->dotted || scim_lenient(policy, SCIM_DOT_BEHIND_URN) ||
           err_set(err, kind, "Between %s and the name of an attribute belongs a colon.", path->schema->urn);
}

struct visitor {
    bool (*visit)(const json_t *value, void *context);
    void *context;
};

static bool visit_each(const json_t *value, const struct visitor *visitor)
{
    if (!json_is_array(value))
        return value && !json_is_null(value) && visitor->visit(value, visitor->context);
    for (size_t i = 0; i < json_array_size(value); i++)
        if (visit_each(json_array_get(value, i), visitor))
            return true;
    return false;
}

struct sub_visitor {
    const struct scim_path *path;
    struct visitor visitor;
};

static bool visit_sub(const json_t *value, void *context)
{
    const struct sub_visitor *sub = context;
    return visit_each(scim_path_sub_value(sub->path, value), &sub->visitor);
}

bool scim_path_visit(const struct scim_path *path, const json_t *resource,
                     bool (*visit)(const json_t *value, void *context), void *context)
{
    struct sub_visitor sub = {path, {visit, context}};
    struct visitor outer = {visit_sub, &sub};
    return visit_each(scim_path_value(path, resource), scim_path_has_sub(path) ? &outer : &sub.visitor);
}
