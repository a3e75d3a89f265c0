/* Which people a list is about: ?filter= in the language of SCIM, and look-ups such as ?email=, which are filters in
 * short. All that are given have to match. */
#ifndef ADMIN_CONDITION_H
#define ADMIN_CONDITION_H

#include "reading.h"
#include "scim/filter.h"

#define QUERY_CONDITION_OF_USERS                                                                                       \
    (QUERY_BIT(QUERY_FILTER) | QUERY_BIT(QUERY_USER_NAME) | QUERY_BIT(QUERY_EMAIL) | QUERY_BIT(QUERY_EXTERNAL_ID))
#define QUERY_CONDITION_OF_GROUPS                                                                                      \
    (QUERY_BIT(QUERY_FILTER) | QUERY_BIT(QUERY_DISPLAY_NAME) | QUERY_BIT(QUERY_EXTERNAL_ID))

/* *filter_out, in the call's arena, is NULL when nothing is asked for. ERR_INVALID_FILTER. */
MUST_CHECK bool condition_read(struct call *call, const struct scim_resource_type *type,
                               const struct scim_policy *policy, struct scim_filter **filter_out, struct err *err);

/* A page of those that match, in the order of ids. It may be short, or empty, though there are more: one request looks
 * at so many and no more, and page->has_more tells. */
MUST_CHECK bool condition_find(struct reading *reading, uint16_t type, const struct scim_filter *filter,
                               struct page *page, struct people *people, struct err *err);

#endif
