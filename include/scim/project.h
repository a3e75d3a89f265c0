/* attributes and excludedAttributes (RFC 7644 section 3.9, checklist ). */
#ifndef SCIM_PROJECT_H
#define SCIM_PROJECT_H

#include <jansson.h>

#include "scim/path.h"

struct scim_projection; /* immutable, in its arena; NULL = the default set */

/* Both parameters as sent (comma-separated, decoded). Unknown names are ignored, empty = absent; both given:
 * ERR_INVALID_VALUE. *projection_out is NULL when nothing is projected. */
MUST_CHECK bool scim_projection_parse(struct slice attributes, struct slice excluded,
                                      const struct scim_resource_type *type, struct arena *arena,
                                      struct scim_projection **projection_out, struct err *err);

/* The projection (NULL: none) of the reply to a write: attributes that are returned on request alone show, too, when
 * the client has sent them. Paths as scim_resource_paths and scim_patch_paths make them; they must live as long.
 */
const struct scim_projection *scim_projection_with_sent(const struct scim_projection *projection,
                                                        const struct scim_path *paths, size_t count,
                                                        struct arena *arena);

/* May this top-level attribute of the core schema ("groups", "members") show? So that it is loaded only then. */
bool scim_projection_shows(const struct scim_projection *projection, struct slice attribute);

/* Does the projection only hide "groups"/"members", so that the document is served whole otherwise (no JSON parse)? */
bool scim_projection_is_plain(const struct scim_projection *projection);

/* Removes from a whole representation (a JSON object, with meta) what must not show. */
void scim_projection_apply(const struct scim_projection *projection, const struct scim_resource_type *type,
                           json_t *resource);

#endif
