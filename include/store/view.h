/* The rows that a batch of jobs works on: a unit of work.
 *
 * A job names what it needs; what has not been loaded is remembered and loaded for all jobs of the batch together. What
 * a job changes is changed here at once, so that the next job of the batch decides on it, and written for all of them
 * together, each row once, before any of them is answered.
 *
 * want functions return true when the answer is known (*row_out is NULL when there is no such row) and false when it
 * was named for the next load. Rows and slices are valid until the batch ends; pointers to rows are stable.
 * Everything is of one directory: its id is always the first parameter. */
#ifndef STORE_VIEW_H
#define STORE_VIEW_H

#include "base/arena.h"
#include "base/id.h"
#include "scim/document.h"
#include "scim/index.h"
#include "scim/rules.h"
#include "store/job.h"

enum view_directory_state { VIEW_DIRECTORY_ACTIVE = 1, VIEW_DIRECTORY_PAUSED = 2, VIEW_DIRECTORY_DELETING = 3 };

struct view_token {
    struct token_id id;
    struct directory_id directory;
    struct organization_id organization;
    enum view_directory_state state;
    uint32_t revision;              /* of the directory's rules, */
    const struct scim_rules *rules; /* which live as long as the batch: see store/rules.h. NULL: they cannot be read */
    uint8_t hash[32];
    unsigned pepper_version;
    unsigned scopes;
    bool closed;           /* write lane: somebody is changing the rules of the directory; nothing may be written */
    bool live;             /* neither revoked nor expired, by the database's clock */
    bool nests_groups;     /* groups of the directory may be in groups */
    bool has_vendor_users; /* the vendor has imported users of its own (store/vendor.h) */
    bool has_departed;     /* users were deleted, who may come back */
    bool is_inside;        /* no token at all: the process itself acts on the directory (store/inside.h) */
    bool has_user;         /* a token of one person: */
    struct resource_id user;
    int64_t last_used_ms; /* 0: never */
};

struct view_resource {
    uint16_t type;
    struct resource_id id;
    uint64_t version;
    int64_t created_ms, modified_ms;
    struct scim_stored stored; /* text empty when only the narrow columns were wanted */
    struct slice unique_key, external_key, display;
    bool has_manager;   /* manager_id is set, */
    bool manager_known; /* and names a user (looked up by queries only, see query.h): */
    struct resource_id manager_id;
    struct slice manager_display;
};

struct view_refs { /* groups of a user, or members of a group, in a stable order */
    const struct scim_group_ref *list;
    size_t count;
};

enum view_depth { VIEW_NARROW, VIEW_WHOLE }; /* without or with the document */

/* --- named rows. In the write lane VIEW_WHOLE locks the row exclusively; VIEW_NARROW never locks. --- */
bool view_want_token(struct view *view, struct directory_id directory, struct token_id token,
                     const struct view_token **row_out);
bool view_want_resource(struct view *view, struct directory_id directory, uint16_t type, struct resource_id id,
                        enum view_depth depth, const struct view_resource **row_out);
/* User or Group, whichever has the id: narrow, and locked shared in the write lane, so that it stays. */
bool view_want_member(struct view *view, struct directory_id directory, struct resource_id id,
                      const struct view_resource **row_out);
/* The resource that holds this unique key, with its document. Not locked. */
bool view_want_unique(struct view *view, struct directory_id directory, uint16_t type, struct slice key,
                      const struct view_resource **row_out);
/* Who holds this unique key (NULL: nobody)? Not locked: the key itself decides at the end. */
bool view_want_holder(struct view *view, struct directory_id directory, uint16_t type, struct slice key,
                      const struct resource_id **holder_out);
/* The resources that have this key in the side index under the code of an attribute (index.h), or whose external key it
 * is; with their documents, ordered by id, and never more than VIEW_MOST_MATCHES. Not locked; read lane only. Keys are
 * cut: the caller applies its filter. */
enum { VIEW_MOST_MATCHES = 20 };
struct view_matches {
    const struct view_resource *const *list;
    size_t count;
    bool too_many; /* there are more, or one is larger than 64 KiB: the list is empty */
};
bool view_want_by_value(struct view *view, struct directory_id directory, uint16_t type, uint16_t code,
                        struct slice key, struct view_matches *matches_out);
