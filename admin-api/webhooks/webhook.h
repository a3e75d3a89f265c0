/* Webhooks of an environment as its API loads and shows them. */
#ifndef ADMIN_WEBHOOKS_WEBHOOK_H
#define ADMIN_WEBHOOKS_WEBHOOK_H

#include "call.h"
#include "orders.h"

enum { WEBHOOKS_MOST = 50 /* of an environment */ };

extern const char *const webhook_state_names[]; /* by enum endpoint_state */

struct webhook { /* texts in the arena of the call */
    struct id id;
    struct environment_id environment;
    struct slice url, label, state_reason; /* data NULL: none */
    struct slice types;                    /* names, comma between; data NULL: all */
    struct slice secret;                   /* sealed */
    enum endpoint_state state;
    int64_t state_ms;
};

/* ERR_NOT_FOUND, also for those of other environments. *row_out is valid until the next call on the connection. */
MUST_CHECK bool webhook_find(struct call *call, const struct id *id, const struct db_value **row_out,
                             struct webhook *webhook_out, struct err *err);
/* What the path's first segment names; its row is locked when the call changes something. */
MUST_CHECK bool webhook_of_path(struct call *call, const struct db_value **row_out, struct webhook *webhook_out,
                                struct err *err);

/* Of the body, where it has one: proved, as it is connected to. It asks name servers, so it comes before anything is
 * locked that others wait for. */
MUST_CHECK bool webhook_url_of_body(struct call *call, struct slice *url_out, struct err *err);

/* A row of webhook_find or webhook_list. A new reference. */
json_t *webhook_show(struct call *call, const struct db_value *row);
/* Of a webhook, or of the push of an event stream: the last ten columns of their statements. */
json_t *webhook_show_health(const struct call *call, const struct db_value *columns, enum endpoint_state state);

#endif
