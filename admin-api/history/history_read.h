/* What `change` remembers of a resource: its versions, and whom a group had. */
#ifndef ADMIN_HISTORY_READ_H
#define ADMIN_HISTORY_READ_H

#include <jansson.h>

#include "base/arena.h"
#include "base/id.h"
#include "store/db.h"

enum history_kind {
    HISTORY_CREATED = 1,
    HISTORY_UPDATED = 2,
    HISTORY_DELETED = 3,
    HISTORY_MEMBERS = 4,
    HISTORY_BEFORE = 5
};

struct history_of { /* a resource */
    struct directory_id directory;
    uint16_t type;
    struct resource_id id;
};

struct history_document {
    bool found;
    uint64_t version; /* that made it */
    enum history_kind kind;
    int64_t made_ms;
    json_t *document; /* a new reference: stored form, without meta; of a deletion the last representation */
};
/* As the resource was at a version: the row of the greatest version up to it that has a document. */
MUST_CHECK bool history_document_at(struct db *db, const struct history_of *of, uint64_t version,
                                    struct history_document *document_out, struct err *err);

struct history_last {
    bool found;
    uint64_t version;
    enum history_kind kind;
    int64_t made_ms, born_ms; /* born_ms: of a deletion, when the resource was created; 0: not known */
    struct operation_id operation;
};
MUST_CHECK bool history_last_of(struct db *db, const struct history_of *of, struct history_last *last_out,
                                struct err *err);

/* Who was added to a group and who removed, on balance, behind one version and up to another. */
struct history_members {
    struct resource_id *added, *removed; /* sorted; in the arena */
    size_t added_count, removed_count;
};
MUST_CHECK bool history_members_between(struct db *db, const struct history_of *group, uint64_t behind, uint64_t until,
                                        struct arena *arena, struct history_members *members_out, struct err *err);

/* The entries of change.members, one after the other. false: no more. */
struct history_entry {
    bool added;    /* else removed */
    bool is_group; /* the member */
    struct resource_id member;
};
bool history_next_entry(struct slice *rest, struct history_entry *entry_out);
bool history_next_member(struct slice *rest, bool *added_out, struct resource_id *member_out);
/* Lists of entries, in the order of time, folded into what they come to. */
struct history_fold;
struct history_fold *history_fold_new(struct arena *arena);
MUST_CHECK bool history_fold_add(struct history_fold *fold, struct slice entries, struct err *err); /* ERR_TOO_LARGE */
struct history_members history_fold_end(struct history_fold *fold);

#endif
