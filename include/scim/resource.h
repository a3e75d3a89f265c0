/* Resource bodies: from what a client sent to the normalised document that is stored (sections 4 and 5 of the
 * checklist).
 *
 * A normalised document is a JSON object in the schema's spelling and the schema's order of attributes (undeclared ones
 * behind, extensions last, the enterprise extension's manager last of all): `schemas`, `id`, then the rest; no null, no
 * empty array, no readOnly attribute except id, no meta, no groups, no members, no password. */
#ifndef SCIM_RESOURCE_H
#define SCIM_RESOURCE_H

#include <jansson.h>

#include "base/id.h"
#include "scim/filter.h"

/* Values of one multi-valued attribute other than members. A bound on work: every operation of a PATCH looks at all. */
enum { SCIM_MAX_VALUES = 2000 };

/* Members of one object. A bound on work, too: names are compared with all others, because their case is ignored. */
enum { SCIM_MAX_MEMBERS = 1000 };

/* Members as a body names them. Ids are not looked up here. */
struct scim_members {
    bool given;              /* `members` was there, even as null or [] */
    struct resource_id *ids; /* in the arena, sorted, no doubles */
    size_t count;
};

/* The body of POST or PUT. `before` is the stored document for PUT (immutable and writeOnly values, U-02, U-03), NULL
 * for POST. `id` goes into the result. Leniencies as the policy says. A member id that has not the form of an id is
 * ERR_INVALID_VALUE. Returns a new reference, NULL with err set:
 * ERR_INVALID_SYNTAX (schemas missing or foreign, unknown attribute when rejected), ERR_INVALID_VALUE (types, required,
 * two primaries, control characters, SCIM_MAX_VALUES), ERR_MUTABILITY. */
MUST_CHECK json_t *scim_resource_normalise(const json_t *body, const struct scim_resource_type *type,
                                           const struct scim_policy *policy, const struct resource_id *id,
                                           const json_t *before, struct arena *arena, struct scim_members *members_out,
                                           struct err *err);

/* The declared attributes that a body names, for scim_projection_with_sent. */
const struct scim_path *scim_resource_paths(const json_t *body, const struct scim_resource_type *type,
                                            struct arena *arena, size_t *count_out);

/* Gives a stored document, in place, the spelling of the type's schemas: what was kept as undeclared has its sender's,
 * and may have been declared since. Wherever a document is loaded to be changed. */
void scim_resource_respell(json_t *document, const struct scim_resource_type *type);

/* One value brought into the form of its attribute: spelling, coercions L-03, L-08, L-09, nulls dropped. Returns a new
 * reference; *unassigned_out is set (and NULL returned) when nothing is left of it. NULL and !*unassigned_out: err. */
MUST_CHECK json_t *scim_value_normalise(const json_t *value, const struct scim_attribute *attribute,
                                        const struct scim_policy *policy, const char *path, bool *unassigned_out,
                                        struct err *err);

/* Puts attributes, URNs in `schemas`, and sub-attributes into canonical order, and checks the whole: required, at most
 * one primary, no pair twice, URN present iff the extension has data. Called by normalise and patch. */
MUST_CHECK bool scim_resource_finish(json_t *document, const struct scim_resource_type *type,
                                     const struct scim_policy *policy, struct err *err);

#endif
