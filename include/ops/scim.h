/* The SCIM service: its routes and what they need. */
#ifndef OPS_SCIM_H
#define OPS_SCIM_H

#include "auth/guard.h"
#include "auth/token.h"
#include "ops/op.h"

struct scim_service_settings {
    const struct auth_peppers *peppers;
    struct auth_guard *guard;      /* NULL: none */
    struct auth_limiter *requests; /* of a directory; NULL: no limit */
    struct request_log *log;       /* NULL: requests are not logged */
    bool rate_fields;              /* answers have RateLimit and RateLimit-Policy */
    uint64_t default_page;         /* resources, 100 */
    uint64_t max_page;             /* resources, 1,000 */
    uint64_t max_scan;             /* documents that one filter may look at without an index, 1,000,000 */
    uint64_t cursor_timeout_s;     /* that a cursor is good for at least, 3,600 */
    size_t max_reply;              /* bytes of one list or group, 100 MiB */
    size_t max_body;               /* bytes, 1 MiB */
    size_t group_max_body;         /* bytes, of requests that write a group: 8 MiB; 0: max_body */

    uint64_t bulk_max_operations; /* of one bulk request, 1,000 */
    size_t bulk_max_payload;      /* bytes of its body, 4 MiB */
    unsigned bulk_timeout_ms;     /* after which no further operation of it is started, 20,000 */
    struct queue *write_queue;    /* the store's, for its operations */
};

/* What of the requests that end is kept in the request log: so many a second of each directory, so many in all, and few
 * of those that prove nothing. 0: no limit. */
struct request_log;
struct request_log *request_log_new(uint64_t rate, uint64_t total);
void request_log_free(struct request_log *log); /* NULL is fine */

/* The service for http_server_start; settings must outlive it. */
const struct service *scim_service(const struct scim_service_settings *settings);

#endif
