/* What the parameters of a URL and those of a SearchRequest have in common. Private to the room. */
#ifndef SCIM_QUERY_PARTS_H
#define SCIM_QUERY_PARTS_H

#include "scim/query.h"

/* The error of a count that is no integer (PG-04, CU-07); always false. */
bool scim_query_refuse_count(const struct scim_query *query, struct err *err);

/* What does not go together, and bounds: the end of every parser. */
MUST_CHECK bool scim_query_finish(struct scim_query *query, struct err *err);

#endif
