/* The attributes of a document that no schema declares, where a policy keeps them (checklist A-06, L-14). */
#ifndef SCIM_UNDECLARED_H
#define SCIM_UNDECLARED_H

#include <jansson.h>

#include "scim/schema.h"

enum { SCIM_UNDECLARED_PATH_BYTES = 255 };

/* Calls visit for each of them in a normalised document, as a path: "shoeSize", "name.nick", "urn:x:Thing:size", and
 * with its value. The same path may come several times, from several values of an attribute; longer ones do not come at
 * all. Cheap where there are none: documents stand in the schema's order. The path is valid during the call. */
void scim_undeclared_visit(const json_t *document, const struct scim_resource_type *type,
                           void (*visit)(struct slice path, const json_t *value, void *context), void *context);

#endif
