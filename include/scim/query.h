/* The parameters of a query: those of a URL (RFC 7644 section 3.4.2), or those of a SearchRequest (section 3.4.3). */
#ifndef SCIM_QUERY_H
#define SCIM_QUERY_H

#include "scim/filter.h"
#include "scim/project.h"

struct scim_query {
    bool has_filter;
    struct slice filter, attributes, excluded, sort_by, sort_order; /* decoded; in the arena; empty: absent */
    bool has_cursor;
    struct slice cursor; /* empty: the first page (CU-01) */
    bool has_count, has_start_index;
    int64_t count;       /* 0 and up when given; not clamped to the maximum */
    int64_t start_index; /* 1-based, at least 1 */
};

/* The raw query string, without "?". Names are case-insensitive (H-16), unknown ones ignored (H-15), a known one twice
 * is ERR_INVALID_VALUE (H-17), "+" is a blank except inside a quoted string of a filter (H-18), empty = absent (except
 * filter: an empty filter is ERR_INVALID_FILTER, and cursor: an empty one asks for the first page). Raw double quotes,
 * bad percent-escapes: quotes are taken as they are, escapes ERR_INVALID_VALUE. Invalid UTF-8 after decoding:
 * ERR_INVALID_VALUE. PG-01, PG-02, PG-04; CU-07: with a cursor a bad count is ERR_INVALID_COUNT; CU-13. */
MUST_CHECK bool scim_query_parse(struct slice raw, struct arena *arena, struct scim_query *query_out, struct err *err);

/* A SearchRequest. Without its URN in `schemas` it is ERR_INVALID_SYNTAX, a member of a wrong type ERR_INVALID_VALUE
 * null = absent, unknown members are ignored, attributes and excludedAttributes are lists of texts or one text
 * with commas. Otherwise as in a URL. */
MUST_CHECK bool scim_search_parse(const json_t *body, struct arena *arena, struct scim_query *query_out,
                                  struct err *err);

#endif
