/* Where in a resource a path points. Private to the room. */
#ifndef SCIM_PATH_VALUE_H
#define SCIM_PATH_VALUE_H

#include "scim/path.h"

/* What the resource holds under the path without its sub-attribute: a value, a list, or NULL. */
const json_t *scim_path_value(const struct scim_path *path, const json_t *resource);

/* The sub-attribute that the path names, inside one value of its attribute. NULL also when the value is no object. */
const json_t *scim_path_sub_value(const struct scim_path *path, const json_t *value);

static inline bool scim_path_has_sub(const struct scim_path *path) { return path->sub || path->sub_name.len > 0; }

/* Does it name this attribute of the top level (not of an extension)? Any case. */
bool scim_path_is_top_level(const struct scim_path *path, struct slice attribute);

/* Names the sub-attribute `name` of a path that has none; false when its attribute is known and not complex. */
bool scim_path_set_sub(struct scim_path *path, struct slice name);

/* Does the policy allow how it was written (L-12)? Else an error of the kind. */
MUST_CHECK bool scim_path_suits(const struct scim_path *path, const struct scim_policy *policy, enum err_kind kind,
                                struct err *err);

/* A letter, then letters, digits, "-", "_", "$"; or "$ref". */
bool scim_path_is_name(struct slice text);

#endif
