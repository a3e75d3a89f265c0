/* The log of what was sent to a webhook, and sending once more. */
#ifndef ADMIN_WEBHOOKS_DELIVERIES_H
#define ADMIN_WEBHOOKS_DELIVERIES_H

#include "webhook.h"

extern const struct admin_operation webhook_delivery_list, webhook_delivery_get;
extern const struct admin_operation webhook_ping, webhook_delivery_replay, webhook_replay;

enum logged_kind { LOGGED_EVENT = 1, LOGGED_REPLAY, LOGGED_PING, LOGGED_EXPIRED }; /* webhook_delivery.kind */

/* Columns of webhook_delivery_list and, further on, of webhook_delivery_load. */
enum logged_column {
    LOGGED_ID,
    LOGGED_ENDPOINT,
    LOGGED_KIND,
    LOGGED_STATE,
    LOGGED_EVENT_ID,
    LOGGED_TYPE,
    LOGGED_ORGANIZATION,
    LOGGED_DIRECTORY,
    LOGGED_REPLAY_ID,
    LOGGED_ATTEMPTS,
    LOGGED_NEXT,
    LOGGED_ERROR,
    LOGGED_STATUS,
    LOGGED_CREATED,
    LOGGED_ENDED,
    LOGGED_SEQUENCE,
    LOGGED_PART,
    LOGGED_UNTIL,
    LOGGED_ATTEMPT_LOG,
    LOGGED_REQUEST_HEADERS,
    LOGGED_RESPONSE_HEADERS,
    LOGGED_RESPONSE_BODY
};

/* What the path's second segment names. ERR_NOT_FOUND. *row_out is valid until the next call on the connection. */
MUST_CHECK bool delivery_of_path(struct call *call, const struct webhook *webhook, const struct db_value **row_out,
                                 struct id *delivery_out, struct err *err);
MUST_CHECK bool delivery_load(struct call *call, const struct webhook *webhook, const struct id *delivery,
                              const struct db_value **row_out, struct err *err);
typedef json_t *delivery_show_fn(struct call *call, const struct db_value *row); /* a new reference */
delivery_show_fn delivery_show;                                                  /* as lists have it */

/* A page of an endpoint's log, newest first, narrowed by the query; of a stream's, too, which shows it in its own way.
 */
MUST_CHECK bool deliveries_answer(struct call *call, const struct id *endpoint, delivery_show_fn *show,
                                  struct err *err);

#endif
