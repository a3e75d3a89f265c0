/* What new rules take away from documents that were written under the old ones. */
#ifndef SCIM_NARROWING_H
#define SCIM_NARROWING_H

#include <jansson.h>

#include "scim/rules.h"

/* Of the old rules: a resource type that is no more or has another schema (schema NULL), a schema that extends it no
 * longer (attribute NULL), or an attribute (sub NULL), or a sub-attribute of one. */
struct scim_narrowing {
    const struct scim_resource_type *type;
    const struct scim_schema *schema;
    const struct scim_attribute *attribute, *sub;
    const char *what; /* "is no more", "has another type", … : static */
};

/* Calls visit for each: what is no more, of another type, or no longer (or newly) a list. */
void scim_rules_narrow(const struct scim_rules *before, const struct scim_rules *after,
                       void (*visit)(const struct scim_narrowing *narrowing, void *context), void *context);

/* Does the document, of the narrowing's type and as it is stored, hold such a value? */
bool scim_narrowing_meets(const struct scim_narrowing *narrowing, const json_t *document);

/* The name that stands in every document that can meet it; NULL: all do. */
const char *scim_narrowing_name(const struct scim_narrowing *narrowing);

#endif
