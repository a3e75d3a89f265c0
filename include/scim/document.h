/* The stored text of a resource, and what is written around it when it is served.
 *
 * Stored: the normalised document rendered without its closing braces; when the enterprise extension has a manager, it
 * stands last and its object is left open, too. Served: text, manager's derived parts, braces, groups or members, meta.
 * So serving never parses JSON. */
#ifndef SCIM_DOCUMENT_H
#define SCIM_DOCUMENT_H

#include <jansson.h>

#include "base/buf.h"
#include "base/id.h"
#include "scim/schema.h"

struct scim_stored {
    struct slice text;
    uint8_t open_braces; /* 1, or 3 when the text ends inside manager */
};

/* Appends the text to `out` and returns how many braces it lacks. */
uint8_t scim_document_store(const json_t *document, struct buf *out);

/* The normalised document again. A new reference; must() on text that is not ours. */
json_t *scim_document_load(struct scim_stored stored);

struct scim_group_ref { /* one entry of User.groups, or of Group.members */
    struct resource_id id;
    uint16_t type;        /* the target's type: for members SCIM_TYPE_USER or SCIM_TYPE_GROUP */
    bool indirect;        /* groups: through a nested group */
    struct slice display; /* may be empty */
};

struct scim_served {
    const struct scim_resource_type *type;
    struct resource_id id;
    struct scim_stored stored;
    uint64_t version;
    int64_t created_ms, modified_ms;
    bool manager_known; /* manager.value names a user of the directory: displayName and $ref are added */
    struct resource_id manager_id;
    struct slice manager_display;
    const struct scim_group_ref *refs; /* groups of a user, members of a group; in the order to show */
    size_t ref_count;
    bool refs_shown; /* false: neither groups nor members are written (projection); a user's groups are wanted all the
                        same, because its ETag counts them (Q-08: projections share one tag) */
};

/* "https://host/orgs/org-…/scim/v2", no slash at its end. */
void scim_document_serve(const struct scim_served *served, struct slice base_url, struct buf *out);

/* W/"…" into out (SCIM_ETAG_BYTES, NUL-terminated): the row's version; for a user a checksum of the derived parts
 * (groups, manager) as well when it has any, because the representation changes with them (V-02, architecture 5). */
enum { SCIM_ETAG_BYTES = 48 };
void scim_document_etag(const struct scim_served *served, char *out);

/* base_url + endpoint + "/" + id. */
void scim_document_location(const struct scim_resource_type *type, const struct resource_id *id, struct slice base_url,
                            struct buf *out);

#endif
