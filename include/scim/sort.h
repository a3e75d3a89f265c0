/* sortBy and sortOrder (RFC 7644 section 3.4.2.3, checklist S-01 to S-06): from a resource to the key by which it is
 * sorted.
 *
 * There is one order for each attribute, ascending: resources with a value by the bytes of their key, then those
 * without one (S-03); both by id where that leaves a choice (S-05). Descending is exactly its reverse. Keys of texts
 * are cut at SCIM_KEY_BYTES, as in the side index: what agrees so far goes by id. */
#ifndef SCIM_SORT_H
#define SCIM_SORT_H

#include "base/buf.h"
#include "base/id.h"
#include "scim/index.h"

enum scim_sort_way {                      /* where the order stands ready */
                     SCIM_SORT_ABSENT,    /* no resource of the type can have a value */
                     SCIM_SORT_ID,        /* by id; no keys */
                     SCIM_SORT_UNIQUE,    /* resource.unique_key */
                     SCIM_SORT_EXTERNAL,  /* resource.external_key */
                     SCIM_SORT_ATTRIBUTE, /* the side index, under `code` */
                     SCIM_SORT_KEYS,      /* nowhere: scim_sort_key makes it of each resource */
};

struct scim_sort {
    enum scim_sort_way way;
    uint16_t code;
    struct scim_path path; /* with path.sub where the attribute is complex (S-06) */
};

enum { SCIM_SORT_KEY_BYTES = SCIM_UNIQUE_KEY_BYTES };

/* A place in the order. Before all, or (asked backward) behind all: SCIM_PLACE_EDGE. */
enum scim_place_kind { SCIM_PLACE_EDGE, SCIM_PLACE_VALUED, SCIM_PLACE_UNVALUED };
struct scim_place {
    enum scim_place_kind kind;
    struct slice key; /* of SCIM_PLACE_VALUED; empty for SCIM_SORT_ID */
    struct resource_id id;
};

/* Reads sortBy (not empty) and sortOrder (may be) for a type, or for the root. ERR_INVALID_VALUE: unknown, complex
 * without a `value`, binary, never returned; or a sortOrder that is neither (S-05). */
MUST_CHECK bool scim_sort_parse(struct slice by, struct slice order, const struct scim_resource_type *type,
                                const struct scim_policy *policy, struct arena *arena, struct scim_sort *sort_out,
                                bool *descending_out, struct err *err);

/* The same sortBy as one of the root's types understands it: SCIM_SORT_ABSENT where it does not. */
void scim_sort_of_type(struct slice by, const struct scim_resource_type *type, const struct scim_policy *policy,
                       struct arena *arena, struct scim_sort *sort_out);

/* Appends the key of a resource, in canonical spelling; false when it has no value. At most SCIM_SORT_KEY_BYTES. */
bool scim_sort_key(const struct scim_sort *sort, const json_t *resource, struct buf *out);

/* The same without a look at the resource, for orders by meta.created and meta.lastModified: appends and returns true.
 */
bool scim_sort_key_of_time(const struct scim_sort *sort, int64_t created_ms, int64_t modified_ms, struct buf *out);

/* Ascending. */
int scim_place_compare(const struct scim_place *a, const struct scim_place *b);

#endif
