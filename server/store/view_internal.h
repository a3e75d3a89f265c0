/* The inside of a view: the rows that are known, the ones that are wanted, and what was staged. */
#ifndef STORE_VIEW_INTERNAL_H
#define STORE_VIEW_INTERNAL_H

#include "store/db.h"
#include "store/view.h"

enum known_kind {
    KNOWN_TOKEN,
    KNOWN_RESOURCE,
    KNOWN_MEMBER,     /* a user or a group by id alone */
    KNOWN_UNIQUE,     /* who holds a unique key */
    KNOWN_MATCHES,    /* who has a key of the side index, or an external key */
    KNOWN_GROUPS,     /* of a member */
    KNOWN_MEMBERSHIP, /* one row */
    KNOWN_MEMBERS,    /* of a group: all */
    KNOWN_MANAGED     /* users of a manager */
};

/* The families of statements, in the order in which a round runs them: locks are taken in this order. */
enum view_family {
    FAMILY_LOCKED,
    FAMILY_WHOLE,
    FAMILY_UNIQUE,
    FAMILY_UNIQUE_PROBE,
    FAMILY_VALUE,
    FAMILY_EXTERNAL,
    FAMILY_VALUES,    /* those of FAMILY_VALUE that go together: see view_statement_make */
    FAMILY_EXTERNALS, /* and of FAMILY_EXTERNAL */
    FAMILY_MEMBER_LOCKED,
    FAMILY_MEMBER,
    FAMILY_NARROW,
    FAMILY_GROUPS,
    FAMILY_MEMBERSHIP,
    FAMILY_MEMBERS_SHOWN,
    FAMILY_MEMBERS,
    FAMILY_MANAGED,
    FAMILY_ABOVE,  /* KNOWN_GROUPS of a group and of all groups above it: view_above.c */
    FAMILY_TOKENS, /* alone, when nothing else is wanted */
    FAMILY_COUNT
};

struct known_key {
    enum known_kind kind;
    uint16_t type;
    struct directory_id directory;
    struct id id;      /* token, resource, member, manager */
    struct id second;  /* membership: the group */
    struct slice text; /* unique key, key of the side index, external key */
    uint16_t code;     /* matches: the attribute of the side index; 0: the external key */
};

struct ref_list { /* growing, in the view's arena */
    struct scim_group_ref *list;
    size_t count, capacity;
};

struct known {
    struct known *same_bucket;
    uint32_t hash;
    struct known_key key;
    enum view_family family; /* how it is wanted */
    bool wanted, is_known;

    struct view_token *token;  /* KNOWN_TOKEN; NULL: no such row */
    struct view_resource *row; /* KNOWN_RESOURCE; NULL: no such row */
    enum view_depth depth;
    struct known *holder;   /* KNOWN_MEMBER, KNOWN_UNIQUE: the resource; NULL: nobody */
    bool crowded;           /* KNOWN_MATCHES: asked for with others, they were too many to tell */
    struct known **matches; /* KNOWN_MATCHES: VIEW_MOST_MATCHES of them, and how many there were */
    size_t match_count;
    struct ref_list refs; /* KNOWN_GROUPS, KNOWN_MEMBERS, KNOWN_MANAGED; sorted by id */
    uint64_t walk;        /* KNOWN_GROUPS: the last walk that came here */
    size_t refs_changes;  /* how many of the batch's changes they take into account */
    bool existed, exists; /* KNOWN_RESOURCE, KNOWN_MEMBERSHIP: in the database, and now */
    bool fell;            /* KNOWN_MEMBERSHIP: it existed until its group was deleted in this batch */
    uint16_t member_type; /* KNOWN_MEMBERSHIP */
    struct slice member_display;

    /* staged, KNOWN_RESOURCE */
    struct known *next_staged;
    bool staged, document_changed;
    uint64_t version_before;
    const struct scim_row_keys *keys_before, *keys_after;
};

enum change_kind { /* change.kind */
                   CHANGE_CREATED = 1,
                   CHANGE_UPDATED = 2,
                   CHANGE_DELETED = 3,
                   CHANGE_MEMBERS = 4,
                   CHANGE_BEFORE = 5 /* no change: what the resource was before the operation's next one */
};

struct staged_change {
    struct staged_change *next;
    struct operation_id operation;
    struct id actor;
    enum view_cause cause;
    bool is_put;
    uint32_t ordinal;
    enum change_kind kind;
    struct directory_id directory;
    uint16_t type;
    struct resource_id resource;
    uint64_t version;
    int64_t now_ms, born_ms; /* born_ms: of a deleted resource */
    struct slice document, members;
};

struct staged_count {
    struct staged_count *next;
    struct directory_id directory;
    uint16_t type;
    int64_t delta;
};

struct held_rules { /* a reference of the batch */
    struct held_rules *next;
    const struct scim_rules *rules;
};

