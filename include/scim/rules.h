/* The rules of a directory: its policy, and its schemas and resource types, the built-in ones and its own.
 *
 * Made once of the texts in the database, immutable afterwards, read by any thread. Whoever shares one between threads
 * counts its users (store/rules.h). */
#ifndef SCIM_RULES_H
#define SCIM_RULES_H

#include "base/arena.h"
#include "scim/policy.h"
#include "scim/schema.h"

struct scim_rules {
    struct scim_policy policy;
    const struct scim_resource_type *const *types; /* User, Group, then the directory's own */
    size_t type_count;
    const struct scim_schema *const *schemas; /* the built-in ones, then the directory's own */
    size_t schema_count;
    const struct scim_resource_type *root; /* every type at once, for the root query: see scim_root_type */
    struct arena arena;                    /* all of it but the built-in parts */
    void *shared;                          /* belongs to whoever counts the users; NULL: nobody does */
};

/* No text at all: the default policy, the built-in types. Never freed. */
extern const struct scim_rules scim_rules_default;

/* Where in a catalog an error is: a JSON Pointer such as "/schemas/0/attributes/2/name"; empty where none is. */
enum { SCIM_FAULT_BYTES = 512 };
struct scim_fault {
    char pointer[SCIM_FAULT_BYTES];
};

struct scim_rules_source {
    struct slice policy;      /* directory.policy, see policy.h */
    struct slice catalog;     /* directory.catalog, a JSON object; empty: nothing but the built-in types */
    struct slice domains;     /* organization.domains, a JSON array of strings; empty: none */
    struct slice indexes;     /* directory.indexes, see indexes.h; empty: none */
    struct scim_fault *fault; /* filled in when the catalog is refused; may be NULL */
};

/* New rules, NULL with ERR_INVALID_SYNTAX or ERR_INVALID_VALUE naming what is wrong. The texts need not live on. */
MUST_CHECK struct scim_rules *scim_rules_make(const struct scim_rules_source *source, struct err *err);
void scim_rules_free(struct scim_rules *rules); /* NULL is fine */

/* NULL when there is none such. */
const struct scim_resource_type *scim_rules_type(const struct scim_rules *rules, uint16_t code);
const struct scim_resource_type *scim_rules_type_by_name(const struct scim_rules *rules, struct slice name);
/* "Users", as in a URL segment; exact case. */
const struct scim_resource_type *scim_rules_type_by_endpoint(const struct scim_rules *rules, struct slice endpoint);
const struct scim_schema *scim_rules_schema_by_urn(const struct scim_rules *rules, struct slice urn); /* any case */

#endif
