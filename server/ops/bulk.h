/* POST /Bulk: many operations, run in waves.
 *
 * Every operation is an op of its own with the use case, the admission and the answer that a single request has. A wave
 * is a group of them (store/job.h): one worker runs them in order, in one transaction while nothing collides. The bulk
 * op is parked meanwhile; when a wave comes home, its results are kept and the next one is sent. */
#ifndef OPS_BULK_H
#define OPS_BULK_H

#include "call.h"
#include "scim/bulk.h"

enum { BULK_WAVE = 32 }; /* operations; a circle may make it longer */

struct bulk;

/* What has become of an operation. */
struct bulk_outcome {
    int status; /* 0: not processed */
    struct slice version, location, response;
    const struct route *route; /* NULL: its path led nowhere */
    struct bulk_child *child;  /* that makes it, while that is part of the wave */
};

/* A step of the plan, as one op. */
struct bulk_child {
    struct op op; /* first */
    struct bulk *bulk;
    const struct scim_bulk_step *step;
    size_t place;       /* in the wave */
    struct err refusal; /* what it answers without being run */
    bool called_off;    /* it was not run: too many have failed */
};

struct bulk {
    struct home home; /* first: of its waves */
    struct call *call;
    json_t *message;
    struct scim_bulk request;
    const struct scim_bulk_step *steps;
    size_t step_count, next_step;
    struct resource_id *ids;       /* of what the operations create */
    struct bulk_outcome *outcomes; /* of the operations */
    uint64_t failed;               /* of them, before the wave */
    bool is_over;                  /* no further operation is to be run */
    uint64_t deadline_ns;          /* no wave starts later */
    uint64_t queue_wait_ns;        /* that a wave may wait; 0: any time */
    struct job_group wave;
    struct bulk_child *children; /* of the wave */
};

/* The next wave, made of the steps from next_step on. */
void bulk_wave_prepare(struct bulk *bulk);
/* Keeps its results and ends its ops. */
void bulk_wave_collect(struct bulk *bulk);
/* Ends its ops, whatever they are. */
void bulk_wave_drop(struct bulk *bulk);
/* The wave cannot be run: its operations and all that follow are answered with err. */
void bulk_wave_refuse_rest(struct bulk *bulk, const struct err *err);

/* Finds the route of the child's method and path. Refuses with err (B-15). */
MUST_CHECK bool bulk_route(struct op *child, struct err *err);

/* The BulkResponse, and the records of the operations for the access log. */
void bulk_reply(struct bulk *bulk);

#endif
