/* The request log and the health of directories: noted in memory, written behind by a thread with a connection of its
 * own, in batches. Noting never waits for the database, nor for more than a short lock; what there is no room for is
 * counted, and the count is kept with the directory. docs/internals/request-log.md. */
#ifndef STORE_REQUEST_H
#define STORE_REQUEST_H

#include <stdint.h>

#include "base/err.h"
#include "base/id.h"
#include "base/slice.h"
#include "scim/policy.h"
#include "scim/redact.h"

enum { STORE_REQUEST_BODY = 16384, STORE_REQUEST_URL = 2048, STORE_REQUEST_TEXT = 255 }; /* bytes that are kept */

/* A request and its answer: one block of the heap, which holds what the texts point to. */
struct store_request {
    struct store_request *next;
    size_t bytes; /* of the block */

    struct id id; /* the request's */
    bool proved;  /* the token is the directory's. Else directory and token are what the request claims, or zero: */
    struct directory_id directory;
    struct id token;
    struct organization_id organization; /* of the URL; needed when nothing is proved */
    struct resource_id resource;         /* zero: none */
    enum scim_request_log mode;          /* of the directory's rules, which have this */
    uint32_t revision;                   /* likewise */

    int64_t received_ms;
    uint64_t duration_us;
    int status;
    bool client_left;
    enum err_kind problem;
    const char *operation; /* static; NULL: no route */
    enum scim_body_kind request_kind;
    struct slice method, path, query, peer, user_agent, detail;
    struct slice request, response; /* their beginnings */
    size_t request_bytes, response_bytes;
    struct slice operations; /* JSON, of a bulk request */
};

/* With room for so many bytes of text; the rest is zero. */
struct store_request *store_request_new(size_t text_bytes);
/* A copy in the block's room, at most `most` bytes of it. */
struct slice store_request_text(struct store_request *request, struct slice text, size_t most);
/* Takes it. Any thread. */
void store_request_push(struct store_request *request);
void store_request_free(struct store_request *request);

/* How a request ended, as far as it tells whether the identity provider works. */
enum store_outcome {
    OUTCOME_SUCCESS,
    OUTCOME_REFUSED, /* an answer that belongs to the protocol: 404, 409, 412 */
    OUTCOME_FAILURE,
};

enum { STORE_CLIENT_LEFT = 499 }; /* status of what was not run because nobody waits for it */
enum store_outcome store_outcome_of(int status);

struct store_ending {
    struct id id; /* the request's */
    int64_t now_ms;
    enum store_outcome outcome;
    int status;
    enum err_kind problem;
    const char *operation; /* static; NULL: no route */
    const char *detail;    /* of the error; NUL-terminated */
    bool skipped;          /* it is not in the request log: too many came */
};
/* For directory_health and directory_hour. Any thread. */
void store_request_ended(struct directory_id directory, const struct store_ending *ending);

/* "unauthorized" for ERR_UNAUTHORIZED: what the log and the API call a kind of error. */
enum { STORE_PROBLEM_BYTES = 32 };
void store_problem_name(enum err_kind kind, char out[STORE_PROBLEM_BYTES]);

#endif
