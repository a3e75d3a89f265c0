/* Attribute paths (RFC 7644 sections 3.10 and 3.5.2): [URN ":"] name ["." sub].
 *
 * A dot instead of the colon behind a known URN is read, and told (L-12: who parses with a policy asks it). An
 * extension attribute may stand without its URN where that is unambiguous (F-16). */
#ifndef SCIM_PATH_H
#define SCIM_PATH_H

#include <jansson.h>

#include "base/arena.h"
#include "base/err.h"
#include "scim/policy.h"
#include "scim/schema.h"

/* A resolved path. Exactly one of these:
 *   schema alone      schema set, attribute NULL, name empty             ("urn:…:enterprise:2.0:User")
 *   known             schema and attribute set, sub set or NULL; for an unknown sub-attribute of a known complex
 *                     attribute sub is NULL and sub_name is set (sub_name is set for a known one, too)
 *   undeclared        attribute NULL, name set (sub_name may be); schema is the extension it stands under, or NULL for
 *                     the top level; urn is set when it stands under a URN that is no schema of the type: what is in
 *                     front of the last colon, so "urn:x:Thing" alone is the name "Thing" under "urn:x" */
struct scim_path {
    const struct scim_schema *schema; /* scim_common for id, externalId, meta, schemas */
    const struct scim_attribute *attribute;
    const struct scim_attribute *sub;
    bool dotted;                      /* a dot stood where the colon behind the URN belongs (L-12) */
    bool extension;                   /* schema is an extension: its attributes stand in the object under its URN */
    struct slice urn, name, sub_name; /* as sent; in the arena */
};

/* Resolves `text` for `type` (NULL: the root query, every type's attributes). `kind` is the error to raise when the
 * text is malformed: ERR_INVALID_PATH, ERR_INVALID_FILTER or ERR_INVALID_VALUE. Whether an undeclared attribute is an
 * error is the caller's affair. */
MUST_CHECK bool scim_path_parse(struct slice text, const struct scim_resource_type *type, struct arena *arena,
                                enum err_kind kind, struct scim_path *path_out, struct err *err);

/* The values a path leads to inside a resource document: calls `visit` for each leaf or complex value, arrays
 * flattened. Stops and returns true as soon as visit does. Names in documents have the schema's spelling; undeclared
 * ones are compared ASCII-case-insensitively. */

bool scim_path_visit(const struct scim_path *path, const json_t *resource,
                     bool (*visit)(const json_t *value, void *context), void *context);

#endif
