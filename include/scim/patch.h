/* PATCH (RFC 7644 section 3.5.2, checklist P-01 to P-37, L-01 to L-09, L-18, L-23).
 *
 * Members of a group are rows, not part of the document: operations on `members` come out as an ordered list of edits,
 * which the caller applies to the rows. */
#ifndef SCIM_PATCH_H
#define SCIM_PATCH_H

#include "scim/resource.h"

enum scim_member_edit_kind {
    SCIM_MEMBERS_ADD,          /* these ids, those already there are no change */
    SCIM_MEMBERS_REMOVE,       /* these ids, those not there are no change */
    SCIM_MEMBERS_REPLACE,      /* exactly these ids; count 0 empties the group */
    SCIM_MEMBERS_REMOVE_WHERE, /* those whose representation matches `filter` */
};

struct scim_member_edit {
    enum scim_member_edit_kind kind;
    const struct resource_id *ids; /* sorted, no doubles */
    size_t count;
    const struct scim_filter *filter; /* REMOVE_WHERE; a value-path filter */
    struct scim_member_edit *next;
};

struct scim_patch; /* a parsed request, in its arena */

enum { SCIM_PATCH_MAX_OPERATIONS = 1000 };

/* The PatchOp message (P-02): structure, ops, paths, filters, member ids. Nothing is looked up. Errors:
 * ERR_INVALID_SYNTAX, ERR_INVALID_PATH, ERR_INVALID_FILTER, ERR_INVALID_VALUE, ERR_NO_TARGET, ERR_MUTABILITY. `body`
 * must outlive the patch. An empty Operations array is accepted as no change unless strict (a deployed validator sends
 * it). `members[value eq "x"]` comes out as SCIM_MEMBERS_REMOVE of x. A path that no schema knows is ERR_INVALID_PATH
 * under every policy; what a pathless value holds beyond the schemas is treated as the policy says. */
MUST_CHECK bool scim_patch_parse(const json_t *body, const struct scim_resource_type *type,
                                 const struct scim_policy *policy, struct arena *arena, struct scim_patch **patch_out,
                                 struct err *err);

/* The edits of the member rows, in order; NULL when there are none. Neighbours that only add, or only remove, have been
 * joined. */
const struct scim_member_edit *scim_patch_members(const struct scim_patch *patch);

/* What the operations name or bring, for scim_projection_with_sent. */
const struct scim_path *scim_patch_paths(const struct scim_patch *patch, struct arena *arena, size_t *count_out);

/* Does any operation touch the document (beyond members)? */
bool scim_patch_touches_document(const struct scim_patch *patch);

/* Applies every operation, in order, to a copy of `before` (a normalised document); atomic: all or NULL with err.
 * Returns a new reference to a normalised document; it equals `before` (json_equal) when nothing changed. */
MUST_CHECK json_t *scim_patch_apply(const struct scim_patch *patch, const json_t *before,
                                    const struct scim_resource_type *type, const struct scim_policy *policy,
                                    struct arena *arena, struct err *err);

#endif
