#include "wild.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/clock.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static uint64_t state;

uint64_t wild_seed(void)
{
    const char *text = getenv("ROLLCALL_SEED");
    uint64_t seed = text ? strtoull(text, NULL, 10) : clock_monotonic_ns() % 1000000000;
    fprintf(stderr, "ROLLCALL_SEED=%llu\n", (unsigned long long)seed);
    state = seed * 2654435761u + 88172645463325252u;
    return seed;
}

size_t wild_pick(size_t count) /* xorshift64* */
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return (size_t)((state * 2685821657736338717u >> 33) % count);
}

static bool one_in(size_t chances) { return wild_pick(chances) == 0; }

static const char *const texts[] = {
    "a",
    "A",
    "ab",
    "AB",
    "b",
    "c d",
    " a",
    "a ",
    "work",
    "Work",
    "home",
    "",
    "\"",
    "\\",
    "\\\"",
    "a\"b",
    "\\\\",
    "}",
    "{\"userName\":\"a\"}",
    ",\"title\":\"a\"",
    "[1,2]",
    "%",
    "_",
    "50%_",
    "' OR 1=1 -- ",
    "a\tb",
    "a\nb",
    "/",
    "\u00e9",
    "e\u0301",
    "\u00c9",
    "\u00df",
    "ss",
    "\u0130",
    "i",
    "I",
    "\u212a",
    "k",
    "\uff22",
    "\u05d0a",
    "\U0001f600",
    "\U0001f600\U0001f601",
    "true",
    "false",
    "5",
    "5.0",
    "null",
    "a@x.y",
    "A@X.Y",
    "2026-01-02T03:04:05Z",
    "userName",
    "W/\"1\"",
    "W/\"2\"",
    "0198c223-7f76-753a-919d-413861904601",
    "a long text that is longer than a name usually is, and is folded \u00c4\u00d6\u00dc on its way to a comparison",
};

const char *wild_text(void) { return texts[wild_pick(COUNT(texts))]; }

static const char *const instants[] = {
    "2026-01-02T03:04:05Z",      "2026-01-02T05:04:05+02:00", "2026-01-02T03:04:05.1Z", "2026-01-02T03:04:05.1234567Z",
    "0001-01-01T00:00:00Z",      "9999-12-31T23:59:59Z",      "2026-01-02T03:04:06Z",   "2026-01-02T03:04:05.1000000Z",
    "2025-06-15T15:06:40+00:00", "2025-06-15T15:06:41Z",
};

/* --- resources --- */

static json_t *wild_value(size_t depth);

static json_t *wild_object(size_t depth)
{
    static const char *const names[] = {"value", "type", "userName", "Size", "display", "emails", "a b", "x\"y"};
    json_t *object = json_object();
    for (size_t i = wild_pick(4); i > 0; i--)
        json_object_set_new(object, names[wild_pick(COUNT(names))], wild_value(depth - 1));
    return object;
}

/* Of an undeclared attribute. */
static json_t *wild_value(size_t depth)
{
    switch (wild_pick(depth > 0 ? 8 : 5)) {
    case 0:
        return json_integer((json_int_t)wild_pick(10) - 3);
    case 1:
        return json_real((double)wild_pick(8) / 2 + 3.5);
    case 2:
        return json_boolean(one_in(2));
    case 5:
    case 6: {
        json_t *array = json_array();
        for (size_t i = 1 + wild_pick(3); i > 0; i--)
            json_array_append_new(array, wild_value(depth - 1));
        return array;
    }
    case 7:
        return wild_object(depth);
    default:
        return json_string(wild_text());
    }
}

static json_t *wild_simple(const struct scim_attribute *attribute, const char *const *ids, size_t count)
{
    switch (attribute->type) {
    case SCIM_BOOLEAN:
        return json_boolean(one_in(2));
    case SCIM_INTEGER:
        return json_integer((json_int_t)wild_pick(10));
    case SCIM_DECIMAL:
        return json_real((double)wild_pick(20) / 4);
    case SCIM_DATETIME:
        return json_string(instants[wild_pick(COUNT(instants))]);
    case SCIM_BINARY:
        return json_string(one_in(2) ? "MAMCAQU=" : "MAMCAQY=");
    case SCIM_STRING:
    case SCIM_REFERENCE:
    case SCIM_COMPLEX:
        break;
    }
    bool id = count > 0 && strcmp(attribute->name, "value") == 0 && one_in(3);
    return json_string(id ? ids[wild_pick(count)] : wild_text());
}

static json_t *wild_complex(const struct scim_attribute *attribute, bool first, const char *const *ids, size_t count)
{
    json_t *object = json_object();
    for (size_t i = 0; i < attribute->sub_attribute_count; i++) {
        const struct scim_attribute *sub = &attribute->sub_attributes[i];
        bool later_primary = !first && strcmp(sub->name, "primary") == 0;
        if (!later_primary && sub->mutability != SCIM_READ_ONLY && !one_in(3))
            json_object_set_new(object, sub->name, wild_simple(sub, ids, count));
    }
    if (one_in(5))
        json_object_set_new(object, "extra", wild_value(0));
    return object;
}

