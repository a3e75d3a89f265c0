/* The log of what was sent to a webhook, and sending once more. */
#ifndef ADMIN_WEBHOOKS_DELIVERIES_H
#define ADMIN_WEBHOOKS_DELIVERIES_H

#include "endpoint.h"

extern const struct admin_operation webhook_delivery_list, webhook_delivery_get;
extern const struct admin_operation webhook_ping, webhook_delivery_replay, webhook_replay;

enum delivery_kind { DELIVERY_EVENT = 1, DELIVERY_REPLAY, DELIVERY_PING, DELIVERY_EXPIRED }; /* webhook_delivery.kind */

/* Columns of webhook_delivery_list and, further on, of webhook_delivery_load. */
enum delivery_column {
    DELIVERY_ID,
    DELIVERY_ENDPOINT,
    DELIVERY_KIND,
    DELIVERY_STATE,
    DELIVERY_EVENT_ID,
    DELIVERY_TYPE,
    DELIVERY_ORGANIZATION,
    DELIVERY_DIRECTORY,
    DELIVERY_REPLAY_ID,
    DELIVERY_ATTEMPTS,
    DELIVERY_NEXT,
    DELIVERY_ERROR,
    DELIVERY_STATUS,
    DELIVERY_CREATED,
    DELIVERY_ENDED,
    DELIVERY_SEQUENCE,
    DELIVERY_PART,
    DELIVERY_UNTIL,
    DELIVERY_ATTEMPT_LOG,
    DELIVERY_REQUEST_HEADERS,
    DELIVERY_RESPONSE_HEADERS,
    DELIVERY_RESPONSE_BODY
};

/* What the path's second segment names. ERR_NOT_FOUND. *row_out is valid until the next call on the connection. */
MUST_CHECK bool delivery_of_path(struct call *call, const struct endpoint *endpoint, const struct db_value **row_out,
                                 struct id *delivery_out, struct err *err);
MUST_CHECK bool delivery_load(struct call *call, const struct endpoint *endpoint, const struct id *delivery,
                              const struct db_value **row_out, struct err *err);
json_t *delivery_show(struct call *call, const struct db_value *row); /* as lists have it; a new reference */

#endif
