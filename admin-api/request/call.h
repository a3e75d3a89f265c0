/* One admin request on its way: who asks, what was sent, what is answered.
 *
 * Every route of /v1 is an admin_operation. admin_run does what all have in common (credential, scope, parameters,
 * body, transaction, audit), so that a handler says only what is its own. */
#ifndef ADMIN_CALL_H
#define ADMIN_CALL_H

#include <jansson.h>

#include "auth/scope.h"
#include "auth/token.h"
#include "field.h"
#include "ops/op.h"
#include "service.h"
#include "tag.h"

enum admin_query {
    QUERY_LIMIT,
    QUERY_CURSOR,
    QUERY_EXTERNAL_ID,
    QUERY_NAME,
    QUERY_ENVIRONMENT,
    QUERY_DIRECTORY,
    QUERY_SUCCESSOR,
    QUERY_TYPES,
    QUERY_ORGANIZATION,
    QUERY_KIND,
    QUERY_STATE,
    QUERY_VIEW,
    QUERY_INCLUDE_DELETED,
    QUERY_UPDATED_SINCE,
    QUERY_FORCE,
    QUERY_DISMISSED,
    QUERY_OLDER_THAN_DAYS,
    QUERY_DRY_RUN,
    QUERY_ON_CONFLICT,
    QUERY_SKIP_BAD_ROWS,
    QUERY_FILTER,
    QUERY_USER_NAME,
    QUERY_EMAIL,
    QUERY_DISPLAY_NAME,
    QUERY_ACTOR,
    QUERY_ACTION,
    QUERY_SINCE,
    QUERY_UNTIL,
    QUERY_ORDER,
    QUERY_DOMAIN,
    QUERY_GRACE_DAYS,
    QUERY_EXPIRING_WITHIN_DAYS,
    QUERY_FROM,
    QUERY_TO,
    QUERY_STATUS,
    QUERY_FAILED,
    QUERY_METHOD,
    QUERY_OPERATION,
    QUERY_REQUEST_ID,
    QUERY_RESOURCE_ID,
    QUERY_TOKEN_ID,
    QUERY_WAIT,
    QUERY_REPLAY,
    ADMIN_QUERIES
};
#define QUERY_BIT(query) (UINT64_C(1) << (query))
#define QUERY_PAGE       (QUERY_BIT(QUERY_LIMIT) | QUERY_BIT(QUERY_CURSOR))

/* Who may call: bits of admin_operation.callers. */
enum admin_caller {
    CALLER_KEY = 1,
    CALLER_OPERATOR = 2,
    CALLER_SIGNER = 4, /* with a JWT that a signing key of the environment signed */
    CALLERS_KEYS = CALLER_KEY | CALLER_OPERATOR | CALLER_SIGNER,
    CALLER_SETUP_LINK = 8, /* to be exchanged for a session */
    CALLER_SETUP_SESSION = 16,
    CALLERS_SETUP = CALLER_SETUP_LINK | CALLER_SETUP_SESSION,
};

struct principal {
    enum admin_caller kind;
    struct key_id key; /* of a key, a signing key, or a setup link; the link's for its session, too */
    bool is_operator;
    struct environment_id environment; /* zero for operators */
    unsigned scopes;
    /* setup links and their sessions */
    struct organization_id organization; /* the only one */
    struct directory_id directory;       /* the only one; zero: all of the organization */
    struct id session;
    /* signers: what a write uses up, data NULL when nothing */
    struct slice jti;
    int64_t expires_ms; /* of the JWT, or the session */
};

struct audit_note { /* zero ids are NULL in the database */
    struct environment_id environment;
    struct organization_id organization;
    struct directory_id directory;
    json_t *detail;         /* object, never a secret; NULL: {} */
    json_t *before, *after; /* see audit_before */
    bool of_operators;      /* belongs to the operators' chain, although it names an environment */
};

struct call {
    struct op *op;
    struct db *db; /* inside a transaction when the operation writes */
    const struct admin_settings *settings;
    struct principal principal;
    struct slice query[ADMIN_QUERIES]; /* decoded; data NULL when absent */
    json_t *body;                      /* checked against the operation's fields; an empty object without a body */
    struct audit_note audit;
    bool locks;       /* rows are read to decide on a change: loaders lock them (SELECT … FOR UPDATE) */
    bool started_job; /* wakes the workers after the commit */
    bool acts;        /* on users and groups (act.h), which identity providers change at the same time */
};

struct admin_operation {
    struct operation operation; /* first: the HTTP room knows this part */
    unsigned callers;           /* 0: CALLERS_KEYS; others are refused like unknown credentials */
    bool writes;                /* runs in a transaction with an audit row */
    bool erases;                /* marks something for housekeeping to erase */
    const char *produces;       /* media types of its answer, separated by blanks; NULL: application/json */
    const char *takes;          /* media types of its body, as Accept names them; NULL: JSON */
    uint64_t queries;           /* QUERY_BITs that are allowed */
    bool body_optional;
    const struct admin_field *fields; /* NULL: takes no body */
    size_t field_count;
    struct tag_view tag; /* of the answer; the ETag of a 201 is that of the GET at its Location */
    /* Whose answer If-Match speaks of; NULL: that of the GET with the same path. */
    const struct admin_operation *shown_by;
    bool (*handle)(struct call *call, struct err *err);
};

#define ADMIN_OPERATION(name_, scope_)                                                                                 \
    {                                                                                                                  \
        .name = (name_), .lane = OP_QUERY, .scope = (scope_), .run = admin_run                                         \
    }
#define ADMIN_FIELDS(list) .fields = (list), .field_count = sizeof(list) / sizeof((list)[0])

bool admin_run(struct op *op, struct db *db, struct err *err);

static inline struct arena *call_arena(struct call *call) { return &call->op->arena; }

/* A member of the checked body. NULL when absent; json null is returned as such. */
static inline json_t *call_member(const struct call *call, const char *name)
{
    return json_object_get(call->body, name);
}
static inline bool call_has(const struct call *call, const char *name) { return call_member(call, name) != NULL; }

/* Text of a member, `otherwise` when absent, empty when null. */
struct slice call_text(const struct call *call, const char *name, struct slice otherwise);

#endif
