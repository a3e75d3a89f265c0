/* One request on its way through: copies of every input, and the answer. The HTTP room packs and unpacks it; use cases
 * fill in the answer. Nothing in it points into anything that belongs to h2o. */
#ifndef OPS_OP_H
#define OPS_OP_H

#include <stdatomic.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/id.h"
#include "store/job.h"
#include "store/store.h"

struct op;
struct json_t;
struct view;

enum op_lane {
    OP_INLINE, /* answered on the loop thread: needs no database and little time */
    OP_READ,
    OP_WRITE,
    OP_QUERY
};

/* What a route does. One static instance each. */
struct operation {
    const char *name; /* "user.get": label of metrics and log */
    enum op_lane lane;
    unsigned scope;                /* a bit of auth/scope.h that the credential must have; 0: none */
    uint16_t resource_type;        /* SCIM_TYPE_…, 0 where it has none */
    bool refuses_method;           /* answers 404 or 405: its method is not in Allow */
    bool searches;                 /* the query stands in the body (RFC 7644 section 3.4.3) */
    void (*answer)(struct op *op); /* OP_INLINE */
    enum job_step (*step)(struct op *op, struct view *view);    /* OP_READ, OP_WRITE */
    bool (*run)(struct op *op, struct db *db, struct err *err); /* OP_QUERY, and after JOB_QUERY; see job.h */
    /* OP_QUERY, instead of run: JOB_PARKED when it goes on after the return, until op_finish. */
    enum job_run (*start)(struct op *op, struct db *db, struct err *err);
};

struct route {
    const char *method;  /* "GET"; HEAD is answered as GET without a body, OPTIONS by the HTTP room */
    const char *pattern; /* "/orgs/{}/scim/v2/Users/{}": {} is one decoded segment */
    size_t body_limit;   /* bytes; 0: the server's limit */
    const struct operation *operation;
};

/* What one listener serves. Static. */
struct service {
    const char *name; /* "scim", "admin" */
    const struct route *routes;
    size_t route_count;
    /* Renders op->err (status, content type, body, headers that go with it) into op->reply. Also used for errors of the
     * HTTP room itself: then only the request line and headers of op are filled in. */
    void (*refuse)(struct op *op);
    /* Asked on the loop's thread before an op goes to the store: may say whose it is (op->job.party). false: refused,
     * with op->err. NULL: all are let in. */
    bool (*admit)(struct op *op);
    /* Told on the loop's thread of every request, when its answer is made or its client has left (with status 0 when it
     * was not run). NULL: nobody wants to know. */
    void (*ended)(const struct op *op, uint64_t duration_us, bool client_left);
    /* Tolerated in paths: "//" and a trailing slash (admins paste base URLs that end in one). */
    bool lenient_slashes;
    void *context; /* the use cases' own: peppers, limits, … */
};

/* One of several operations that a request asked for. */
struct op_record {
    size_t index; /* among them, from 0 */
    struct slice method;
    const struct route *route; /* NULL: it led nowhere */
    int status;
};

enum { OP_MAX_PARAMETERS = 4, OP_REQUEST_ID_BYTES = 37 };

struct reply_header {
    const char *name;   /* lower case, static */
    struct slice value; /* in the op's arena or static */
};

struct reply {
    int status;                      /* 0 until answered */
    const char *content_type;        /* static; NULL without a body */
    struct buf body;                 /* heap; empty for 204, 304 */
    bool more;                       /* body is not the end of it: see op_send_piece */
    struct reply_header headers[12]; /* etag, location, content-location, retry-after, allow, www-authenticate, … */
    size_t header_count;
};

struct op {
    struct job job; /* first: the store hands back job pointers */
    struct arena arena;
    const struct service *service;
    const struct operation *operation;
    const struct route *route; /* NULL when none matched */

    struct slice method;
    struct slice path;                          /* raw, without the query */
    struct slice query;                         /* raw, without "?"; empty when there is none */
    struct slice parameters[OP_MAX_PARAMETERS]; /* decoded {} segments, in order; valid UTF-8 without NUL */
    size_t parameter_count;
    struct slice body;
    struct json_t *json; /* the body when it is parsed already, the maker's reference; NULL: see body */
    struct slice authorization, content_type, accept, if_match, if_none_match, prefer, user_agent, idempotency_key;
    struct slice last_event_id;
    struct slice origin; /* "https://host[:port]" as the client addressed it (trusted proxies considered) */
    struct slice peer;   /* address of the client, for the log */
    bool is_head;

    char request_id[OP_REQUEST_ID_BYTES];
    int64_t now_ms; /* when it was received */
    struct operation_id operation_id;
    struct resource_id fresh_id; /* for whatever it creates */

    struct reply reply;
    struct err err;
    uint64_t retry_after_s; /* goes with ERR_THROTTLED */
    /* Of an answer in pieces: called on the loop's thread, must not block. wanted: the client has taken what was sent,
     * and the op is the use case's again, to fill in the next piece (reply.body is empty). Not wanted: the client has
     * left, or was cut off; op_finish ends it. */
    void (*proceed)(struct op *op, bool wanted);
    bool begun;        /* its first piece is sent */
    bool endless;      /* an answer in pieces that its client can go on with elsewhere: no drain waits for it */
    _Atomic bool left; /* its client has left while it was away: a parked op may end early */
    void *state;       /* the use case's own between steps, in the arena */
    void (*dispose)(struct op *op); /* frees what of state is not in the arena; NULL: nothing */

    /* for the access log, filled in by use cases when known; zero otherwise */
    struct organization_id log_organization;
    struct directory_id log_directory;
    struct id log_credential;
    struct resource_id log_resource; /* that it is about */
    uint8_t log_mode;                /* enum scim_request_log of the directory, */
    uint32_t log_revision;           /* and the revision of its rules that says so */
    const struct op_record *records; /* of a request with many operations: a line and a count for each */
    size_t record_count;
};

/* The job_class of every op with a READ, WRITE or QUERY operation: calls operation->step or run; on a refusal (err set)
 * renders it with service->refuse. */
extern const struct job_class op_job_class;

void op_init(struct op *op, const struct service *service); /* zeroes, makes ids and request id */
/* Of a parked op whose reply.more is set: what its reply holds is sent, with status and headers the first time, and the
 * op is not the caller's until `proceed`. The last piece, with reply.more unset, is sent by op_finish; with op->err set
 * instead, what was begun is cut short. Any thread. */
void op_send_piece(struct op *op);
void op_finish(struct op *op); /* of a parked op: renders op->err if set, and brings it home; any thread */
void op_fini(struct op *op);   /* arena and body */
void op_header(struct op *op, const char *name, struct slice value); /* value is copied into the arena */

#endif
