#include "scim/discovery.h"

#include <stdio.h>

#include "scim/document.h"
#include "scim/message.h"

#define URN_CONFIG "urn:ietf:params:scim:schemas:core:2.0:ServiceProviderConfig"
#define URN_TYPE   "urn:ietf:params:scim:schemas:core:2.0:ResourceType"
#define URN_SCHEMA "urn:ietf:params:scim:schemas:core:2.0:Schema"

static void add_name(const char *name, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\""));
    buf_add_str(out, name);
    buf_add(out, SLICE_LITERAL("\":"));
}

static void add_text(const char *name, const char *text, struct buf *out)
{
    add_name(name, out);
    buf_add_json_string(out, slice_str(text));
}

/* Those of a directory's own schemas may be absent. */
static void add_description(const char *text, struct buf *out)
{
    if (*text)
        add_text("description", text, out);
}

static void add_flag(const char *name, bool flag, struct buf *out)
{
    add_name(name, out);
    buf_add_str(out, flag ? "true" : "false");
}

static void add_number(const char *name, uint64_t number, struct buf *out)
{
    add_name(name, out);
    buf_add_uint(out, number);
}

static void add_supported(const char *name, bool supported, struct buf *out)
{
    add_name(name, out);
    buf_printf(out, "{\"supported\":%s}", supported ? "true" : "false");
}