bool view_want_by_external(struct view *view, struct directory_id directory, uint16_t type, struct slice key,
                           struct view_matches *matches_out);
/* Direct groups of a user or group, ordered by id; `indirect` ones not included. */
bool view_want_groups(struct view *view, struct directory_id directory, uint16_t member_type, struct resource_id member,
                      struct view_refs *refs_out);
/* Every group that a user is in, ordered by id, each once: directly, else (`indirect`) through other groups however
 * deep. nests_groups: as the token says; false while the token is not known. */
bool view_want_all_groups(struct view *view, struct directory_id directory, bool nests_groups, struct resource_id user,
                          struct view_refs *refs_out);
/* Is it a member? Exact while the group is locked (wanted VIEW_WHOLE). */
bool view_want_membership(struct view *view, struct directory_id directory, struct resource_id group,
                          struct resource_id member, bool *is_member_out);
/* Every member's id and type, sorted by id; `shown`: with their displays. */
bool view_want_members(struct view *view, struct directory_id directory, struct resource_id group, bool shown,
                       struct view_refs *refs_out);
/* Users whose manager this is. */
bool view_want_managed(struct view *view, struct directory_id directory, struct resource_id manager,
                       struct view_refs *refs_out);

/* Asked when a job knows all it wants, before its first staging. false: jobs that come before it are undecided, so it
 * has only looked ahead and returns JOB_WANTS. */
bool view_may_stage(const struct view *view);

/* --- staging. The rows concerned must have been wanted before (an insert: its unique key). --- */
enum view_cause { /* change.cause: never renumber */
                  VIEW_CAUSE_SCIM = 1,
                  VIEW_CAUSE_ADMIN = 2,
                  VIEW_CAUSE_JOB = 3,
                  VIEW_CAUSE_RESTORE = 4
};
struct view_past {    /* of a resource that was deleted and comes back */
    uint64_t version; /* the last one it had; 0: it was never there */
    int64_t created_ms;
};
struct view_change { /* who, why and when: the same for all that one job stages */
    struct operation_id operation;
    struct id actor; /* the token's, or the key's of the admin API; zero: nobody's */
    enum view_cause cause;
    bool is_put; /* by a client's PUT */
    int64_t now_ms;
    uint32_t ordinal; /* 0 at first, counted up by staging */
    struct view_past past;
};

/* version 1, created = modified = now, or going on from the change's past; counts up. keys as scim_row_keys made them.
 */
const struct view_resource *view_insert(struct view *view, struct directory_id directory, uint16_t type,
                                        struct resource_id id, struct scim_stored stored,
                                        const struct scim_row_keys *keys, struct view_change *change);
/* version + 1, modified = now (never before the old one). before: the keys of the old document. */
const struct view_resource *view_update(struct view *view, struct directory_id directory, uint16_t type,
                                        struct resource_id id, struct scim_stored stored,
                                        const struct scim_row_keys *before, const struct scim_row_keys *after,
                                        struct view_change *change);
/* keys are those of the stored document. What it is a member of must have been changed by view_change_members; its own
 * members go with it. */
void view_delete(struct view *view, struct directory_id directory, uint16_t type, struct resource_id id,
                 const struct scim_row_keys *keys, struct view_change *change);

struct view_member_change {
    struct resource_id member;
    uint16_t type;
    bool added;           /* else removed */
    struct slice display; /* of an added one */
};
/* An entry of change.members: a sign and the member's id; the sign of a group has this bit, too. */
enum { VIEW_MEMBER_IS_GROUP = 0x80 };
/* Adds and removes rows and, when that changed the group, moves its version and modified time once (the document stays)
 * and records one change with the list. Entries that change nothing must have been left out by the caller. */
const struct view_resource *view_change_members(struct view *view, struct directory_id directory,
                                                struct resource_id group, const struct view_member_change *list,
                                                size_t count, struct view_change *change);

struct arena *view_arena(struct view *view); /* lives until the batch ends */

#endif
