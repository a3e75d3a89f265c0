#include "patch_parts.h"
#include "policy_parts.h"
#include "scim/message.h"

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return value ? value : json_member_nocase(object, slice_str(name), NULL);
}

static bool is_unassigned(const json_t *value)
{
    return json_is_null(value) || (json_is_array(value) && json_array_size(value) == 0);
}

static void add_step(struct patch_parser *parser, const struct patch_step *step)
{
    struct patch_step *copy = arena_new(parser->arena, struct patch_step);
    *copy = *step;
    copy->next = NULL;
    *parser->patch->steps_end = copy;
    parser->patch->steps_end = &copy->next;
}

static const char *name_of(const struct patch_parser *parser, const struct scim_path *path)
{
    const struct scim_attribute *target = patch_target(path);
    struct slice name = path->sub_name.len > 0 ? path->sub_name : path->name;
    return target ? target->name : arena_copy(parser->arena, name);
}

/* What the cheat sheet (section 5 of the checklist) says about null and required attributes. */
static bool check_value(const struct patch_parser *parser, const struct patch_step *step)
{
    const struct scim_attribute *target = patch_target(&step->path);
    const char *name = name_of(parser, &step->path);
    bool required =
        !step->filter && ((target && target->required) || policy_requires(parser->policy, parser->type, &step->path));

    if (step->op == PATCH_REMOVE)
        return !required || err_set(parser->err, ERR_MUTABILITY, "\"%s\" is required and cannot be removed.", name);
    if (!is_unassigned(step->value))
        return true;
    if (step->op == PATCH_ADD)
        return err_set(parser->err, ERR_INVALID_VALUE, "There is nothing to add to \"%s\".", name);
    return !required || err_set(parser->err, ERR_INVALID_VALUE, "\"%s\" is required and must not be empty.", name);
}

/* What only occurs in a value is passed over when it is read-only, because clients send back what they were given. */
static bool passes_over(const struct patch_parser *parser, bool named)
{
    return !named && scim_lenient(parser->policy, SCIM_READ_ONLY_IN_VALUES);
}

/* A step on an attribute that a schema declares. `named`: the client wrote a path. */
static bool take_declared(struct patch_parser *parser, const struct patch_step *step, bool named)
{
    const struct scim_attribute *attribute = step->path.attribute, *sub = step->path.sub;

    if (attribute->mutability == SCIM_READ_ONLY || (sub && sub->mutability == SCIM_READ_ONLY))
        return passes_over(parser, named) ||
               err_set(parser->err, ERR_MUTABILITY, "\"%s\" is read-only.", name_of(parser, &step->path));
    if (!step->path.extension && resource_is_members(parser->type, attribute))
        return patch_take_members(parser, step);
    if (!check_value(parser, step))
        return false;
    if (!sub || !value_is_derived(attribute, sub))
        add_step(parser, step);
    return true;
}

/* Custom attributes stand under an extension's URN, and Entra updates them by path: refusing them would freeze what
 * POST has kept. */
static bool is_custom(const struct patch_parser *parser, const struct scim_path *path)
{
    return path->extension && !path->attribute && parser->policy->unknown_attributes == SCIM_UNKNOWN_KEEP;
}

/* Any other path that no schema knows is a mistake; a member of a value is dealt with as the policy says. */
static bool take_undeclared(struct patch_parser *parser, const struct patch_step *step, bool named)
{
    if (named && !is_custom(parser, &step->path))
        return err_set(parser->err, ERR_INVALID_PATH, "A %s has no attribute \"%s\".", parser->type->name,
                       name_of(parser, &step->path));
    if (parser->policy->unknown_attributes == SCIM_UNKNOWN_REJECT)
        return err_set(parser->err, ERR_INVALID_SYNTAX, "There is no attribute \"%s\".", name_of(parser, &step->path));
    if (parser->policy->unknown_attributes == SCIM_UNKNOWN_IGNORE)
        return true;
    if (!check_value(parser, step))
        return false;
    add_step(parser, step);
    return true;
}

static bool take_members_of(struct patch_parser *parser, enum patch_op op, const struct scim_schema *home,
                            const json_t *object);

