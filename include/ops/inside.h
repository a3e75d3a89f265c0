/* Acting on a directory without a token of its own: what the admin API does to users and groups.
 *
 * Each operation is the same as a request of an identity provider, through the same use case: validation, unique keys,
 * members, managers, history, counters. It needs no token, has every scope, and a paused directory takes it, too. The
 * change records who did it and why.
 *
 * Everything happens in the caller's transaction on the caller's connection, so that it is there exactly when what the
 * caller writes beside it (an audit row, a checkpoint) is there:
 *
 *     begin, inside_run, admin_job_step or audit row, commit
 *
 * Only code of this process can get here: nothing that a request says makes a call an inner one. */
#ifndef OPS_INSIDE_H
#define OPS_INSIDE_H

#include "store/inside.h"

struct json_t; /* of jansson */

struct inside { /* who acts, where and why */
    struct directory_id directory;
    struct organization_id organization; /* the directory's */
    const char *public_url;              /* of the connector, no slash at its end; for meta.location in the replies */
    struct id actor;                     /* the key's; zero: nobody's */
    enum view_cause cause;
};

struct inside_members { /* sorted by id, each once; who is a member already, or not, stays so */
    const struct resource_id *add, *remove;
    size_t add_count, remove_count;
    size_t missing; /* what came of it: of those to add, who is neither a user nor a group of the directory */
};

struct inside_op {
    const char *method;             /* POST, PUT, PATCH, DELETE */
    struct slice path;              /* as behind a connector URL: "/Users", "/Groups/{id}", … */
    struct json_t *body;            /* borrowed; NULL: none */
    bool keeps_members;             /* PUT of a group: it has whom it had, the body names nobody */
    struct inside_members *members; /* PATCH of a group, instead of a body */
    struct resource_id id;          /* POST: what it gets; zero: a fresh one */
    struct view_past past;          /* POST: where it comes back */
    struct operation_id operation;  /* under which its changes are recorded, no other's; zero: a fresh one */

    /* what came of it */
    int status;           /* as a request would be answered; nothing has changed by it from 400 on */
    struct err err;       /* why then */
    struct json_t *reply; /* a new reference: what was answered; NULL: without a body, as after a
                             PATCH of a group. A group is without its members unless the path asks otherwise
                             (?attributes=, ?excludedAttributes=) */
};

/* In order, each on what those before it left; at most INSIDE_MOST_JOBS, of which refused ones do nothing. false, with
 * err: the database failed or the directory is not there; nothing counts, and the caller rolls back. When inside_again
 * says so, it may run its whole transaction again. */
MUST_CHECK bool inside_run(struct db *db, const struct inside *inside, struct inside_op *ops, size_t count,
                           struct err *err);
bool inside_again(const struct db *db);
void inside_release(struct inside_op *ops, size_t count); /* the replies */

/* The path of a resource, in the arena: "/Users/{id}". type: SCIM_TYPE_USER or SCIM_TYPE_GROUP. */
struct slice inside_path(struct arena *arena, uint16_t type, struct resource_id id);

#endif
