/* Bulk requests (RFC 7644 section 3.7, checklist B-01 to B-16): the message, the references between its operations, the
 * order in which they can be run, and the response.
 *
 * A reference is a string "bulkId:x" anywhere in `data`, the same behind the last slash of a "$ref" or of the
 * operation's path, or in quotes in the path of a PATCH operation. Ids of new resources are chosen by the caller before
 * anything is run, so references are replaced up front; the order only sees to it that what is referred to is there. */
#ifndef SCIM_BULK_H
#define SCIM_BULK_H

#include "base/id.h"
#include "base/json.h"

#define SCIM_URN_BULK_REQUEST  "urn:ietf:params:scim:api:messages:2.0:BulkRequest"
#define SCIM_URN_BULK_RESPONSE "urn:ietf:params:scim:api:messages:2.0:BulkResponse"

enum scim_bulk_method { SCIM_BULK_OTHER, SCIM_BULK_POST, SCIM_BULK_PUT, SCIM_BULK_PATCH, SCIM_BULK_DELETE };

struct scim_bulk_operation {
    enum scim_bulk_method method;
    struct slice method_text; /* in capitals; of OTHER as sent, empty when it is no string */
    struct slice bulk_id;     /* empty: none */
    struct slice path;        /* as sent; begins with a slash; empty: none */
    struct slice version;     /* empty: none */
    json_t *data;             /* an object of the message, borrowed; NULL for DELETE and where it is missing */
    const struct err *err;    /* it cannot be run, because; NULL: it can be tried */
    const size_t *refs;       /* operations (all POST) that it refers to: ascending, each once, not itself */
    size_t ref_count;
};

struct scim_bulk {
    struct scim_bulk_operation *operations; /* in the order of the request */
    size_t count;
    uint64_t fail_on_errors; /* stop when so many have failed; 0: never */
    const size_t *by_id;     /* operations with a bulkId, sorted by it */
    size_t id_count;
};

/* What a body may be made of: more than others, because it is many. */
extern const struct json_limits scim_bulk_json_limits;

/* Reads the message, which must outlive the bulk; everything else is in the arena. Errors of the whole request:
 * ERR_INVALID_SYNTAX (URN, Operations, a bulkId that occurs twice), ERR_INVALID_VALUE (failOnErrors), ERR_TOO_LARGE
 * naming maxOperations. What is wrong with one operation is in its err (B-02, B-03, B-12, B-16). */
MUST_CHECK bool scim_bulk_parse(const json_t *message, uint64_t max_operations, struct arena *arena,
                                struct scim_bulk *bulk_out, struct err *err);

/* --- order --- */

struct scim_bulk_step {
    size_t operation;
    bool links;            /* its resource is there but lacks references: it is given the whole data, by PUT */
    bool joined;           /* of one circle with the step before it: they stand or fall together */
    const size_t *without; /* operations that come later in its circle: it is made without references to them */
    size_t without_count;
};

/* Every operation once, in the order of the request, save that what is referred to comes first. Operations
 * that refer to each other in a circle stand together, joined; a circle of more than most_joined steps is given up: its
 * operations get ERR_CONFLICT as their err. */
void scim_bulk_plan(struct scim_bulk *bulk, size_t most_joined, struct arena *arena,
                    const struct scim_bulk_step **steps_out, size_t *count_out);

/* --- replacing: ids[i] is the id of the resource that operation i creates --- */

/* In place, in the operation's data or a copy of it. */
void scim_bulk_resolve(const struct scim_bulk *bulk, size_t operation, const struct resource_id *ids, json_t *data);
/* A copy of the operation's data without the values that refer to the step's `without`. A new reference. */
json_t *scim_bulk_data_without(const struct scim_bulk *bulk, const struct scim_bulk_step *step);
/* The operation's path with the id in it. */
struct slice scim_bulk_path(const struct scim_bulk *bulk, size_t operation, const struct resource_id *ids,
                            struct arena *arena);

/* --- response --- */

struct scim_bulk_result {
    struct slice method, bulk_id, location, version; /* empty: left out (the method is not) */
    int status;
    struct slice response; /* a rendered error; empty: none */
};

void scim_bulk_response_begin(struct buf *out);
/* Commas are the caller's. */
void scim_bulk_response_add(const struct scim_bulk_result *result, struct buf *out);
void scim_bulk_response_end(struct buf *out);

#endif
