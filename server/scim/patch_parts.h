/* What the parts of PATCH share: a request taken apart into steps, and the changing of documents. */
#ifndef SCIM_PATCH_PARTS_H
#define SCIM_PATCH_PARTS_H

#include "resource_parts.h"
#include "scim/patch.h"

enum patch_op { PATCH_ADD, PATCH_REMOVE, PATCH_REPLACE };

/* One change of one attribute, sub-attribute, set of values, or (path.attribute NULL, path.name empty) a whole
 * extension. */
struct patch_step {
    enum patch_op op;
    struct scim_path path;
    const struct scim_filter *filter; /* of a value path, or NULL */
    const json_t *value;              /* as sent; NULL: none */
    struct patch_step *next;
};

struct scim_patch {
    struct patch_step *steps, **steps_end;
    struct scim_member_edit *members, **members_end;
};

struct patch_parser {
    const struct scim_resource_type *type;
    const struct scim_policy *policy;
    struct arena *arena;
    struct scim_patch *patch;
    struct err *err;
};

/* The attribute or sub-attribute that the step sets; NULL when it is undeclared. */
static inline const struct scim_attribute *patch_target(const struct scim_path *path)
{
    return path->sub_name.len > 0 || path->sub ? path->sub : path->attribute;
}

static inline bool patch_has_sub(const struct scim_path *path) { return path->sub || path->sub_name.len > 0; }

/* Adds the edits that a step on `members` means. */
MUST_CHECK bool patch_take_members(struct patch_parser *parser, const struct patch_step *step);

/* Makes one edit of neighbours that add, or remove, so that a thousand operations of one member each are one change of
 * rows. */
void patch_join_members(struct scim_patch *patch, struct arena *arena);

/* A document that is being changed: what it shares with the document before is copied when it is first touched. */
struct patch_work {
    json_t *document;
    const struct scim_resource_type *type;
    const struct scim_policy *policy;
    struct arena *arena;
    struct err *err;
};

/* The member, after making it this document's own: NULL when there is none. */
json_t *patch_own_member(json_t *object, const char *name);
json_t *patch_own_element(json_t *list, size_t index);

/* Sets or, when the value is unassigned, removes one simple or complex member of an object. `attribute` describes it,
 * `parent` is what it is a sub-attribute of, or NULL. */
MUST_CHECK bool patch_set_member(const struct patch_work *work, json_t *object, const struct scim_attribute *parent,
                                 const struct scim_attribute *attribute, enum patch_op op, const json_t *value);

/* Merges the members that a value names into an object, as add and replace do with complex values (P-16, P-29). */
MUST_CHECK bool patch_merge(const struct patch_work *work, json_t *object, const struct scim_attribute *attribute,
                            enum patch_op op, const json_t *value);

/* A sub-attribute of one value, known or kept; removes it when op is PATCH_REMOVE. */
MUST_CHECK bool patch_sub(const struct patch_work *work, json_t *object, const struct patch_step *step);

/* A step on a multi-valued attribute that stands in `home`. */
MUST_CHECK bool patch_list(const struct patch_work *work, json_t *home, const struct patch_step *step);

#endif
