/* What is different between two representations, attribute by attribute. */
#ifndef ADMIN_DIFF_H
#define ADMIN_DIFF_H

#include <jansson.h>

#include "base/arena.h"
#include "scim/rules.h"

/* A new array of {"path", "old", "new"}, null where there is none. Complex attributes are compared by their
 * sub-attributes ("name.givenName", "urn:…:User:department"), lists as a whole. What the directory's policy calls
 * sensitive is named, but its values are left out ("sensitive": true). `type` is a type of the rules. Either document
 * may be NULL. */
json_t *diff_documents(const json_t *before, const json_t *after, const struct scim_rules *rules,
                       const struct scim_resource_type *type, struct arena *arena);

/* The paths alone. */
json_t *diff_paths(const json_t *before, const json_t *after);

#endif
