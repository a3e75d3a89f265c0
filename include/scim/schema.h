/* SCIM schemas as data (RFC 7643): the tables of attributes.tsv, and the resource types made of them.
 *
 * Everything here is immutable after it was made and may be read by any thread. Names compare ASCII-case-insensitively
 * on input, output uses the spelling of the table. */
#ifndef SCIM_SCHEMA_H
#define SCIM_SCHEMA_H

#include <stdint.h>

#include "base/slice.h"

enum scim_data_type {
    SCIM_STRING,
    SCIM_BOOLEAN,
    SCIM_INTEGER,
    SCIM_DECIMAL,
    SCIM_DATETIME,
    SCIM_BINARY,
    SCIM_REFERENCE,
    SCIM_COMPLEX
};
enum scim_mutability { SCIM_READ_WRITE, SCIM_READ_ONLY, SCIM_IMMUTABLE, SCIM_WRITE_ONLY };
enum scim_returned { SCIM_RETURNED_DEFAULT, SCIM_RETURNED_ALWAYS, SCIM_RETURNED_NEVER, SCIM_RETURNED_REQUEST };
enum scim_uniqueness { SCIM_UNIQUE_NONE, SCIM_UNIQUE_SERVER, SCIM_UNIQUE_GLOBAL };

struct scim_attribute {
    const char *name; /* as spelled in the schema */
    const char *description;
    enum scim_data_type type;
    bool multi_valued, required, case_exact;
    enum scim_mutability mutability;
    enum scim_returned returned;
    enum scim_uniqueness uniqueness;
    uint16_t index_code;                 /* attribute_value.attribute; 0: not in the side index (see index.h) */
    const char *const *canonical_values; /* NULL-terminated, or NULL */
    const char *const *reference_types;  /* NULL-terminated, or NULL */
    const struct scim_attribute *sub_attributes;
    size_t sub_attribute_count;
};

struct scim_schema {
    const char *urn;
    const char *name;
    const char *description;
    const struct scim_attribute *attributes;
    size_t attribute_count;
};

/* resource.type in the database; custom types have other numbers (catalog.h). SCIM_TYPE_OWN is none: in a route's
 * operation it means the directory's own type that the path names, and SCIM_TYPE_ROOT all types at once. */
enum { SCIM_TYPE_USER = 1, SCIM_TYPE_GROUP = 2, SCIM_TYPE_ROOT = 15, SCIM_TYPE_OWN = 0xffff };

struct scim_extra_index; /* indexes.h */

struct scim_resource_type {
    uint16_t code;        /* SCIM_TYPE_USER, … */
    const char *name;     /* "User" */
    const char *endpoint; /* "/Users" */
    const char *description;
    const struct scim_schema *schema;
    const struct scim_schema *const *extensions;
    const bool *extension_required; /* one for each; NULL: none is */
    size_t extension_count;
    /* Documents may hold values that not every reply shows: returned never, or only on request. False of the built-in
     * types, whose stored text is served as it is. */
    bool has_hidden;
    const struct scim_extra_index *indexes; /* of a directory's own; NULL: none */
    size_t index_count;
    const struct scim_resource_type *const *types; /* the root: the types that are asked at once; NULL elsewhere */
    size_t type_count;
};

#define SCIM_URN_USER       "urn:ietf:params:scim:schemas:core:2.0:User"
#define SCIM_URN_GROUP      "urn:ietf:params:scim:schemas:core:2.0:Group"
#define SCIM_URN_ENTERPRISE "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

extern const struct scim_schema scim_common; /* schemas, id, externalId, meta: urn "" */
extern const struct scim_resource_type scim_user_type, scim_group_type;
/* The root of the built-in types: for a name that several have the first one's attribute. Its own schema is
 * scim_common, its code 0. */
extern const struct scim_resource_type scim_root_type;

/* The six schemas that /Schemas lists, and the types that /ResourceTypes lists. */
extern const struct scim_schema *const scim_schemas[];
extern const size_t scim_schema_count;
extern const struct scim_resource_type *const scim_resource_types[];
extern const size_t scim_resource_type_count;

const struct scim_schema *scim_schema_by_urn(struct slice urn);        /* any case; NULL when unknown */
const struct scim_resource_type *scim_type_by_name(struct slice name); /* "User" */
const struct scim_resource_type *
scim_type_by_endpoint(struct slice name); /* "Users", as in a URL segment; exact case */
const struct scim_resource_type *scim_type_by_code(uint16_t code);

/* An attribute of the schema, or of a complex attribute. NULL when there is none. */
const struct scim_attribute *scim_schema_attribute(const struct scim_schema *schema, struct slice name);
const struct scim_attribute *scim_sub_attribute(const struct scim_attribute *attribute, struct slice name);

/* The attribute whose prepared value is the rows' unique key, of a type that is not built in; NULL: none. */
const struct scim_attribute *scim_type_unique(const struct scim_resource_type *type);

/* An extension of the type by URN, any case; NULL when the type has none such. */
const struct scim_schema *scim_type_extension(const struct scim_resource_type *type, struct slice urn);

#endif