struct view {
    struct arena arena;
    struct held_rules *held_rules;
    uint32_t seed;       /* of the hashes of keys */
    bool writes;         /* the write lane: in a transaction, whole rows locked */
    bool looks_ahead;    /* the job that is asked has undecided ones before it */
    size_t closed_gates; /* how often a directory was found in the hands of whoever changes its rules */
    struct known **buckets;
    size_t bucket_count, known_count;
    struct known **wanted;
    size_t wanted_count, wanted_capacity;

    struct known *staged_resources, **staged_resources_end;
    struct known **staged_memberships;
    size_t staged_membership_count, staged_membership_capacity;
    struct staged_change *changes, **changes_end;
    size_t change_count;
    struct staged_count *counts;
    bool stages_nesting; /* a group was put into a group */
    bool guards;         /* some token's directory has a guard (view_guard.c) */
    uint64_t walks;      /* see view_above.c */
};

void view_init(struct view *view, bool writes);
void view_fini(struct view *view);
void view_restart(struct view *view); /* forgets everything, keeps a block of memory */

/* Loads what was wanted. Nothing is wanted afterwards. */
MUST_CHECK bool view_load(struct view *view, struct db *db, struct err *err);
bool view_is_dirty(const struct view *view); /* something is staged */
/* Writes what was staged, inside the caller's transaction. */
MUST_CHECK bool view_flush(struct view *view, struct db *db, struct err *err);

/* Directories whose rows stay as they are until the batch ends, with the revision that they have (view_gates.c). */
enum { VIEW_MOST_TOKENS = 32 };
struct view_gates {
    struct directory_id directory[VIEW_MOST_TOKENS];
    uint32_t revision[VIEW_MOST_TOKENS];
    size_t count;
};
void view_take_gate(struct view_gates *gates, struct directory_id directory, const struct db_value *row);
/* Takes back the tokens whose gate is closed, so that they are wanted again; after some times they say so. true: all
 * are open. */
bool view_pass_gates(struct view *view, const struct view_gates *gates, struct known **tokens, size_t count);
void view_wait_for_gates(struct view *view);

/* Before anything is written, behind view_gather_fallen: who leaves a directory that is guarded (view_guard.c). */
MUST_CHECK bool view_guard_departures(struct view *view, struct db *db, struct err *err);

/* Before anything is written: deletions of groups get the members that go with them (view_fallen.c). */
MUST_CHECK bool view_gather_fallen(struct view *view, struct db *db, struct err *err);

struct known *view_find(struct view *view, const struct known_key *key);         /* NULL when not there */
struct known *view_enter(struct view *view, const struct known_key *key);        /* found or made, unknown at first */
void view_want(struct view *view, struct known *known, enum view_family family); /* at the next load */
void view_ref_add(struct view *view, struct ref_list *refs, struct scim_group_ref ref);
void view_refs_sort(struct ref_list *refs);
/* The list of a known entry, with what the batch has staged since it was loaded. */
struct view_refs view_refs_now(struct view *view, struct known *known);

/* Does a token of the directory that the batch has seen say so? */
bool view_nests_groups(struct view *view, struct directory_id directory);

/* Enters the key and wants it unless the answer is known. */
struct known *view_look_up(struct view *view, const struct known_key *key, enum view_family family);

/* The first `*taken_out` of the list, which are of FAMILY_ABOVE: at least one. */
MUST_CHECK bool view_above_load(struct view *view, struct db *db, struct known **list, size_t count, size_t *taken_out,
                                struct err *err);

/* Takes over a reference, until the batch ends. NULL is fine. */
void view_hold_rules(struct view *view, const struct scim_rules *rules);

/* Tokens seen, for last_used_ms: calls visit for each that exists. */
void view_each_token(struct view *view, void (*visit)(const struct view_token *token, void *context), void *context);

/* As many rows of keys that were asked for together tell that there may be more. */
enum { VIEW_MOST_TOGETHER = 256 };
/* One row of them, whose resource was entered; NULL: it is too large to be. */
void view_take_match(struct view *view, struct known_key key, struct known *resource);
/* They will be asked for one by one. */
void view_forget_matches(struct known **list, size_t count);

/* Composed statements, for view_sizes[size_class] keys (`listed`: of one directory and scope; else rows of `wanted`)
 * and view_token_sizes[token_class] rows of `presented`; `writes`: with gates. Parameters: the tokens' rows stand first
 * in the text when the keys are listed, and last otherwise; the directory of a single token's gate in front of the keys
 * when these are listed, and behind their rows otherwise. */
enum { VIEW_SIZES = 12, VIEW_TOKEN_SIZES = 4 };
extern const size_t view_sizes[VIEW_SIZES], view_token_sizes[VIEW_TOKEN_SIZES];
const char *view_sql(bool writes, enum view_family family, bool listed, size_t size_class, size_t token_class);
/* Families with a limit for each key: an arm for each, of whatever directories. They count as listed. */
static inline bool view_sql_has_arms(enum view_family family)
{
    return family == FAMILY_VALUE || family == FAMILY_EXTERNAL;
}
static inline bool view_sql_tokens_first(bool listed, size_t token_class)
{
    return listed && view_token_sizes[token_class] > 1; /* their rows stand in front, the keys in the arm */
}

#endif
