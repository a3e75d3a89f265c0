/* ServiceProviderConfig, ResourceTypes and Schemas, made from the schema tables (checklist D-01 to D-18). */
#ifndef SCIM_DISCOVERY_H
#define SCIM_DISCOVERY_H

#include "base/buf.h"
#include "base/err.h"
#include "scim/rules.h"

struct scim_capabilities {        /* what is advertised is what is enforced (D-03) */
    uint64_t max_results;         /* of one page */
    uint64_t default_page;        /* resources of one page where the client names no count */
    uint64_t cursor_timeout_s;    /* that a cursor is good for at least; 0: no cursors */
    uint64_t bulk_max_operations; /* 0: bulk unsupported; the numbers are sent all the same */
    uint64_t bulk_max_payload;    /* bytes */
    bool sort;
    const char *documentation_uri; /* NULL: left out */
};

/* Each appends one JSON document; base_url as in document.h. *_list are ListResponses. */
void scim_discovery_config(const struct scim_capabilities *capabilities, struct slice base_url, struct buf *out);
void scim_discovery_types(const struct scim_rules *rules, struct slice base_url, struct buf *out);
void scim_discovery_schemas(const struct scim_rules *rules, struct slice base_url, struct buf *out);

/* One of them; false when there is none such: the caller answers 404. `urn` in any case (D-15), decoded. */
bool scim_discovery_type(const struct scim_rules *rules, struct slice name, struct slice base_url, struct buf *out);
bool scim_discovery_schema(const struct scim_rules *rules, struct slice urn, struct slice base_url, struct buf *out);

/* The entity-tag of a text made here, out has SCIM_ETAG_BYTES (document.h): the meta.version that a single object
 * carries; a checksum of a list. Stable as long as what is described and the base URL are (D-18). */
void scim_discovery_etag(struct slice text, char *out);

/* The meta.location of a single object made here, within the text; empty for a list. */
struct slice scim_discovery_location(struct slice text);

#endif
