/* Shared by the making of documents (resource*.c) and their changing (patch*.c). */
#ifndef SCIM_RESOURCE_PARTS_H
#define SCIM_RESOURCE_PARTS_H

#include "scim/resource.h"
#include "value.h"

/* Members of a group are rows of their own, whoever names them. */
bool resource_is_members(const struct scim_resource_type *type, const struct scim_attribute *attribute);

/* What scim_resource_finish does, as a new document; `document` stays as it is. NULL with err set. */
json_t *resource_arrange(const json_t *document, const struct scim_resource_type *type, struct err *err);

/* One element of a list of members. False with err set when it names nobody by an id. `index` is for the error's text.
 */
MUST_CHECK bool resource_member_id(const json_t *element, size_t index, const struct scim_policy *policy,
                                   struct resource_id *id_out, struct err *err);

/* The ids of a list of members, a single member, or null; appended to a new array in the arena, sorted, no doubles. */
MUST_CHECK bool resource_member_ids(const json_t *value, const struct scim_policy *policy, struct arena *arena,
                                    struct resource_id **ids_out, size_t *count_out, struct err *err);

/* Sorts in place and returns how many are left without doubles. */
size_t resource_sort_ids(struct resource_id *ids, size_t count);

#endif
