/* A directory's own schemas and resource types (RFC 7643 sections 6 and 7), as the JSON text in directory.catalog:
 *
 *   {"schemas": [<Schema resources: id, name, description, attributes>],
 *    "resource_types": [{"name", "endpoint", "description", "schema",
 *                        "schemaExtensions": [{"schema", "required"}], "code"}],
 *    "next_code": 16}
 *
 * An entry named "User" or "Group" only adds schemaExtensions to the built-in type. Keywords that are absent take the
 * defaults of RFC 7643 section 2.2. docs/internals/rules.md describes every member; rules.h makes rules of it. */
#ifndef SCIM_CATALOG_H
#define SCIM_CATALOG_H

#include "base/buf.h"
#include "base/err.h"

enum {
    SCIM_CATALOG_BYTES = 1 << 20,
    SCIM_CATALOG_SCHEMAS = 64,
    SCIM_CATALOG_TYPES = 32,        /* resource types of its own */
    SCIM_CATALOG_ATTRIBUTES = 1000, /* of all schemas, sub-attributes included */
    SCIM_CATALOG_FIRST_CODE = 16,   /* resource.type of custom types: from here to 65,534, never reused */
    SCIM_CATALOG_LAST_CODE = 65534,
};

/* Appends to `out` the catalog with a code for each type that has none, and next_code. A type that `before` (the
 * catalog that this one replaces; may be empty) has under the same name keeps its code; codes that a client sends are
 * not believed. Checks no more than it needs to: scim_rules_make checks the result. */
MUST_CHECK bool scim_catalog_assign(struct slice catalog, struct slice before, struct buf *out, struct err *err);

#endif