/* A schema's URN alone: its attributes one by one, or the whole of it (L-23). */
static bool take_schema(struct patch_parser *parser, const struct patch_step *step, bool named)
{
    const struct scim_path *path = &step->path;
    const json_t *value = step->value;

    if (step->op == PATCH_REMOVE || is_unassigned(value)) {
        if (!path->extension)
            return err_set(parser->err, ERR_INVALID_PATH, "\"%s\" is no attribute.", path->schema->urn);
        if (step->op == PATCH_ADD)
            return err_set(parser->err, ERR_INVALID_VALUE, "There is nothing to add to \"%s\".", path->schema->urn);
        if (policy_requires(parser->policy, parser->type, path))
            return err_set(parser->err, step->op == PATCH_REMOVE ? ERR_MUTABILITY : ERR_INVALID_VALUE,
                           "\"%s\" has attributes that are required in this directory.", path->schema->urn);
        struct patch_step whole = *step;
        whole.op = PATCH_REMOVE;
        add_step(parser, &whole);
        return true;
    }
    if (named && !scim_lenient(parser->policy, SCIM_EXTENSION_AS_PATH))
        return err_set(parser->err, ERR_INVALID_PATH, "\"%s\" is no attribute.", path->schema->urn);
    if (!json_is_object(value))
        return err_set(parser->err, ERR_INVALID_VALUE, "\"%s\" must be an object.", path->schema->urn);
    return take_members_of(parser, step->op, path->extension ? path->schema : NULL, value);
}

static bool take(struct patch_parser *parser, const struct patch_step *step, bool named)
{
    const struct scim_path *path = &step->path;
    if (path->schema && !path->attribute && path->name.len == 0)
        return take_schema(parser, step, named);
    if (!path->attribute || (path->sub_name.len > 0 && !path->sub))
        return take_undeclared(parser, step, named);
    return take_declared(parser, step, named);
}

/* A URN that is no schema of the type, with an object: its members are undeclared, one by one. */
static bool take_foreign_schema(struct patch_parser *parser, enum patch_op op, struct slice urn, const json_t *object)
{
    const char *name;
    json_t *value;
    json_object_foreach (value_iterable(object), name, value) {
        const struct patch_step step = {.op = op, .path = {.urn = urn, .name = slice_str(name)}, .value = value};
        if (!take_undeclared(parser, &step, false))
            return false;
    }
    return true;
}

static bool is_known_path(const struct patch_parser *parser, struct slice text)
{
    struct err ignored = ERR_INIT;
    struct scim_path path;
    return scim_path_parse(text, parser->type, parser->arena, ERR_INVALID_PATH, &path, &ignored) && path.schema;
}

/* A member of a pathless value whose name is no attribute's: perhaps a path (L-02, L-04). */
static bool take_key(struct patch_parser *parser, struct patch_step *step, const struct scim_schema *home,
                     const char *key)
{
    struct slice text = slice_str(key);
    bool is_filtered = strchr(key, '[');
    struct scim_filter *filter = NULL;

    if (strchr(key, ':') && !home && !is_filtered && json_is_object(step->value) && !is_known_path(parser, text))
        return take_foreign_schema(parser, step->op, text, step->value);
    if (home)
        text = slice_str(arena_printf(parser->arena, "%s:%s", home->urn, key));
    if (scim_value_path_parse(text, parser->type, parser->policy, parser->arena, &step->path, &filter, parser->err)) {
        step->filter = filter;
        return take(parser, step, false);
    }
    if (is_filtered)
        return false;
    *parser->err = ERR_INIT;
    step->path = (struct scim_path){.schema = home, .extension = home, .name = slice_str(key)};
    return take_undeclared(parser, step, false);
}

/* An attribute by its mere name; false when the schema (NULL: the top level) has none such. */
static bool find_attribute(const struct patch_parser *parser, const struct scim_schema *home, struct slice name,
                           struct scim_path *path_out)
{
    const struct scim_schema *schemas[] = {home ? home : parser->type->schema, home ? NULL : &scim_common};
    for (size_t i = 0; i < 2 && schemas[i]; i++) {
        const struct scim_attribute *attribute = scim_schema_attribute(schemas[i], name);
        *path_out = (struct scim_path){.schema = schemas[i], .extension = home, .attribute = attribute, .name = name};
        if (attribute)
            return true;
    }
    const struct scim_schema *extension = home ? NULL : scim_type_extension(parser->type, name);
    *path_out = (struct scim_path){.schema = extension, .extension = extension};
    return extension;
}

static bool take_members_of(struct patch_parser *parser, enum patch_op op, const struct scim_schema *home,
                            const json_t *object)
{
    const char *key;
    json_t *value;
    json_object_foreach (value_iterable(object), key, value) {
        struct patch_step step = {.op = op, .value = value};
        bool ok;
        if (find_attribute(parser, home, slice_str(key), &step.path)) {
            ok = take(parser, &step, false);
        } else if (!scim_lenient(parser->policy, strchr(key, '[') ? SCIM_FILTERS_AS_KEYS : SCIM_PATHS_AS_KEYS)) {
            step.path = (struct scim_path){.schema = home, .extension = home, .name = slice_str(key)};
            ok = take_undeclared(parser, &step, false);
        } else {
            ok = take_key(parser, &step, home, key);
        }
        if (!ok)
            return false;
    }
    return true;
}