static uint64_t checksum(struct slice text)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325); /* FNV-1a: change detection only */
    for (size_t i = 0; i < text.len; i++)
        hash = (hash ^ (unsigned char)text.data[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* Every single object ends so; the digits are a checksum of all that stands before. */
#define VERSION_BEGIN ",\"version\":\"W/\\\""
#define VERSION_END   "\\\"\"}}"
enum { VERSION_DIGITS = 16, VERSION_BYTES = sizeof VERSION_BEGIN - 1 + VERSION_DIGITS + sizeof VERSION_END - 1 };

/* meta, and the end of the object that began at `start`. */
static void add_meta(const char *type, struct slice base_url, const char *endpoint, const char *id, size_t start,
                     struct buf *out)
{
    buf_printf(out, ",\"meta\":{\"resourceType\":\"%s\",\"location\":", type);
    buf_add_char(out, '"');
    buf_add(out, base_url);
    buf_add_str(out, endpoint);
    if (id) {
        buf_add_char(out, '/');
        buf_add_str(out, id);
    }
    buf_add_char(out, '"');
    struct slice so_far = slice_skip(buf_slice(out), start);
    buf_printf(out, VERSION_BEGIN "%016llx" VERSION_END, (unsigned long long)checksum(so_far));
}

/* What add_meta wrote last; empty where the text ends in another way. */
static struct slice version_of(struct slice text)
{
    struct slice tail = slice_skip(text, text.len > VERSION_BYTES ? text.len - VERSION_BYTES : text.len);
    return slice_starts_with(tail, SLICE_LITERAL(VERSION_BEGIN)) ? tail : SLICE_EMPTY;
}

struct slice scim_discovery_location(struct slice text)
{
    struct slice version = version_of(text);
    if (version.len == 0)
        return SLICE_EMPTY;
    const char *end = version.data - 1, *at = end; /* the quote behind it */
    while (at > text.data && at[-1] != '"')
        at--;
    return slice_of(at, (size_t)(end - at));
}

void scim_discovery_etag(struct slice text, char *out)
{
    struct slice tail = version_of(text);
    if (tail.len > 0)
        snprintf(out, SCIM_ETAG_BYTES, "W/\"%.*s\"", VERSION_DIGITS, tail.data + sizeof VERSION_BEGIN - 1);
    else
        snprintf(out, SCIM_ETAG_BYTES, "W/\"%016llx\"", (unsigned long long)checksum(text));
}

static void add_authentication(const char *documentation_uri, struct buf *out)
{
    buf_add(out, SLICE_LITERAL(",\"authenticationSchemes\":[{\"type\":\"oauthbearertoken\""
                               ",\"name\":\"OAuth Bearer Token\""
                               ",\"description\":\"A bearer token of the directory in the Authorization header.\""
                               ",\"specUri\":\"https://www.rfc-editor.org/info/rfc6750\""));
    if (documentation_uri)
        add_text("documentationUri", documentation_uri, out);
    buf_add(out, SLICE_LITERAL(",\"primary\":true}]"));
}

/* RFC 9967 section 4. Asynchronous requests are answered as if they had not asked for that. */
static void add_security_events(struct buf *out)
{
#define EVENT "\"urn:ietf:params:scim:event:"
    buf_add(out, SLICE_LITERAL(",\"securityEvents\":{\"asyncRequest\":\"none\",\"eventUris\":[" EVENT
                               "feed:add\"," EVENT "feed:remove\"," EVENT "prov:create:full\"," EVENT
                               "prov:create:notice\"," EVENT "prov:patch:full\"," EVENT "prov:patch:notice\"," EVENT
                               "prov:put:full\"," EVENT "prov:put:notice\"," EVENT "prov:delete\"," EVENT
                               "prov:activate\"," EVENT "prov:deactivate\"]}"));
#undef EVENT
}

void scim_discovery_config(const struct scim_capabilities *capabilities, struct slice base_url, struct buf *out)
{
    size_t start = out->len;

    buf_add(out, SLICE_LITERAL("{\"schemas\":[\"" URN_CONFIG "\"]"));
    if (capabilities->documentation_uri)
        add_text("documentationUri", capabilities->documentation_uri, out);
    add_supported("patch", true, out);
    buf_printf(out, ",\"bulk\":{\"supported\":%s", capabilities->bulk_max_operations > 0 ? "true" : "false");
    add_number("maxOperations", capabilities->bulk_max_operations, out);
    add_number("maxPayloadSize", capabilities->bulk_max_payload, out);
    buf_add(out, SLICE_LITERAL("},\"filter\":{\"supported\":true"));
    add_number("maxResults", capabilities->max_results, out);
    buf_add_char(out, '}');
    add_supported("changePassword", false, out);
    add_supported("sort", capabilities->sort, out);
    add_supported("etag", true, out);
    add_authentication(capabilities->documentation_uri, out);
    buf_printf(out, ",\"pagination\":{\"cursor\":%s,\"index\":true,\"defaultPaginationMethod\":\"index\"",
               capabilities->cursor_timeout_s > 0 ? "true" : "false");
    add_number("defaultPageSize", capabilities->default_page, out);
    add_number("maxPageSize", capabilities->max_results, out);
    if (capabilities->cursor_timeout_s > 0)
        add_number("cursorTimeout", capabilities->cursor_timeout_s, out);
    buf_add_char(out, '}');
    add_security_events(out);
    add_meta("ServiceProviderConfig", base_url, "/ServiceProviderConfig", NULL, start, out);
}

static void add_type(const struct scim_resource_type *type, struct slice base_url, struct buf *out)
{
    size_t start = out->len;

    buf_add(out, SLICE_LITERAL("{\"schemas\":[\"" URN_TYPE "\"]"));
    add_text("id", type->name, out);
    add_text("name", type->name, out);
    add_description(type->description, out);
    add_text("endpoint", type->endpoint, out);
    add_text("schema", type->schema->urn, out);
    for (size_t i = 0; i < type->extension_count; i++) {
        buf_add_str(out, i == 0 ? ",\"schemaExtensions\":[{\"schema\":" : ",{\"schema\":");
        buf_add_json_string(out, slice_str(type->extensions[i]->urn));
        add_flag("required", type->extension_required && type->extension_required[i], out);
        buf_add_char(out, '}');
    }
    if (type->extension_count > 0)
        buf_add_char(out, ']');
    add_meta("ResourceType", base_url, "/ResourceTypes", type->name, start, out);
}

void scim_discovery_types(const struct scim_rules *rules, struct slice base_url, struct buf *out)
{
    scim_message_list_begin(rules->type_count, 1, rules->type_count, out);
    for (size_t i = 0; i < rules->type_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        add_type(rules->types[i], base_url, out);
    }
    scim_message_list_end(out);
}

bool scim_discovery_type(const struct scim_rules *rules, struct slice name, struct slice base_url, struct buf *out)
{
    const struct scim_resource_type *type = scim_rules_type_by_name(rules, name);
    if (type)
        add_type(type, base_url, out);
    return type;
}

static void add_list(const char *name, const char *const *texts, struct buf *out)
{
    if (!texts || !texts[0])
        return;
    add_name(name, out);
    for (size_t i = 0; texts[i]; i++) {
        buf_add_char(out, i == 0 ? '[' : ',');
        buf_add_json_string(out, slice_str(texts[i]));
    }
    buf_add_char(out, ']');
}

static const char *type_name(enum scim_data_type type)
{
    static const char *const names[] = {
        [SCIM_STRING] = "string",       [SCIM_BOOLEAN] = "boolean",   [SCIM_INTEGER] = "integer",
        [SCIM_DECIMAL] = "decimal",     [SCIM_DATETIME] = "dateTime", [SCIM_BINARY] = "binary",
        [SCIM_REFERENCE] = "reference", [SCIM_COMPLEX] = "complex",
    };
    return names[type];
}

static bool has_case(enum scim_data_type type)
{
    return type == SCIM_STRING || type == SCIM_REFERENCE || type == SCIM_BINARY;
}

static bool has_uniqueness(enum scim_data_type type)
{
    return has_case(type) || type == SCIM_INTEGER || type == SCIM_DECIMAL;
}

static void add_attributes(const char *name, const struct scim_attribute *attributes, size_t count, struct buf *out);

/* Keywords that say nothing about the type are left out (D-16). */
static void add_attribute(const struct scim_attribute *attribute, struct buf *out)
{
    static const char *const mutability[] = {"readWrite", "readOnly", "immutable", "writeOnly"};
    static const char *const returned[] = {"default", "always", "never", "request"};
    static const char *const uniqueness[] = {"none", "server", "global"};

    buf_add(out, SLICE_LITERAL("{\"name\":"));
    buf_add_json_string(out, slice_str(attribute->name));
    add_text("type", type_name(attribute->type), out);
    if (attribute->type == SCIM_COMPLEX)
        add_attributes("subAttributes", attribute->sub_attributes, attribute->sub_attribute_count, out);
    add_flag("multiValued", attribute->multi_valued, out);
    add_description(attribute->description, out);
    add_flag("required", attribute->required, out);
    add_list("canonicalValues", attribute->canonical_values, out);
    if (has_case(attribute->type))
        add_flag("caseExact", attribute->case_exact, out);
    add_text("mutability", mutability[attribute->mutability], out);
    add_text("returned", returned[attribute->returned], out);
    if (has_uniqueness(attribute->type))
        add_text("uniqueness", uniqueness[attribute->uniqueness], out);
    if (attribute->type == SCIM_REFERENCE)
        add_list("referenceTypes", attribute->reference_types, out);
    buf_add_char(out, '}');
}

static void add_attributes(const char *name, const struct scim_attribute *attributes, size_t count, struct buf *out)
{
    if (count == 0)
        return;
    add_name(name, out);
    for (size_t i = 0; i < count; i++) {
        buf_add_char(out, i == 0 ? '[' : ',');
        add_attribute(&attributes[i], out);
    }
    buf_add_char(out, ']');
}

static void add_schema(const struct scim_schema *schema, struct slice base_url, struct buf *out)
{
    size_t start = out->len;

    buf_add(out, SLICE_LITERAL("{\"schemas\":[\"" URN_SCHEMA "\"]"));
    add_text("id", schema->urn, out);
    add_text("name", schema->name, out);
    add_description(schema->description, out);
    add_attributes("attributes", schema->attributes, schema->attribute_count, out);
    add_meta("Schema", base_url, "/Schemas", schema->urn, start, out);
}

void scim_discovery_schemas(const struct scim_rules *rules, struct slice base_url, struct buf *out)
{
    scim_message_list_begin(rules->schema_count, 1, rules->schema_count, out);
    for (size_t i = 0; i < rules->schema_count; i++) {
        if (i > 0)
            buf_add_char(out, ',');
        add_schema(rules->schemas[i], base_url, out);
    }
    scim_message_list_end(out);
}

bool scim_discovery_schema(const struct scim_rules *rules, struct slice urn, struct slice base_url, struct buf *out)
{
    const struct scim_schema *schema = scim_rules_schema_by_urn(rules, urn);
    if (schema)
        add_schema(schema, base_url, out);
    return schema;
}