static json_t *wild_attribute(const struct scim_attribute *attribute, const char *const *ids, size_t count)
{
    bool complex = attribute->type == SCIM_COMPLEX;
    if (!attribute->multi_valued)
        return complex ? wild_complex(attribute, true, ids, count) : wild_simple(attribute, ids, count);
    json_t *list = json_array();
    for (size_t i = wild_pick(4); i > 0; i--)
        json_array_append_new(list, complex ? wild_complex(attribute, json_array_size(list) == 0, ids, count)
                                            : wild_simple(attribute, ids, count));
    return list;
}

static json_t *wild_members(const char *const *ids, size_t count)
{
    json_t *list = json_array();
    for (size_t i = count ? wild_pick(5) : 0; i > 0; i--)
        json_array_append_new(list, json_pack("{s:s}", "value", ids[wild_pick(count)]));
    return list;
}

static void fill(json_t *object, const struct scim_schema *schema, size_t chance, const char *const *ids, size_t count)
{
    for (size_t i = 0; i < schema->attribute_count; i++) {
        const struct scim_attribute *attribute = &schema->attributes[i];
        if (attribute->mutability == SCIM_READ_ONLY || one_in(chance))
            continue;
        bool members = strcmp(attribute->name, "members") == 0;
        json_object_set_new(object, attribute->name,
                            members ? wild_members(ids, count) : wild_attribute(attribute, ids, count));
    }
}

/* Names of the enterprise schema in a type that has it not. */
static void add_foreign(json_t *resource, const char *const *ids, size_t count)
{
    json_t *object = json_object();
    json_object_set_new(object, "department", wild_value(1));
    json_object_set_new(object, "manager",
                        one_in(4) ? wild_value(1)
                                  : json_pack("{s:s}", "value", count ? ids[wild_pick(count)] : wild_text()));
    json_object_set_new(resource, SCIM_URN_ENTERPRISE, object);
}

static void add_undeclared(json_t *resource)
{
    static const char *const names[] = {"size", "custom", "tags", "Extra", "userNames"};
    for (size_t i = wild_pick(3); i > 0; i--)
        json_object_set_new(resource, names[wild_pick(COUNT(names))], wild_value(2));
    if (one_in(3)) {
        json_t *object = json_object();
        json_object_set_new(object, "size", wild_value(1));
        json_object_set_new(object, "floor", wild_value(1));
        json_object_set_new(resource, "urn:x:y", object);
    }
}

json_t *wild_resource(const struct scim_resource_type *type, size_t number, const char *const *ids, size_t count)
{
    char name[64];
    json_t *resource = json_object(), *schemas = json_array();
    json_array_append_new(schemas, json_string(type->schema->urn));
    json_object_set_new(resource, "schemas", schemas);
    if (one_in(2))
        json_object_set_new(resource, "externalId", json_string(wild_text()));
    fill(resource, type->schema, 2, ids, count);
    for (size_t i = 0; i < type->extension_count; i++) {
        json_t *extension = json_object();
        fill(extension, type->extensions[i], 2, ids, count);
        json_object_set_new(resource, type->extensions[i]->urn, extension);
        json_array_append_new(schemas, json_string(type->extensions[i]->urn));
    }
    if (type->extension_count == 0 && one_in(4))
        add_foreign(resource, ids, count);
    add_undeclared(resource);
    snprintf(name, sizeof(name), "%s%zu", one_in(2) ? "N" : "n\u00e9", number);
    json_object_set_new(resource, type->code == SCIM_TYPE_GROUP ? "displayName" : "userName", json_string(name));
    return resource;
}

/* --- filters --- */

struct context {
    const struct scim_resource_type *type;
    const char *const *ids;
    size_t count;
    struct buf *out;
};

static void add_quoted(struct buf *out, const char *text) { buf_add_json_string(out, slice_str(text)); }

static void add_literal(const struct context *context, const struct scim_attribute *attribute)
{
    struct buf *out = context->out;
    enum scim_data_type type = attribute ? attribute->type : SCIM_STRING;
    if (one_in(30))
        buf_add_str(out, "null");
    else if (type == SCIM_BOOLEAN)
        buf_add_str(out, one_in(2) ? "true" : "\"False\"");
    else if (type == SCIM_INTEGER || type == SCIM_DECIMAL || (!attribute && one_in(4)))
        buf_printf(out, one_in(2) ? "%d" : "%d.5", (int)wild_pick(8));
    else if (type == SCIM_DATETIME)
        add_quoted(out, instants[wild_pick(COUNT(instants))]);
    else if (context->count > 0 && one_in(4))
        add_quoted(out, context->ids[wild_pick(context->count)]);
    else if (one_in(8)) {
        char name[64];
        snprintf(name, sizeof(name), "%s%zu", one_in(2) ? "n" : "N\u00e9", wild_pick(40));
        add_quoted(out, name);
    } else
        add_quoted(out, wild_text());
}

