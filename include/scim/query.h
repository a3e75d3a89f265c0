/* The parameters of a query: those of a URL (RFC 7644 section 3.4.2) and, later, those of a SearchRequest. */
#ifndef SCIM_QUERY_H
#define SCIM_QUERY_H

#include "scim/filter.h"
#include "scim/project.h"

struct scim_query {
    bool has_filter;
    struct slice filter, attributes, excluded, sort_by, sort_order; /* decoded; in the arena */
    bool has_count, has_start_index;
    int64_t count;       /* 0 and up when given; not clamped to the maximum */
    int64_t start_index; /* 1-based, at least 1 */
};

/* The raw query string, without "?". Names are case-insensitive (H-16), unknown ones ignored (H-15), a known one twice
 * is ERR_INVALID_VALUE (H-17), "+" is a blank except inside a quoted string of a filter (H-18), empty = absent (except
 * filter: an empty filter is ERR_INVALID_FILTER). Raw double quotes, bad percent-escapes: quotes are taken as they are,
 * escapes ERR_INVALID_VALUE. Invalid UTF-8 after decoding: ERR_INVALID_VALUE. PG-01, PG-02, PG-04. */
MUST_CHECK bool scim_query_parse(struct slice raw, struct arena *arena, struct scim_query *query_out, struct err *err);

#endif