static bool take_op(const struct patch_parser *parser, const json_t *operation, enum patch_op *op_out)
{
    static const char *const names[] = {"add", "remove", "replace"};
    const json_t *op = member(operation, "op");

    for (unsigned i = 0; i < 3 && json_is_string(op); i++) {
        bool equal = scim_lenient(parser->policy, SCIM_OPS_IN_ANY_CASE)
                         ? slice_equals_ascii_nocase(json_slice(op), slice_str(names[i]))
                         : slice_equals(json_slice(op), slice_str(names[i]));
        if (!equal)
            continue;
        *op_out = (enum patch_op)i;
        return true;
    }
    return err_set(parser->err, ERR_INVALID_SYNTAX, "The \"op\" of an operation must be add, remove or replace.");
}

static bool take_operation(struct patch_parser *parser, const json_t *operation)
{
    struct patch_step step = {.value = member(operation, "value")};
    struct scim_filter *filter = NULL;
    const json_t *path = member(operation, "path");

    if (!json_is_object(operation))
        return err_set(parser->err, ERR_INVALID_SYNTAX, "Each of the \"Operations\" must be an object.");
    if (!take_op(parser, operation, &step.op))
        return false;
    if (step.op != PATCH_REMOVE && !step.value)
        return err_set(parser->err, ERR_INVALID_VALUE, "An operation that adds or replaces needs a \"value\".");
    if (path && !json_is_null(path)) {
        if (!json_is_string(path))
            return err_set(parser->err, ERR_INVALID_PATH, "The \"path\" of an operation must be a string.");
        if (!scim_value_path_parse(json_slice(path), parser->type, parser->policy, parser->arena, &step.path, &filter,
                                   parser->err))
            return false;
        step.filter = filter;
        return take(parser, &step, true);
    }
    if (step.op == PATCH_REMOVE)
        return err_set(parser->err, ERR_NO_TARGET, "An operation that removes needs a \"path\".");
    if (!json_is_object(step.value))
        return err_set(parser->err, ERR_INVALID_VALUE,
                       "The \"value\" of an operation without \"path\" must be an object.");
    return take_members_of(parser, step.op, NULL, step.value);
}

static bool check_message(const json_t *body, const struct patch_parser *parser)
{
    const json_t *schemas = member(body, "schemas");
    if (!schemas && scim_lenient(parser->policy, SCIM_INCOMPLETE_PATCH))
        return true;
    for (size_t i = 0; i < json_array_size(schemas); i++) {
        const json_t *urn = json_array_get(schemas, i);
        if (json_is_string(urn) && slice_equals_ascii_nocase(json_slice(urn), SLICE_LITERAL(SCIM_URN_PATCH_OP)))
            return true;
    }
    return err_set(parser->err, ERR_INVALID_SYNTAX, "\"schemas\" must name " SCIM_URN_PATCH_OP ".");
}

bool scim_patch_parse(const json_t *body, const struct scim_resource_type *type, const struct scim_policy *policy,
                      struct arena *arena, struct scim_patch **patch_out, struct err *err)
{
    struct scim_patch *patch = arena_new(arena, struct scim_patch);
    struct patch_parser parser = {type, policy, arena, patch, err};
    const json_t *operations = member(body, "Operations");
    bool single = json_is_object(operations) && scim_lenient(policy, SCIM_INCOMPLETE_PATCH);
    bool empty = json_array_size(operations) == 0 && !scim_lenient(policy, SCIM_EMPTY_PATCH);

    patch->steps_end = &patch->steps;
    patch->members_end = &patch->members;
    *patch_out = patch;
    if (!check_message(body, &parser))
        return false;
    if (single && !take_operation(&parser, operations))
        return false;
    if (!single && (!json_is_array(operations) || empty))
        return err_set(err, ERR_INVALID_SYNTAX, "\"Operations\" must be a list of operations.");
    if (json_array_size(operations) > SCIM_PATCH_MAX_OPERATIONS)
        return err_set(err, ERR_INVALID_SYNTAX, "\"Operations\" has more than %d operations.",
                       (int)SCIM_PATCH_MAX_OPERATIONS);
    for (size_t i = 0; i < json_array_size(operations); i++)
        if (!take_operation(&parser, json_array_get(operations, i)))
            return false;
    patch_join_members(patch, arena);
    return true;
}

const struct scim_member_edit *scim_patch_members(const struct scim_patch *patch) { return patch->members; }

const struct scim_path *scim_patch_paths(const struct scim_patch *patch, struct arena *arena, size_t *count_out)
{
    size_t count = 0;
    for (const struct patch_step *step = patch->steps; step; step = step->next)
        count++;
    struct scim_path *paths = arena_array(arena, struct scim_path, count);
    *count_out = count;
    for (const struct patch_step *step = patch->steps; step; step = step->next)
        *paths++ = step->path;
    return paths - count;
}

bool scim_patch_touches_document(const struct scim_patch *patch) { return patch->steps; }
