/* A catalog: any text becomes rules or a refusal; rules have what their headers promise, and saving them again changes
 * no code. */
#include <stdint.h>
#include <stdlib.h>

#include "base/must.h"
#include "scim/catalog.h"
#include "scim/discovery.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_type(const struct scim_rules *rules, const struct scim_resource_type *type)
{
    must(scim_rules_type(rules, type->code) == type);
    must(scim_rules_type_by_name(rules, slice_str(type->name)) == type);
    must(scim_rules_type_by_endpoint(rules, slice_str(type->endpoint + 1)) == type);
    must(scim_rules_schema_by_urn(rules, slice_str(type->schema->urn)) == type->schema);
    for (size_t i = 0; i < type->extension_count; i++)
        must(scim_rules_schema_by_urn(rules, slice_str(type->extensions[i]->urn)) == type->extensions[i]);
}

static void check_rules(const struct scim_rules *rules)
{
    struct buf out;
    buf_init(&out, 64 << 20);
    must(rules->root->type_count == rules->type_count);
    for (size_t i = 0; i < rules->type_count; i++)
        check_type(rules, rules->types[i]);
    scim_discovery_schemas(rules, SLICE_LITERAL("https://x"), &out);
    scim_discovery_types(rules, SLICE_LITERAL("https://x"), &out);
    must(!out.overflowed);
    buf_fini(&out);
}

static void check_saved_again(struct slice text)
{
    struct err err = ERR_INIT;
    struct buf again;
    buf_init(&again, 2 * SCIM_CATALOG_BYTES);
    must(scim_catalog_assign(text, text, &again, &err));
    must(slice_equals(text, buf_slice(&again)));
    buf_fini(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of((const char *)data, size);
    struct err err = ERR_INIT;
    struct buf assigned;
    buf_init(&assigned, 2 * SCIM_CATALOG_BYTES);
    if (scim_catalog_assign(text, SLICE_EMPTY, &assigned, &err))
        text = buf_slice(&assigned);
    struct scim_rules *rules = scim_rules_make(&(struct scim_rules_source){.catalog = text}, &err);
    if (rules)
        check_rules(rules);
    if (rules && text.len)
        check_saved_again(text);
    must(rules || err.kind == ERR_INVALID_SYNTAX || err.kind == ERR_INVALID_VALUE);
    scim_rules_free(rules);
    buf_fini(&assigned);
    return 0;
}