static void add_condition(const struct context *context, const struct scim_attribute *attribute)
{
    static const char *const any[] = {"eq", "ne", "co", "sw", "ew", "gt", "ge", "lt", "le", "pr"};
    static const char *const ordered[] = {"eq", "ne", "gt", "ge", "lt", "le", "pr"};
    static const char *const same[] = {"eq", "ne", "pr", "Eq"};
    enum scim_data_type type = attribute ? attribute->type : SCIM_STRING;
    const char *op = any[wild_pick(COUNT(any))];
    if (type == SCIM_BOOLEAN || type == SCIM_BINARY)
        op = same[wild_pick(COUNT(same))];
    else if (type == SCIM_INTEGER || type == SCIM_DECIMAL || type == SCIM_DATETIME)
        op = ordered[wild_pick(COUNT(ordered))];
    buf_printf(context->out, " %s", op);
    if (strcmp(op, "pr") == 0)
        return;
    buf_add_char(context->out, ' ');
    add_literal(context, attribute);
}

static const struct scim_attribute *any_sub(const struct scim_attribute *attribute)
{
    return &attribute->sub_attributes[wild_pick(attribute->sub_attribute_count)];
}

static void add_bracketed(const struct context *context, const struct scim_attribute *attribute, size_t depth)
{
    size_t choice = depth > 0 ? wild_pick(6) : 0;
    if (choice == 1)
        buf_add_str(context->out, "not (");
    if (choice > 2) {
        add_bracketed(context, attribute, depth - 1);
        buf_add_str(context->out, choice > 3 ? " and " : " or ");
    }
    if (one_in(10)) {
        buf_add_str(context->out, "extra");
        add_condition(context, NULL);
    } else {
        const struct scim_attribute *sub = any_sub(attribute);
        buf_add_str(context->out, sub->name);
        add_condition(context, sub);
    }
    if (choice == 1)
        buf_add_char(context->out, ')');
}

/* Behind the name of the attribute: brackets, a sub-attribute or nothing, and the condition. */
static void add_rest(const struct context *context, const struct scim_attribute *attribute)
{
    if (attribute->type != SCIM_COMPLEX || one_in(6)) {
        add_condition(context, attribute->type == SCIM_COMPLEX ? NULL : attribute);
    } else if (attribute->multi_valued && one_in(2)) {
        buf_add_char(context->out, '[');
        add_bracketed(context, attribute, 2);
        buf_add_char(context->out, ']');
    } else {
        const struct scim_attribute *sub = any_sub(attribute);
        buf_printf(context->out, ".%s", sub->name);
        add_condition(context, sub);
    }
}

static void add_declared(const struct context *context, const struct scim_schema *schema, bool qualified)
{
    const struct scim_attribute *attribute = &schema->attributes[wild_pick(schema->attribute_count)];
    if (qualified)
        buf_printf(context->out, "%s:", schema->urn);
    buf_add_str(context->out, attribute->name);
    add_rest(context, attribute);
}

static void add_term(const struct context *context)
{
    static const char *const undeclared[] = {"size",
                                             "CUSTOM",
                                             "tags",
                                             "tags.value",
                                             "extra.type",
                                             "absent",
                                             SCIM_URN_ENTERPRISE ":manager.value",
                                             SCIM_URN_ENTERPRISE ":manager.displayName",
                                             "urn:x:y:size",
                                             "URN:X:Y:floor",
                                             "custom.value",
                                             "userNames",
                                             "Extra",
                                             "tags.Size",
                                             "urn:x:z:a",
                                             "custom.display"};
    const struct scim_resource_type *type = context->type;
    switch (wild_pick(10)) {
    case 0:
        buf_add_str(context->out, undeclared[wild_pick(COUNT(undeclared))]);
        add_condition(context, NULL);
        return;
    case 1:
        buf_add_str(context->out, one_in(2) ? "tags[" : "custom[");
        buf_add_str(context->out, one_in(2) ? "value" : "type");
        add_condition(context, NULL);
        buf_add_char(context->out, ']');
        return;
    case 2:
        add_declared(context, &scim_common, false);
        return;
    case 3:
    case 4:
        if (type->extension_count) {
            add_declared(context, type->extensions[wild_pick(type->extension_count)], true);
            return;
        }
        break;
    case 5:
        buf_add_str(context->out, type->code == SCIM_TYPE_GROUP ? "members.value eq " : "groups.value eq ");
        add_quoted(context->out, context->count ? context->ids[wild_pick(context->count)] : wild_text());
        return;
    default:
        break;
    }
    add_declared(context, type->schema, one_in(8));
}

static void add_filter(const struct context *context, size_t depth)
{
    size_t choice = depth > 0 ? wild_pick(8) : 7;
    if (choice > 4) {
        add_term(context);
        return;
    }
    if (choice == 0)
        buf_add_str(context->out, "not ");
    buf_add_char(context->out, '(');
    add_filter(context, depth - 1);
    if (choice > 0) {
        buf_add_str(context->out, choice > 2 ? " and " : " or ");
        add_filter(context, depth - 1);
    }
    buf_add_char(context->out, ')');
}

void wild_filter(const struct scim_resource_type *type, const char *const *ids, size_t count, struct buf *out)
{
    struct context context = {type, ids, count, out};
    buf_clear(out);
    add_filter(&context, 3);
    buf_add_char(out, '\0');
}
