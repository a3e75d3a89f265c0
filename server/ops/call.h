/* What the SCIM use cases share: who calls, what may be answered, and how a resource is shown. */
#ifndef OPS_CALL_H
#define OPS_CALL_H

#include <jansson.h>

#include "auth/scope.h"
#include "ops/scim.h"
#include "scim/document.h"
#include "scim/patch.h"
#include "scim/project.h"
#include "scim/query.h"
#include "store/view.h"

#define CALL_MEDIA_TYPE "application/scim+json"

/* The state of an op between its steps. What depends on the request alone is made once, whatever is loaded meanwhile;
 * an error found in it is kept and raised when its turn comes (E-07). */
struct call {
    struct op *op;
    const struct scim_service_settings *settings;
    const struct scim_rules *rules; /* of the token's directory, a reference; before admission the built-in ones */
    const struct scim_resource_type *type;
    struct organization_id organization;
    bool organization_known; /* the path holds the form of an organization's id */
    struct auth_credential credential;
    bool credential_sent, credential_good; /* a header; in the form of a token */
    struct slice base_url;
    bool failure_counted, request_counted, more_counted; /* by the door, whatever is stepped again */
    struct auth_quota quota;                             /* of the directory, once request_counted */

    struct insider *insider; /* inside.c: who acts without a token; NULL: somebody outside */
    bool is_self;            /* through /Me: changes what the policy leaves to users themselves (M-03) */
    bool id_good;            /* the path names a resource by the form of an id */
    struct resource_id id;

    bool query_good;
    struct scim_query query;
    struct scim_projection *projection;
    struct err parameter_err; /* of query or projection */

    bool body_read;
    json_t *body; /* NULL: body_err */
    struct err body_err;
    struct scim_patch *patch;
    const struct scim_projection
        *sent;                 /* of the reply to a write, where documents have hidden values; NULL elsewhere */
    struct decision *decision; /* write.h: what was decided, kept between steps; NULL: nothing yet */
    struct scim_members members;

    const struct view_token *token; /* set by call_admit */
};

/* What no request can be: an op that the process itself made. */
struct insider {
    struct id actor;
    enum view_cause cause;
    struct view_past past;                /* of what the op creates */
    bool keeps_members;                   /* a group that is replaced has whom it had */
    const struct scim_member_edit *edits; /* of scim_change_members */
    size_t missing;                       /* whom they add, and who is not there */
};

/* The op's call, made at its first step. */
struct call *call_of(struct op *op);
/* Makes it an insider's, before its first step. */
void call_let_inside(struct call *call, struct directory_id directory, struct insider *insider);
struct directory_id call_directory(const struct call *call);
const struct scim_policy *call_policy(const struct call *call);
struct view_change call_change(const struct call *call);

/* GET or HEAD: all that it says stands in its URL. */
static inline bool call_reads(const struct op *op)
{
    return slice_equals(op->method, SLICE_LITERAL("GET")) || op->is_head;
}

/* Reads the projection anew: the query or the type has changed. */
void call_read_projection(struct call *call);

/* Names the token. true: its answer is known. (A credential that is none of ours needs no row.) */
bool call_want_token(struct call *call, struct view *view);

/* Gives the call the type that its path names by the rules of a loaded token, before it is admitted. false: there is
 * none, and the call will be refused. */
MUST_CHECK bool call_resolve_type(struct call *call);

/* 401, 403, 503 of a paused directory, 406, 415: whatever stands before the resource (E-07). Sets op->err. */
MUST_CHECK bool call_admit(struct call *call);
/* The same with a token loaded by the caller; NULL: no such row. */
MUST_CHECK bool call_admit_token(struct call *call, const struct view_token *token);
/* The same in the query lane, which reads the token itself. false: *good_out says whether the op was refused or the
 * database failed (err). */
MUST_CHECK bool call_admit_loading(struct call *call, struct db *db, bool *good_out, struct err *err);

/* 406 and 415 alone: for who needs no token. Sets op->err. */
MUST_CHECK bool call_check_media_types(struct call *call);
/* Of a reply, an error's too: application/json only where the client accepts nothing else of ours (H-05). */
const char *call_media_type(const struct op *op);

/* Has the token the scope to read what it changes? If not, it is told that it was done, and no more (SEC-07). */
bool call_may_read(const struct call *call);

/* Reads the body as a JSON object, once. Refuses with op->err. */
MUST_CHECK bool call_read_body(struct call *call);

/* The query of a search, once it is admitted: parameter_err tells whether it is good. Nothing where the query stands in
 * the URL. Refuses with op->err when the body is no JSON object. */
MUST_CHECK bool call_read_search(struct call *call);

/* The body of a write that is about to be answered: what it names may show in the reply. */
void call_note_sent(struct call *call);

/* 404 with the same words for every id (E-06). Always false. */
bool call_not_found(struct call *call);
/* Copies err into op->err. Always JOB_DONE. */
enum job_step call_refuse(struct call *call, const struct err *err);

/* --- showing --- */

/* Do groups (of a user) or members (of a group) show in this reply? */
bool call_shows_refs(const struct call *call);

struct call_shown { /* a resource as a reply shows it */
    const struct view_resource *row;
    struct view_refs refs;
    const struct view_resource *manager; /* the row of row->manager_id, where the row itself does not tell */
};
struct scim_served call_served(const struct call *call, const struct call_shown *shown);
/* Names what showing needs beyond the row: the groups of a user, */
bool call_want_groups(struct call *call, struct view *view, struct resource_id user, struct view_refs *refs_out);
/* and the manager. */
bool call_want_manager(struct call *call, struct view *view, const struct view_resource *row,
                       const struct view_resource **manager_out);

/* The filter of the query. Sensitive attributes are refused in a URL, what is never returned everywhere.
 * Sets op->err. */
MUST_CHECK bool call_parse_filter(struct call *call, struct scim_filter **filter_out);

/* If-Match and If-None-Match against the tag (V-03 to V-09). false: refused, or answered with 304. */
MUST_CHECK bool call_preconditions(struct call *call, const struct scim_served *served);

/* The resource as the whole reply: status, ETag, Location, Content-Location, projected body. */
void call_reply_resource(struct call *call, int status, const struct scim_served *served);
/* 204 with the tag (P-06). */
void call_reply_no_content(struct call *call, const struct scim_served *served);
/* A body made by the caller in op->reply.body. */
void call_reply_body(struct call *call, int status);

/* Appends the resource, projected, to out. */
void call_render(const struct call *call, const struct scim_served *served, struct buf *out);

/* The whole representation as JSON, as filters see it. A new reference. */
json_t *call_representation(const struct call *call, const struct scim_served *served);

#endif
